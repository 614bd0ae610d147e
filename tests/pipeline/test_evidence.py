"""Facts beyond files: what is asked of whom, of which repositories, and what stands in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audits.collect.advisories import bundled
from audits.collect.index.reader import IndexReader
from audits.model.index_hosts import IndexHosts
from audits.model.repository import Repository
from audits.model.settings import RepositorySettings, Unseen
from audits.model.source import Snapshot
from audits.pipeline.audit import Rules
from audits.pipeline.evidence import NoFacts
from audits.pipeline.github_evidence import GitHubFacts, environments_of
from audits.pipeline.index_evidence import IndexFacts
from audits.pipeline.run import Plan, audits_of
from audits.workflow.repository import read_repository
from tests.cli.github_world import TOKEN_RELEASE, package, small_world
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import collector_of, connect, github_with, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Environment, Repo
from tests.collect.index.server import Reply, serving

INDEX = IndexHosts.of("https://pypi.example/simple/")


@pytest.fixture
def github() -> Iterator[LoopbackGitHub]:
    with github_with(small_world()) as server:
        yield server


def read(github: LoopbackGitHub) -> tuple[GitHubFacts, dict[str, Repository]]:
    """The facts, and every repository of the owner without its settings."""
    collector = collector_of(connect(github))
    found = {
        s.ref.name: read_repository(s, channel=INDEX.channel_of) for s in collector.snapshots()
    }
    return GitHubFacts(reader=collector, others=NoFacts(known=bundled())), found


def test_settings_are_read_of_publishing_repositories_alone(github: LoopbackGitHub) -> None:
    facts, found = read(github)
    github.forget()
    completed = {s.ref.name: s for s in facts.complete(tuple(found.values()))}
    assert {name for name, s in completed.items() if s.settings is not None} == {
        "lumen",
        "tidepool",
        "moss",
        "pipelines",
    }
    asked = {seen.path.split("/")[3] for seen in github.log if seen.path.startswith("/repos/")}
    assert asked == {"lumen", "tidepool", "moss", "pipelines"}
    # one batch: environments' rulesets of all of them cost one query
    assert github.by_kind()["Rulesets"] == 1


def test_what_is_complete_is_not_asked_again(github: LoopbackGitHub) -> None:
    facts, found = read(github)
    (done,) = facts.complete((found["lumen"],))
    assert isinstance(done.settings, RepositorySettings)
    github.forget()
    again = read_repository(done, channel=INDEX.channel_of)
    assert facts.complete((again,)) == (done,)
    assert not github.log


def test_environments_of_called_jobs_are_asked_of_the_caller(github: LoopbackGitHub) -> None:
    facts, found = read(github)
    assert environments_of(found["moss"]) == ("pypi",)
    (done,) = facts.complete((found["moss"],))
    assert done.settings is not None
    assert done.settings.environments == {}


MATRIX = """on: {push: {tags: ['v*']}}
jobs:
  build:
    runs-on: ubuntu-latest
    environment: shed
    steps: [{run: make}]
  publish:
    needs: build
    runs-on: ubuntu-latest
    strategy: {matrix: {where: [pypi, testpypi]}}
    environment: ${{ matrix.where }}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
"""


def test_environments_by_expression() -> None:
    files: dict[str, Content] = package("lumen", MATRIX)
    repo = Repo("lumen", files, environments=[Environment("shed"), Environment("pypi")])
    with github_with(world_of(repo)) as github:
        facts, found = read(github)
        names = environments_of(found["lumen"])
        (done,) = facts.complete((found["lumen"],))
    assert set(names) == {"pypi", "testpypi", "shed"}
    assert done.settings is not None
    assert not isinstance(done.settings.environments, Unseen)
    assert {"shed", "pypi"} <= set(done.settings.environments)


def test_shipped_advisories_stand_in_and_a_gap_says_so(github: LoopbackGitHub) -> None:
    facts, _ = read(github)
    assert facts.advisories() is not None
    assert facts.gaps() == ()
    github.faults.script.extend(["500"] * 12)
    facts, _ = broken(github)
    assert facts.advisories() == bundled()
    (gap,) = facts.gaps()
    assert gap.subject == "advisories:*"
    assert str(bundled().taken) in gap.detail


def broken(github: LoopbackGitHub) -> tuple[GitHubFacts, None]:
    from audits.collect.github.rate_limits import Limits

    collector = collector_of(connect(github, limits=Limits(attempts=2, backoff=0.001)))
    return GitHubFacts(reader=collector, others=NoFacts(known=bundled())), None


def test_a_repositorys_own_gaps_of_the_index_stay_with_it() -> None:
    files = [
        Snapshot(ref=found.ref, files=found.files)
        for found in (snapshot("lumen"), snapshot("moss"))
    ]
    with serving() as index:
        index.replies["/simple/lumen/"] = Reply(status=403)
        with IndexReader(index.simple) as reader:
            plan = Plan(rules=Rules(index=INDEX), facts=IndexFacts(reader=reader))
            audits = {a.repository.ref.name: a for a in audits_of(files, plan)}
    subjects = {name: {g.subject for g in a.repository.gaps} for name, a in audits.items()}
    assert subjects == {"lumen": {"pypi:lumen"}, "moss": set()}


def snapshot(name: str) -> Snapshot:
    with github_with(world_of(Repo(name, package(name, TOKEN_RELEASE)))) as github:
        (found,) = collector_of(connect(github)).snapshots()
    return found
