"""One repository never costs another: faults planted in every step, on both databases."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, text

from audits.cli import targets
from audits.cli.plan import make_plan
from audits.collect.folder import collector as folder_module
from audits.collect.folder.collector import FolderCollector
from audits.engines.zizmor import Zizmor
from audits.faults import FaultLog, each_apart
from audits.model.engine import EngineReport
from audits.model.errors import AuditError
from audits.model.outcome import Finding
from audits.model.repository import Repository
from audits.model.source import RepositoryRef, Snapshot
from audits.pipeline.evidence import NoFacts
from audits.pipeline.run import Plan
from audits.pipeline.scan import Scanned, Scanner
from audits.store.open import open_store
from audits.store.store import Store
from tests.cli.conftest import TOKEN, write
from tests.cli.runner import release_audit

NAMES = [f"r{number:02}" for number in range(13)]
BAD = "r05"


def plan_of() -> Plan:
    """How all are audited where nothing is planted."""
    return make_plan(index_url="https://pypi.example/simple/", engine=False)


@pytest.fixture
def repositories(tmp_path: Path) -> Path:
    """A folder of repositories that each publish with a token."""
    root = tmp_path / "orchard-labs"
    for name in NAMES:
        files = {
            ".github/workflows/publish.yml": TOKEN,
            "pyproject.toml": f'[project]\nname = "{name}"\n',
        }
        write(root / name, files)
    return root


def scanned(store: Store, folder: Path, plan: Plan) -> Scanned:
    (found,) = Scanner(store, plan).run(FolderCollector(folder=folder))
    return found


def states(store: Store, name: str) -> set[str]:
    return {f.state for f in store.findings(owner="orchard-labs") if f.repository == name}


def crashed(store: Store) -> dict[str, str]:
    return {g.repository: g.detail for g in store.gaps() if g.reason == "crashed"}


class _BadFacts(NoFacts, frozen=True):
    """Facts that cannot be completed for one repository."""

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        if any(repository.ref.name == BAD for repository in repositories):
            raise KeyError("planted in facts")
        return super().complete(repositories)


class _BadEngine:
    """An analyser that falls over one repository."""

    def run(self, repositories: Sequence[Repository]) -> tuple[EngineReport, ...]:
        if any(repository.ref.name == BAD for repository in repositories):
            raise KeyError("planted in the engine")
        return tuple(EngineReport(engine="invented") for _ in repositories)


def _bad_acceptor(check: str, finding: Finding, repository: Repository) -> None:
    if repository.ref.name == BAD:
        raise KeyError("planted in what accepts")


def _refuse(url: str, store: Store) -> None:
    """Have the database refuse one repository's packages."""
    statement = (
        f"ALTER TABLE package ADD CONSTRAINT planted CHECK (package <> '{BAD}') NOT VALID"
        if store.is_postgres
        else "CREATE TRIGGER planted BEFORE INSERT ON package "
        f"WHEN new.package = '{BAD}' BEGIN SELECT RAISE(ABORT, 'planted'); END"
    )
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _planted(plan: Plan, step: str, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The plan with a fault on one repository in this step."""
    if step == "facts":
        return replace(plan, facts=_BadFacts())
    if step == "engine":
        return replace(plan, engine=_BadEngine())
    if step == "accepting":
        return replace(plan, rules=replace(plan.rules, accept=_bad_acceptor))
    real = folder_module.read_folder

    def read(path: Path, ref: RepositoryRef) -> Snapshot:
        if ref.name == BAD:
            raise KeyError("planted in reading")
        return real(path, ref)

    monkeypatch.setattr(folder_module, "read_folder", read)
    return plan


@pytest.mark.parametrize("step", ["reading", "facts", "engine", "accepting"])
def test_a_fault_in_any_step_costs_that_repository_alone(
    url: str, repositories: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(url)
    before = scanned(store, repositories, plan_of())
    assert (before.missed.crashed, crashed(store)) == (0, {})
    after = scanned(store, repositories, _planted(plan_of(), step, monkeypatch))
    assert (after.repositories, after.totals.fixed) == (len(NAMES), 0)
    assert after.missed.crashed >= 1
    assert set(crashed(store)) == {BAD}
    # the engine's own rules alone are what is lost with it
    assert states(store, BAD) == ({"open"} if step == "engine" else {"not-re-checked"})
    assert all(states(store, name) == {"open"} for name in NAMES if name != BAD)
    store.close()


def test_what_the_database_refuses_costs_that_repository_alone(
    url: str, repositories: Path
) -> None:
    store = open_store(url)
    scanned(store, repositories, plan_of())
    _refuse(url, store)
    for name in NAMES:  # else nothing is new, and nothing is written
        metadata = repositories / name / "pyproject.toml"
        metadata.write_text(metadata.read_text() + "version = '2'\n")
        workflow = repositories / name / ".github/workflows/publish.yml"
        workflow.write_text(
            workflow.read_text().replace("password:", "skip-existing: true\n          password:")
        )
        workflow.rename(workflow.with_name("release.yml"))
    after = scanned(store, repositories, plan_of())
    assert (after.repositories, after.missed.crashed) == (len(NAMES), 1)
    assert set(crashed(store)) == {BAD}
    assert states(store, BAD) == {"not-re-checked"}
    assert all("open" in states(store, name) for name in NAMES if name != BAD)
    store.close()


def test_a_new_repository_that_fails_is_listed_as_unknown(url: str, repositories: Path) -> None:
    store = open_store(url)
    found = scanned(store, repositories, replace(plan_of(), facts=_BadFacts()))
    assert (found.repositories, found.missed.crashed, found.missed.asked) == (13, 1, 1)
    row = store.repository("orchard-labs", BAD)
    assert row is not None
    assert (row.grade, row.points, row.coverage) == ("?", None, 0.0)
    assert scanned(store, repositories, plan_of()).missed.crashed == 0
    assert states(store, BAD) == {"open"}
    store.close()


def test_exactly_what_fails_alone_fails() -> None:
    calls: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        calls.append(len(items))
        if {3, 77, 78} & set(items):
            raise ValueError("planted")
        return [item * 2 for item in items]

    made = each_apart(range(100), work, lambda item, error: -item)
    assert made == [-n if n in {3, 77, 78} else n * 2 for n in range(100)]
    assert len(calls) < 60
    with pytest.raises(AuditError):
        each_apart([1], _refused, lambda item, error: item)


def _refused(items: Sequence[int]) -> list[int]:
    raise AuditError("The database is gone.", "Start it.")


def test_the_log_is_private_redacted_and_bounded(
    own_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "release-audit" / "log" / "release-audit.log"
    log = logging.getLogger("test_isolation")
    log.propagate = False
    log.addHandler(handler := FaultLog())
    log.error("twine upload --password hunter22hunter22 \ud800")
    assert "hunter22" not in path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for _ in range(40):
        log.error("%s", "x" * 900 + "\n" + ("y" * 900 + "\n") * 100)
    assert sum(p.stat().st_size for p in path.parent.iterdir()) < 3 * 1024 * 1024
    monkeypatch.setenv("XDG_STATE_HOME", str(path))  # a file is no folder
    log.error("lost")
    assert handler.trouble


TEXTS = {
    "package.json": '{"name": "x\\ud800"}',
    "pyproject.toml": '[project]\nname = "x\\u0000y"\n',
    "setup.py": 'from setuptools import setup\nsetup(name="x\\udfff")\n',
    ".github/workflows/release.yml": TOKEN.replace("  deploy:", '  "dep\\0loy":'),
    ".github/workflows/npm.yml": (
        'on: push\njobs:\n  a:\n    runs-on: x\n    environment: "e\\0"\n    steps:\n'
        '      - run: npm publish\n        env: {NODE_AUTH_TOKEN: "${{ secrets.N }}"}\n'
    ),
}


def test_strings_that_no_database_holds_are_stored_and_shown(url: str, tmp_path: Path) -> None:
    root = tmp_path / "orchard-labs"
    for name in ("one", "caf\udce9"):
        write(root / name, TEXTS)
        (root / name / ".github/workflows/b\udcff.yml").write_text(TOKEN)
    words = ("--no-engine", "--offline", "--fail-on", "never")
    ran = release_audit(
        "scan", "--folder", str(root), "--database", url, "--no-engine", "--offline"
    )
    assert (ran.code, ran.said) == (0, [])
    with_rows = open_store(url, read_only=True)
    assert {r.repository for r in with_rows.repositories()} == {"one", "caf\\udce9"}
    assert {p.package for p in with_rows.packages()} >= {"x\\ud800", "x\\x00y"}
    with_rows.close()
    out = tmp_path / "out"
    assert release_audit("export", str(out), "--database", url).code == 0
    assert "x\\ud800" in (out / "packages.csv").read_text("utf-8")
    for form in ("text", "json", "sarif", "markdown"):
        checked = release_audit("check", str(root / "caf\udce9"), "--format", form, *words)
        assert (checked.code, checked.err) == (0, "")
        checked.out.encode("utf-8")
        if form in {"json", "sarif"}:
            json.loads(checked.out)


def test_an_exception_nobody_foresaw_is_one_sentence_and_4(
    repositories: Path, monkeypatch: pytest.MonkeyPatch, own_log: Path
) -> None:
    def broken(self: Zizmor, found: Sequence[Repository]) -> tuple[EngineReport, ...]:
        raise RuntimeError("planted at the end")

    monkeypatch.setattr(Zizmor, "run", broken)
    ran = release_audit("check", str(repositories / BAD), "--offline")
    assert (ran.code, "Traceback" in ran.out + ran.err) == (4, False)
    assert f"RuntimeError): the traceback is in {own_log}" in ran.out
    monkeypatch.setattr(targets, "is_repository", lambda path: 1 / 0)
    ran = release_audit("check", str(repositories / BAD), "--offline")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith(
        "error: release-audit failed (ZeroDivisionError): the traceback is in "
    )
    assert "planted at the end" in own_log.read_text("utf-8")
