"""The past of repositories on the loopback GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.past import NO_WORKFLOWS, GitHubPast
from audits.collect.past import Past
from audits.model.source import GapReason
from tests.collect.github.generate import OWNER
from tests.collect.github.scanning import connect, github_with, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Repo

WORKFLOW = ".github/workflows/release.yml"
DAYS = tuple(date(2026, month, 1) for month in range(1, 7))


def on(month: int, day: int = 10) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def lumen() -> Repo:
    """It came in January, had a workflow from February on, and another one in April."""
    repo = Repo("lumen", empty=True, created="2025-12-31T00:00:00Z")
    repo.commit({"pyproject.toml": ""}, "start", when=on(1))
    repo.commit({"pyproject.toml": "", WORKFLOW: "on: push\n"}, "release", when=on(2))
    repo.commit({"pyproject.toml": "#", WORKFLOW: "on: push\n"}, "other", when=on(3))
    repo.commit({"pyproject.toml": "#", WORKFLOW: "on: release\n"}, "lesson", when=on(4))
    return repo


@pytest.fixture
def github() -> Iterator[LoopbackGitHub]:
    with github_with(world_of(lumen(), Repo("empty", empty=True))) as running:
        yield running


def pasts(github: LoopbackGitHub) -> tuple[GitHubPast, dict[str, Past]]:
    reader = GitHubPast(OWNER, connect(github), TransientMemory())
    return reader, {past.ref.name: past for past in reader.pasts(DAYS)}


def test_the_commit_of_each_day_and_its_text(github: LoopbackGitHub) -> None:
    reader, found = pasts(github)
    past = found["lumen"]
    commits = [past.commits[day].commit for day in DAYS]
    assert commits[:2] == [NO_WORKFLOWS, NO_WORKFLOWS], "nothing below .github yet"
    assert commits[2] == commits[3], "a commit elsewhere is none of its workflows"
    assert commits[4] == commits[5] != commits[3]
    wanted = [(past.ref, commit) for commit in (commits[0], commits[2])]
    before, first = reader.snapshots(wanted)
    assert before.files == ()
    assert before.gaps == ()
    assert {file.path: file.text for file in first.files}[WORKFLOW] == "on: push\n"
    (second,) = reader.snapshots([(past.ref, commits[4])])
    assert {file.path: file.text for file in second.files}[WORKFLOW] == "on: release\n"
    assert (second.commit, second.branch, second.committed_at) == (commits[4], "main", on(4))
    assert (found["empty"].commits, found["empty"].gaps) == ({}, {})


def test_before_it_was_made_there_was_no_repository(github: LoopbackGitHub) -> None:
    github.world.owners[0].repos[0].created = "2026-01-20T00:00:00Z"
    _, found = pasts(github)
    assert min(found["lumen"].commits) == DAYS[1]


def test_more_commits_than_a_page(github: LoopbackGitHub) -> None:
    repo = github.world.owners[0].repos[0]
    for number in range(230):
        when = on(4) + timedelta(minutes=number)
        repo.commit({WORKFLOW: f"on: push # {number}\n"}, "x", when=when)
    reader, found = pasts(github)
    (snapshot,) = reader.snapshots([(found["lumen"].ref, found["lumen"].commits[DAYS[4]].commit)])
    assert snapshot.files[0].text == "on: push # 229\n"


def test_what_is_refused_is_a_gap_of_each_day(github: LoopbackGitHub) -> None:
    github.world.owners[0].repos[0].saml = True
    _, found = pasts(github)
    if "lumen" in found:  # listed, and refused when it is read
        assert found["lumen"].commits == {}
        assert set(found["lumen"].gaps) == set(DAYS)
        assert found["lumen"].gaps[DAYS[0]].reason is GapReason.FORBIDDEN
    else:
        reader, _ = pasts(github)
        assert any(gap.reason is GapReason.FORBIDDEN for gap in reader.gaps())


def test_an_organization_takes_few_requests() -> None:
    repos = []
    for number in range(60):
        repo = lumen()
        repo.name = f"lumen-{number:02}"
        repos.append(repo)
    with github_with(world_of(*repos)) as github:
        reader, found = pasts(github)
        wanted = [(past.ref, past.commits[DAYS[2]].commit) for past in found.values()]
        assert len(list(reader.snapshots(wanted))) == 60
        assert reader.usage.graphql_requests <= 10
