"""``release-audit report``: lists what is new since an earlier scan."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from audits.cli.exits import UsageError
from audits.cli.options import DatabaseOption, OfflineOption, WaiversOption
from audits.cli.output import say, say_document

if TYPE_CHECKING:
    from audits.report.news import News
    from audits.store.store import Store


class NewsFormat(StrEnum):
    """How `report` prints."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


RepositoryOption = Annotated[
    Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--repository",
        metavar="OWNER/NAME",
        help="Print what its maintainers should change instead, as Markdown for an issue.",
    ),
]
TopicOption = Annotated[
    str, typer.Option("--topic", help="In HTML: only repositories with this topic.")
]


def report(
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="last|SCAN|DATE",
            help="The scan to compare with: the one before, one by its number, or the last one before a day.",
        ),
    ] = "last",
    owner: Annotated[Optional[str], typer.Option("--owner", help="Only this owner.")] = None,  # noqa: UP045
    form: Annotated[NewsFormat, typer.Option("--format", help="How to print.")] = NewsFormat.TEXT,
    repository: RepositoryOption = None,
    topic: TopicOption = "",
    waivers: WaiversOption = None,
    database: DatabaseOption = None,
    offline: OfflineOption = False,
) -> None:
    """Print what is new, fixed, reopened and not re-checked, and which scores changed why.

    As HTML it is a whole report for a meeting, in one file that opens offline and prints:
    `release-audit report --format html --since 2026-05-31 > report.html`.
    """
    from audits.cli.waivers import load_waivers
    from audits.report.news import news_of
    from audits.store.open import open_store

    loaded = load_waivers(waivers)
    with closing(open_store(database, read_only=True)) as store:
        if repository is not None:
            say_document(_issue(store, repository))
            return
        chosen = _chosen(store, owner, since)
        found = [news_of(store, login, loaded, since=number) for login, number in chosen]
        _say_news(store, found, form, topic)


def _issue(store: Store, repository: str) -> str:
    """The text for a repository's maintainers; UsageError where that is no owner/name."""
    from audits.report.issue import issue_text, repository_report

    owner, slash, name = repository.partition("/")
    if not (owner and slash and name):
        raise UsageError(f"{repository!r} is no OWNER/NAME.", "Write it as my-organization/lumen.")
    return issue_text(repository_report(store, owner, name))


def _say_news(store: Store, found: list[News], form: NewsFormat, topic: str) -> None:
    from audits.report.comment import fitted
    from audits.report.meeting import html_report, owner_report
    from audits.report.news import markdown_news, news_document

    if form is NewsFormat.HTML:
        say_document(html_report([owner_report(store, news, topic) for news in found]))
    elif form is NewsFormat.JSON:
        say_document(json.dumps([news_document(news) for news in found], indent=2) + "\n")
    elif form is NewsFormat.MARKDOWN:
        say_document(fitted("\n".join(map(markdown_news, found))))
    else:
        for news in found:
            _print(news)


def _chosen(store: Store, owner: str | None, since: str) -> list[tuple[str, int | None]]:
    """The owners to report on, each with the scan to compare with."""
    from audits.report.news import scan_before
    from audits.store.errors import StoreError

    owners = store.owners() if owner is None else (owner,)
    if not owners:
        raise StoreError("No scan is stored yet.", "Run `release-audit scan OWNER`.")
    if since == "last":
        return [(login, None) for login in owners]
    if since.isdigit():
        number = int(since)
        known = [o for o in owners if any(scan.id == number for scan in store.scans(o))]
        if not known:
            newest = sorted((scan.id for o in owners for scan in store.scans(o)), reverse=True)[:5]
            raise StoreError(
                f"There is no finished scan {number}.",
                f"Choose one of {', '.join(str(n) for n in newest) or 'none yet'}.",
            )
        return [(known[0], number)]
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise UsageError(
            f"--since {since!r} is neither 'last', a scan's number nor a day.",
            "Write a day as 2026-05-31.",
        ) from None
    return [(login, scan_before(store, login, day)) for login in owners]


def _print(news: News) -> None:
    from audits.report.news import gap_lines, text_news

    day = f"{news.scan.started:%Y-%m-%d %H:%M}"
    before = (
        f" since scan {news.since.id} of {news.since.started:%Y-%m-%d %H:%M}" if news.since else ""
    )
    say(f"{news.scan.owner}: scan {news.scan.id} of {day}{before}")
    lines = [*text_news(news), *(f"  not seen: {line}" for line in gap_lines(news.gaps))]
    for line in lines:
        say(line)
    if not lines:
        say("  Nothing is new.")
