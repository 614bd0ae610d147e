"""``release-audit report``: lists what is new since an earlier scan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from msgspec.structs import replace

from audits.cli.exits import UsageError
from audits.cli.options import DatabaseOption, GroupsOption, OfflineOption, WaiversOption
from audits.cli.output import say, say_document

if TYPE_CHECKING:
    from audits.report.groups import GroupEntry
    from audits.report.news import News
    from audits.store.store import Store
    from audits.suppressions.waivers import Waivers


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
GroupOption = Annotated[
    str,
    typer.Option(
        "--group",
        metavar="NAME",
        help="Only a group of the file that --groups names, or topic:NAME for a topic, owners:@ORG/TEAM for a team of CODEOWNERS.",
    ),
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
    group: GroupOption = "",
    groups: GroupsOption = None,
    waivers: WaiversOption = None,
    database: DatabaseOption = None,
    offline: OfflineOption = False,
) -> None:
    """Print what is new, fixed, reopened and not re-checked, and which scores changed why.

    As HTML it is a whole report for a meeting, in one file that opens offline and prints:
    `release-audit report --format html --since 2026-05-31 > report.html`.
    """
    from audits.cli.waivers import load_waivers
    from audits.store.open import open_store

    loaded = load_waivers(waivers)
    entries = _entries(groups)
    with closing(open_store(database, read_only=True)) as store:
        if repository is not None:
            say_document(_issue(store, repository))
            return
        chosen = _chosen(store, owner, since)
        found = [_read(store, login, loaded, number, entries, group) for login, number in chosen]
        reports = [each for each in found if each is not None]
        if not reports:
            raise _no_group(store, group, entries)
        _say_news(reports, form)


_MOST_DIGITS = 18
"""Of a scan's number, which fits a database's integer."""

_Read = tuple["Store", "News"]
"""What reads the repositories of a report, and their news."""


def _entries(path: Path | None) -> tuple[GroupEntry, ...]:
    """The groups of a file; UsageError where that is none."""
    from audits.report.groups import read_groups

    found = read_groups("" if path is None else str(path))
    if found.problem:
        raise UsageError(found.problem, "Correct the file, or leave --groups out.")
    return found.entries


def _read(
    store: Store,
    owner: str,
    waivers: Waivers,
    since: int | None,
    entries: Sequence[GroupEntry],
    wanted: str,
) -> _Read | None:
    """The news of an owner with the progress of its groups, or of one of its groups; None where
    it has no such group.
    """
    from audits.report.groups import groups_of, progress_of
    from audits.report.news import news_of

    rows = store.repositories(owner=owner)
    groups = groups_of(entries, rows)
    if not wanted:
        news = news_of(store, owner, waivers, since=since)
        before = store.repositories(news.since.id, owner=owner) if news.since else ()
        mine = [group for key, group in groups.items() if key.startswith("group:")]
        packages = store.packages(owner=owner) if mine else ()
        progress = (progress_of(each, rows, before, packages, news.changes) for each in mine)
        cuts = store.shared_cuts(owner=owner)
        return store, replace(news, progress=tuple(progress), cuts=cuts)
    group = next((g for key, g in groups.items() if _is_named(wanted, key)), None)
    if group is None:
        return None
    narrow = store.narrowed(group.members)
    names = [f"{login}/{name}" for login, name in group.members]
    held = tuple(w for w in waivers.waivers if any(w.concerns(name, w.check) for name in names))
    news = news_of(narrow, owner, replace(waivers, waivers=held), since=since)
    return narrow, replace(news, group=group.label, cuts=narrow.shared_cuts(owner=owner))


def _is_named(wanted: str, key: str) -> bool:
    """Whether a group's key is what was asked for: the name in the file, topic:NAME or owners:@ORG/TEAM."""
    return key.lower() in (wanted.lower(), f"group:{wanted}".lower())


def _no_group(store: Store, wanted: str, entries: Sequence[GroupEntry]) -> UsageError:
    from audits.report.groups import groups_of

    known = groups_of(entries, store.repositories())
    names = [key.removeprefix("group:") for key in known]
    near = get_close_matches(wanted[:100], names, n=5, cutoff=0.3) or names[:5]
    advice = "Name the file of groups by --groups."
    if near:
        advice = f"Choose one of {', '.join(near)}."
    elif entries:
        advice = "Compare the names in the file of groups with those of repositories in the store."
    return UsageError(f"No repository that is stored is in a group {wanted!r}.", advice)


def _issue(store: Store, repository: str) -> str:
    """The text for a repository's maintainers; UsageError where that is no owner/name."""
    from audits.report.issue import issue_text, repository_report

    owner, slash, name = repository.partition("/")
    if not (owner and slash and name):
        raise UsageError(f"{repository!r} is no OWNER/NAME.", "Write it as my-organization/lumen.")
    return issue_text(repository_report(store, owner, name))


def _say_news(reports: Sequence[_Read], form: NewsFormat) -> None:
    from audits.report.comment import fitted
    from audits.report.meeting import html_report, owner_report
    from audits.report.news import markdown_news, news_document

    found = [news for _, news in reports]
    if form is NewsFormat.HTML:
        say_document(html_report([owner_report(store, news) for store, news in reports]))
    elif form is NewsFormat.JSON:
        say_document(json.dumps([news_document(news) for news in found], indent=2) + "\n")
    elif form is NewsFormat.MARKDOWN:
        say_document(fitted("\n".join(map(markdown_news, found))))
    else:
        for news in found:
            _print(news)
        if all(news.since is None for news in found):
            say("--format html > report.html shows how it stands now.", error=True)


def _chosen(store: Store, owner: str | None, since: str) -> list[tuple[str, int | None]]:
    """The owners to report on, each with the scan to compare with."""
    from audits.report.news import scan_before
    from audits.store.errors import StoreError

    owners = store.owners() if owner is None else (owner,)
    if not owners:
        raise StoreError("No scan is stored yet.", "Run `release-audit scan OWNER`.")
    if since == "last":
        return [(login, None) for login in owners]
    if since.isdecimal() and len(since) <= _MOST_DIGITS:
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
    from audits.report.escape import printable
    from audits.report.news import gap_lines, text_news

    day = f"{news.scan.started:%Y-%m-%d %H:%M}"
    before = (
        f" since scan {news.since.id} of {news.since.started:%Y-%m-%d %H:%M}"
        if news.since
        else ", the first that is stored: there is nothing to compare with"
    )
    say(f"{printable(news.title)}: scan {news.scan.id} of {day}{before}")
    lines = [*text_news(news), *(f"  not seen: {line}" for line in gap_lines(news.gaps))]
    for line in lines:
        say(line)
    if not lines and news.since is not None:
        say("  Nothing is new.")
