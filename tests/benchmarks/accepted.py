"""Where labels and findings differ, each read in its file by hand, with the reason."""

from __future__ import annotations

ACCEPTED: dict[tuple[str, str, str, str, str], str] = {
    ("BurntSushi/ripgrep", ".github/workflows/release.yml", "create-release", "4", "seen"): (
        "it makes a draft without files, which nobody can download before a person publishes it"
    ),
}
"""Labels that the files contradict, by repository, workflow, job, step and question."""

UNLABELLED_KINDS: dict[str, str] = {
    "github-release": "the table labels no releases on GitHub; each was read and uploads to one",
}
"""Registries that the labels leave out altogether."""

EXTRAS: dict[tuple[str, str, str, str], str] = {
    ("aio-libs/aiosmtpd", ".github/workflows/ci-cd.yml", "deploy", "4"): (
        "its action uploads to the index too when it is given `pypi_token`, as here"
    ),
    ("huggingface/safetensors", ".github/workflows/python.yml", "test_s390x_big_endian", "6"): (
        "it pushes the image of its tests"
    ),
    ("pulumi/pulumi-random", ".github/workflows/publish.yml", "publish_sdk", "6"): (
        "the other of two steps, of which one runs"
    ),
    ("streamlit/streamlit", ".github/workflows/pr-preview.yml", "upload-whl", "7"): (
        "it uploads a preview for people to install"
    ),
    **{
        ("grafana/loki", f".github/workflows/{file}.yml", f"{job}-manifest", step): (
            "it pushes the list of the images that the job before pushed"
        )
        for file, step, jobs in (
            (
                "images",
                "3",
                "logql-analyzer loki loki-canary loki-canary-boringcrypto loki-query-tee",
            ),
            ("querytee-images", "2", "loki-query-tee"),
        )
        for job in jobs.split()
    },
}
"""Publications that are not labelled and are real."""
