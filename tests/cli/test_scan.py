"""``scan``, ``export``, ``explain``, ``db`` and ``demo`` as people run them."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from audits.collect.folder.collector import FolderCollector
from audits.model.query import ActionFilter, FindingFilter
from audits.report.issue import issue_text, repository_report
from audits.sample.organization import INCIDENT
from audits.store.open import open_store
from audits.store.store import Store
from audits.suppressions.waivers import Waiver, Waivers
from tests.cli.runner import Ran, release_audit
from tests.store.recorded import counted

INDEX = ("--index-url", "https://pypi.example/simple/", "--offline", "--no-engine", "--allow-gaps")


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'history.sqlite'}"


def _scanned(organization: Path, database: str) -> Ran:
    where = ("--folder", str(organization), "--database", database)
    return release_audit("scan", *where, "--org", "orchard-labs", *INDEX)


def test_owners_are_numbered_in_one_order_however_they_are_recorded(tmp_path: Path) -> None:
    """Exports are ordered by it: capitals must not decide which are recorded together first."""
    for name in ("Birch/pip", "aspen/pip", "Cedar/pip"):
        (tmp_path / "owners" / name / ".github").mkdir(parents=True)
    folder = FolderCollector(folder=tmp_path / "owners")
    assert [place.ref.owner for place in folder.repositories()] == ["aspen", "Birch", "Cedar"]


def test_a_folder_is_scanned_exported_and_read_by_pandas(
    organization: Path, database: str, tmp_path: Path
) -> None:
    ran = _scanned(organization, database)
    assert ran.code == 0
    assert "orchard-labs: 4 repositories, 2 publish" in ran.out
    assert "  packages: " in ran.out
    assert "token 1" in ran.out
    assert "photographs was passed over" in ran.out
    again = _scanned(organization, database)
    assert "new:" not in again.out
    folder = tmp_path / "export"
    exported = release_audit("export", str(folder), "--database", database)
    assert exported.code == 0
    repositories = pd.read_csv(folder / "repositories.csv")
    assert sorted(repositories.repository) == ["cracked", "lumen", "notes", "tidepool"]
    assert repositories.set_index("repository").grade["lumen"] == "A"
    publications = pd.read_csv(folder / "publications.csv")
    columns = "owner repository workflow job step registry channel package mechanism auth environment id_token"
    assert list(publications.columns[:12]) == columns.split()
    assert set(publications.auth) == {"oidc", "token"}
    gaps = pd.read_csv(folder / "gaps.csv")
    assert ".github/workflows/release.yml" in set(gaps.subject)


def test_what_only_all_looks_at_is_exported_and_marked(
    organization: Path, database: str, tmp_path: Path
) -> None:
    notes = organization / "notes" / ".github" / "workflows" / "docs.yml"
    notes.write_text("on: push\njobs: {a: {runs-on: x, steps: [{uses: orchard-labs/peel@v1}]}}\n")
    folder, words = tmp_path / "export", ("--folder", str(organization), "--database", database)
    assert release_audit("scan", *words, "--all", *INDEX).code == 0
    release_audit("export", str(folder), "--database", database)
    findings = pd.read_csv(folder / "findings.csv").set_index("repository")
    beyond = findings[~findings.in_release].loc[["notes"]]
    assert "unpinned-action" in set(beyond.check)
    assert findings[findings.in_release].index.tolist().count("notes") == 0
    assert findings.in_release["tidepool"].any()


def test_an_interrupted_scan_is_resumed(organization: Path, database: str) -> None:
    from audits.cli.plan import make_plan
    from audits.collect.folder.collector import FolderCollector
    from audits.model.source import RepositoryRef
    from audits.pipeline.scan import Scanner
    from audits.store.open import open_store

    store = open_store(database)
    plan = make_plan(engine=False, index_url=INDEX[1])
    collector = FolderCollector(folder=organization, owner="orchard-labs")

    def stop(ref: RepositoryRef) -> None:
        if ref.name == "lumen":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Scanner(store, plan).run(collector, stop)
    assert store.latest_scan() is None
    ran = release_audit(
        "scan",
        "--folder",
        str(organization),
        "--database",
        database,
        "--org",
        "orchard-labs",
        "--resume",
        *INDEX,
    )
    assert ran.code == 0
    assert "orchard-labs: 4 repositories" in ran.out
    assert len(open_store(database, read_only=True).scans()) == 1


def test_the_summary_of_a_first_scan_asks_the_store_little(
    organization: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from audits.cli.plan import make_plan
    from audits.cli.summary import print_summary
    from audits.collect.folder.collector import FolderCollector
    from audits.pipeline.scan import Scanner
    from audits.store.open import open_store

    day = date(2026, 1, 1)
    store = open_store(database)
    plan = make_plan(engine=False, index_url=INDEX[1])
    collector = FolderCollector(folder=organization, owner="orchard-labs")
    (first,) = Scanner(store, plan).run(collector)
    assert (first.before, first.totals) == (0, store.totals("orchard-labs"))
    with counted() as statements:
        print_summary(store, (first,), (), Waivers(today=day))
    # what is worst, and what was asked for and not read
    assert 0 < len([s for s in statements if s.startswith("SELECT")]) <= 6
    lines = capsys.readouterr().out.splitlines()
    ended = Waiver(
        repository="orchard-labs/*",
        check="long-lived-token",
        responsible="release team",
        reason="being moved",
        expires=day - timedelta(days=1),
    )
    print_summary(store, (first,), (), Waivers(today=day, waivers=(ended,)))
    assert set(capsys.readouterr().out.splitlines()) - set(lines) == {
        "  expired on 2025-12-31: the waiver of long-lived-token for orchard-labs/* (line 1)"
    }
    (second,) = Scanner(store, plan).run(collector)
    assert second.before == first.scan.id


def test_scan_without_a_source_is_wrong_use(database: str) -> None:
    ran = release_audit("scan", "--database", database)
    assert (ran.code, ran.err.startswith("error: ")) == (2, True)


@pytest.mark.parametrize(("name", "said"), [("", "holds no"), ("none", "no"), ("file", "no")])
def test_a_folder_that_cannot_be_scanned_is_wrong_use_as_of_check(
    tmp_path: Path, database: str, name: str, said: str
) -> None:
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / name)
    ran = release_audit("scan", "--folder", folder, "--database", database, *INDEX)
    assert (ran.code, said in ran.err, "advice: " in ran.err) == (2, True, True)
    assert release_audit("check", folder).code == 2


def test_a_deleted_checkout_no_longer_counts_and_is_reported_once(
    lesson: Path, tmp_path: Path, database: str
) -> None:
    folder = tmp_path / "orchard-labs"
    for name in ("lumen", "pebble", "wick"):
        shutil.copytree(lesson, folder / name)
    words = ("--folder", str(folder), "--database", database, *INDEX)
    assert "orchard-labs: 3 repositories, 3 publish" in release_audit("scan", *words).out
    shutil.rmtree(folder / "pebble")
    ran = release_audit("scan", *words)
    assert "orchard-labs: 2 repositories, 2 publish" in ran.out
    assert ran.out.count("orchard-labs/pebble is gone from the folder") == 1
    assert ran.code == 0
    again = release_audit("scan", *words).out
    assert "orchard-labs: 2 repositories, 2 publish" in again
    assert "pebble" not in again


def test_what_a_folder_does_not_show_may_be_there(
    lesson: Path, tmp_path: Path, database: str
) -> None:
    folder, other = tmp_path / "orchard-labs", tmp_path / "other"
    for name in ("lumen", "pebble", "wick"):
        shutil.copytree(lesson, folder / name)
    words = ("--org", "orchard-labs", "--database", database, *INDEX)
    release_audit("scan", "--folder", str(folder), *words)
    # A folder that was never scanned, with some of the same owner's repositories.
    shutil.copytree(folder / "lumen", other / "lumen")
    assert "3 repositories (1 read" in release_audit("scan", "--folder", str(other), *words).out
    # A link that leads nowhere: what it was meant to show is not known.
    shutil.rmtree(folder / "pebble")
    (folder / "moss").symlink_to(tmp_path / "nowhere")
    partly = release_audit("scan", "--folder", str(folder), *words)
    assert "3 repositories (2 read by this scan)" in partly.out
    # A directory that is there and holds nothing that makes it a repository.
    (folder / "moss").unlink()
    (folder / "pebble").mkdir()
    empty = release_audit("scan", "--folder", str(folder), *words)
    assert "3 repositories (2 read by this scan)" in empty.out
    (folder / "pebble").rmdir()
    gone = release_audit("scan", "--folder", str(folder), *words)
    assert "orchard-labs: 2 repositories, 2 publish" in gone.out


@pytest.mark.parametrize(
    ("moment", "is_recorded"),
    [("UPDATE ON scan WHEN new.finished IS NOT NULL", True), ("INSERT ON scan", False)],
)
def test_a_scan_that_ends_in_an_error_says_how_to_go_on_where_anything_is_recorded(
    lesson: Path, tmp_path: Path, moment: str, is_recorded: bool
) -> None:
    shutil.copytree(lesson, tmp_path / "orchard-labs" / "lumen")
    database = tmp_path / "history.sqlite"
    open_store(str(database)).close()
    overflow = "SELECT abs(-9223372036854775807 - 1)"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"CREATE TRIGGER broken BEFORE {moment} BEGIN {overflow}; END")
    words = ("--folder", str(tmp_path / "orchard-labs"), "--database", str(database), *INDEX)
    ran = release_audit("scan", *words)
    assert (ran.code, "history.sqlite failed: integer overflow" in ran.err) == (3, True)
    resume = ran.err.partition("Go on with: release-audit ")[2].partition("\n")[0]
    assert bool(resume) is is_recorded
    if is_recorded:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("DROP TRIGGER broken")
        went_on = release_audit(*shlex.split(resume))
        assert (went_on.code, "1 repository, 1 publish" in went_on.out) == (0, True)


def test_a_missing_database_is_reported(tmp_path: Path) -> None:
    ran = release_audit(
        "export", str(tmp_path), "--database", f"sqlite:///{tmp_path / 'none.sqlite'}"
    )
    assert ran.code == 3
    assert "release-audit" in ran.err


def test_a_database_url_is_never_printed_with_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://someone:plum-blossom@127.0.0.1:1/none"
    ran = release_audit("export", str(tmp_path), "--database", url)
    assert ran.code == 3
    assert "plum-blossom" not in ran.out + ran.err


def test_db_upgrade_makes_the_store(database: str) -> None:
    assert "The schema is at revision" in release_audit("db", "upgrade", "--database", database).out


def test_the_demo_shows_a_trend(database: str) -> None:
    from audits.store.open import open_store

    ran = release_audit("demo", "--no-browser", "--no-engine", "--database", database)
    assert ran.code == 0
    store = open_store(database, read_only=True)
    trend = store.trend("orchard-sample")
    assert len(trend) >= 4
    points = [row.points for row in trend]
    assert len(set(points)) > 2
    ladders = {row.repository: row.state for row in store.packages(owner="orchard-sample")}
    assert ladders["lumen"] == "attested"
    assert ladders["old-mill"] == "mismatch"
    grades = {row.repository: row.grade for row in store.repositories(owner="orchard-sample")}
    assert grades["lumen"] == "A"
    assert grades["fieldnotes"] == "-"
    _assert_stories(store)


def _assert_stories(store: Store) -> None:
    """What the last scan of the sample shows whoever opens it for the first time."""
    owner = "orchard-sample"
    then, now = store.trend(owner)[-2:]
    changes = {row.repository: row for row in store.score_changes(owner, since=then.scan)}
    assert (changes["kiln"].grade_before, changes["kiln"].grade_after) == ("F", "A")
    assert (changes["saltmarsh"].grade_before, changes["saltmarsh"].grade_after) == ("A", "C")
    assert all("repository" in changes[name].cause for name in ("kiln", "saltmarsh"))
    assert then.levels["anyone"] == 1
    assert not now.levels.get("anyone")
    reasons = {gap.repository: gap.reason for gap in store.gaps(owner=owner)}
    assert reasons == {"cracked-bell": "invalid", "drystone": "unrecognized-publication"}
    assert "mixed" in now.ladders
    accepted = list(store.findings(owner=owner, where=FindingFilter(accepted=True)))
    ends = [date.fromisoformat(row.expires) for row in accepted if row.expires]
    assert any(timedelta(0) < end - now.at.date() < timedelta(days=30) for end in ends)
    assert set(store.repository_words(owner=owner)["topics"]) == {"field", "platform"}
    asks = {row.repository: (row.code_owners, row.ask) for row in store.repositories(owner=owner)}
    assert asks["lumen"] == ("owned", ("@orchard-sample/platform",))
    assert {answer for answer, _ in asks.values()} <= {"owned", "absent"}
    text = issue_text(repository_report(store, owner, "lumen"))
    assert "Ask `@orchard-sample/platform`, as CODEOWNERS says." in text
    asked = ActionFilter(action=INCIDENT, exact=True)
    used = {row.repository for row in store.actions(owner=owner, where=asked)}
    assert used == {"drystone", "fieldnotes", "heron"}


def test_the_demo_leaves_a_database_alone_that_holds_scans(
    organization: Path, database: str
) -> None:
    from audits.store.open import open_store

    words = ("--folder", str(organization), "--database", database)
    assert release_audit("scan", *words, *INDEX).code == 0
    ran = release_audit("demo", "--no-browser", "--no-engine", RELEASE_AUDIT_DATABASE=database)
    assert ran.code == 2
    assert "holds scans already" in ran.err
    assert "orchard-sample" not in open_store(database, read_only=True).owners()


def test_another_address_without_a_login_is_refused(database: str) -> None:
    ran = release_audit(
        "dashboard", "--host", "192.0.2.1", "--database", database, HOME="/nonexistent"
    )
    assert ran.code == 2
    assert "no login" in ran.err


def test_a_scan_bears_the_day_whose_facts_counted(organization: Path, database: str) -> None:
    from audits.store.open import open_store

    words = ("scan", "--folder", str(organization), "--database", database, "--org", "orchard-labs")
    for day in ("2026-11-29", "2026-11-30", "2026-12-02"):
        assert release_audit(*words, "--no-engine", "--offline", "--as-of", day, *INDEX).code == 0
    store = open_store(database, read_only=True)
    first, second, third = sorted(store.scans(), key=lambda scan: scan.id)
    assert [str(scan.as_of) for scan in (first, second, third)] == [
        "2026-11-29",
        "2026-11-30",
        "2026-12-02",
    ]
    assert "policy" not in second.changed


@pytest.mark.parametrize(
    ("folder", "said"),
    [("", "is given no name"), ("x" * 5_000, "too long"), ("a\0b", "null")],
)
@pytest.mark.parametrize("command", [("scan",), ("history", "--since", "2024-01-01")])
def test_a_folder_that_has_no_name_is_one_sentence(
    command: tuple[str, ...], folder: str, said: str
) -> None:
    ran = release_audit(*command, "--folder", folder)
    assert ran.code == 2
    assert said in ran.err
    assert "advice: " in ran.err
