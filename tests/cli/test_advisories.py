"""``release-audit db advisories``: which list is used offline, and how it is refreshed."""

from __future__ import annotations

from pathlib import Path

from tests.cli.runner import release_audit
from tests.collect.github.scanning import TOKEN, github_with
from tests.collect.github.test_refs import advisory
from tests.collect.github.world import World


def test_the_shipped_list_says_that_it_is_incomplete(tmp_path: Path) -> None:
    ran = release_audit("db", "advisories", XDG_STATE_HOME=str(tmp_path))
    assert ran.code == 0
    assert "incomplete" in ran.out
    assert "Source: https://github.com/advisories" in ran.out
    assert "--update" in ran.out


def test_a_refreshed_list_is_the_one_that_is_used_from_then_on(tmp_path: Path) -> None:
    place = {"XDG_STATE_HOME": str(tmp_path), "RELEASE_AUDIT_TOKEN": TOKEN}
    with github_with(World([], [advisory(i) for i in range(7)])) as github:
        ran = release_audit("db", "advisories", "--update", "--api-url", github.url, **place)
    assert ran.code == 0
    assert "complete on that day" in ran.out
    assert release_audit("db", "advisories", **place).out == ran.out


def test_a_github_that_does_not_answer_keeps_what_there_is(tmp_path: Path) -> None:
    place = {"XDG_STATE_HOME": str(tmp_path), "RELEASE_AUDIT_TOKEN": TOKEN}
    with github_with(World([], [{"no": "id"}])) as github:
        ran = release_audit("db", "advisories", "--update", "--api-url", github.url, **place)
    assert ran.code == 3
    assert "advice:" in ran.err
    assert "incomplete" in release_audit("db", "advisories", **place).out
