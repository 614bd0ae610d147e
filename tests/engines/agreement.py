"""What zizmor and our checks say of the same files, in the same words: file, rule, line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from audits.check import Check
from audits.checks import all_checks
from audits.model.index_hosts import IndexHosts
from audits.model.repository import Breadth, Repository
from audits.pipeline.run_checks import judge

_OPTIONS = (
    "--offline",
    "--no-progress",
    "--quiet",
    "--format",
    "json-v1",
    "--no-ignores",
    "--no-config",
    "--no-exit-codes",
    "--collect",
    "all",
    "--persona",
    "auditor",
)

ASKS_GITHUB = frozenset({"impostor-commit", "known-vulnerable-actions", "ref-version-mismatch"})
"""Rules that zizmor leaves out offline, so that there is nothing to compare."""


class Spot(Struct, frozen=True, order=True):
    """One finding of either side: zizmor's rule at a line of a file."""

    path: str
    rule: str
    line: int


class Said(Struct, frozen=True, kw_only=True):
    """What a side adds to a spot: which users zizmor tells, or which of our checks it is.

    ``also`` are further lines that our finding marks.
    """

    by: str
    severity: str
    detail: str
    also: frozenset[int] = frozenset()


def program() -> str:
    """The wheel's program of this environment."""
    return shutil.which("zizmor", path=sysconfig.get_path("scripts")) or "zizmor"


def zizmor_says(folder: Path, paths: Sequence[str]) -> dict[Spot, Said] | None:
    """All that zizmor finds in files below a folder; None where it gives up on one of them."""
    done = subprocess.run(
        [program(), *_OPTIONS, "--", *paths],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        return None
    return dict(_spot(entry) for entry in reversed(json.loads(done.stdout)))


def isolated(folder: Path, paths: Sequence[str]) -> tuple[dict[Spot, Said], list[str]]:
    """As `zizmor_says`, and the files on which it gives up: halved until they are alone."""
    found = zizmor_says(folder, paths)
    if found is not None:
        return found, []
    if len(paths) == 1:
        return {}, list(paths)
    middle = len(paths) // 2
    first, lost = isolated(folder, paths[:middle])
    second, more = isolated(folder, paths[middle:])
    return {**first, **second}, lost + more


def _spot(entry: Mapping[str, Any]) -> tuple[Spot, Said]:
    places = entry["locations"]
    primary = next((at for at in places if at["symbolic"]["kind"] == "Primary"), places[0])
    path = primary["symbolic"]["key"]["Local"]["verbatim_path"]
    line = primary["concrete"]["location"]["start_point"]["row"] + 1
    given = entry["determinations"]
    detail = primary["symbolic"].get("annotation", "")
    said = Said(by=given["persona"], severity=given["severity"].lower(), detail=detail)
    return Spot(path, entry["ident"], line), said


def compared(checks: Iterable[Check] | None = None) -> dict[str, tuple[Check, ...]]:
    """Our checks by the rule of zizmor that means the same."""
    found: dict[str, tuple[Check, ...]] = {}
    for check in all_checks() if checks is None else checks:
        if check.zizmor:
            found[check.zizmor] = (*found.get(check.zizmor, ()), check)
    return found


def we_say(repository: Repository, index: IndexHosts, prefix: str = "") -> dict[Spot, Said]:
    """All that our checks with a rule of zizmor's find; paths are given ``prefix``.

    Checks that make sense outside releases look at all of ``repository``, read with
    `Breadth.ALL`; the others at what takes part in releases, as they do in audits.
    """
    release = replace(repository, breadth=Breadth.RELEASE)
    found: dict[Spot, Said] = {}
    for rule, checks in compared().items():
        for check in checks if rule not in ASKS_GITHUB else ():
            seen = repository if check.any_workflow else release
            said_by = judge(check, seen, index)
            assert not said_by.crash, said_by.crash
            for each in said_by.findings:
                at = each.finding.at
                said = Said(
                    by=check.id,
                    severity=each.severity.label,
                    detail=each.finding.message,
                    also=frozenset(a.line for a in each.finding.extra_lines if a.path == at.path),
                )
                found[Spot(prefix + at.path, rule, at.line)] = said
    return found


def aligned(ours: Mapping[Spot, Said], theirs: Mapping[Spot, Said]) -> dict[Spot, Said]:
    """Our findings, moved to another line that they mark where zizmor stands on that one."""
    found = {}
    for spot, said in ours.items():
        others = (Spot(spot.path, spot.rule, line) for line in sorted(said.also))
        met = next((other for other in others if other in theirs), spot)
        found[spot if spot in theirs else met] = said
    return found
