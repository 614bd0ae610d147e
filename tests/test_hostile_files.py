"""What generated and hostile files cost from their text to the audit."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import process_time

import pytest

from audits.checks import all_checks
from audits.cli.command_line import GARBAGE
from audits.model.score import Audit
from audits.model.source import GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.report.json import audit_document
from audits.report.markdown import markdown_report
from audits.report.sarif import sarif
from audits.report.text import text_report
from audits.suppressions.ineffective import ineffective_comments
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX
from tests.hostile_inputs import (
    HEAD,
    INVALID,
    OTHERS,
    PUSH,
    TOO_LARGE,
    UPLOAD,
    WORKFLOW,
    WORKFLOWS,
    job,
    script,
)
from tests.scoring.test_score import LESSON

MOST_TIMES = 500
"""What a file may cost: so many times a usual one, which takes 2 ms where this is a second. In
seconds it would be a bound on the machine, and on what else runs there.
"""
MOST_MEMORY = 100
"""MB that a file may take beyond what a usual one does."""


@pytest.fixture(autouse=True)
def garbage() -> Iterator[None]:
    """Collect garbage as seldom as the command line does."""
    known = gc.get_threshold()
    gc.set_threshold(GARBAGE, 50, 50)
    yield
    gc.set_threshold(*known)


def audited(text: str, files: dict[str, str] | None = None) -> Audit:
    texts = {WORKFLOW: text, **(files or {})}
    sources = tuple(SourceFile.of(path, text.encode()) for path, text in texts.items())
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=sources)
    repository = read_repository(snapshot, channel=INDEX.channel_of)
    ineffective_comments(repository)
    return audit(repository, Rules(index=INDEX))


def usual_seconds_now() -> float:
    """What a usual file takes now; what the first one imports and compiles left out."""
    audited(LESSON)
    started = process_time()
    for _ in range(15):
        audited(LESSON)
    return (process_time() - started) / 15


@cache
def usual_seconds() -> float:
    """What a usual file took when it was first asked for."""
    return usual_seconds_now()


def times_as_long(took: float) -> float:
    """How many times as long as a usual file something took: as one did earlier, or, where that
    is too long, as one does now that the machine may have become slower.
    """
    times = took / usual_seconds()
    return times if times < MOST_TIMES else took / max(usual_seconds(), usual_seconds_now())


def measured(text: str, files: dict[str, str] | None = None) -> tuple[Audit, float]:
    """The audit, and how many times as long it took as one of a usual file: at best of three,
    where it is long, as a machine may be slow just then.
    """
    usual_seconds()  # what the first audit imports and compiles is left out
    for _ in range(3):
        started = process_time()
        found = audited(text, files)
        times = times_as_long(process_time() - started)
        if times < MOST_TIMES:
            break
    return found, times


@pytest.mark.parametrize("text", WORKFLOWS.values(), ids=WORKFLOWS)
def test_a_file_that_few_would_write_is_judged_in_time(text: str) -> None:
    found, times = measured(text)
    assert times < MOST_TIMES
    assert found.publications
    assert not any(result.crash for result in found.results)
    unread = {gap.reason for gap in found.repository.gaps if not gap.optional}
    assert unread <= {GapReason.TOO_LARGE}


@pytest.mark.parametrize("files", OTHERS.values(), ids=OTHERS)
def test_so_is_one_that_stands_beside_a_workflow(files: dict[str, str]) -> None:
    found, times = measured(HEAD + job(0), files)
    assert times < MOST_TIMES
    assert found.publications
    assert not any(result.crash for result in found.results)


def test_publications_that_are_left_out_are_a_gap() -> None:
    many = audited(WORKFLOWS["thousands of uploads"])
    (gap,) = (g for g in many.repository.gaps if g.reason is GapReason.TOO_LARGE)
    assert gap.subject == WORKFLOW
    one = audited(HEAD + job(0))
    assert many.score.coverage is not None
    assert one.score.coverage is not None
    assert many.score.coverage < one.score.coverage
    assert not audited(HEAD + "".join(map(job, range(100)))).repository.gaps


def test_commands_that_are_left_out_are_a_gap() -> None:
    found = audited(PUSH + job(0, script("true; " * 30_000) + UPLOAD))
    (gap,) = found.repository.gaps
    assert (gap.subject, gap.reason, gap.optional) == (WORKFLOW, GapReason.TOO_LARGE, False)
    assert "more commands" in gap.detail
    assert not audited(PUSH + job(0, script("true; " * 5000) + UPLOAD)).repository.gaps


@pytest.mark.parametrize("text", TOO_LARGE, ids=range(len(TOO_LARGE)))
def test_a_file_that_nobody_can_follow_is_a_gap(text: str) -> None:
    found, times = measured(text)
    assert times < MOST_TIMES
    assert [gap.reason for gap in found.repository.gaps] == [GapReason.TOO_LARGE]


@pytest.mark.parametrize("text", INVALID, ids=range(len(INVALID)))
def test_a_text_that_is_no_workflow_is_a_gap_in_time(text: str) -> None:
    found, times = measured(text)
    assert times < MOST_TIMES
    gaps = found.repository.gaps
    assert 0 < len(gaps) <= 101
    assert {(gap.reason, gap.optional) for gap in gaps} == {(GapReason.INVALID, False)}
    assert not found.publications


def test_aliases_of_usual_files_are_read() -> None:
    text = "x: &e {A: b}\ny: &s {run: twine upload dist/*}\n" + HEAD
    found = audited(text + job(0, "      - *s\n" * 3, "    env: *e\n"))
    assert (len(found.publications), found.repository.gaps) == (3, ())


@pytest.mark.parametrize("name", ["permissions of every job", "comments on every line"])
def test_what_is_printed_of_such_a_file_takes_no_longer(name: str) -> None:
    found = audited(WORKFLOWS[name])
    usual_seconds()
    checks = {check.id: check for check in all_checks()}
    started = process_time()
    assert "\n".join(text_report(found))
    assert markdown_report(found)
    assert audit_document(found, "1")
    assert sarif(found, checks, "1")
    assert times_as_long(process_time() - started) < MOST_TIMES


_MEMORY = """
import resource, sys
from tests.hostile_inputs import HEAD, OTHERS, WORKFLOWS, job
from tests.test_hostile_files import LESSON, audited
audited(LESSON)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
name = sys.argv[1]
audited(WORKFLOWS.get(name, HEAD + job(0)), OTHERS.get(name))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count in other units")
@pytest.mark.parametrize(
    "name",
    ["calls of setup", "braces inside braces", "a long list to look in", "keys of a project"],
)
def test_memory_stays_bounded_too(name: str) -> None:
    root = Path(__file__).parent.parent
    command = [sys.executable, "-c", _MEMORY, name]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert int(done.stdout) < MOST_MEMORY
