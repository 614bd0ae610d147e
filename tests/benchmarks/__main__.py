"""Every bar of the design as one table, and as JSON that can be compared with an earlier run.

``python -m tests.benchmarks [--folder FOLDER] [--json FILE] [--compare FILE] [--quick] [--only WORD]``

Counts and ratios hold on any machine; seconds are those of this one. ``--folder`` is a folder of
clones, for the rows that compare with zizmor. ``--quick`` takes a tenth of the sizes, for which
the bars were not made. Ends with 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from unittest.mock import patch

import msgspec
from msgspec import Struct

from audits import __version__
from audits.store.open import open_store
from tests.benchmarks.check_cpu import ROUNDS
from tests.benchmarks.cluster_scan import compared
from tests.benchmarks.folder_scan import beside_zizmor, copied
from tests.benchmarks.github_scan import two_scans
from tests.benchmarks.hostile_workflows import growth, seconds_and_crash
from tests.benchmarks.large_database import build, questions
from tests.benchmarks.store_growth import (
    POSTGRESQL,
    SQLITE,
    rows_of_a_quiet_night,
    year_in_bytes,
)
from tests.benchmarks.whole_process import program, run
from tests.cli.github_world import scanning
from tests.collect.github.generate import organization
from tests.collect.github.scanning import FAST, TOKEN, collector_of, connect
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Token, World
from tests.hostile_inputs import WORKFLOWS

ROOT = Path(__file__).parent.parent.parent


class Sizes(Struct, frozen=True, kw_only=True):
    """How much is measured; those of the design unless quick."""

    repositories: int = 1000
    stored: int = 10_000
    scans: int = 100
    grown: int = 1000
    nights: int = 40
    rounds: int = 5


QUICK = Sizes(repositories=100, stored=1000, scans=10, grown=100, nights=10, rounds=1)


class Row(Struct, frozen=True, kw_only=True):
    """One bar and what was measured; ``value`` is None where it could not be, for ``why``: then
    the bar is missed, unless the row was not asked for (``needed`` is False).
    """

    name: str
    bar: float
    value: float | None
    unit: str = ""
    why: str = ""
    needed: bool = True

    @property
    def is_missed(self) -> bool:
        """Whether it is over its bar, or could not be measured though it had to be."""
        return self.needed if self.value is None else self.value > self.bar


class Run(Struct, frozen=True, kw_only=True):
    """All rows of one run, and where it was."""

    version: str
    python: str
    machine: str
    sizes: Sizes
    rows: tuple[Row, ...]


class Asked(Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    sizes: Sizes
    folder: Path | None


def github_rows(asked: Asked) -> Iterator[Row]:
    """Requests, points and processor time of a first and a second scan."""
    number = asked.sizes.repositories
    scale = max(1.0, number / 1000)
    costs = {tier: two_scans(number, tier) for tier in (1, 3)}
    first, second = costs[1]
    yield Row(name="first scan: GraphQL requests", bar=100 * scale, value=first.served.graphql)
    yield Row(name="first scan: points", bar=150 * scale, value=first.served.points)
    for tier, bar in ((1, 4.0), (3, 9.0)):
        cost = costs[tier][0]
        each = cost.served.rest / max(1, cost.publishing)
        name = f"first scan, tier {tier}: REST a publishing repository"
        yield Row(name=name, bar=bar, value=each)
    cpu = 1000 * first.cpu / first.repositories
    yield Row(name="first scan: client's CPU a repository", bar=10, value=cpu, unit="ms")
    yield Row(name="second scan: GraphQL requests", bar=25, value=second.served.graphql)
    texts = second.served.by_kind.get("Texts", 0)
    if not first.served.by_kind.get("Texts"):
        raise AssertionError("the first scan asks for no texts: the query has another name now")
    yield Row(name="second scan: queries for texts", bar=0, value=texts)
    # A refusal has no ETag: where the token may read all, nothing is sent again.
    whole = costs[3][1]
    anew = whole.served.rest - whole.not_modified
    yield Row(name="second scan, tier 3: REST answers that are no 304", bar=0, value=anew)
    again = max(each.served.owner_again for cost in costs.values() for each in cost)
    yield Row(name="what is the owner's, asked again in a scan", bar=0, value=again)
    _, later = two_scans(number, 3, app=True)
    name = "second scan with an App: REST requests about repositories"
    yield Row(name=name, bar=0, value=later.served.of_repositories)
    yield _parsed_again(min(200, number))


def _parsed_again(number: int) -> Row:
    """The repositories that a second scan of the whole program parses though nothing changed."""
    world = World([*organization(number)])
    with TemporaryDirectory() as folder, scanning(world, Path(folder)) as scans:
        scans.run()
        (second,) = scans.run().finished
    parsed = second.repositories - second.same
    return Row(name="second scan: repositories parsed again", bar=0, value=parsed)


def folder_rows(asked: Asked) -> Iterator[Row]:
    """A cold audit of a folder beside zizmor's own run."""
    few, many = "folder, cold: time beside zizmor", "1,000 repositories: time beside zizmor"
    memory = "1,000 repositories: largest process"
    if asked.folder is None:
        why = "give --folder"
        yield Row(name=few, bar=1.6, value=None, why=why, needed=False)
        yield Row(name=many, bar=1.0, value=None, why=why, needed=False)
        yield Row(name=memory, bar=300, value=None, unit="MiB", why=why, needed=False)
        return
    ratio, _ = beside_zizmor(asked.folder, asked.sizes.rounds)
    yield Row(name=few, bar=1.6, value=ratio)
    with TemporaryDirectory() as temporary:
        folder = copied(asked.folder, Path(temporary) / "many", asked.sizes.repositories)
        ratio, peak = beside_zizmor(folder, 1)
    yield Row(name=many, bar=1.0, value=ratio)
    yield Row(name=memory, bar=300, value=peak, unit="MiB")


def cluster_rows(asked: Asked) -> Iterator[Row]:
    """Judging by two workers of a Dask cluster beside judging in one process."""
    if find_spec("distributed") is None:
        why = "needs the extra cluster"
        yield Row(name="cluster", bar=0, value=None, why=why, needed=False)
        return
    found = compared(asked.sizes.repositories)
    yield Row(name="cluster: findings that differ from one process", bar=0, value=found.differ)
    yield Row(name="cluster: CPU beside one process", bar=2, value=found.ratio)
    yield Row(name="cluster: growth of a worker", bar=50, value=found.grown, unit="MiB")
    yield Row(name="cluster: growth of the reading process", bar=50, value=found.more, unit="MiB")
    yield Row(name="cluster: largest worker", bar=300, value=found.largest, unit="MiB")


def check_rows(asked: Asked) -> Iterator[Row]:
    """One check as a whole process, engine included."""
    with TemporaryDirectory() as temporary:
        words = [program("release-audit"), "check", "--allow-gaps", str(ROOT)]
        rounds = min(ROUNDS, asked.sizes.rounds)
        used = [run(words, Path(temporary)) for _ in range(rounds + 1)][1:]
    cpu = median(each.cpu for each in used)
    yield Row(name="check of one repository: CPU", bar=0.6, value=cpu, unit="s")


def store_rows(asked: Asked) -> Iterator[Row]:
    """What the dashboard asks of a large store, and how a store grows."""
    sizes = asked.sizes
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'history.sqlite'}"
        for _ in build(url, sizes.stored, sizes.scans):
            pass
        store = open_store(url, read_only=True)
        spans = {name: _seconds(ask) for name, ask in questions(store).items()}
        store.close()
        views = _view_seconds(url)
    slowest = max(spans, key=lambda name: spans[name])
    name = f"slowest question of a view ({slowest})"
    yield Row(name=name, bar=1, value=spans[slowest], unit="s")
    slowest = max(views, key=lambda name: views[name])
    yield Row(name=f"slowest view ({slowest})", bar=1, value=views[slowest], unit="s")
    for kind, where in ((SQLITE, ""), (POSTGRESQL, ", PostgreSQL")):
        quiet = rows_of_a_quiet_night(sizes.grown, kind)
        yield Row(name=f"rows of a scan without changes{where}", bar=50, value=quiet)
        year = year_in_bytes(sizes.grown, sizes.nights, kind) / 1e9
        name = f"10,000 repositories with a year of nights{where}"
        yield Row(name=name, bar=2, value=year, unit="GB")


def _view_seconds(url: str) -> dict[str, float]:
    """What the server takes for each view, with nothing kept or once more, whichever is longer."""
    # Not at the top: the largest process of a program that is run counts this one's size, too.
    from tests.benchmarks.dashboard_views import server_seconds

    # Outside a server Streamlit warns whenever a cache is made.
    logging.disable(logging.WARNING)
    try:
        with patch.dict(os.environ, {"RELEASE_AUDIT_DATABASE": url}):
            return {name: max(cold, warm) for name, cold, warm in server_seconds()}
    finally:
        logging.disable(logging.NOTSET)


def fault_rows(asked: Asked) -> Iterator[Row]:
    """Repositories that a scan lost without a word, where every tenth request fails."""
    number = min(200, asked.sizes.repositories)
    with LoopbackGitHub(World([*organization(number)]), Token(TOKEN)) as github:
        clean = list(collector_of(connect(github, limits=FAST)).snapshots())
        github.faults.rate = 0.1
        collector = collector_of(connect(github, limits=FAST))
        seen = list(collector.snapshots())
    if not collector.usage.retries:
        raise AssertionError("no request failed: nothing was measured")
    # One that is empty has neither files nor gaps; it is lost where it is not named at all.
    found = {str(s.ref): bool(s.commit or s.gaps) for s in seen}
    lost = [s.ref for s in clean if str(s.ref) not in found or (s.commit and not found[str(s.ref)])]
    yield Row(name="repositories lost under faults", bar=0, value=len(lost))


def input_rows(_: Asked) -> Iterator[Row]:
    """What hostile workflows cost from their text to the audit."""
    spans, crashes = zip(*map(seconds_and_crash, WORKFLOWS.values()), strict=True)
    yield Row(name="hostile workflow: CPU at worst", bar=1, value=max(spans), unit="s")
    yield Row(name="hostile workflows that crash a check", bar=0, value=sum(crashes))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        memory = apart.submit(growth).result()
    yield Row(name="hostile workflows: memory at worst", bar=100, value=memory, unit="MiB")


def replay_rows(_: Asked) -> Iterator[Row]:
    """Replays of real compromises, and of what breaks a scan, that come out wrong."""
    for place, name in (
        ("tests/analysis/exposure/test_replays.py", "replays of incidents that fail"),
        ("tests/cli/test_github_faults.py", "a broken server: tests that fail"),
        ("tests/store/test_kills.py", "killed scans: tests that fail"),
        ("tests/store/test_query_plans.py", "queries that read the whole history: tests that fail"),
    ):
        words = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", place]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        value = float(len(failed)) if done.returncode in (0, 1) else None
        yield Row(name=name, bar=0, value=value, why="" if value is not None else "did not run")


PARTS: Mapping[str, Callable[[Asked], Iterator[Row]]] = {
    "github": github_rows,
    "folder": folder_rows,
    "cluster": cluster_rows,
    "check": check_rows,
    "store": store_rows,
    "faults": fault_rows,
    "input": input_rows,
    "replays": replay_rows,
}


def _seconds(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def measured(words: Sequence[str], parts: Sequence[str]) -> Iterator[Row]:
    """The rows of all these parts, each measured by a process of its own, called with these words
    of the command line: the views of the dashboard change what a process is, the largest process
    counts all that a process did before, and a part that breaks costs itself alone.
    """
    for part in parts:
        print(f"measuring {part} …", file=sys.stderr, flush=True)
        with TemporaryDirectory() as folder:
            kept = Path(folder) / "part.json"
            program_words = ["-m", "tests.benchmarks", *words, "--only", part, "--json", str(kept)]
            done = subprocess.run(
                [sys.executable, *program_words],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            if kept.exists():
                yield from msgspec.json.decode(kept.read_bytes(), type=Run).rows
                continue
        print(done.stderr, file=sys.stderr)
        yield Row(name=part, bar=0, value=None, why="broke off: see above")


def _measured_here(asked: Asked, part: str) -> list[Row]:
    with contextlib.redirect_stdout(io.StringIO()):
        return list(PARTS[part](asked))


def table(rows: tuple[Row, ...], before: Mapping[str, Row]) -> Iterator[str]:
    """The rows for people; with an earlier run, what each was then."""
    width = max((len(row.name) for row in rows), default=0)
    yield f"{'':{width}}  {'measured':>12}  {'bar':>10}  {'before':>12}"
    for row in rows:
        earlier = before.get(row.name)
        shown = row.why if row.value is None else f"{row.value:.3g} {row.unit}".strip()
        then = "" if earlier is None or earlier.value is None else f"{earlier.value:.3g}"
        mark = "  MISSED" if row.is_missed else ""
        yield f"{row.name:{width}}  {shown:>12}  {row.bar:>10g}  {then:>12}{mark}"


def main() -> int:
    """Measure, print, compare; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", choices=("", *PARTS))
    options = parser.parse_args()
    asked = Asked(sizes=QUICK if options.quick else Sizes(), folder=options.folder)
    words = ["--quick"] if options.quick else []
    if options.folder:
        words += ["--folder", str(options.folder.resolve())]
    only = options.only
    rows = tuple(_measured_here(asked, only) if only else measured(words, tuple(PARTS)))
    before: dict[str, Row] = {}
    if options.compare:
        earlier = msgspec.json.decode(options.compare.read_bytes(), type=Run)
        before = {row.name: row for row in earlier.rows}
    for line in table(rows, before):
        print(line)
    if options.json:
        made = Run(
            version=__version__,
            python=platform.python_version(),
            machine=f"{platform.machine()} {platform.system()}",
            sizes=asked.sizes,
            rows=rows,
        )
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    return int(any(row.is_missed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
