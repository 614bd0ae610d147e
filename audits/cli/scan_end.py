"""Ends a scan: its exit code, and a message to a chat where one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from msgspec import Struct

from audits.cli.exits import end_code
from audits.cli.options import FailOn
from audits.cli.output import say

if TYPE_CHECKING:
    from audits.model.source import Gap
    from audits.pipeline.scan import Scanned
    from audits.store.store import Store
    from audits.suppressions.waivers import Waivers

ScanFailOnOption = Annotated[
    FailOn,
    typer.Option(
        "--fail-on",
        help="End with 1 where something of this severity or above is open; default: never.",
    ),
]
NotifyOption = Annotated[
    Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--notify",
        metavar="URL",
        help="Post a summary to this webhook, in the form that Slack expects: sums, and the names of at most five new critical or high findings.",
        envvar="RELEASE_AUDIT_NOTIFY",
        show_envvar=True,
    ),
]


class ScanEnd(Struct, frozen=True):
    """What a finished scan ends with."""

    allow_gaps: bool
    fail_on: FailOn
    notify: str | None

    @classmethod
    def of(cls, allow_gaps: bool, fail_on: FailOn, notify: str | None) -> ScanEnd:
        """The same, with the webhook's address checked before anything is scanned."""
        if notify:
            from audits.collect.webhook import check_webhook

            check_webhook(notify)
        return cls(allow_gaps, fail_on, notify)

    def code(
        self, finished: Sequence[Scanned], gaps: Iterable[Gap], *, stopped: bool = False
    ) -> int:
        """The exit code for finished scans and for the gaps of no single one of them."""
        missed, known = [scanned.missed for scanned in finished], list(gaps)
        unread = any(each.asked for each in missed) or any(not gap.optional for gap in known)
        return end_code(
            crashed=any(m.crashed for m in missed) or any(g.reason == "crashed" for g in known),
            unread=stopped or (unread and not self.allow_gaps),
            findings=self._has_findings(finished),
        )

    def _has_findings(self, finished: Iterable[Scanned]) -> bool:
        words = list(FailOn)
        grave = words[words.index(self.fail_on) : words.index(FailOn.NEVER)]
        return any(scanned.totals.open.get(word) for scanned in finished for word in grave)

    def notified(self, store: Store, finished: Sequence[Scanned], waivers: Waivers) -> bool:
        """Post the message, if one is asked for; False where it did not arrive."""
        if not self.notify or not finished:
            return True
        from audits.collect.webhook import WebhookError, post
        from audits.report.digest import chat_message
        from audits.report.news import news_of

        news = [(news_of(store, each.scan.owner, waivers), each.totals) for each in finished]
        try:
            post(self.notify, chat_message(news))
        except WebhookError as error:
            say(f"error: {error.message}\nadvice: {error.advice}", error=True)
            return False
        return True
