"""The summary of a scan: grades, what is new, fixed and not re-checked, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from audits.cli.options import database_words
from audits.cli.output import say
from audits.model.query import GapFilter, RepositoryFilter
from audits.model.rows import GapRow, RepositoryRow
from audits.model.source import Gap
from audits.pipeline.scan import Scanned
from audits.report.escape import printable
from audits.report.news import about, gap_lines, news_of, text_news
from audits.report.phrases import count
from audits.store.store import Store
from audits.suppressions.waivers import Waivers

_MOST = 8
_GRAVE = ("critical", "high")


def print_summary(
    store: Store,
    finished: tuple[Scanned, ...],
    gaps: tuple[Gap, ...],
    waivers: Waivers,
    *,
    database: str | None = None,
    index_url: str = "",
) -> None:
    """Print the summary of finished scans; the store is asked only for what is new.

    ``gaps`` are those that concern no single repository. ``database`` and ``index_url`` are as
    they were given, for the commands that are named.
    """
    worst = _worst(store, [each.scan.owner for each in finished if not each.before])
    missing, places = _missing(store, [e.scan.owner for e in finished if e.missed.asked])
    unseen: list[str] = []
    for scanned in finished:
        owner = scanned.scan.owner
        for line in _owner_lines(store, scanned, waivers, worst.get(owner.lower(), ())):
            say(line)
        if number := scanned.missed.unrecognized:
            jobs = count(number, "release-like job is", "release-like jobs are")
            say(f"{owner}: {jobs} not understood; see gaps in the export, or Coverage")
        unseen += gap_lines(missing.get(owner.lower(), ()), places.get(owner.lower(), 0))
    known = "\n".join(unseen)
    rest = _lines(gap for gap in gaps if printable(gap.detail) not in known)
    missed = [*unseen, *rest]
    for line in missed[: 2 * _MOST]:
        say(f"not seen: {line}")
    if len(missed) > 2 * _MOST:
        say(f"not seen: and {len(missed) - 2 * _MOST} more, in the export")
    if finished:
        where = database_words(database)
        index = f" --index-url {shlex.quote(index_url)}" if index_url else ""
        say(f"Its dashboard: release-audit dashboard{where}{index}")
        say(f"Its report: release-audit report{where}")
        say(f"Its tables: release-audit export DIR{where}")


def _lines(gaps: Iterable[Gap]) -> Iterator[str]:
    """One line for each message about gaps, however many gaps it covers."""
    subjects: dict[str, list[str]] = {}
    for gap in gaps:
        subjects.setdefault(gap.detail, []).append(gap.subject)
    for detail, mine in subjects.items():
        more = f" (and {len(mine) - 1} more)" if len(mine) > 1 else ""
        yield f"{about(mine[0], detail)}{more}"


def _owner_lines(
    store: Store, scanned: Scanned, waivers: Waivers, worst: Sequence[RepositoryRow]
) -> Iterator[str]:
    owner = scanned.scan.owner
    totals = scanned.totals
    grades = "  ".join(
        f"{grade} {number}" for grade, number in sorted(totals.grades.items()) if number
    )
    known = count(totals.repositories, "repository", "repositories")
    read = scanned.scan.repositories
    known += "" if read == totals.repositories else f" ({read} read by this scan)"
    yield f"{printable(owner)}: {known}, {totals.publishing} publish  [{grades}]{_known(scanned)}"
    states = " · ".join(
        f"{word} {number}" for word, number in sorted(totals.ladders.items()) if number
    )
    if states:
        yield f"  packages: {states}"
    yield from _account(store, scanned)
    if worst:
        yield "  worst:"
        yield from (f"    {_repository(row)}" for row in worst)
    if not scanned.before and not waivers.waivers:
        return
    news = news_of(store, owner, waivers, limit=_MOST)
    if news.since is not None or news.expired or news.expiring or news.unmatched:
        yield from text_news(news)


def _account(store: Store, scanned: Scanned) -> Iterator[str]:
    """The account's own settings that fail a check; no repository's score counts them."""
    owner = scanned.scan.owner
    # Without a token nothing is known of them, and the store need not be asked.
    facts = store.owner_card(owner) if scanned.scan.tier else ()
    failed = [fact for fact in facts if fact.outcome == "fail"]
    if failed:
        yield "  the account's settings:"
    for fact in failed:
        number = fact.repositories
        touched = f"  {count(number, 'repository', 'repositories')}" if number else ""
        yield f"    {fact.severity:<8} {fact.check}  {printable(fact.title)}{touched}"
        if fact.consequence:
            yield f"             {printable(fact.consequence)}"


def _known(scanned: Scanned) -> str:
    """What the grades rest on; they never stand alone."""
    if not any(number for grade, number in scanned.totals.grades.items() if grade != "-"):
        return ""
    return f"  {scanned.totals.coverage:.0%} known at tier {scanned.scan.tier}"


def _worst(store: Store, owners: Sequence[str]) -> Mapping[str, Sequence[RepositoryRow]]:
    """Of owners scanned for the first time, when nothing can be new: the repositories to look at
    first, by the owner's name in lower case.
    """
    if not owners:
        return {}
    bad = store.worst_repositories(
        owner=_only(owners), where=RepositoryFilter(grades=("B", "C", "D", "F")), most=_MOST
    )
    return _by_owner(bad, owners)


def _missing(
    store: Store, owners: Sequence[str]
) -> tuple[Mapping[str, Sequence[GapRow]], Mapping[str, int]]:
    """What was asked for and not read of the first repositories, and in how many there is some,
    both by the owner's name in lower case.
    """
    if not owners:
        return {}, {}
    rows, places = store.first_gaps(_MOST, owner=_only(owners), where=GapFilter(optional=False))
    return _by_owner(rows, owners), places


def _only(owners: Sequence[str]) -> str | None:
    """The owner to ask the store about: None for several, which are asked about at once."""
    return owners[0] if len(owners) == 1 else None


OfOwner = TypeVar("OfOwner", RepositoryRow, GapRow)


def _by_owner(rows: Iterable[OfOwner], owners: Iterable[str]) -> dict[str, list[OfOwner]]:
    found: dict[str, list[OfOwner]] = {owner.lower(): [] for owner in owners}
    for row in rows:
        if row.owner.lower() in found:
            found[row.owner.lower()].append(row)
    return found


def _repository(row: RepositoryRow) -> str:
    grave = ", ".join(f"{row.open[word]} {word}" for word in _GRAVE if row.open.get(word))
    known = f"{row.coverage or 0:.0%} known at tier {row.tier}"
    return (
        f"{row.grade} {row.points or 0:>5g}  {printable(row.repository)}  {known}  {grave}".rstrip()
    )
