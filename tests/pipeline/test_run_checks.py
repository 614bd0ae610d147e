"""Running checks: a crash costs one result, names survive shifts, and there is one list."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.check import Check, CheckError
from audits.checks import all_checks, load_checks
from audits.model.outcome import Outcome, Verdict
from audits.model.repository import Repository
from audits.model.source import GapReason
from audits.pipeline.audit import Rules, audit
from audits.suppressions.ineffective import known_checks
from tests import generate
from tests.cli.runner import release_audit
from tests.generated import INDEX
from tests.scoring.test_score import LESSON, lesson_repository

LOOSE = LESSON.replace("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7")


def crashing(check: Check) -> Check:
    def judge(repository: Repository) -> Iterator[Verdict]:
        if repository.ref.owner:
            raise ZeroDivisionError("planted")
        yield from ()

    return replace(check, judge=judge)


@pytest.mark.parametrize("name", [check.id for check in all_checks()][::7])
def test_a_planted_crash_costs_that_result_and_no_other(name: str) -> None:
    repository = lesson_repository(None, LOOSE)
    whole = audit(repository, Rules(index=INDEX))
    checks = tuple(crashing(c) if c.id == name else c for c in all_checks())
    found = audit(repository, Rules(index=INDEX, checks=checks))
    for before, after in zip(
        (*whole.results, *whole.owner_results), (*found.results, *found.owner_results), strict=True
    ):
        if after.check == name:
            assert (after.outcome, after.crash != "") == (Outcome.UNKNOWN, True)
        else:
            assert after == before
    gaps = [gap for gap in found.repository.gaps if gap.reason is GapReason.CRASHED]
    assert [gap.subject for gap in gaps] == [name]
    assert (found.score.coverage or 0) <= (whole.score.coverage or 0)


def fingerprints(text: str) -> set[str]:
    return {
        f.fingerprint for f in audit(lesson_repository(None, text), Rules(index=INDEX)).findings
    }


def test_fingerprints_survive_line_shifts_and_renamed_steps() -> None:
    before = fingerprints(LOOSE)
    assert fingerprints("# a comment\n\n" + LOOSE) == before
    assert fingerprints(LOOSE.replace("- name: Build\n", "- name: Make it\n")) == before
    assert fingerprints(LOOSE.replace("@v7", "@v8")) == before


def test_what_is_run_is_what_is_documented_and_known() -> None:
    ids = [check.id for check in all_checks()]
    run = audit(lesson_repository(None), Rules(index=INDEX))
    assert sorted(r.check for r in (*run.results, *run.owner_results)) == sorted(ids)
    assert all(f"| `{name}` |" in generate.check_table() for name in ids)
    assert all(name in release_audit("explain").out for name in ids)
    assert set(ids) <= known_checks()
    files = Path(importlib.import_module("audits.checks").__path__[0]).glob("*.py")
    modules = {path.stem.replace("_", "-") for path in files} - {
        "--init--",
        "api",
        "constants",
        "example-workflows",
    }
    assert modules == set(ids)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "declares no check named lonely_fault"),
        ("def broken(:\n", "invalid syntax"),
        (
            "from audits.checks.api import Area, Severity, check\n"
            "@check(area=Area.PINNING, severity=Severity.LOW, links=(), examples=())\n"
            "def lonely_fault(repo):\n    yield from ()\n",
            "has no example with the outcome fail or pass",
        ),
    ],
)
def test_a_check_that_is_not_whole_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    package = f"planted_{abs(hash(text))}"
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").write_text("", "utf-8")
    (folder / "lonely_fault.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises((CheckError, SyntaxError), match=message):
        load_checks(importlib.import_module(package))
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]
