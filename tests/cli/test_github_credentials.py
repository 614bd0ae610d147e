"""What one credential was refused or shown is neither absence nor an answer to another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.model.outcome import Outcome
from tests.cli.github_world import OWNER, Scans, package, scanning
from tests.collect.github.scanning import connect, world_of
from tests.collect.github.traffic import Reply
from tests.collect.github.world import Repo, Token

PUBLIC, ALL = "github_pat_sees0public", "github_pat_sees0all"
CHECK = "archived-action"
WORKFLOW = """\
name: release
on: {release: {types: [published]}}
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: orchard-labs/setup-wick@v1
      - run: twine upload dist/*
"""


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[Scans]:
    action = Repo("setup-wick", {"action.yml": "name: wick\n"}, private=True, archived=True)
    action.tag("v1")
    lumen = Repo("lumen", package("lumen", WORKFLOW))
    with scanning(world_of(lumen, action), tmp_path) as made:
        made.github.tokens = {
            PUBLIC: Token(PUBLIC, tier=1, private=False),
            ALL: Token(ALL, tier=1),
        }
        yield made


def scan(scans: Scans, token: str) -> tuple[str, list[str]]:
    """The check's outcome, and the states of its findings."""
    scans.run(connection=connect(scans.github, token=token))
    (result,) = [r for r in scans.store.results(OWNER, "lumen") if r.check == CHECK]
    found = [f for f in scans.store.findings(owner=OWNER) if f.check == CHECK]
    return result.outcome, [f.state for f in found]


def test_a_repository_that_is_not_shown_is_unknown_and_never_gone(scans: Scans) -> None:
    outcome, found = scan(scans, PUBLIC)
    assert (outcome, found) == (Outcome.UNKNOWN, [])
    # what the first token was refused is no answer to the second
    outcome, found = scan(scans, ALL)
    assert (outcome, len(found)) == (Outcome.FAIL, 1)


def test_what_one_token_saw_is_no_answer_to_another(scans: Scans) -> None:
    outcome, found = scan(scans, ALL)
    assert (outcome, len(found)) == (Outcome.FAIL, 1)
    outcome, found = scan(scans, PUBLIC)
    assert outcome == Outcome.UNKNOWN
    assert "fixed" not in found
    outcome, found = scan(scans, ALL)
    assert (outcome, len(found)) == (Outcome.FAIL, 1)
    rows = [f for f in scans.store.findings(owner=OWNER) if f.check == CHECK]
    assert len({f.fingerprint for f in rows}) == 1


def test_no_token_is_a_key_of_what_is_remembered(scans: Scans) -> None:
    scan(scans, PUBLIC)
    scan(scans, ALL)
    database = Path(scans.database.removeprefix("sqlite:///")).read_bytes()
    for token in (PUBLIC, ALL):
        assert token.encode() not in database


def test_a_server_that_is_down_ends_the_scan(scans: Scans) -> None:
    scans.github.faults.change = lambda kind, what, reply: (
        Reply(500, b"") if kind == "rest" else reply
    )
    (scanned,) = scans.run(connection=connect(scans.github, token=ALL)).finished
    assert scanned.repositories == 2
    assert scanned.missed.asked
    assert {gap.repository for gap in scans.store.gaps(owner=OWNER)} >= {"lumen"}
