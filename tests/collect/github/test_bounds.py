"""Servers that are broken or hostile: answers of any size, depth, form and pace cost one thing."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable

import pytest

from audits.collect import bounds
from audits.collect.errors import CollectError
from audits.collect.github import transport
from audits.collect.github.collector import GitHubCollector
from audits.collect.github.errors import GitHubError
from audits.collect.github.rate_limits import Limits
from audits.model.settings import Unseen
from audits.model.source import GapReason, Snapshot
from tests.collect.github.git_objects import Content
from tests.collect.github.samples import remote
from tests.collect.github.scanning import (
    collector_of,
    connect,
    github_with,
    snapshots,
    world_of,
)
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.traffic import Reply
from tests.collect.github.world import Environment, Release, Repo, Ruleset
from tests.patience import PATIENCE

FILES: dict[str, Content] = {
    ".github/workflows/release.yml": "on: push\njobs: {}\n",
    "pyproject.toml": "[project]\nname = 'lumen'\n",
}
FAST = Limits(attempts=2, backoff=0.001, secondary_wait=0.002)
BROKEN = {GapReason.UNAVAILABLE, GapReason.INVALID}


def repos(count: int = 3) -> list[Repo]:
    return [
        Repo(
            f"lumen-{i}",
            {**FILES, "setup.py": f"# {i}\n"},
            environments=[Environment("pypi", policy="custom", patterns=("tag:v*",))],
            rulesets=[Ruleset("tags")],
        )
        for i in range(count)
    ]


def scan(github: LoopbackGitHub, limits: Limits = FAST) -> tuple[GitHubCollector, list[Snapshot]]:
    collector = collector_of(connect(github, limits=limits))
    found = list(snapshots(collector).values())
    collector.prefetch_settings([(s, ("pypi",)) for s in found])
    collector.resolve((remote("lanterns", "setup-wick", "v1"),))
    collector.advisories()
    return collector, [collector.with_settings(s, ("pypi",)) for s in found]


def asked_for(snapshot: Snapshot) -> list[GapReason]:
    return [gap.reason for gap in snapshot.gaps if not gap.optional]


HUGE = b'{"total_count": 1' + b"0" * 400 + b', "environments": []}'
BODIES = {
    "deep": b"[" * 100_000,
    "deep and closed": b'{"a":' * 300 + b"1" + b"}" * 300,
    "many values": b"[" + b"0," * 4_100_000 + b"0]",
    "huge number": HUGE,
    "float": b'{"total_count": 1e400, "environments": []}',
    "digits without end": b'{"total_count": ' + b"9" * 50_000 + b"}",
    "nan": b'{"total_count": NaN, "environments": []}',
    "list": b"[]",
    "null": b"null",
    "text": b'"environments"',
    "items of another form": b'{"total_count": 2, "environments": [null, 7]}',
    "names of another form": b'{"total_count": 1, "environments": [{"name": {"a": 1}}]}',
    "text for a list": b'{"total_count": 1, "environments": "pypi"}',
    "not utf-8": b"\xff\xfe\x00",
    "page of a proxy": b"<html>Sign in</html>",
    "nothing": b"",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_one_repositorys_odd_environments_cost_only_these(body: bytes) -> None:
    def change(kind: str, what: str, reply: Reply) -> Reply:
        return Reply(200, body) if "/lumen-1/environments" in what else reply

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        _, found = scan(github)
    by_name = {s.ref.name: s for s in found}
    odd = by_name.pop("lumen-1")
    assert odd.settings is not None
    assert isinstance(odd.settings.environments, Unseen)
    assert set(asked_for(odd)) <= BROKEN
    assert asked_for(odd)
    assert not any(asked_for(s) for s in by_name.values())
    assert all(
        s.settings and not isinstance(s.settings.environments, Unseen) for s in by_name.values()
    )


VALUES = {
    "number": 10**30,
    "infinite": float("inf"),
    "not a number": float("nan"),
    "list": [[]],
    "object": {"a": {}},
    "text": "\ud800",
    "true": True,
    "null": None,
}
FIELDS = [
    "databaseId",
    "nameWithOwner",
    "defaultBranchRef",
    "root",
    "workflows",
    "repositoryTopics",
    "visibility",
    "id",
]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("field", FIELDS)
def test_one_odd_repository_of_the_list_costs_only_itself(field: str, value: object) -> None:
    def change(kind: str, what: str, reply: Reply) -> Reply:
        if "query Repositories" not in what:
            return reply
        body = json.loads(reply.body)
        body["data"]["repositoryOwner"]["repositories"]["nodes"][1][field] = value
        return Reply(200, json.dumps(body).encode())

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        collector, found = scan(github)
    rest = [s for s in found if s.ref.name in ("lumen-0", "lumen-2")]
    assert len(rest) == 2
    assert not any(asked_for(s) for s in rest)
    # the third is named, or the list says that one of it was not understood
    assert len(found) == 3 or any("list" in gap.subject for gap in collector.gaps())


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_odd_rulesets_of_one_repository_cost_only_these(value: object) -> None:
    def change(kind: str, what: str, reply: Reply) -> Reply:
        if "query Rulesets" not in what:
            return reply
        body = json.loads(reply.body)
        body["data"]["r1"]["rulesets"] = value
        return Reply(200, json.dumps(body).encode())

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        _, found = scan(github)
    unseen = [
        s.ref.name for s in found if s.settings and isinstance(s.settings.tag_rulesets, Unseen)
    ]
    assert unseen == ["lumen-1"]


@pytest.mark.parametrize("part", ["data", "errors", "rateLimit"])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_odd_parts_of_every_query_lose_no_repository(part: str, value: object) -> None:
    def change(kind: str, what: str, reply: Reply) -> Reply:
        if kind != "graphql" or "query Repositories" in what:
            return reply
        body = json.loads(reply.body)
        (body["data"] if part == "rateLimit" else body)[part] = value
        return Reply(200, json.dumps(body).encode())

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        _, found = scan(github)
    assert len(found) == 3
    if part == "data":
        assert all(asked_for(s) for s in found)


def test_a_body_is_read_up_to_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 200_000)

    def change(kind: str, what: str, reply: Reply) -> Reply:
        return Reply(200, b" " * 300_000) if "/lumen-1/environments" in what else reply

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        collector, found = scan(github)
    assert [s.ref.name for s in found if asked_for(s)] == ["lumen-1"]
    assert collector.usage.bytes_read < 500_000


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "br", "x-unknown"])
def test_a_compressed_body_is_bounded_too(monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 200_000)
    bomb = gzip.compress(b" " * 20_000_000)

    def change(kind: str, what: str, reply: Reply) -> Reply:
        if "/lumen-1/environments" not in what:
            return reply
        return Reply(200, bomb, {"Content-Encoding": coding})

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        _, found = scan(github)
    assert [s.ref.name for s in found if asked_for(s)] == ["lumen-1"]


def test_an_honest_compressed_body_is_read() -> None:
    def change(kind: str, what: str, reply: Reply) -> Reply:
        return Reply(
            reply.status, gzip.compress(reply.body), {**reply.headers, "Content-Encoding": "gzip"}
        )

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        _, found = scan(github)
    assert not any(asked_for(s) for s in found)


def test_an_answer_that_trickles_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_SECONDS", 0.2)

    def slow(kind: str, what: str, reply: Reply) -> Reply:
        time.sleep(1)
        return reply

    with github_with(world_of(*repos(1))) as github:
        github.faults.change = slow
        client = connect(github, limits=Limits(attempts=1)).client("orchard-labs")
        with pytest.raises(GitHubError, match="in time"):
            client.get("/rate_limit")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Reset": "3000000000000", "X-RateLimit-Remaining": "0"},
        {"X-RateLimit-Reset": "9" * 400, "X-RateLimit-Remaining": "0"},
        {"Retry-After": "99999999999"},
        {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"},
    ],
    ids=["year 3e12", "400 digits", "3,000 years", "year 9999"],
)
def test_a_wait_without_end_ends_the_scan_instead(headers: dict[str, str]) -> None:
    def change(kind: str, what: str, reply: Reply) -> Reply:
        return Reply(403, b'{"message": "x"}', headers) if kind == "rest" else reply

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        _, found = scan(github)
    assert all(GapReason.RATE_LIMITED in asked_for(s) for s in found)


@pytest.mark.parametrize("text", ["-5", "soon", "1.5", "٣", "", "0x10", "Fri, 99 Foo 2026"])
def test_a_wait_that_is_none_is_taken_for_a_short_one(text: str) -> None:
    asked: list[str] = []

    def change(kind: str, what: str, reply: Reply) -> Reply:
        if "/lumen-1/environments" in what and not asked:
            asked.append(what)
            return Reply(
                429, b"{}", {"Retry-After": text.encode("ascii", "xmlcharrefreplace").decode()}
            )
        return reply

    with github_with(world_of(*repos(2))) as github:
        github.faults.change = change
        _, found = scan(github)
    assert asked
    assert not any(asked_for(s) for s in found)


def test_a_list_of_repositories_without_end_is_left() -> None:
    def change(kind: str, what: str, reply: Reply) -> Reply:
        if "query Repositories" not in what:
            return reply
        body = json.loads(reply.body)
        connection = body["data"]["repositoryOwner"]["repositories"]
        connection["pageInfo"] = {"hasNextPage": True, "endCursor": "name:"}
        return Reply(200, json.dumps(body).encode())

    with github_with(world_of(*repos())) as github:
        github.faults.change = change
        collector, found = scan(github)
    assert len(found) == 3
    assert any("does not end" in gap.detail for gap in collector.gaps())


Down = Callable[[str, str], bool]
DOWN: dict[str, Down] = {
    "rest": lambda kind, what: kind == "rest",
    "newest release": lambda kind, what: what.endswith("/releases/latest"),
    "environments": lambda kind, what: "/environments" in what,
    "texts": lambda kind, what: "query Texts" in what,
    "references": lambda kind, what: "query References" in what,
    "rulesets": lambda kind, what: "query Rulesets" in what,
    "graphql but the list": lambda kind, what: (
        kind == "graphql" and "query Repositories" not in what
    ),
}


@pytest.mark.parametrize("status", [500, 502, 200])
@pytest.mark.parametrize("down", DOWN.values(), ids=DOWN.keys())
def test_what_stays_broken_counts_as_down(down: Down, status: int) -> None:
    """Each repository is handed over with a gap, after a few requests to what is broken."""
    failed: list[str] = []

    def change(kind: str, what: str, reply: Reply) -> Reply:
        if not down(kind, what):
            return reply
        failed.append(what)
        return Reply(status, b"<html>")

    world = world_of(*repos(25))
    for repo in world.owners[0].repos:
        repo.release = Release("v1")
    with github_with(world) as github:
        github.faults.change = change
        start = time.monotonic()
        collector, found = scan(github, Limits(backoff=0.002, attempts=6))
        assert time.monotonic() - start < PATIENCE
    assert len(found) == 25
    assert 0 < len(failed) < 75
    assert all(asked_for(s) for s in found) or any(not gap.optional for gap in collector.gaps())


def test_everything_down_is_one_sentence() -> None:
    with github_with(world_of(*repos())) as github:
        github.faults.change = lambda kind, what, reply: Reply(500, b"")
        with pytest.raises(CollectError) as caught:
            scan(github)
    assert "GitHub" in caught.value.message


def test_a_number_that_no_database_holds_has_no_form() -> None:
    assert bounds.parse_json('{"a": 12, "b": [-7]}') == {"a": 12, "b": [-7]}
    assert bounds.parse_json("1" * 30) == float("inf")
    with pytest.raises(ValueError, match="int"):
        bounds.shaped(bounds.parse_json("1" * 30), int)


@pytest.mark.parametrize("depth", [bounds.DEEPEST + 1, 5_000, 200_000])
def test_deep_json_is_none(depth: int) -> None:
    with pytest.raises(ValueError, match="deep"):
        bounds.parse_json("[" * depth + "]" * depth)


def test_texts_of_json_are_storable() -> None:
    assert bounds.parse_json('{"\\ud800": "\\u0000"}') == {"\\ud800": "\\x00"}


def test_work_that_fails_fails_in_the_caller() -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        bounds.within(5, fail)
    with pytest.raises(bounds.TooSlowError):
        bounds.within(0.05, lambda: time.sleep(1))
