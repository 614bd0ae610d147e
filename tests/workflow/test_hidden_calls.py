"""Calls of workflows that were not read, with what it takes to publish: seen as unseen."""

from __future__ import annotations

import pytest

from audits.model.index_hosts import IndexHosts
from audits.model.outcome import Area
from audits.model.repository import Repository
from audits.model.score import Audit
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.store.write.audit_record import record_of
from audits.workflow.repository import read_repository

INDEX = IndexHosts.of("https://pypi.example/simple/")
RELEASE = ".github/workflows/release.yml"
CALLED = "far-away/pipelines/.github/workflows/publish.yml@v1"
CALL = f"""name: Release
on: {{release: {{types: [published]}}}}
permissions: {{}}
jobs:
  release:
    uses: {CALLED}
"""
INHERIT = "    secrets: inherit\n"
IDENTITY = "    permissions: {id-token: write}\n"
TOKEN = "    secrets:\n      token: ${{ secrets.NPM_TOKEN }}\n"
OWN = """  binaries:
    runs-on: ubuntu-latest
    permissions: {contents: write}
    steps:
      - run: gh release upload v1 lumen.zip
"""


def read(
    text: str, *, gaps: tuple[Gap, ...] = (), remote: str = "", host: str = "github.com"
) -> Repository:
    files = {"publish.yml": SourceFile.of(".github/workflows/publish.yml", remote.encode())}
    snapshot = Snapshot(
        ref=RepositoryRef(owner="orchard-labs", name="lumen", host=host),
        commit="a" * 40,
        gaps=gaps,
        files=(SourceFile.of(RELEASE, text.encode()),),
        remote_files={CALLED: files["publish.yml"]} if remote else {},
    )
    return read_repository(snapshot, channel=INDEX.channel_of, index_hosts=INDEX)


def audited(text: str) -> Audit:
    return audit(read(text), Rules(index=INDEX))


@pytest.mark.parametrize("given", [INHERIT, IDENTITY, TOKEN])
def test_what_may_be_published_there_is_not_known(given: str) -> None:
    found = audited(CALL + given)
    assert found.publications == ()
    assert (found.score.points, found.score.coverage) == (None, 0.0)
    assert {area.coverage for area in found.score.areas} == {0.0}
    (gap,) = found.repository.gaps
    assert (gap.subject, gap.line, gap.reason) == (CALLED, 6, GapReason.UNSUPPORTED)
    assert gap.detail == (
        f"{RELEASE}, line 6: {CALLED} was not read and is given what it takes to publish: give "
        "it no more than the secrets and rights that it needs"
    )


def test_areas_that_only_it_may_concern_are_not_known_either() -> None:
    found = audited(CALL + INHERIT + OWN)
    plain = audited(CALL + OWN)
    assert [p.registry.value for p in found.publications] == ["github-release"]
    assert 0 < (found.score.coverage or 0) < (plain.score.coverage or 0)
    for area, before in zip(found.score.areas, plain.score.areas, strict=True):
        # None: it does not apply, so that all of it is known
        assert area.coverage is not None
        assert area.coverage < (1.0 if before.coverage is None else before.coverage)
    environment = next(a for a in found.score.areas if a.area is Area.ENVIRONMENT)
    assert (environment.points, environment.coverage) == (None, 0.0)


def test_an_area_that_can_never_apply_stays_known() -> None:
    shown = read(CALL + INHERIT, host="github.orchard-labs.example")
    areas = audit(shown, Rules(index=INDEX)).score.areas
    assert {a.area for a in areas if a.coverage is None} == {Area.TRUSTED_PUBLISHER}


def test_nothing_of_the_callers_file_is_hidden() -> None:
    assert record_of(audited(CALL + INHERIT + OWN)).visibility.would_see(
        "default-token-permissions", RELEASE, True
    )


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        CALL + "    secrets:\n      token: ${{ secrets.COVERAGE_TOKEN }}\n",
        CALL + "    secrets:\n      token: ${{ secrets.PYPI_TOKEN }}\n",
        CALL + "    if: false\n" + INHERIT,
        CALL.replace(
            "far-away/pipelines/.github/workflows/publish.yml",
            "slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml",
        )
        + IDENTITY,
    ],
)
def test_other_calls_hide_nothing(text: str) -> None:
    found = audited(text)
    assert found.repository.graph.hidden_calls == ()
    assert found.repository.gaps == ()


def test_a_workflow_that_was_read_hides_nothing() -> None:
    quiet = "on: workflow_call\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n"
    found = read(CALL.replace("far-away", "orchard-labs") + INHERIT)
    assert len(found.graph.hidden_calls) == 1
    assert "publish: scan the owner on GitHub to read it, or give it no" in found.gaps[0].detail
    assert read(CALL + INHERIT, remote=quiet).graph.hidden_calls == ()


def test_the_gap_of_a_collector_is_not_reported_twice() -> None:
    known = Gap(subject=CALLED, reason=GapReason.FORBIDDEN, detail="Ask for access.")
    found = read(CALL + INHERIT, gaps=(known,))
    assert found.gaps == (known,)
    assert len(found.graph.hidden_calls) == 1
