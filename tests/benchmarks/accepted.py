"""Where labels and findings differ, each read in its file by hand, with the reason."""

from __future__ import annotations

ACCEPTED: dict[tuple[str, str, str, str, str], str] = {}
"""Labels that the files contradict, by repository, workflow, job, step and question."""

UNLABELLED_KINDS: dict[str, str] = {
    "github-release": "the table labels no releases on GitHub; each was read and uploads to one",
}
"""Registries that the labels leave out altogether."""

EXTRAS: dict[tuple[str, str, str, str], str] = {
    ("aio-libs/aiosmtpd", ".github/workflows/ci-cd.yml", "deploy", "4"): (
        "its action uploads to the index too when it is given `pypi_token`, as here"
    ),
}
"""Publications that are not labelled and are real."""
