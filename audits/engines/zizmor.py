"""zizmor, run offline over release workflows for the rules that we do not have ourselves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audits.model.engine import EngineReport
from audits.model.outcome import EngineFinding, Finding, Severity
from audits.model.place import Location
from audits.model.repository import Breadth, Repository
from audits.model.source import Gap, GapReason, SourceFile
from audits.model.uses import UsesKind
from audits.model.workflow import Job

RULES = frozenset(
    {
        "adhoc-packages", "bot-conditions", "dependabot-execution", "github-app", "github-env",
        "insecure-commands", "misfeature", "obfuscation", "typosquat-uses", "unpinned-tools",
        "unredacted-secrets", "unsound-contains", "unsound-ternary",
    }
)  # fmt: skip
"""The rules that are kept; we judge what the others look for ourselves."""

_SEVERITIES = {
    "Informational": Severity.INFO,
    "Low": Severity.LOW,
    "Medium": Severity.MEDIUM,
    "High": Severity.HIGH,
}
_SECONDS = 120
_DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """One file for zizmor: which repository it is of, and where it lies below the folder."""

    repository: int
    file: SourceFile

    @property
    def place(self) -> str:
        return f"{self.repository}/{self.file.path}"


@dataclass(slots=True)
class _Outcome:
    findings: dict[int, list[EngineFinding]] = field(default_factory=dict)
    gaps: dict[int, list[Gap]] = field(default_factory=dict)


def _program() -> str | None:
    """Zizmor of this environment, else of the search path."""
    own = shutil.which("zizmor", path=sysconfig.get_path("scripts"))
    return own or shutil.which("zizmor")


def _environment() -> dict[str, str]:
    """The environment without tokens: offline, zizmor needs none."""
    kept = ("PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "XDG_CACHE_HOME", "LANG")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"ZIZMOR_OFFLINE": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Zizmor:
    """The analyser; ``program`` is its executable, None where it is not installed."""

    program: str | None = field(default_factory=_program)

    def version(self) -> str:
        """Its version, "" where it does not answer."""
        done = self._call("--version")
        return done.stdout.strip().rpartition(" ")[2] if done and done.returncode == 0 else ""

    def _call(
        self, *words: str, folder: str | None = None
    ) -> subprocess.CompletedProcess[str] | None:
        if self.program is None:
            return None
        try:
            return subprocess.run(  # noqa: S603 - fixed options and paths that we made
                [self.program, *words], capture_output=True, text=True, encoding="utf-8",
                errors="replace", timeout=_SECONDS, check=False, env=_environment(), cwd=folder,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None

    def run(self, repositories: Sequence[Repository]) -> tuple[EngineReport, ...]:
        """A report for each repository, in order; a file that stops zizmor costs that file."""
        version = self.version()
        if not version:
            gap = Gap(
                subject="zizmor", reason=GapReason.UNAVAILABLE,
                detail="zizmor did not run, so its rules are not judged; reinstall release-audit",
            )  # fmt: skip
            empty = EngineReport(
                engine="zizmor", rules=tuple(sorted(RULES)), gaps=(gap,), ran=False
            )
            return (empty,) * len(repositories)
        inputs = [i for n, r in enumerate(repositories) for i in _inputs(n, r)]
        outcome = _Outcome()
        with TemporaryDirectory(prefix="release-audit-") as folder:
            for each in inputs:
                path = Path(folder) / each.place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(each.file.text.encode("utf-8"))
            odd = [i for i in inputs if _stops_zizmor(repositories[i.repository], i.file)]
            self._audit([i for i in inputs if i not in odd], folder, repositories, outcome)
            for each in odd:
                self._audit([each], folder, repositories, outcome)
        return tuple(
            EngineReport(
                engine="zizmor", version=version, rules=tuple(sorted(RULES)),
                findings=tuple(outcome.findings.get(n, ())), gaps=tuple(outcome.gaps.get(n, ())),
            )
            for n in range(len(repositories))
        )  # fmt: skip

    def _audit(
        self,
        inputs: list[_Input],
        folder: str,
        repositories: Sequence[Repository],
        outcome: _Outcome,
    ) -> None:
        """Run over some files; where zizmor gives up, halve them until the bad one is alone."""
        if not inputs:
            return
        options = ("--offline", "--no-progress", "--quiet", "--format", "json-v1", "--no-ignores",
                   "--no-config", "--no-exit-codes", "--collect", "all")  # fmt: skip
        done = self._call(*options, "--", *(i.place for i in inputs), folder=folder)
        try:
            found = json.loads(done.stdout) if done and done.returncode == 0 else None
        except json.JSONDecodeError:
            found = None
        if isinstance(found, list):
            places = {i.place: i for i in inputs}
            for entry in found:
                _keep(entry, places, repositories, outcome)
        elif len(inputs) == 1:
            bad = inputs[0]
            detail = f"zizmor could not read {bad.file.path}; its own rules are not judged there"
            gap = Gap(subject=bad.file.path, reason=GapReason.UNSUPPORTED, detail=detail)
            outcome.gaps.setdefault(bad.repository, []).append(gap)
        else:
            middle = len(inputs) // 2
            self._audit(inputs[:middle], folder, repositories, outcome)
            self._audit(inputs[middle:], folder, repositories, outcome)


def _inputs(number: int, repository: Repository) -> Iterator[_Input]:
    """The files that take part in a release, or all of them, and Dependabot's."""
    parsed = {w.path for w in repository.workflows} | {a.path for a in repository.actions}
    release = repository.graph.release_paths
    for file in repository.snapshot.files:
        looked_at = repository.breadth is Breadth.ALL or file.path in release
        if (file.path in parsed and looked_at) or (release and file.path in _DEPENDABOT):
            yield _Input(repository=number, file=file)


def _stops_zizmor(repository: Repository, file: SourceFile) -> bool:
    """Whether the file has a ``uses:`` that ends zizmor's whole run."""
    workflow = next((w for w in repository.workflows if w.path == file.path), None)
    action = next((a for a in repository.actions if a.path == file.path), None)
    jobs = workflow.jobs if workflow else ()
    steps = [*(s for job in jobs for s in job.steps), *(action.steps if action else ())]
    uses = [*(job.uses for job in jobs), *(step.uses for step in steps)]
    return any(u is not None and u.kind is UsesKind.INVALID for u in uses)


def _keep(
    entry: Mapping[str, Any],
    places: Mapping[str, _Input],
    repositories: Sequence[Repository],
    outcome: _Outcome,
) -> None:
    """Keep one finding of zizmor's JSON (format v1) if it is of a rule that we want."""
    if entry.get("ident") not in RULES:
        return
    primary = next(
        (at for at in entry["locations"] if at["symbolic"].get("kind") == "Primary"),
        entry["locations"][0],
    )
    found = places.get(primary["symbolic"]["key"].get("Local", {}).get("verbatim_path", ""))
    if found is None:
        return
    spot = primary["concrete"]["location"]
    at = Location(
        path=found.file.path, line=spot["start_point"]["row"] + 1,
        column=spot["start_point"]["column"] + 1, end_line=spot["end_point"]["row"] + 1,
    )  # fmt: skip
    message = f"{entry['desc']}: {primary['symbolic'].get('annotation', '')}"[:300]
    job = _job(repositories[found.repository], found.file.path, primary["symbolic"])
    severity = _SEVERITIES.get(entry["determinations"]["severity"], Severity.INFO)
    kept = EngineFinding(
        rule=entry["ident"],
        title=str(entry["desc"])[:120],
        url=str(entry.get("url", "")),
        severity=severity,
        finding=Finding(message=message, at=at, job=job, severity=severity),
    )
    outcome.findings.setdefault(found.repository, []).append(kept)


def _job(repository: Repository, path: str, symbolic: Mapping[str, Any]) -> Job | None:
    """The job that a finding's route leads through."""
    keys = [part.get("Key") for part in symbolic.get("route", {}).get("route", [])]
    workflow = next((w for w in repository.workflows if w.path == path), None)
    if workflow is None or len(keys) < 2 or keys[0] != "jobs" or not isinstance(keys[1], str):
        return None
    return workflow.job(keys[1])
