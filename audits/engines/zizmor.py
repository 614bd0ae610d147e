"""Runs zizmor offline over workflows, for the rules that this program lacks."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct, field

from audits.engines.zizmor_rules import KEPT_RULES
from audits.model.engine import EngineReport
from audits.model.location import Location
from audits.model.outcome import EngineFinding, Finding, Severity
from audits.model.repository import Breadth, Repository
from audits.model.source import Gap, GapReason, SourceFile
from audits.model.uses import UsesKind
from audits.model.workflow import Job

if sys.platform == "linux":
    import resource

SEVERITIES = {
    "Informational": Severity.INFO,
    "Low": Severity.LOW,
    "Medium": Severity.MEDIUM,
    "High": Severity.HIGH,
}
_OPTIONS = (
    "--offline",
    "--no-progress",
    "--format",
    "json-v1",
    "--no-ignores",
    "--no-config",
    "--no-exit-codes",
    "--collect",
    "all",
    "--strict-collection",
)
_VERSION = re.compile(r"\bzizmor v?(\d[\w.+-]*)")
_REFUSED = re.compile(r"(?:failed to load|failed on) file://(.+?)(?: as [\w -]+)?$", re.MULTILINE)
_CAUSE = re.compile(r"^\s+1: (.+)$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A run takes milliseconds a file; whatever takes longer than this is stuck.
_SECONDS, _SECONDS_A_FILE = 10.0, 0.1
# Files of one run: their paths fit into a command line on every system.
_AT_ONCE = 300
# Refused files that are taken out one by one; with more of them, halving is quicker.
_ONE_BY_ONE = 8
_DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")


class _Input(Struct, frozen=True, kw_only=True):
    """One file for zizmor: which repository it is of, and where it lies below the folder."""

    repository: int
    file: SourceFile

    @property
    def place(self) -> str:
        return f"{self.repository}/{self.file.path}"


class _Outcome(Struct):
    """What was found so far, by repository; ``version`` once zizmor has printed it."""

    repositories: Sequence[Repository]
    version: str = ""
    findings: dict[int, list[EngineFinding]] = field(default_factory=dict)
    gaps: dict[int, list[Gap]] = field(default_factory=dict)
    seen: set[tuple[int, str, Location]] = field(default_factory=set)

    def report(self, number: int) -> EngineReport:
        """The report of one repository."""
        return EngineReport(
            engine="zizmor",
            version=self.version,
            rules=tuple(sorted(KEPT_RULES)),
            findings=tuple(self.findings.get(number, ())),
            gaps=tuple(self.gaps.get(number, ())),
        )

    def lose(self, lost: _Input, cause: str = "") -> None:
        """Note that zizmor gave up on a file."""
        why = f" ({cause[:160]})" if cause else ""
        detail = (
            f"zizmor could not read {lost.file.path}{why}; its own rules are not judged there: "
            "correct the file, or run zizmor on it"
        )
        gap = Gap(subject=lost.file.path, reason=GapReason.UNSUPPORTED, detail=detail)
        self.gaps.setdefault(lost.repository, []).append(gap)


def _program() -> str | None:
    """Zizmor as it was installed with this program, and no other: what the search path or the
    current folder names may be a scanned repository's own.
    """
    # A user's own installation has a folder of its own: https://peps.python.org/pep-0370/
    for scheme in (None, sysconfig.get_preferred_scheme("user")):
        folder = sysconfig.get_path("scripts", *(() if scheme is None else (scheme,)))
        for name in ("zizmor", "zizmor.exe"):
            path = Path(folder) / name
            if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
                return str(path)
    return None


def _environment(folder: str) -> dict[str, str]:
    """The environment of zizmor: offline it needs no token, proxy or search path; what it would
    look for in a home directory is looked for in its own folder.
    """
    kept = ("TMPDIR", "TEMP", "TMP", "SYSTEMROOT")
    home = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "USERPROFILE"), folder)
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return found | home | {"ZIZMOR_OFFLINE": "1", "LC_ALL": "C.UTF-8"}


def _bound(process: subprocess.Popen[str], seconds: float) -> None:
    """Have the system end it once it used up its time, also where this process was killed."""
    if sys.platform == "linux":
        most = math.ceil(seconds) + 1
        with contextlib.suppress(OSError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (most, most))


class Zizmor(Struct, frozen=True, kw_only=True):
    """The analyser; ``program`` is its executable, None where it is not installed."""

    program: str | None = field(default_factory=_program)

    def version(self) -> str:
        """Its version, "" where it does not answer."""
        with TemporaryDirectory(prefix="release-audit-") as folder:
            done = self._call(("--version",), _SECONDS, folder)
        found = _VERSION.search(done.stdout) if done and done.returncode == 0 else None
        return found[1] if found else ""

    def _call(
        self, words: Sequence[str], seconds: float, folder: str
    ) -> subprocess.CompletedProcess[str] | None:
        """One run in a folder of our own; None where it does not start or does not end."""
        if self.program is None:
            return None
        try:
            with subprocess.Popen(  # noqa: S603 - fixed options and paths that we made
                [self.program, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env=_environment(folder),
                cwd=folder,
            ) as process:
                try:
                    _bound(process, seconds)
                    out, err = process.communicate(timeout=seconds)
                finally:
                    process.kill()  # where it was not waited for to its end
        except (OSError, subprocess.TimeoutExpired):
            return None
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def run(self, repositories: Sequence[Repository]) -> tuple[EngineReport, ...]:
        """A report for each repository, in order; a file that stops zizmor costs that file."""
        outcome = _Outcome(repositories)
        inputs = [i for n, r in enumerate(repositories) for i in _inputs(n, r)]
        odd = [i for i in inputs if _stops_zizmor(repositories[i.repository], i.file)]
        with TemporaryDirectory(prefix="release-audit-") as folder:
            for each in [each for each in inputs if not _copied(each, Path(folder))]:
                outcome.lose(each, "its name cannot be used on this machine")
                inputs.remove(each)
            usual = [i for i in inputs if i not in odd]
            odd = [i for i in odd if i in inputs]
            chunks = [usual[n : n + _AT_ONCE] for n in range(0, len(usual), _AT_ONCE)]
            for chunk in (*chunks, *([each] for each in odd)):
                self._audit(chunk, folder, outcome)
        outcome.version = outcome.version or self.version()
        if not outcome.version:
            return (_absent(),) * len(repositories)
        return tuple(map(outcome.report, range(len(repositories))))

    def _audit(self, inputs: list[_Input], folder: str, outcome: _Outcome) -> None:
        """Run over some files; one that zizmor names as the reason for giving up is left out,
        and where it names none they are halved until the bad one is alone.
        """
        for _ in range(_ONE_BY_ONE):
            if not inputs:
                return
            seconds = _SECONDS + _SECONDS_A_FILE * len(inputs)
            done = self._call((*_OPTIONS, "--", *(i.place for i in inputs)), seconds, folder)
            output = _COLOUR.sub("", done.stderr) if done else ""
            if not outcome.version:
                found = _VERSION.search(output)
                outcome.version = found[1] if found else self.version()
            if not outcome.version:
                return  # nothing runs that could read the other half
            if done and _keep_all(done, inputs, outcome):
                return
            named = _REFUSED.search(output)
            bad = next((i for i in inputs if named and i.place == named[1]), None)
            if bad is None:
                break
            cause = _CAUSE.search(output)
            outcome.lose(bad, cause[1].strip() if cause else "")
            inputs = [i for i in inputs if i is not bad]
        if len(inputs) == 1:
            outcome.lose(inputs[0])
        elif inputs:
            middle = len(inputs) // 2
            self._audit(inputs[:middle], folder, outcome)
            self._audit(inputs[middle:], folder, outcome)


def _copied(each: _Input, folder: Path) -> bool:
    """Write zizmor's copy of a file; False where the system refuses a file of that name."""
    path = folder / each.place
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.file.text.removeprefix("\ufeff").encode("utf-8", "replace"))
    except (OSError, ValueError):
        return False
    return True


def _absent() -> EngineReport:
    """What is said where zizmor does not run at all."""
    gap = Gap(
        subject="zizmor",
        reason=GapReason.UNAVAILABLE,
        detail="zizmor did not run, so its rules are not judged; reinstall release-audit",
    )
    return EngineReport(engine="zizmor", rules=tuple(sorted(KEPT_RULES)), gaps=(gap,), ran=False)


def _inputs(number: int, repository: Repository) -> Iterator[_Input]:
    """The files that take part in a release, or all of them, and Dependabot's."""
    parsed = {w.path for w in repository.workflows} | {a.path for a in repository.actions}
    release = repository.graph.release_paths
    for file in repository.snapshot.files:
        looked_at = repository.breadth is Breadth.ALL or file.path in release
        dependabot = file.path in _DEPENDABOT and (release or repository.breadth is Breadth.ALL)
        inside = ".." not in file.path.split("/")
        if inside and ((file.path in parsed and looked_at) or dependabot):
            yield _Input(repository=number, file=file)


def _stops_zizmor(repository: Repository, file: SourceFile) -> bool:
    """Whether the file has a ``uses:`` that ends zizmor's whole run."""
    workflow = repository.workflow(file.path)
    action = next((a for a in repository.actions if a.path == file.path), None)
    jobs = workflow.jobs if workflow else ()
    steps = [*(s for job in jobs for s in job.steps), *(action.steps if action else ())]
    uses = [*(job.uses for job in jobs), *(step.uses for step in steps)]
    return any(u is not None and u.kind is UsesKind.INVALID for u in uses)


def _keep_all(
    done: subprocess.CompletedProcess[str], inputs: Sequence[_Input], outcome: _Outcome
) -> bool:
    """Keep what a run found; False where it found nothing because it gave up."""
    try:
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        return False
    places = {i.place: i for i in inputs}
    for entry in found:
        _keep(entry, places, outcome)
    return True


def _keep(entry: Mapping[str, Any], places: Mapping[str, _Input], outcome: _Outcome) -> None:
    """Keep one finding of zizmor's JSON (format v1) if it is of a rule that we want."""
    if entry.get("ident") not in KEPT_RULES:
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
        path=found.file.path,
        line=spot["start_point"]["row"] + 1,
        column=spot["start_point"]["column"] + 1,
        end_line=spot["end_point"]["row"] + 1,
    )
    if (found.repository, entry["ident"], at) in outcome.seen:
        return  # an alias of YAML is reported once more where its anchor stands
    outcome.seen.add((found.repository, entry["ident"], at))
    said = (str(entry["desc"]), str(primary["symbolic"].get("annotation", "")))
    message = ": ".join(filter(None, said))[:300]
    repository = outcome.repositories[found.repository]
    job = _job(repository, found.file.path, primary["symbolic"])
    severity = SEVERITIES.get(entry["determinations"]["severity"], Severity.INFO)
    because = ""
    if entry["ident"] == "github-env" and _is_closed(repository, found.file.path):
        severity, because = Severity.LOW, "no workflow here runs with rights for outsiders"
    kept = EngineFinding(
        rule=entry["ident"],
        title=str(entry["desc"])[:120],
        url=str(entry.get("url", "")),
        severity=severity,
        finding=Finding(message=message, at=at, job=job, severity=severity, because=because),
    )
    outcome.findings.setdefault(found.repository, []).append(kept)


def _is_closed(repository: Repository, path: str) -> bool:
    """Whether a file is an action of a repository in which no workflow is started by the events
    for which zizmor's `github-env` looks at workflows: of actions it knows no event.

    https://docs.zizmor.sh/audits/#github-env
    """
    events = {trigger.event for workflow in repository.workflows for trigger in workflow.triggers}
    is_workflow = any(workflow.path == path for workflow in repository.workflows)
    return not is_workflow and events.isdisjoint({"pull_request_target", "workflow_run"})


def _job(repository: Repository, path: str, symbolic: Mapping[str, Any]) -> Job | None:
    """The job that a finding's route leads through."""
    keys = [part.get("Key") for part in symbolic.get("route", {}).get("route", [])]
    workflow = repository.workflow(path)
    if workflow is None or len(keys) < 2 or keys[0] != "jobs" or not isinstance(keys[1], str):
        return None
    return workflow.job(keys[1])
