"""The table of checks, and their texts, for the Method view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from audits.check import MARK, Check
from audits.checks.constants import LESSON
from audits.engines.zizmor_rules import ZizmorRule
from audits.model.outcome import Area, Outcome
from audits.model.settings import Need
from dashboard.frames.cells import frame_of
from dashboard.theme import plain, signed


def check_table(checks: Sequence[Check], rules: Sequence[ZizmorRule] = ()) -> pd.DataFrame:
    """One row per check, and per rule of zizmor that is scored like one."""
    own = (
        {
            "check": check.id,
            "severity": signed(check.severity.label),
            "area": plain(check.area.value),
            "title": check.title,
            "needs": ", ".join(sorted(need.value for need in check.needs)),
            "sharpened by": ", ".join(sorted(need.value for need in check.sharpened_by)),
            "fix": f"{check.fix.value} edit" if check.fix else "by hand",
        }
        for check in checks
    )
    of_engine = (
        {
            "check": f"zizmor/{rule.id}",
            "severity": signed(rule.severity.label),
            "area": plain(Area.INTEGRITY.value),
            "title": rule.heading,
            "needs": Need.WORKFLOW.value,
            "sharpened by": "",
            "fix": "by hand",
        }
        for rule in rules
    )
    columns = ("check", "severity", "area", "title", "needs", "sharpened by", "fix")
    return frame_of((*own, *of_engine), columns)


def without_title(text: str, title: str) -> str:
    """A check's text as Markdown, its headings below those of the view."""
    body = text.removeprefix(text.partition("\n")[0]).strip()
    lines = (
        f"#### {line.lstrip('# ')}" if line.startswith("#") else line for line in body.splitlines()
    )
    return f"**{title}.**\n\n" + "\n".join(lines)


def example_pair(check: Check) -> Iterator[tuple[str, str]]:
    """The first faulty example, and the same after its edit where the check has one."""
    faulty = [e for e in check.examples if e.expected is Outcome.FAIL and e.workflow]
    best = next((e for e in faulty if e.fixed), faulty[0] if faulty else None)
    if best is None:
        return
    yield "Reported", marked(best.workflow)
    if best.fixed:
        yield "Fixed", best.fixed


def marked(text: str) -> str:
    """An example whose reported lines say so in words."""
    return "\n".join(
        f"{line.removesuffix(MARK).rstrip()}  # ← reported" if line.endswith(MARK) else line
        for line in text.strip("\n").splitlines()
    )


def lesson_url(check: Check) -> str:
    """The lesson's section on the check."""
    return f"{LESSON}#{check.lesson}"
