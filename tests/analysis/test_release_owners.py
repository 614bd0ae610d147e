"""CODEOWNERS: which line takes a file, and the four answers of whom to ask."""

from __future__ import annotations

import time

import pytest

from audits.analysis.release_owners import MOST_PATTERNS, code_owners, owners_of, rules_of
from audits.model.code_owners import CodeOwners, OwnersAnswer
from audits.model.publication import Channel
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository

RELEASE = ".github/workflows/release.yml"
TEXT = "on: push\njobs:\n  a:\n    steps:\n      - run: twine upload dist/*\n"


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        ("* @a", "@a"),
        ("* @a\n/.github/ @b", "@b"),
        ("/.github/ @b\n* @a", "@a"),
        (".github @b", "@b"),
        ("workflows/ @b", "@b"),
        ("release.yml @b", "@b"),
        ("*.yml @org/team wick@pebble.example # both", "@org/team wick@pebble.example"),
        ("/.github/workflows/*.yml @b", "@b"),
        (".github/workflows/release.y?l @b", "@b"),
        (".github/** @b", "@b"),
        ("**/workflows @b", "@b"),
        ("/**/release.yml @b", "@b"),
        ("** @b", "@b"),
        ("\ufeff*\t@a\r\n", "@a"),
        # a line without owners takes them away
        ("* @a\n/.github/", ""),
        ("* @a\n/.github/ # nobody", ""),
        # these do not take the file
        ("* @a\n/.github/* @b", "@a"),
        ("* @a\n/* @b", "@a"),
        ("* @a\n/workflows/ @b", "@a"),
        ("* @a\nrelease.yml/ @b", "@a"),
        ("* @a\n*.yaml @b", "@a"),
        ("* @a\n.GitHub/ @b", "@a"),
        ("* @a\n.github/workflows/release @b", "@a"),
        ("* @a\n/.github/workflows/[r]elease.yml @b", "@a"),
        ("* @a\n/ @b", "@a"),
        # GitHub skips these lines
        ("* @a\n!/.github/ @b", "@a"),
        ("* @a\n* nobody", "@a"),
        ("* @a\n* @b @", "@a"),
        ("# * @a", ""),
        ("", ""),
    ],
)
def test_the_last_line_that_takes_a_file_decides(text: str, owners: str) -> None:
    assert owners_of(rules_of(text), RELEASE) == tuple(owners.split())


def test_escaped_spaces_and_brackets_are_characters() -> None:
    rules = rules_of("/my\\ docs/ @a\n/app/[slug]/*.md @b")
    assert owners_of(rules, "my docs/x") == ("@a",)
    assert owners_of(rules, "app/[slug]/x.md") == ("@b",)
    assert owners_of(rules, "app/s/x.md") == ()


def _answer(files: dict[str, str], *gaps: Gap, alone: bool = False) -> CodeOwners:
    found = tuple(SourceFile.of(path, text.encode()) for path, text in files.items())
    ref = RepositoryRef(owner="orchard-labs", name="lumen")
    snapshot = Snapshot(ref=ref, files=found, gaps=gaps, alone=alone)
    return code_owners(read_repository(snapshot, channel=lambda _: Channel.PRODUCTION))


def test_the_first_place_counts_and_the_workflow_that_publishes() -> None:
    owned = ".github/workflows/test.yml @tests\n.github/workflows/release.yml @org/release\n"
    files = {RELEASE: TEXT, ".github/workflows/test.yml": "on: push\njobs: {}\n"}
    found = _answer(files | {"CODEOWNERS": owned, "docs/CODEOWNERS": "* @docs"})
    assert found == CodeOwners(answer=OwnersAnswer.OWNED, owners=("@org/release",))
    found = _answer(files | {".github/CODEOWNERS": "* @first", "CODEOWNERS": owned})
    assert found.owners == ("@first",)


@pytest.mark.parametrize(
    ("files", "gap", "answer"),
    [
        ({}, None, OwnersAnswer.ABSENT),
        ({"CODEOWNERS": "/src/ @a"}, None, OwnersAnswer.UNOWNED),
        ({"CODEOWNERS": "* @a"}, (".github/CODEOWNERS", "invalid"), OwnersAnswer.UNREADABLE),
        ({}, ("docs/CODEOWNERS", "forbidden"), OwnersAnswer.NOT_READ),
        ({}, (".github", "unavailable"), OwnersAnswer.NOT_READ),
        ({"CODEOWNERS": "a* @a\n" * (MOST_PATTERNS + 1)}, None, OwnersAnswer.UNREADABLE),
    ],
)
def test_who_is_not_named(
    files: dict[str, str], gap: tuple[str, str] | None, answer: OwnersAnswer
) -> None:
    gaps = [Gap(subject=gap[0], reason=GapReason(gap[1]), detail="x")] if gap else []
    assert _answer({RELEASE: TEXT} | files, *gaps) == CodeOwners(answer=answer)


def test_a_workflow_alone_says_nothing_of_owners() -> None:
    assert _answer({RELEASE: TEXT}, alone=True).answer is OwnersAnswer.NOT_READ


def test_hostile_patterns_take_no_long_time() -> None:
    begun = time.process_time()
    _answer({RELEASE: TEXT, "CODEOWNERS": f"{'*a' * 20}*/**/{'*' * 9}x @a\n" * MOST_PATTERNS})
    _answer({RELEASE: TEXT, "CODEOWNERS": "\\" * 200_000 + "\n" + " " * 50_000})
    assert time.process_time() - begun < 60
