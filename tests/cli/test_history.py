"""``history``: the past of a folder of clones, as people rebuild it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from audits.model.source import RepositoryRef
from audits.model.timeline import Timeline
from audits.pipeline.past import PastScan, days_between
from audits.store.open import open_store
from audits.store.store import Store
from tests.cli.conftest import TOKEN
from tests.cli.github_world import OWNER, command_line
from tests.cli.runner import Ran, release_audit
from tests.collect.folder.test_past import commit
from tests.collect.folder.test_release_files import git
from tests.collect.github.scanning import world_of
from tests.collect.github.world import Repo
from tests.scoring.test_score import LESSON

INDEX = ("--index-url", "https://pypi.example/simple/", "--no-engine")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone whose maintainer first used a token, later followed the lesson."""
    path = tmp_path / "clones" / "lumen"
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    (path / "pyproject.toml").write_text('[project]\nname = "lumen"\n', "utf-8")
    commit(path, TOKEN, "2024-02-10T00:00:00+00:00")
    commit(path, LESSON, "2024-05-10T00:00:00+00:00")
    commit(path, LESSON, "2024-06-10T00:00:00+00:00")
    return path.parent


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "history.sqlite")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with closing(open_store(database)) as opened:
        yield opened


def rebuilt(folder: Path, database: str, *words: str) -> Ran:
    where = ("--folder", str(folder), "--org", "orchard-labs", "--database", database)
    since = () if "--since" in words else ("--since", "2024-01-01")
    return release_audit("history", *where, *since, *INDEX, *words)


def test_the_past_shows_when_trusted_publishing_came(
    folder: Path, database: str, store: Store
) -> None:
    ran = rebuilt(folder, database)
    assert ran.code == 0, ran.err
    rows = {row.at.date(): row for row in store.trend("orchard-labs", timeline=Timeline.REBUILT)}
    assert min(rows) == date(2024, 3, 1), "there was nothing before"
    assert rows[date(2024, 5, 1)].checks["long-lived-token"] == 1
    assert "long-lived-token" not in rows[date(2024, 6, 1)].checks
    assert rows[date(2024, 5, 1)].ladders == {"token": 1}
    assert "token" not in rows[date(2024, 6, 1)].ladders
    assert rows[date(2024, 6, 1)].fixed > 0
    assert "2024-06-01  lumen" in ran.out
    assert all(row.tier == 0 for row in rows.values()), "files alone count"


def test_what_did_not_change_is_not_audited_again(folder: Path, database: str) -> None:
    ran = rebuilt(folder, database)
    # Two texts, and what GitHub or a registry did on some day makes verdicts again.
    audits = int(ran.out.partition(" audits")[0].rpartition(" ")[2])
    days = len(days_between(date(2024, 3, 1), date.today(), "month"))
    assert audits < days
    again = rebuilt(folder, database)
    assert f"{days} of them before; 1 repository, 0 audits, 0 times" in again.out


def test_scans_know_nothing_of_the_past(folder: Path, database: str, store: Store) -> None:
    where = ("--folder", str(folder), "--org", "orchard-labs", "--database", database)
    assert release_audit("scan", *where, *INDEX, "--offline").code == 0
    before = (store.scans(), store.repositories(), store.trend("orchard-labs"), store.owners())
    assert rebuilt(folder, database).code == 0
    assert (
        store.scans(),
        store.repositories(),
        store.trend("orchard-labs"),
        store.owners(),
    ) == before
    second = release_audit("scan", *where, *INDEX, "--offline")
    assert "new:" not in second.out
    assert store.trend("orchard-labs")[-1].new == 0
    assert store.rebuilt("orchard-labs"), "and the past is there"


def test_a_scan_of_the_same_day_wins(folder: Path, database: str, store: Store) -> None:
    rebuilt(folder, database)
    day = store.trend("orchard-labs", timeline=Timeline.REBUILT)[3].at
    (number,) = store.begin_scans(
        ["orchard-labs"], source="x", started=day, tier=0, policy="x", tool_version="x"
    )
    store.finish_scan(number, day)
    shown = {row.at.date() for row in store.rebuilt("orchard-labs")}
    assert day.date() not in shown
    assert len(shown) == len(store.trend("orchard-labs", timeline=Timeline.REBUILT)) - 1


def test_an_interrupted_past_goes_on(folder: Path, database: str, store: Store) -> None:
    from audits.cli.plan import make_plan
    from audits.collect.folder.collector import FolderCollector
    from audits.collect.folder.past import FolderPast

    def stop(day: date, _: RepositoryRef) -> None:
        if day == date(2024, 6, 1):
            raise KeyboardInterrupt

    collector = FolderPast(collector=FolderCollector(folder=folder, owner="orchard-labs"))
    plan = make_plan(index_url="https://pypi.example/simple/", engine=False)
    days = days_between(date(2024, 1, 1), date.today(), "month")
    with pytest.raises(KeyboardInterrupt):
        PastScan(store=store, plan=plan, collector=collector, days=days, seen=stop).run()
    assert len(store.scans(timeline=Timeline.REBUILT)) == 3
    ran = rebuilt(folder, database)
    assert "3 of them before" in ran.out
    assert "from the beginning" not in ran.out
    whole = str(Path(database).with_name("whole.sqlite"))
    rebuilt(folder, whole)
    with closing(open_store(whole)) as other:
        rows = [
            [
                (r.at, r.points, r.checks, r.new, r.fixed)
                for r in s.trend("orchard-labs", timeline=Timeline.REBUILT)
            ]
            for s in (store, other)
        ]
    assert rows[0] == rows[1]


def test_another_grid_of_days_begins_anew(folder: Path, database: str, store: Store) -> None:
    rebuilt(folder, database)
    ran = rebuilt(folder, database, "--every", "week")
    assert "rebuilt from the beginning" in ran.out
    rows = store.trend("orchard-labs", timeline=Timeline.REBUILT)
    assert all(row.at.weekday() == 0 for row in rows)


def test_the_export_distinguishes_the_past_from_scans(
    folder: Path, database: str, tmp_path: Path
) -> None:
    where = ("--folder", str(folder), "--org", "orchard-labs", "--database", database)
    release_audit("scan", *where, *INDEX, "--offline")
    rebuilt(folder, database)
    assert release_audit("export", str(tmp_path / "out"), "--database", database).code == 0
    trend = pd.read_csv(tmp_path / "out" / "trend.csv")
    assert set(trend.timeline) == {"rebuilt", "scan"}
    assert (trend.timeline == "scan").sum() == 1
    assert trend.scan.is_unique


def test_a_shallow_clone_ends_with_3(folder: Path, database: str) -> None:
    shallow = folder.parent / "shallow"
    shallow.mkdir()
    git(shallow, "clone", "-q", "--depth", "1", f"file://{folder / 'lumen'}", "lumen")
    ran = rebuilt(shallow, database)
    assert ran.code == 3
    assert "shallow clone" in ran.out
    assert "(2024-01-01 to 2024-06-01)" in ran.out
    assert rebuilt(shallow, database, "--allow-gaps").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "2999-01-01"), "No month begins between 2999-01-01 and today."),
        (("--since", "yesterday"), "does not match the format"),
    ],
)
def test_days_that_make_no_sense(
    folder: Path, database: str, words: tuple[str, ...], said: str
) -> None:
    ran = rebuilt(folder, database, *words)
    assert ran.code == 2
    assert said in ran.err


def test_a_repository_in_place_of_its_folder(folder: Path, database: str) -> None:
    ran = rebuilt(folder / "lumen", database)
    assert ran.code == 2
    assert "lumen is a repository itself, and holds no others." in ran.err
    assert "Give the folder that it lies in" in ran.err


def test_nothing_to_rebuild() -> None:
    assert release_audit("history", "--since", "2024-01-01").code == 2
    ran = release_audit("history", "--folder", "x")
    assert ran.code == 2
    assert "--since 2024-01-01" in ran.err


def test_the_past_of_an_organization_on_github(tmp_path: Path) -> None:
    repo = Repo("lumen", empty=True, created="2025-12-31T00:00:00Z")
    project = {"pyproject.toml": '[project]\nname = "lumen"\n'}
    path = ".github/workflows/release.yml"
    repo.commit({**project, path: TOKEN}, "token", when=datetime(2026, 2, 10, tzinfo=UTC))
    repo.commit({**project, path: LESSON}, "lesson", when=datetime(2026, 5, 10, tzinfo=UTC))
    with command_line(world_of(repo), tmp_path) as cli:
        words = (cli.words[0], cli.words[1], *cli.words[4:])
        ran = release_audit("history", OWNER, "--since", "2026-01-01", *words, **cli.environment)
        assert ran.code == 0, ran.err
        with closing(cli.store) as store:
            rows = {row.at.date(): row for row in store.trend(OWNER, timeline=Timeline.REBUILT)}
        again = release_audit("history", OWNER, "--since", "2026-01-01", *words, **cli.environment)
    assert rows[date(2026, 2, 1)].publishing == 0
    assert rows[date(2026, 5, 1)].ladders == {"token": 1}
    assert "token" not in rows[date(2026, 6, 1)].ladders
    assert "0 audits" in again.out
