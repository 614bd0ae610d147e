"""Reads and validates the waiver file, and matches waivers to findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase

import rtoml
from msgspec import Struct

LONGEST = timedelta(days=90)
WARN_BEFORE = timedelta(days=30)
_KEYS = frozenset({"repository", "path", "check", "responsible", "reason", "ticket", "expires"})
_KEY_LIST = ", ".join(sorted(_KEYS))
_REQUIRED = ("repository", "check", "responsible", "reason", "expires")
_ACCEPT = "accept-locally"
_HEADER = re.compile(r"^\s*\[\[\s*waiver\s*\]\]")
_TABLE = re.compile(r"^\s*\[")
_LONGEST_NAME = 60


class Waiver(Struct, frozen=True, kw_only=True):
    """One accepted risk. ``repository`` is a pattern on ``owner/name``, ``path`` one on the path
    of a file from the root, "" for every file; ``line`` is the entry's own.
    """

    repository: str
    check: str
    responsible: str
    reason: str
    expires: date
    ticket: str = ""
    path: str = ""
    line: int = 1

    def concerns(self, repository: str, check: str) -> bool:
        """Whether it is about this check in this repository; names compare without case."""
        return self.check == check and fnmatchcase(repository.lower(), self.repository.lower())

    def covers(self, repository: str, check: str, path: str) -> bool:
        """Whether it accepts findings of this check in this file of this repository."""
        in_file = not self.path or fnmatchcase(path, self.path)
        return in_file and self.concerns(repository, check)


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

    def match(self, repository: str, check: str, path: str) -> Waiver | None:
        """The first waiver in force for this check in this file of a repository (``owner/name``)."""
        return next((w for w in self.active() if w.covers(repository, check, path)), None)


def read_waivers(text: str, today: date, checks: frozenset[str]) -> Waivers:
    """The waivers of a TOML text, and everything that is wrong with it, in order of its lines.

    ``checks`` are the known ids. An entry with a mistake accepts nothing; a file that is not
    TOML gives no waiver and one problem. Whoever reads a file for a user refuses one with
    problems.
    """
    text = text.removeprefix("\ufeff")
    try:
        data = rtoml.loads(text)
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits and lists nested that deep are no waivers either.
        return Waivers(today=today, problems=(_not_toml(text, error),))
    problems: list[WaiverProblem] = []
    waivers = []
    lines = text.split("\n")
    for line, entry in _entries(lines, data.get("waiver", []), problems):
        found = list(_mistakes(entry, today, checks))
        for key, mistake in found:
            at = _line_of_key(lines, line, key)
            problems.append(WaiverProblem(line=at, detail=f"line {at}: {mistake}"))
        if not found and isinstance(entry, Mapping):
            waivers.append(_waiver(entry, line))
    problems += _repeated(waiver for waiver in waivers if waiver.expires >= today)
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
    return WaiverProblem(line=line, detail=f"line {line}: this is not TOML: {what}; fix that")


def _entries(
    lines: list[str], entries: object, problems: list[WaiverProblem]
) -> Iterator[tuple[int, object]]:
    """The entries with the lines of their headers."""
    if not isinstance(entries, list):
        text = "\n".join(lines)
        problems.append(_at(text, "waiver", "a waiver is one of several; write [[waiver]]"))
        return
    headers = [n for n, line in enumerate(lines, 1) if _HEADER.match(line)]
    for position, entry in enumerate(entries):
        yield headers[position] if position < len(headers) else 1, entry


def _line_of_key(lines: list[str], header: int, key: str) -> int:
    """The line of a key below its entry's header; the header's where it is written otherwise."""
    written = re.compile(rf"""[ \t]*["']?{re.escape(key)}["']?[ \t]*=""")
    for number, line in enumerate(lines[header:], header + 1):
        if _TABLE.match(line):
            break
        if key and written.match(line):
            return number
    return header


def _repeated(waivers: Iterable[Waiver]) -> Iterator[WaiverProblem]:
    """The waivers in force that say again what one before them says."""
    first: dict[tuple[str, str, str], int] = {}
    for waiver in waivers:
        before = first.setdefault(
            (waiver.repository.lower(), waiver.path, waiver.check), waiver.line
        )
        if before != waiver.line:
            detail = (
                f"line {waiver.line}: {waiver.check!r} in {waiver.repository!r} has a waiver on "
                f"line {before} already; delete one of them"
            )
            yield WaiverProblem(line=waiver.line, detail=detail)


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
        _at(text, _ACCEPT, _no_check(name, checks)) for name in names if name not in checks
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


def _mistakes(entry: object, today: date, checks: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry, and what to do, each with the key that it is about."""
    if not isinstance(entry, Mapping):
        yield "", "a waiver is a table; write [[waiver]]"
        return
    for key in sorted(entry.keys() - _KEYS):
        near = get_close_matches(str(key)[:_LONGEST_NAME], sorted(_KEYS), n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"a waiver has {_KEY_LIST}"
        yield str(key), f"the key {_short(key)} is not known; {advice}"
    for key in _REQUIRED:
        if not str(entry.get(key, "")).strip():
            yield key, f"the waiver has no {key!r}; add it"
    for key in sorted((entry.keys() & _KEYS) - {"expires"}):
        if not isinstance(entry[key], str):
            yield key, f"{key!r} is no text; put it in quotes"
    yield from _wrong_values(entry, today, checks)


def _wrong_values(
    entry: Mapping[str, object], today: date, checks: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with values of the right type."""
    repository, check = entry.get("repository"), entry.get("check")
    named = repository.strip() if isinstance(repository, str) else ""
    if named and not re.fullmatch(r"\*|[^/]+/[^/]+", named):
        advice = "write owner/name, owner/* or *"
        yield "repository", f"{_short(repository)} is no repository; {advice}"
    path = entry.get("path")
    if isinstance(path, str) and (not path.strip() or path.startswith(("/", "./"))):
        advice = "write it from the repository's root, or leave it out for every file"
        yield "path", f"{_short(path)} is no path of a file; {advice}"
    if isinstance(check, str) and check.strip() and check not in checks:
        yield "check", _no_check(check, checks)
    given = entry.get("expires", "")
    if not str(given).strip():
        return
    expires = _date(given)
    if expires is None:
        yield "expires", f"'expires' is {_short(given)}; write a date such as {today.isoformat()}"
    elif expires > today + LONGEST:
        yield (
            "expires",
            f"it expires on {expires}, in more than {LONGEST.days} days; "
            f"choose {today + LONGEST} or earlier",
        )


def _short(value: object) -> str:
    """A value as a message quotes it."""
    text = repr(value)
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def _no_check(name: str, checks: frozenset[str]) -> str:
    near = get_close_matches(name[:_LONGEST_NAME], sorted(checks), n=1)
    advice = f"did you mean {near[0]!r}?" if near else "see 'release-audit explain'"
    return f"there is no check {_short(name)}; {advice}"


def _waiver(entry: Mapping[str, object], line: int) -> Waiver:
    expires = _date(entry["expires"])
    assert expires is not None  # noqa: S101 - `_problem` has seen to it
    return Waiver(
        repository=str(entry["repository"]),
        check=str(entry["check"]),
        responsible=str(entry["responsible"]),
        reason=str(entry["reason"]),
        ticket=str(entry.get("ticket", "")),
        path=str(entry.get("path", "")),
        expires=expires,
        line=line,
    )
