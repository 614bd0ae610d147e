"""Stored scans judged by other rules, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.checks import all_checks
from audits.cli.plan import make_plan
from audits.model.rows import ScanRow
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.model.timeline import Timeline
from audits.pipeline.past import RecordedSource
from audits.pipeline.rescore import Rescore
from audits.pipeline.run import Plan, audits_of
from audits.pipeline.scan import Scanner
from audits.store.open import open_store
from audits.store.store import Store
from tests.cli.conftest import TOKEN
from tests.cli.runner import release_audit
from tests.scoring.test_score import LESSON

OWNER = "orchard-labs"
START = datetime(2026, 9, 7, 4, tzinfo=UTC)
NEW = make_plan(index_url="https://pypi.example/simple/", engine=False)
OLD = replace(
    NEW,
    rules=replace(
        NEW.rules, checks=tuple(c for c in all_checks() if not c.id.startswith("unpinned"))
    ),
)


def snapshot(name: str, text: str) -> Snapshot:
    files = {".github/workflows/release.yml": text, "pyproject.toml": f'[project]\nname="{name}"\n'}
    return Snapshot(
        ref=RepositoryRef(owner=OWNER, name=name),
        commit="c" * 40,
        files=tuple(SourceFile.of(path, body.encode()) for path, body in files.items()),
    )


NIGHTS: tuple[tuple[Snapshot, ...], ...] = (
    (snapshot("lumen", TOKEN), snapshot("moss", TOKEN)),
    (snapshot("lumen", TOKEN), snapshot("moss", TOKEN)),
    (snapshot("lumen", LESSON), snapshot("moss", TOKEN), snapshot("tidepool", TOKEN)),
    (snapshot("lumen", LESSON), snapshot("tidepool", LESSON)),
)
"""Nothing changes, one follows the lesson and one is new, one is not reached."""


def scan(store: Store, plan: Plan, nights: Sequence[Sequence[Snapshot]] = NIGHTS) -> None:
    for number, night in enumerate(nights):
        at = START + timedelta(days=number)
        rules = replace(plan.rules, as_of=at.date())
        scanner = Scanner(store, replace(plan, rules=rules), started=at)
        audits = audits_of(night, replace(plan, rules=rules))
        scanner.run(RecordedSource(source="x", found=()), audits=audits)


def rescore(store: Store, plan: Plan = NEW) -> tuple[int, int]:
    (made,) = Rescore(store=store, plan=plan, seen=lambda _scan, _ref: None).run([OWNER])
    return made.earlier, made.audited


def sums(store: Store, timeline: Timeline) -> list[object]:
    rows = store.trend(OWNER, timeline=timeline)
    return [
        (r.at, r.points, r.coverage, r.grades, r.checks, r.open, r.new, r.fixed, r.repositories)
        for r in rows
    ]


def test_scans_are_judged_as_if_they_had_had_the_rules(store: Store, tmp_path: Path) -> None:
    scan(store, OLD)
    before = sums(store, Timeline.SCAN)
    rescore(store)
    other = open_store(str(tmp_path / "other.sqlite"))
    scan(other, NEW)
    assert sums(store, Timeline.RESCORED) == sums(other, Timeline.SCAN)
    assert sums(store, Timeline.SCAN) == before, "old numbers stay"
    assert before != sums(other, Timeline.SCAN)
    other.close()


def test_what_did_not_move_is_not_judged_again(store: Store) -> None:
    scan(store, OLD)
    _, audited = rescore(store)
    # On the last day `cache-mode` began, which makes all verdicts again.
    assert audited == 2 + 0 + 2 + 2
    assert rescore(store) == (4, 0)


def test_a_further_scan_is_added_and_other_rules_begin_anew(store: Store) -> None:
    scan(store, OLD, NIGHTS[:2])
    rescore(store)
    at = START + timedelta(days=9)
    Scanner(store, OLD, started=at).run(
        RecordedSource(source="x", found=()), audits=audits_of(NIGHTS[2], OLD)
    )
    earlier, _ = rescore(store)
    assert earlier == 2
    assert rescore(store, OLD)[0] == 0
    assert sums(store, Timeline.RESCORED) == sums(store, Timeline.SCAN)


def test_an_interrupted_run_goes_on(store: Store) -> None:
    scan(store, OLD)

    def stop(at: ScanRow, ref: RepositoryRef) -> None:
        if at.started.day == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Rescore(store=store, plan=NEW, seen=stop).run([OWNER])
    earlier, _ = rescore(store)
    assert earlier == 2
    whole = sums(store, Timeline.RESCORED)
    store.forget_timeline(OWNER, Timeline.RESCORED)
    rescore(store)
    assert sums(store, Timeline.RESCORED) == whole


def test_the_command(tmp_path: Path) -> None:
    database = str(tmp_path / "history.sqlite")
    opened = open_store(database)
    scan(opened, OLD)
    opened.close()
    words = ("--database", database, "--no-engine", "--index-url", "https://pypi.example/simple/")
    ran = release_audit("rescore", *words)
    assert ran.code == 0, ran.err
    assert "orchard-labs: 4 scans judged, 6 audits" in ran.out
    assert "→" in ran.out
    assert release_audit("rescore", "--owner", "nobody", *words).code == 2
