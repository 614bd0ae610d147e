"""Calls of a repository's own workflows by its name: followed where the file is the same."""

from __future__ import annotations

import pytest

from audits.model.repository import Repository
from audits.model.source import GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX

RELEASE, UPLOAD = ".github/workflows/release.yml", ".github/workflows/upload.yml"
COMMIT = "a" * 40
CALL = """name: Release
on: {release: {types: [published]}}
jobs:
  release:
    permissions:
      id-token: write
    uses: %s
"""
CALLED = """name: Upload
on: workflow_call
jobs:
  upload:
    runs-on: ubuntu-latest
    environment: pypi
    steps:
      - uses: pypa/gh-action-pypi-publish@v1.12.4
"""


def file(path: str, text: str) -> SourceFile:
    return SourceFile.of(path, text.encode())


def repository(uses: str, there: str | None = None, callee: str = CALLED) -> Repository:
    """A release that calls by ``uses``; ``there`` is the text that was read at its ref."""
    snapshot = Snapshot(
        ref=RepositoryRef(owner="orchard-labs", name="lumen"),
        commit=COMMIT,
        branch="trunk",
        files=(file(RELEASE, CALL % uses), file(UPLOAD, callee)),
        remote_files={} if there is None else {uses: file(UPLOAD, there)},
    )
    return read_repository(snapshot, channel=INDEX.channel_of, index_hosts=INDEX)


def named(ref: str, slug: str = "orchard-labs/lumen") -> str:
    return f"{slug}/{UPLOAD}@{ref}"


@pytest.mark.parametrize(
    ("uses", "there"),
    [
        (f"./{UPLOAD}", None),
        (named("trunk"), None),
        (named("refs/heads/trunk"), None),
        (named(COMMIT), None),
        (named("trunk", "Orchard-Labs/Lumen"), None),
        (named("v1"), CALLED),
    ],
)
def test_a_call_of_the_same_file_is_followed(uses: str, there: str | None) -> None:
    read = repository(uses, there)
    (publication,) = read.publications
    assert (publication.workflow.path, publication.id_token) == (UPLOAD, True)
    assert [[call.id for call in route.calls] for route in publication.routes] == [["release"]]
    assert publication.publisher_workflows == (UPLOAD,)
    assert publication.called is None
    assert read.graph.release_paths == {RELEASE, UPLOAD}
    assert read.gaps == ()
    failing = {f.check for f in audit(read, Rules(index=INDEX)).findings}
    assert "oidc-not-granted" not in failing
    pinned = uses.startswith("./") or uses.endswith(COMMIT)
    assert ("unpinned-reusable-workflow" in failing) is not pinned


@pytest.mark.parametrize(
    ("uses", "there"),
    [
        (named("v1"), None),
        (named("main"), None),
        (named("trunk"), CALLED + "# of another commit\n"),
        (named("b" * 40), None),
    ],
)
def test_a_call_of_a_file_that_may_differ_is_a_gap(uses: str, there: str | None) -> None:
    read = repository(uses, there)
    (publication,) = read.publications
    assert [route.calls for route in publication.routes] == [()]
    (gap,) = read.gaps
    assert (gap.subject, gap.line, gap.reason) == (uses, 7, GapReason.UNSUPPORTED)
    assert gap.detail.startswith(f"{RELEASE}, line 7: {uses} is a workflow of this repository at ")
    assert gap.detail.endswith(f"write ./{UPLOAD} if the file of the same commit is meant")


@pytest.mark.parametrize(
    "uses", [f"other/lumen/{UPLOAD}@trunk", "orchard-labs/lumen/.github/workflows/no.yml@trunk"]
)
def test_other_calls_are_no_own_names(uses: str) -> None:
    read = repository(uses)
    assert [route.calls for p in read.publications for route in p.routes] == [()]
    assert not [gap for gap in read.gaps if "of this repository" in gap.detail]
