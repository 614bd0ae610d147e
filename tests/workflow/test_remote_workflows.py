"""Workflows and actions of the owner's other repositories, read as part of a release."""

from __future__ import annotations

import pytest

from audits.model.index_hosts import IndexHosts
from audits.model.outcome import Outcome
from audits.model.publication import Auth
from audits.model.remote_path import called_name, foreign_path
from audits.model.repository import Repository
from audits.model.score import Audit
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.workflow.repository import read_repository

INDEX = IndexHosts.of("https://pypi.example/simple/")
CALL = """name: Release
on: {release: {types: [published]}}
jobs:
  release:
    permissions:
      id-token: write
    uses: orchard-labs/pipelines/.github/workflows/publish.yml@v1
    secrets: inherit
"""
PUBLISH = """on: {workflow_call: {}, push: {}}
jobs:
  upload:
    runs-on: ubuntu-latest
    steps:
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI_TOKEN }}
"""
KEY = "orchard-labs/pipelines/.github/workflows/publish.yml@v1"


def file(path: str, text: str) -> SourceFile:
    return SourceFile.of(path, text.encode())


def repository(release: str, remote: dict[str, tuple[str, str]]) -> Repository:
    snapshot = Snapshot(
        ref=RepositoryRef(owner="orchard-labs", name="lumen"),
        commit="a" * 40,
        files=(
            file(".github/workflows/release.yml", release),
            file("pyproject.toml", '[project]\nname = "lumen"\n'),
        ),
        remote_files={key: file(path, text) for key, (path, text) in remote.items()},
    )
    return read_repository(snapshot, channel=INDEX.channel_of, index_hosts=INDEX)


def audited(release: str, remote: dict[str, tuple[str, str]]) -> Audit:
    return audit(repository(release, remote), Rules(index=INDEX))


@pytest.fixture
def called() -> Audit:
    return audited(CALL, {KEY: (".github/workflows/publish.yml", PUBLISH)})


def test_a_publication_inside_stands_where_it_is(called: Audit) -> None:
    (publication,) = called.publications
    assert publication.workflow.path == KEY
    assert (publication.job.id, publication.step) == ("upload", 1)
    assert publication.packages == ("lumen",)
    assert publication.auth is Auth.MIXED or publication.auth is Auth.TOKEN
    assert publication.called is not None
    assert publication.called.raw.value == KEY
    assert not publication.is_opaque
    # only the call leads to it: its own push trigger starts runs of the other repository
    assert [[t.event for t in route.triggers] for route in publication.routes] == [["release"]]
    assert publication.publisher_workflows == ()
    assert publication.id_token


def test_what_is_wrong_inside_counts(called: Audit) -> None:
    outcomes = {result.check: result.outcome for result in called.results}
    for check in (
        "long-lived-token",
        "publish-without-environment",
        "build-and-publish-in-one-job",
    ):
        assert outcomes[check] is Outcome.FAIL, check
    found = {f.check: f for f in called.findings}
    token = found["long-lived-token"]
    assert token.finding.at.path == KEY
    assert token.finding.edits == ()
    assert token.fix is None
    assert (
        token.excerpt == "- uses: pypa/gh-action-pypi-publish@release/v1"
        or "password" in token.excerpt
    )
    (link,) = [k for k in token.links if k.kind == "permalink"]
    wanted = "https://github.com/orchard-labs/pipelines/blob/v1/.github/workflows/publish.yml#L"
    assert link.url.startswith(wanted)
    assert not [k for k in token.links if k.kind == "edit"]


def test_a_finding_inside_keeps_its_name_when_the_pin_moves(called: Audit) -> None:
    moved = audited(
        CALL.replace("@v1", "@v2"),
        {KEY.replace("@v1", "@v2"): (".github/workflows/publish.yml", PUBLISH)},
    )
    marks = [
        {f.fingerprint for f in each.findings if f.finding.at.path.startswith("orchard-labs/")}
        for each in (called, moved)
    ]
    assert marks[0] == marks[1] != set()


def test_an_identity_from_a_called_workflow_cannot_be_matched() -> None:
    text = PUBLISH.replace("        with:\n          password: ${{ secrets.PYPI_TOKEN }}\n", "")
    found = audited(
        CALL.replace("    secrets: inherit\n", ""), {KEY: (".github/workflows/publish.yml", text)}
    )
    (finding,) = [f for f in found.findings if f.check == "unsupported-publisher-workflow"]
    assert (finding.finding.at.path, finding.finding.at.line) == (
        ".github/workflows/release.yml",
        7,
    )


def test_a_called_workflow_calls_on_in_its_own_repository() -> None:
    middle = "on: workflow_call\njobs:\n  on:\n    uses: ./.github/workflows/upload.yml\n"
    below = "orchard-labs/pipelines/.github/workflows/upload.yml@v1"
    found = repository(
        CALL,
        {
            KEY: (".github/workflows/publish.yml", middle),
            below: (".github/workflows/upload.yml", PUBLISH),
        },
    )
    (publication,) = found.publications
    assert publication.workflow.path == below
    assert [call.id for call in publication.routes[0].calls] == ["release", "on"]
    assert {w.path for w in found.release_workflows()} == {
        ".github/workflows/release.yml",
        KEY,
        below,
    }
    assert found.gaps == ()


def test_a_composite_action_of_another_repository_is_looked_into() -> None:
    action = "name: upload\nruns:\n  using: composite\n  steps:\n    - run: twine upload dist/*\n      shell: bash\n"
    release = (
        "on: {release: {types: [published]}}\njobs:\n  go:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: orchard-labs/actions/upload@v2\n        env:\n"
        "          TWINE_PASSWORD: ${{ secrets.PYPI_TOKEN }}\n"
    )
    found = repository(release, {"orchard-labs/actions/upload@v2": ("upload/action.yml", action)})
    (publication,) = found.publications
    assert publication.at.path == "orchard-labs/actions/upload/action.yml@v2"
    assert (publication.workflow.path, publication.step) == (".github/workflows/release.yml", 0)
    assert publication.called is None


def test_what_takes_no_part_in_the_release_is_left_out() -> None:
    checks = "on: workflow_call\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest\n"
    found = repository(CALL, {KEY: (".github/workflows/publish.yml", checks)})
    assert [w.path for w in found.workflows] == [".github/workflows/release.yml"]
    broken = repository(CALL, {KEY: (".github/workflows/publish.yml", "jobs: [\n")})
    assert [gap.subject for gap in broken.gaps] == [KEY]


def test_workflows_that_call_each_other_end() -> None:
    again = f"on: workflow_call\njobs:\n  a:\n    uses: {KEY}\n"
    assert repository(CALL, {KEY: (".github/workflows/publish.yml", again)}).publications == ()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (KEY, KEY),
        ("a/b/c/action.yml@v1", "a/b/c@v1"),
        ("a/b/action.yaml@x/y", "a/b@x/y"),
        ("a/b/x@1/w.yml@v1@2", "a/b/x@1/w.yml@v1@2"),
    ],
)
def test_foreign_paths(path: str, name: str) -> None:
    found = foreign_path(path)
    assert found is not None
    assert str(found) == path
    assert found.called_as == name


@pytest.mark.parametrize(
    "path", [".github/workflows/a@b.yml@c", "action.yml", "a/b/action.yml", "a@b/c/action.yml", ""]
)
def test_own_paths(path: str) -> None:
    assert foreign_path(path) is None


def test_names() -> None:
    (job,) = repository(CALL, {}).workflows[0].jobs
    assert job.uses is not None
    assert called_name(job.uses, ".github/workflows/release.yml") == KEY
