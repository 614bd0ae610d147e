"""GitHub's limits: waiting that is seen and can be stopped, budgets, and what is kept."""

from __future__ import annotations

import time

import pytest

from audits.collect.errors import BudgetSpentError, ScanCancelledError
from audits.collect.github.rate_limits import Limits, Pacer, required_pause
from audits.model.source import GapReason
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import (
    FAST,
    collector_of,
    connect,
    github_with,
    snapshots,
    texts,
    world_of,
)
from tests.collect.github.world import Environment, Repo
from tests.patience import PATIENCE

FILES: dict[str, Content] = {".github/workflows/release.yml": "on: push\n"}


def repos(number: int) -> list[Repo]:
    return [
        Repo(
            f"lumen-{i:03d}", {**FILES, "setup.py": f"# {i}\n"}, environments=[Environment("pypi")]
        )
        for i in range(number)
    ]


@pytest.mark.parametrize("fault", ["secondary", "secondary-200", "429"])
@pytest.mark.parametrize("only", ["graphql", "rest"])
def test_a_pause_that_github_asks_for_is_taken_and_seen(fault: str, only: str) -> None:
    said: list[str] = []
    with github_with(world_of(*repos(2))) as github:
        github.faults.only = only
        github.faults.script.extend([fault, fault])
        connection = connect(github, on_wait=lambda _, why: said.append(why))
        collector = collector_of(connection)
        found = [collector.with_settings(s, ("pypi",)) for s in snapshots(collector).values()]
        assert github.faults.happened == [fault, fault]
    assert not any(s.gaps for s in found)
    if fault == "429":
        assert "GitHub asks for a pause" in said


@pytest.mark.parametrize("resource", ["graphql", "core"])
def test_the_hourly_limit_used_up_twice_is_waited_for(resource: str) -> None:
    said: list[str] = []
    with github_with(world_of(*repos(6))) as github:
        bucket = github.buckets[resource]
        bucket.limit, bucket.window = (1, 0.8) if resource == "graphql" else (16, 0.8)
        connection = connect(github, on_wait=lambda _, why: said.append(why))
        collector = collector_of(connection)
        found = snapshots(collector)
        collector.prefetch_settings([(s, ("pypi",)) for s in found.values()])
        done = [collector.with_settings(s, ("pypi",)) for s in found.values()]
    assert not any(s.gaps for s in done)
    assert "GitHub's hourly limit" in said
    assert collector.usage.seconds_waited > 0.5


def test_points_are_a_budget_and_the_rest_are_named() -> None:
    with github_with(world_of(*repos(150))) as github:
        collector = collector_of(connect(github, limits=Limits(max_points=2)))
        found = snapshots(collector)
        assert github.points == 2
    # the first page and its texts were paid for; the next page is not even listed
    assert len(found) == 100
    assert all(len(texts(s)) == 2 and not s.gaps for s in found.values())
    (gap,) = collector.gaps()
    assert gap.reason is GapReason.RATE_LIMITED
    assert "--max-points" in gap.detail


def test_listed_repositories_that_were_not_reached_are_gaps() -> None:
    with github_with(world_of(*repos(30))) as github:
        collector = collector_of(connect(github, limits=Limits(max_points=1)))
        found = snapshots(collector)
    assert len(found) == 30
    assert {g.reason for s in found.values() for g in s.gaps} == {GapReason.RATE_LIMITED}
    assert all(s.gaps for s in found.values())


def test_a_budget_spent_before_settings_leaves_them_unseen() -> None:
    with github_with(world_of(*repos(3))) as github:
        collector = collector_of(connect(github, limits=Limits(max_points=2)))
        found = snapshots(collector)
        done = collector.with_settings(found["lumen-001"], ("pypi",))
    assert done.settings is None
    assert [(g.subject, g.reason) for g in done.gaps] == [("settings", GapReason.RATE_LIMITED)]


def test_a_wait_longer_than_allowed_ends_the_scan_with_gaps() -> None:
    with github_with(world_of(*repos(3))) as github:
        github.buckets["graphql"].limit = 1
        collector = collector_of(connect(github, limits=Limits(max_wait=5)))
        found = snapshots(collector)
    assert [g.reason for s in found.values() for g in s.gaps] == [GapReason.RATE_LIMITED] * 3


def test_waiting_can_be_cancelled_and_keeps_what_was_read() -> None:
    stop = [False]

    def on_wait(left: float, _why: str) -> None:
        assert left > 60
        stop[0] = True

    found: list[str] = []
    with github_with(world_of(*repos(130))) as github:
        github.buckets["graphql"].limit = 3
        connection = connect(github, on_wait=on_wait, cancelled=lambda: stop[0])
        start = time.monotonic()
        stream = collector_of(connection).snapshots()
        with pytest.raises(ScanCancelledError):
            found.extend(snapshot.ref.name for snapshot in stream)
        assert time.monotonic() - start < PATIENCE  # not the hour that GitHub asks for
        github.buckets["graphql"].limit = 5000
        done = [f"orchard-labs/{name}" for name in found]
        rest = snapshots(collector_of(connect(github), done=done))
    assert len(found) == 100
    assert len(rest) == 30
    assert not set(rest) & set(found)


def test_own_pacing_spreads_requests() -> None:
    said: list[tuple[float, str]] = []
    stop = [False]

    def on_wait(left: float, why: str) -> None:
        said.append((left, why))
        stop[0] = True

    pacer = Pacer(Limits(rest_per_minute=3), on_wait=on_wait, cancelled=lambda: stop[0])
    for _ in range(3):
        pacer.before("rest")
    pacer.before("graphql")
    with pytest.raises(ScanCancelledError):
        pacer.before("rest")
    assert said[0][1] == "own pacing"
    assert 55 < said[0][0] <= 60


def test_a_stopped_pacer_lets_nothing_through() -> None:
    pacer = Pacer(FAST)
    pacer.stop()
    with pytest.raises(ScanCancelledError):
        pacer.before("rest")


def test_a_wait_over_the_maximum_is_refused_at_once() -> None:
    with pytest.raises(BudgetSpentError) as caught:
        Pacer(Limits(max_wait=1)).wait(100, "GitHub's hourly limit")
    assert "--resume" in caught.value.advice


@pytest.mark.parametrize(
    ("status", "headers", "body", "pause"),
    [
        (403, {"retry-after": "7"}, {"message": "x"}, 7),
        (429, {}, None, 60),
        (403, {}, {"message": "You have exceeded a secondary rate limit."}, 60),
        (200, {"retry-after": "3"}, {"errors": [{"type": "RATE_LIMITED"}]}, 3),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, {"message": "y"}, 1),
        (403, {"x-ratelimit-remaining": "12"}, {"message": "Resource not accessible"}, None),
        (200, {"x-ratelimit-remaining": "0"}, {"data": {}}, None),
        (404, {}, {"message": "Not Found"}, None),
    ],
)
def test_what_counts_as_a_limit(
    status: int, headers: dict[str, str], body: object, pause: int | None
) -> None:
    found = required_pause(status, headers, body, Limits(), 0)
    assert (found and found[0]) == pause
