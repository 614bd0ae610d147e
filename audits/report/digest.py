"""Summarizes finished scans in a few lines for a chat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from audits.report.escape import printable
from audits.report.news import News
from audits.report.phrases import count
from audits.store.totals import Totals

_MOST_NAMED = 5
_MOST_CHARACTERS = 3000
_GRAVE = ("critical", "high")


def chat_message(scans: Iterable[tuple[News, Totals]]) -> dict[str, Any]:
    """A message in the form that Slack's incoming webhooks take, and others like them.

    It holds sums and the names of at most five new critical or high findings of each owner: no
    text of a file, no credential, no settings. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """
    lines = [line for news, totals in scans for line in _digest_lines(news, totals)]
    text = "\n".join(lines)
    if len(text) > _MOST_CHARACTERS:
        text = text[: _MOST_CHARACTERS - 1] + "…"
    return {"text": text, "mrkdwn": False}


def _digest_lines(news: News, totals: Totals) -> Iterator[str]:
    points = "no score" if totals.points is None else f"{totals.points:.1f} mean points"
    repositories = count(totals.repositories, "repository", "repositories")
    yield f"{_chat(news.scan.owner)}: {points}, {repositories}, {totals.publishing} publish"
    grave = [f"{totals.open.get(word, 0)} {word}" for word in _GRAVE]
    moved = [f"{number} {word}" for word, number, _ in news.kinds() if number]
    yield f"open: {', '.join(grave)}; since the last scan: {', '.join(moved) or 'nothing new'}"
    new = [row for row in news.changes.new if row.severity in _GRAVE]
    for row in new[:_MOST_NAMED]:
        yield f"• new {row.severity}: {_chat(row.check)} in {_chat(row.repository)}"
    if len(new) > _MOST_NAMED:
        yield f"• and {len(new) - _MOST_NAMED} more of these"
    missed = sum(not gap.optional for gap in news.gaps)
    if missed:
        yield f"not seen: {count(missed, 'thing')} that was asked for"


def _chat(text: str) -> str:
    """Text that makes no link, mention or markup of a chat."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return printable(text)
