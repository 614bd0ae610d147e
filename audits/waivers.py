"""The reviewed file of waivers: read, checked line by line, and matched to findings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase

LONGEST = timedelta(days=90)
WARN_BEFORE = timedelta(days=30)
_KEYS = frozenset({"repository", "check", "responsible", "reason", "ticket", "expires"})
_REQUIRED = ("repository", "check", "responsible", "reason", "expires")
_HEADER = re.compile(r"^\s*\[\[\s*waiver\s*\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One accepted risk. ``repository`` is a pattern on ``owner/name``; ``line`` its line."""

    repository: str
    check: str
    responsible: str
    reason: str
    expires: date
    ticket: str = ""
    line: int = 1

    def covers(self, repository: str, check: str) -> bool:
        """Whether it is about this check in this repository; names compare without case."""
        return self.check == check and fnmatchcase(repository.lower(), self.repository.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverProblem:
    """Something wrong in the file: a sentence with its line and what to do."""

    line: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waivers:
    """The waivers of a file. ``local`` are the checks that a comment in a workflow may accept.

    ``problems`` are entries that were left out, and why; they accept nothing.
    """

    waivers: tuple[Waiver, ...] = ()
    local: frozenset[str] = frozenset()
    problems: tuple[WaiverProblem, ...] = ()
    today: date

    def active(self) -> Iterator[Waiver]:
        """Those that still hold today."""
        return (w for w in self.waivers if w.expires >= self.today)

    def expired(self) -> tuple[Waiver, ...]:
        """Those that no longer hold."""
        return tuple(w for w in self.waivers if w.expires < self.today)

    def expiring(self) -> tuple[Waiver, ...]:
        """Those that end within 30 days."""
        return tuple(w for w in self.active() if w.expires <= self.today + WARN_BEFORE)

    def match(self, repository: str, check: str) -> Waiver | None:
        """The first waiver in force for this check in this repository (``owner/name``)."""
        return next((w for w in self.active() if w.covers(repository, check)), None)


def read_waivers(text: str, today: date, checks: frozenset[str]) -> Waivers:
    """The waivers of a TOML text.

    ``checks`` are the known ids. Whatever is wrong with one entry leaves the others in force;
    a file that is not TOML gives no waiver and one problem.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        return Waivers(today=today, problems=(WaiverProblem(line=line, detail=f"line {line}: this is not TOML: {error}; mend the file"),))  # fmt: skip
    lines = [n for n, line in enumerate(text.split("\n"), 1) if _HEADER.match(line)]
    problems: list[WaiverProblem] = []
    waivers = []
    entries = data.get("waiver", [])
    for position, entry in enumerate(entries if isinstance(entries, list) else []):
        line = lines[position] if position < len(lines) else 1
        problem = _problem(entry, today, checks)
        if problem:
            problems.append(WaiverProblem(line=line, detail=f"line {line}: {problem}"))
        else:
            waivers.append(_waiver(entry, line))
    problems += [
        WaiverProblem(
            line=1, detail=f"line 1: the table {key!r} is not known; write [policy] or [[waiver]]"
        )
        for key in data.keys() - {"waiver", "policy"}
    ]
    local, wrong = _local(data.get("policy", {}), checks)
    return Waivers(waivers=tuple(waivers), local=local, problems=(*problems, *wrong), today=today)


def _local(policy: object, checks: frozenset[str]) -> tuple[frozenset[str], list[WaiverProblem]]:
    names = policy.get("accept-locally", []) if isinstance(policy, dict) else []
    listed = [str(name) for name in names] if isinstance(names, list) else []
    wrong = [
        WaiverProblem(
            line=1,
            detail=f"[policy] accept-locally: there is no check {name!r}; see 'release-audit explain'",
        )
        for name in listed
        if name not in checks
    ]
    return frozenset(listed) & checks, wrong


def _date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _problem(entry: object, today: date, checks: frozenset[str]) -> str:
    """What is wrong with an entry, and what to do; "" if nothing is."""
    if not isinstance(entry, Mapping):
        return "a waiver is a table; write [[waiver]]"
    if unknown := sorted(entry.keys() - _KEYS):
        return f"the key {unknown[0]!r} is not known; a waiver has {', '.join(sorted(_KEYS))}"
    for key in _REQUIRED:
        if not str(entry.get(key, "")).strip():
            return f"the waiver has no {key!r}; add it"
    if str(entry["check"]) not in checks:
        return f"there is no check {entry['check']!r}; see 'release-audit explain'"
    expires = _date(entry["expires"])
    if expires is None:
        return f"'expires' is {entry['expires']!r}; write a date such as {today.isoformat()}"
    if expires > today + LONGEST:
        return f"it expires on {expires}, more than {LONGEST.days} days ahead; choose {today + LONGEST} or earlier"
    return ""


def _waiver(entry: Mapping[str, object], line: int) -> Waiver:
    expires = _date(entry["expires"])
    assert expires is not None  # noqa: S101 - `_problem` has seen to it
    return Waiver(
        repository=str(entry["repository"]), check=str(entry["check"]),
        responsible=str(entry["responsible"]), reason=str(entry["reason"]),
        ticket=str(entry.get("ticket", "")), expires=expires, line=line,
    )  # fmt: skip
