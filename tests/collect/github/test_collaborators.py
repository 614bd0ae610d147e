"""How many people may write: counted over pages, refused by role or scope, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audits.cli.doctor import doctor_lines
from audits.collect.github.rest import path_of
from audits.model.settings import COLLABORATORS, RepositorySettings, Unseen
from audits.model.source import GapReason, Snapshot
from tests.collect.github.git_objects import Content
from tests.collect.github.samples import written_queries
from tests.collect.github.scanning import collector_of, connect, github_with, snapshots, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Environment, Person, Repo

FILES: dict[str, Content] = {".github/workflows/release.yml": "on: push\n"}
SEVEN = (
    Person("ada", "ADMIN"),
    Person("ben", "MAINTAIN", team="keepers"),
    Person("cyn", "WRITE", team="keepers"),
    Person("dan", "WRITE", team="writers"),
    Person("eva", "TRIAGE", team="helpers"),
    Person("fay", "READ"),
    Person("gus", "READ"),
)


def lumen(people: tuple[Person, ...] = SEVEN) -> Repo:
    return Repo("lumen", FILES, environments=[Environment("pypi")], people=people)


def read(github: LoopbackGitHub) -> tuple[Snapshot, RepositorySettings]:
    collector = collector_of(connect(github))
    done = collector.with_settings(snapshots(collector)["lumen"], ("pypi",))
    assert done.settings is not None
    return done, done.settings


def test_people_who_may_write_are_counted_with_their_teams() -> None:
    with github_with(world_of(lumen()), tier=1) as github:
        done, settings = read(github)
        assert github.by_kind()["Collaborators"] == 0, "the first page costs no request"
    assert settings.writers == 4
    assert settings.writing_teams == ("orchard-labs/keepers", "orchard-labs/writers")
    assert not [gap for gap in done.gaps if gap.subject == "people with write access"]


@pytest.mark.parametrize(("number", "pages"), [(100, 0), (101, 1), (450, 4)])
def test_pages_are_counted_to_the_last(number: int, pages: int) -> None:
    people = tuple(Person(f"p{i}", "WRITE" if i % 2 else "READ") for i in range(number))
    with github_with(world_of(lumen(people)), tier=1) as github:
        _, settings = read(github)
        assert github.by_kind()["Collaborators"] == pages
    assert settings.writers == number // 2


def test_too_many_people_are_reported_and_not_guessed() -> None:
    people = tuple(Person(f"p{i}") for i in range(501))
    with github_with(world_of(lumen(people)), tier=1) as github:
        done, settings = read(github)
    assert isinstance(settings.writers, Unseen)
    (gap,) = [gap for gap in done.gaps if gap.subject == "people with write access"]
    assert "More than 500 people" in gap.detail


@pytest.mark.parametrize("role", ["READ", "TRIAGE"])
def test_a_person_who_may_not_write_is_not_shown_who_may(role: str) -> None:
    with github_with(world_of(lumen()), tier=1, role=role) as github:
        done, settings = read(github)
    assert isinstance(settings.writers, Unseen)
    assert settings.writers.permission == COLLABORATORS
    (gap,) = [gap for gap in done.gaps if gap.subject == "people with write access"]
    assert (gap.reason, gap.optional) == (GapReason.FORBIDDEN, True)
    assert not isinstance(settings.tag_rulesets, Unseen), "nothing else is lost"


def test_a_refusal_by_github_costs_nothing_else() -> None:
    with github_with(world_of(lumen()), tier=1, role=None) as github:
        next(iter(github.tokens.values())).refused = frozenset({"metadata"})
        done, settings = read(github)
    assert isinstance(settings.writers, Unseen)
    assert settings.tag_rulesets == ()
    assert [g.optional for g in done.gaps if g.subject == "people with write access"] == [True]


def test_a_classic_token_that_may_not_see_teams_still_counts_people() -> None:
    with github_with(world_of(lumen()), tier=1) as github:
        next(iter(github.tokens.values())).scopes = "repo"
        _, settings = read(github)
    assert settings.writers == 4
    assert isinstance(settings.writing_teams, Unseen)


@pytest.mark.parametrize(("role", "granted"), [("WRITE", True), ("READ", False)])
def test_doctor_says_whether_people_are_shown(role: str, granted: bool) -> None:
    with github_with(world_of(lumen()), tier=1, role=role) as github:
        collector = collector_of(connect(github))
        report = collector.doctor()
        assert github.by_kind()["collaborators"] == 1
    (right,) = [right for right in report.rights if right.permission == COLLABORATORS]
    assert right.granted is granted
    assert report.tier == 1, "no check needs it"
    lines = "\n".join(doctor_lines(report, datetime.now(UTC)))
    assert ("not seen: how many people may write" in lines) is not granted


def test_the_rest_endpoint_of_the_loopback_pages_by_link() -> None:
    people = tuple(Person(f"p{i}") for i in range(3))
    with github_with(world_of(lumen(people)), tier=1) as github:
        client = connect(github).client("orchard-labs")
        path = path_of("repos", "orchard-labs", "lumen", "collaborators")
        first = client.get(path, {"per_page": 2})
        assert len(first.body) == 2
        assert 'rel="next"' in {k.lower(): v for k, v in first.headers.items()}["link"]


def test_the_written_query_is_among_those_held_against_githubs_schema() -> None:
    assert "collaborators" in written_queries()["written Settings"]
