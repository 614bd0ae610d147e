"""The summary of a scan: grades, what is new, fixed and not re-checked, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from audits.cli.options import database_words
from audits.cli.output import say
from audits.model.query import GapFilter, RepositoryFilter
from audits.model.rows import RepositoryRow
from audits.model.source import Gap, GapReason
from audits.pipeline.scan import Scanned
from audits.report.escape import printable
from audits.report.news import NOTHING_EARLIER, about, gap_lines, news_of, text_news
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
    unseen: list[str] = []
    for scanned in finished:
        for line in _owner_lines(store, scanned, waivers):
            say(line)
        for line in _not_understood(store, scanned.scan.owner):
            say(line)
        if scanned.missed.asked:
            unseen += gap_lines(
                store.gaps(owner=scanned.scan.owner, where=GapFilter(optional=False)), _MOST
            )
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


def _not_understood(store: Store, owner: str) -> Iterator[str]:
    """How many jobs look like a release and are not understood, if any."""
    where = GapFilter(reasons=(GapReason.UNRECOGNIZED,))
    if number := store.count_gaps(owner=owner, where=where):
        jobs = count(number, "release-like job is", "release-like jobs are")
        yield f"{owner}: {jobs} not understood; see gaps in the export, or Coverage"


def _lines(gaps: Iterable[Gap]) -> Iterator[str]:
    """One line for each message about gaps, however many gaps it covers."""
    subjects: dict[str, list[str]] = {}
    for gap in gaps:
        subjects.setdefault(gap.detail, []).append(gap.subject)
    for detail, mine in subjects.items():
        more = f" (and {len(mine) - 1} more)" if len(mine) > 1 else ""
        yield f"{about(mine[0], detail)}{more}"


def _owner_lines(store: Store, scanned: Scanned, waivers: Waivers) -> Iterator[str]:
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
    if not scanned.before:
        yield from _worst(store, owner)
    if not scanned.before and not waivers.waivers:
        return
    news = news_of(store, owner, waivers, limit=_MOST)
    if news.since is not None or news.expired or news.expiring or news.unmatched:
        yield from (line for line in text_news(news) if NOTHING_EARLIER not in line)


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


def _known(scanned: Scanned) -> str:
    """What the grades rest on; they never stand alone."""
    if not any(number for grade, number in scanned.totals.grades.items() if grade != "-"):
        return ""
    return f"  {scanned.totals.coverage:.0%} known at tier {scanned.scan.tier}"


def _worst(store: Store, owner: str) -> Iterator[str]:
    """On a first scan, when nothing can be new: the repositories to look at first."""
    bad = store.repositories(
        owner=owner,
        where=RepositoryFilter(grades=("B", "C", "D", "F")),
        order="points",
        limit=_MOST,
    )
    if bad:
        yield "  worst:"
        yield from (f"    {_repository(row)}" for row in bad)


def _repository(row: RepositoryRow) -> str:
    grave = ", ".join(f"{row.open[word]} {word}" for word in _GRAVE if row.open.get(word))
    known = f"{row.coverage or 0:.0%} known at tier {row.tier}"
    return (
        f"{row.grade} {row.points or 0:>5g}  {printable(row.repository)}  {known}  {grave}".rstrip()
    )
