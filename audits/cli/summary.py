"""What a scan ends with: grades, what is new, fixed and not re-checked, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from audits.model.source import Gap
from audits.report.escape import printable
from audits.report.news import news_of, text_news
from audits.report.words import count
from audits.scan import Scanned
from audits.store.store import Store
from audits.waivers import Waivers

_MOST = 8


def print_summary(
    store: Store, finished: tuple[Scanned, ...], gaps: tuple[Gap, ...], waivers: Waivers
) -> None:
    """Print the summary of finished scans; the store is asked only for what is new."""
    for scanned in finished:
        for line in _owner_lines(store, scanned, waivers):
            typer.echo(line)
    missed = list(dict.fromkeys(gap.detail for gap in gaps))
    for detail in missed[:_MOST]:
        typer.echo(f"not seen: {printable(detail)}")
    if len(missed) > _MOST:
        typer.echo(f"not seen: and {len(missed) - _MOST} more; 'release-audit export' lists them")
    if finished:
        typer.echo("See it with: release-audit dashboard")


def _owner_lines(store: Store, scanned: Scanned, waivers: Waivers) -> Iterator[str]:
    owner = scanned.scan.owner
    totals = scanned.totals
    grades = "  ".join(
        f"{grade} {number}" for grade, number in sorted(totals.grades.items()) if number
    )
    publishing = totals.publishing
    read = count(scanned.repositories, "repository", "repositories")
    yield f"{printable(owner)}: {read}, {publishing} publish  [{grades}]"
    states = " · ".join(
        f"{word} {number}" for word, number in sorted(totals.ladders.items()) if number
    )
    if states:
        yield f"  packages: {states}"
    if not scanned.before and not waivers.expired() and not waivers.expiring():
        return
    news = news_of(store, owner, waivers, limit=_MOST)
    if news.since is not None or news.expired or news.expiring:
        yield from (line for line in text_news(news) if "first scan" not in line)
