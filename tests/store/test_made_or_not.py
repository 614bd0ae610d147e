"""A database whose making is interrupted is as empty as before, and is made by the next one."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from audits.store.maintenance import faults_of
from audits.store.open import HEAD, open_store, upgrade
from audits.store.schema.tables import metadata
from tests.cli.runner import release_audit
from tests.store.recorded import scan
from tests.store.samples import audit, fault

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

ROOT = Path(__file__).parents[2]
DYING = """
import os, signal, sys
from sqlalchemy import Engine, event
from audits.store.open import open_store, upgrade

left = int(sys.argv[3])

def count(connection, cursor, statement, *_):
    global left
    left -= statement.lstrip().startswith(("CREATE", "INSERT"))
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", count)
{"open": open_store, "upgrade": upgrade}[sys.argv[1]](sys.argv[2])
"""
STATEMENTS = len(metadata.tables) + sum(len(t.indexes) for t in metadata.tables.values()) + 2
"""Those that make all tables and indexes, the revision's table and its row."""


def tables_of(url: str) -> list[str]:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        return inspect(engine).get_table_names()
    finally:
        engine.dispose()


@pytest.mark.parametrize("way", ["open", "upgrade"])
@pytest.mark.parametrize("after", [1, STATEMENTS // 2, STATEMENTS - 1])
def test_a_killed_maker_leaves_nothing_half_made(url: str, way: str, after: int) -> None:
    command = [sys.executable, "-c", DYING, way, url, str(after)]
    ended = subprocess.run(command, cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert tables_of(url) == []
    assert upgrade(url) == HEAD
    with closing(open_store(url)) as store:
        scan(store, 0, audit("lumen", fault("a")))
        assert store.count_findings() == 1
        assert list(faults_of(store)) == []


@pytest.mark.parametrize("words", [("db", "upgrade"), ("scan",)])
def test_what_stands_in_the_way_of_a_table_is_a_sentence(
    url: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE VIEW unreached AS SELECT 1 AS one")
    workflow = tmp_path / "orchard-labs" / "lumen" / ".github" / "workflows" / "test.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n")
    source = ("--folder", str(tmp_path / "orchard-labs"), "--offline", "--no-engine")
    ran = release_audit(*words, *(source if words == ("scan",) else ()), "--database", url)
    assert (ran.code, "cannot be used: " in ran.err, "advice: " in ran.err) == (3, True, True)
    assert "Traceback" not in ran.err
    assert tables_of(url) == []
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW unreached")
    engine.dispose()
    assert release_audit("db", "upgrade", "--database", url).code == 0
