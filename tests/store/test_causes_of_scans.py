"""Causes as real scans of a folder write them down, pair by pair."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from audits.checks import all_checks
from audits.collect.folder.collector import FolderCollector
from audits.pipeline.audit import Rules
from audits.pipeline.run import Plan
from audits.pipeline.scan import Scanner
from audits.report.news import news_of, text_news
from audits.store.store import Store
from audits.suppressions.accept import Acceptances
from audits.suppressions.waivers import Waiver, Waivers
from tests.generated import INDEX
from tests.scoring.test_score import LESSON

OWNER = "orchard-labs"
FAULTY = LESSON.replace("permissions: {}", "permissions: write-all", 1)
NONE = Waivers(today=date.today())
CHECKS = all_checks()


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    """A release workflow in a folder of one repository."""
    path = tmp_path / "all" / "lumen" / ".github" / "workflows" / "release.yml"
    path.parent.mkdir(parents=True)
    path.write_text(FAULTY, encoding="utf-8")
    (path.parents[2] / "pyproject.toml").write_text('[project]\nname = "lumen"\n', "utf-8")
    return path


def scan(store: Store, workflow: Path, *, without: str = "", waivers: Waivers = NONE) -> None:
    """Scan the folder, all checks but one perhaps."""
    checks = tuple(check for check in CHECKS if check.id != without)
    rules = Rules(index=INDEX, accept=Acceptances(waivers, {}), checks=checks)
    collector = FolderCollector(folder=workflow.parents[3], owner=OWNER)
    Scanner(store, Plan(rules=rules)).run(collector)


def causes(store: Store) -> list[str]:
    return [change.cause for change in store.score_changes(OWNER)]


def failing(store: Store) -> str:
    """A check that costs points."""
    return next(f.check for f in store.findings() if f.severity in {"medium", "high"})


def test_a_check_that_is_new_is_a_change_of_the_rules(store: Store, workflow: Path) -> None:
    scan(store, workflow)
    new = failing(store)
    workflow.write_text(workflow.read_text("utf-8") + "# again\n", "utf-8")
    scan(store, workflow, without=new)
    scan(store, workflow)
    assert causes(store) == ["rules"]
    assert "as the rules changed" in "\n".join(text_news(news_of(store, OWNER, NONE)))
    assert [scan.changed for scan in store.scans()] == [("policy",), ("policy",), ()]


def test_rules_that_moved_no_score_are_not_blamed_for_what_moves_it_later(
    store: Store, workflow: Path
) -> None:
    scan(store, workflow, without="unpinned-image")
    scan(store, workflow)
    workflow.write_text(LESSON, "utf-8")
    scan(store, workflow)
    assert causes(store) == ["repository"]


def test_a_waiver_that_came_or_went(store: Store, workflow: Path) -> None:
    scan(store, workflow)
    today = date.today()
    waiver = Waiver(
        repository=f"{OWNER}/lumen",
        check=failing(store),
        reason="being moved",
        responsible="release team",
        expires=today + timedelta(days=30),
    )
    with_it = Waivers(today=today, waivers=(waiver,))
    scan(store, workflow, waivers=with_it)
    assert causes(store) == ["acceptance"]
    scan(store, workflow)
    assert causes(store) == ["acceptance"]


def test_a_file_that_is_no_text_any_more(store: Store, workflow: Path) -> None:
    scan(store, workflow)
    workflow.write_bytes(b"\xff\xfe\x00")
    scan(store, workflow)
    assert causes(store) == ["unread"]
    assert {row.state for row in store.findings()} == {"not-re-checked"}
    assert store.changes(OWNER).fixed_count == 0
