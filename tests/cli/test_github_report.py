"""``report`` in its three forms, and ``check owner/repo``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.github_world import OWNER, TOKEN_RELEASE, Cli, command_line, small_world
from tests.cli.runner import Ran, release_audit
from tests.scoring.test_score import LESSON

RELEASE = ".github/workflows/release.yml"


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Four scans: the release gets a token, is fixed, and gets it again."""
    with command_line(small_world(), tmp_path_factory.mktemp("scans")) as made:
        lumen = next(r for r in made.github.world.repositories() if r.name == "lumen")
        assert made.scan(OWNER).code == 0
        lumen.change(RELEASE, TOKEN_RELEASE)
        assert made.scan(OWNER).code == 0
        lumen.change(RELEASE, LESSON)
        assert made.scan(OWNER).code == 0
        lumen.change(RELEASE, TOKEN_RELEASE)
        assert made.scan(OWNER).code == 0
        yield made


def report(cli: Cli, *words: str) -> Ran:
    return release_audit("report", "--offline", "--database", cli.database, *words)


def document(cli: Cli, *words: str) -> dict[str, object]:
    ran = report(cli, "--format", "json", *words)
    assert ran.code == 0, ran.err
    (found,) = json.loads(ran.out)
    assert isinstance(found, dict)
    return found


def test_reopened_findings_and_scores_with_their_cause(cli: Cli) -> None:
    text = report(cli).out
    assert text.startswith("orchard-labs: scan 4 of ")
    assert "  reopened: " in text
    assert "lumen: A " in text
    assert "as the repository changed" in text
    found = document(cli)
    assert found["owner"] == OWNER
    reopened = found["reopened"]
    assert isinstance(reopened, dict)
    checks = {f["check"] for f in reopened["findings"]}
    assert "long-lived-token" in checks
    assert reopened["count"] == len(reopened["findings"])
    scores = found["scores"]
    assert isinstance(scores, list)
    (score,) = scores
    assert (score["repository"], score["cause"], score["grade_before"]) == (
        "lumen",
        "repository",
        "A",
    )


def test_since_a_scan_or_a_day(cli: Cli) -> None:
    since_first = document(cli, "--since", "1")
    assert since_first["since"]["id"] == 1  # type: ignore[index]
    assert since_first["new"]["count"] > 0  # type: ignore[index]
    assert since_first["reopened"]["count"] == 0  # type: ignore[index]
    quiet = document(cli, "--since", "2")
    assert quiet["new"]["count"] == quiet["fixed"]["count"] == 0  # type: ignore[index]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert document(cli, "--since", tomorrow)["since"]["id"] == 3  # type: ignore[index]
    assert document(cli, "--since", "2020-01-01")["since"]["id"] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("since", "code"), [("4", 3), ("99", 3), ("yesterday", 2), ("²", 2), ("9" * 40, 2)]
)
def test_since_what_is_not_there(cli: Cli, since: str, code: int) -> None:
    ran = report(cli, "--since", since)
    assert (ran.code, ran.err.startswith("error: ")) == (code, True)


def test_markdown_links_lines_and_escapes(cli: Cli) -> None:
    text = report(cli, "--format", "markdown").out
    assert "### Reopened: " in text
    assert "| high | `long-lived-token` | `lumen` | [`.github/workflows/release.yml:" in text
    assert "](https://github.com/orchard-labs/lumen/blob/" in text


def test_waivers_that_end_are_named(cli: Cli, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    path = tmp_path / "waivers.toml"
    entry = (
        '[[waiver]]\nrepository = "orchard-labs/lumen"\ncheck = "long-lived-token"\n'
        'responsible = "release team"\nreason = "until the move"\nexpires = {}\n'
    )
    path.write_text(
        entry.format(today + timedelta(days=3)) + entry.format(today - timedelta(days=3)), "utf-8"
    )
    text = report(cli, "--waivers", str(path)).out
    assert f"expires on {today + timedelta(days=3)}: the waiver of long-lived-token" in text
    assert f"expired on {today - timedelta(days=3)}" in text
    ends = document(cli, "--waivers", str(path))["waivers"]
    assert [len(ends[word]) for word in ("expired", "expiring")] == [1, 1]  # type: ignore[index]


def check(cli: Cli, *words: str) -> Ran:
    return release_audit(
        "check",
        *words,
        "--api-url",
        cli.github.url,
        "--host",
        "github.com",
        "--no-engine",
        "--index-url",
        cli.index.simple,
        **cli.environment,
    )


def test_a_repository_on_github_is_checked(cli: Cli) -> None:
    ran = check(cli, f"{OWNER}/tidepool", "--format", "json")
    assert ran.code == 1
    found = json.loads(ran.out)
    assert (found["owner"], found["repository"], found["score"]["tier"]) == (OWNER, "tidepool", 3)
    outcomes = {c["check"]: c["outcome"] for c in found["checks"]}
    assert outcomes["unprotected-environment"] == "fail"
    assert "/simple/tidepool/" in cli.index.paths()


def test_a_repository_that_is_not_there(cli: Cli) -> None:
    ran = check(cli, f"{OWNER}/nothing")
    assert ran.code == 3
    assert "orchard-labs/nothing cannot be read" in ran.err
    assert check(cli, f"{OWNER}/lumen", "--offline").code == 2


def test_a_checkout_asks_the_index_only_online(cli: Cli, token: Path) -> None:
    asked = len(cli.index.asked)
    check(cli, str(token))
    assert len(cli.index.asked) == asked
    check(cli, str(token), "--online")
    assert cli.index.paths()[asked:] == ["/simple/tidepool/"]
