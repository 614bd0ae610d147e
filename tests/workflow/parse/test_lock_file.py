"""The lock file binds actions one by one, and binds nothing where it cannot be read."""

from __future__ import annotations

import pytest

from audits.model.source import SourceFile
from audits.workflow.parse.lock_file import LOCK, read_lock

COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"
TEXT = f"""\
version: 'v0.0.3'
workflows:
  .github/workflows/release.yml:
    - Actions/Checkout@v7
    - juniper-ci/absent@v1
dependencies:
  actions/checkout@v7:
    ref: v7
    commit: sha1-{COMMIT}
  juniper-ci/short@v1:
    commit: sha1-3d3c42e
"""


def locked(text: str) -> dict[tuple[str, str], str]:
    return read_lock((SourceFile.of(LOCK, text.encode()),))


def test_an_action_is_bound_where_it_is_listed_and_resolved() -> None:
    assert locked(TEXT) == {(".github/workflows/release.yml", "actions/checkout@v7"): COMMIT}


@pytest.mark.parametrize("text", ["", "workflows: [", "workflows: x\n", "dependencies: {}\n"])
def test_what_is_no_lock_binds_nothing(text: str) -> None:
    assert locked(text) == {}


def test_without_a_lock_file_nothing_is_bound() -> None:
    assert read_lock(()) == {}


def test_what_an_action_uses_is_bound_with_it() -> None:
    text = TEXT.replace("    ref: v7\n", "    ref: v7\n    uses: ['Juniper-CI/inner@v2']\n")
    text += f"  juniper-ci/inner@v2:\n    commit: sha1-{COMMIT}\n    uses: [actions/checkout@v7]\n"
    assert (".github/workflows/release.yml", "juniper-ci/inner@v2") in locked(text)
