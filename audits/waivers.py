"""The reviewed file of waivers: read, checked line by line, and matched to findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase

import rtoml
from msgspec import Struct

LONGEST = timedelta(days=90)
WARN_BEFORE = timedelta(days=30)
_KEYS = frozenset({"repository", "check", "responsible", "reason", "ticket", "expires"})
_REQUIRED = ("repository", "check", "responsible", "reason", "expires")
_ACCEPT = "accept-locally"
_HEADER = re.compile(r"^\s*\[\[\s*waiver\s*\]\]")


class Waiver(Struct, frozen=True, kw_only=True):
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


class WaiverProblem(Struct, frozen=True, kw_only=True):
    """Something wrong in the file: a sentence with its line and what to do."""

    line: int
    detail: str


class Waivers(Struct, frozen=True, kw_only=True):
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
    text = text.removeprefix("\ufeff")
    try:
        data = rtoml.loads(text)
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits and lists nested that deep are no waivers either.
        return Waivers(today=today, problems=(_not_toml(text, error),))
    problems: list[WaiverProblem] = []
    waivers = []
    for line, entry in _entries(text, data.get("waiver", []), problems):
        problem = _problem(entry, today, checks)
        if problem:
            problems.append(WaiverProblem(line=line, detail=f"line {line}: {problem}"))
        elif isinstance(entry, Mapping):
            waivers.append(_waiver(entry, line))
    problems += [
        _at(text, key, f"{key!r} is not known; write [policy] or [[waiver]]")
        for key in data.keys() - {"waiver", "policy"}
    ]
    local = _local(text, data.get("policy", {}), checks, problems)
    ordered = tuple(sorted(problems, key=lambda problem: (problem.line, problem.detail)))
    return Waivers(waivers=tuple(waivers), local=local, problems=ordered, today=today)


def _not_toml(text: str, error: Exception) -> WaiverProblem:
    found = re.fullmatch(r"(.*) at line (\d+) column \d+", str(error), re.DOTALL)
    line = int(found[2]) if found else text.count("\n") + 1
    what = (found[1] if found else str(error))[:200]
    return WaiverProblem(line=line, detail=f"line {line}: this is not TOML: {what}; mend the file")


def _entries(
    text: str, entries: object, problems: list[WaiverProblem]
) -> Iterator[tuple[int, object]]:
    """The entries with the lines of their headers."""
    if not isinstance(entries, list):
        problems.append(_at(text, "waiver", "a waiver is one of several; write [[waiver]]"))
        return
    lines = [n for n, line in enumerate(text.split("\n"), 1) if _HEADER.match(line)]
    for position, entry in enumerate(entries):
        yield lines[position] if position < len(lines) else 1, entry


def _at(text: str, key: str, detail: str) -> WaiverProblem:
    """A problem with a key, at the first line that writes it."""
    written = re.search(rf"^[ \t]*\[*[ \t]*['\"]?{re.escape(key)}\b", text, re.MULTILINE)
    line = text.count("\n", 0, written.start()) + 1 if written else 1
    return WaiverProblem(line=line, detail=f"line {line}: {detail}")


def _local(
    text: str, policy: object, checks: frozenset[str], problems: list[WaiverProblem]
) -> frozenset[str]:
    """The checks that comments may accept."""
    if not isinstance(policy, Mapping):
        problems.append(_at(text, "policy", "'policy' is a table; write [policy]"))
        return frozenset()
    problems += [
        _at(text, key, f"[policy] has no {key!r}; it has {_ACCEPT!r}")
        for key in policy.keys() - {_ACCEPT}
    ]
    names = policy.get(_ACCEPT, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        example = f'{_ACCEPT} = ["unpinned-action"]'
        problems.append(_at(text, _ACCEPT, f"{_ACCEPT!r} is a list of checks; write {example}"))
        return frozenset()
    problems += [
        _at(text, _ACCEPT, f"there is no check {name!r}; see 'release-audit explain'")
        for name in names
        if name not in checks
    ]
    return frozenset(names) & checks


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
    for key in entry.keys() - {"expires"}:
        if not isinstance(entry[key], str):
            return f"{key!r} is no text; put it in quotes"
    if not re.fullmatch(r"\*|[^/]+/[^/]+", entry["repository"]):
        return f"{entry['repository']!r} is no repository; write owner/name, owner/* or *"
    if entry["check"] not in checks:
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
