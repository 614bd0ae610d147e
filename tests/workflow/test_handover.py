"""Which jobs count as producing: those whose artifacts or outputs reach what is published."""

from __future__ import annotations

import pytest

from audits.model.index_hosts import IndexHosts
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.model.workflow import Role
from audits.workflow.repository import read_repository

RELEASE = ".github/workflows/release.yml"
BUILD = ".github/workflows/build.yml"
HEAD = "on: {release: {types: [published]}}\njobs:\n"
SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"
UPLOAD = f"actions/upload-artifact@{SHA}"
DOWNLOAD = f"actions/download-artifact@{SHA}"


def producing(files: dict[str, str]) -> set[str]:
    """The names of the producing jobs of a repository with these files."""
    sources = tuple(SourceFile.of(path, text.encode()) for path, text in files.items())
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=sources)
    channel = IndexHosts.of("https://index.example/simple/").channel_of
    repo = read_repository(snapshot, channel=channel)
    assert repo.publications
    return {site.job.id for site in repo.jobs() if site.role is Role.PRODUCING}


def job(name: str, *steps: str, needs: str = "") -> str:
    """A job of these steps, each written in braces or as a path."""
    lines = [f"  {name}:", "    runs-on: ubuntu-latest"]
    lines += [f"    needs: [{needs}]"] if needs else []
    return "\n".join([*lines, "    steps:", *(f"      - {step}" for step in steps)]) + "\n"


def upload(given: str) -> str:
    """A step that uploads an artifact with these inputs."""
    return f"{{uses: {UPLOAD}, with: {{{given}}}}}"


def publish(given: str, needs: str) -> str:
    """The publishing job, which downloads an artifact first."""
    fetch = f"{{uses: {DOWNLOAD}, with: {{{given}}}}}"
    return job("publish", fetch, "uses: pypa/gh-action-pypi-publish@v1.14.2", needs=needs)


@pytest.mark.parametrize(
    ("uploaded", "wanted", "meet"),
    [
        ("name: dist", "name: dist", True),
        ("name: logs", "name: dist", False),
        ("path: dist", "name: artifact", True),
        ("name: 'wheels-${{ matrix.os }}'", "pattern: 'wheels-*'", True),
        ("name: 'logs-${{ matrix.os }}'", "pattern: 'wheels-*'", False),
        ("name: 'coverage-${{ matrix.os }}'", "name: Packages", False),
        ("name: '${{ matrix.os }}-wheels'", "name: linux-wheels", True),
        ("name: '${{ env.NAME }}'", "name: dist", True),
        ("name: dist", "name: '${{ env.NAME }}'", True),
        ("name: 'a-${{ env.A }}'", "name: '${{ env.B }}-z'", True),
        ("name: 'a-${{ env.A }}'", "name: 'b-${{ env.B }}'", False),
        ("name: logs, path: 'out/*.whl', archive: false", "pattern: '*.whl'", True),
        ("name: dist, path: out/lumen.log, archive: false", "name: dist", False),
        ("name: dist", "path: dist", True),
    ],
)
def test_an_artifact_makes_a_producing_job_where_its_name_can_be_the_one(
    uploaded: str, wanted: str, *, meet: bool
) -> None:
    text = HEAD + job("build", "run: make", upload(uploaded)) + publish(wanted, "build")
    assert producing({RELEASE: text}) == ({"build"} if meet else set())


def test_an_action_that_builds_and_uploads_is_a_producer_and_a_test_job_is_none() -> None:
    inspect = f"uses: hynek/build-and-inspect-python-package@{SHA}"
    tests = job("tests", "run: make test", upload("name: 'coverage-${{ matrix.os }}'"))
    text = HEAD + tests + job("build", inspect, needs="tests") + publish("name: Packages", "build")
    assert producing({RELEASE: text}) == {"build"}


def test_what_an_action_of_elsewhere_uploads_is_looked_for_in_all_jobs_above() -> None:
    odd = job("build", f"uses: orchard-labs/odd-builder@{SHA}")
    text = HEAD + job("lint", "run: make lint") + odd + publish("name: dist", "lint, build")
    assert producing({RELEASE: text}) == {"build"}


def test_artifacts_are_followed_through_composite_actions_and_calls() -> None:
    called = "on: workflow_call\njobs:\n" + job(
        "make", "uses: ./.github/actions/store", upload("name: 'logs-${{ matrix.os }}'")
    )
    caller = "  build:\n    uses: ./.github/workflows/build.yml\n"
    steps = ("uses: ./.github/actions/fetch", "uses: pypa/gh-action-pypi-publish@v1.14.2")
    text = HEAD + caller + job("publish", *steps, needs="build")
    composite = "name: parts\nruns:\n  using: composite\n  steps:\n    - "
    files = {
        RELEASE: text,
        BUILD: called,
        ".github/actions/store/action.yml": composite + upload("name: '${{ inputs.x }}-dist'"),
        ".github/actions/fetch/action.yml": composite
        + f"{{uses: {DOWNLOAD}, with: {{name: lumen-dist}}}}\n",
    }
    assert producing(files) == {"build", "make"}


def test_a_called_workflow_whose_steps_are_all_seen_uploads_only_what_it_says() -> None:
    called = "on: workflow_call\njobs:\n" + job("check", "run: make check")
    caller = "  check:\n    uses: ./.github/workflows/build.yml\n"
    text = HEAD + caller + publish("name: dist", "check")
    assert producing({RELEASE: text, BUILD: called}) == set()
