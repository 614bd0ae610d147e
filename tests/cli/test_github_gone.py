"""Repositories that are deleted count no more; those that are only not shown still do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.model.source import GapReason
from tests.cli.github_world import OWNER, Scans, package, scanning
from tests.collect.github.scanning import connect, world_of
from tests.collect.github.traffic import Reply
from tests.collect.github.world import Repo, Token
from tests.scoring.test_score import LESSON

ALL, PUBLIC = "github_pat_sees0all", "github_pat_sees0public"


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[Scans]:
    repos = [
        Repo("lumen", package("lumen", LESSON)),
        Repo("wick", package("wick", LESSON)),
        Repo("moss", package("moss", LESSON), private=True),
    ]
    with scanning(world_of(*repos), tmp_path) as made:
        made.github.tokens = {ALL: Token(ALL), PUBLIC: Token(PUBLIC, private=False)}
        yield made


def scan(scans: Scans, token: str = ALL) -> tuple[int, dict[str, GapReason]]:
    """How many repositories publish, and what the owner's gaps are about."""
    done = scans.run(connection=connect(scans.github, token=token))
    named = {gap.subject: gap.reason for gap in done.gaps if gap.subject.startswith(OWNER)}
    return done.finished[0].totals.publishing, named


def repo(scans: Scans, name: str) -> Repo:
    return next(r for r in scans.github.world.repositories() if r.name == name)


def test_a_deleted_repository_no_longer_counts_and_is_reported_once(scans: Scans) -> None:
    assert scan(scans) == (3, {})
    scans.github.world.delete(repo(scans, "wick"))
    assert scan(scans) == (2, {f"{OWNER}/wick": GapReason.NOT_FOUND})
    assert {row.repository for row in scans.store.repositories(owner=OWNER)} == {"lumen", "moss"}
    assert scan(scans) == (2, {})


def test_a_renamed_repository_is_not_gone(scans: Scans) -> None:
    scan(scans)
    scans.github.world.rename(repo(scans, "wick"), "candle")
    _, named = scan(scans)
    assert named == {}


def test_a_private_repository_may_only_be_hidden(scans: Scans) -> None:
    scan(scans)
    scans.github.world.delete(repo(scans, "moss"))
    assert scan(scans) == (3, {})


def test_another_token_that_sees_less_takes_nothing_away(scans: Scans) -> None:
    scan(scans)
    assert scan(scans, PUBLIC) == (3, {})


def test_a_list_that_broke_off_says_nothing(scans: Scans) -> None:
    scan(scans)
    scans.github.world.delete(repo(scans, "wick"))

    def change(kind: str, what: str, reply: Reply) -> Reply:
        if "query Repositories" not in what:
            return reply
        return Reply(200, reply.body.replace(b'"totalCount": 2', b'"totalCount": 5', 1))

    scans.github.faults.change = change
    count, named = scan(scans)
    assert (count, named) == (3, {})
