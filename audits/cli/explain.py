"""``release-audit explain``: prints the text of a check, with an example before and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audits.analysis.exposure.sentences import EXPLANATION
from audits.cli.exits import UsageError
from audits.cli.output import say, say_document

if TYPE_CHECKING:
    from audits.check import Check


_TOPICS = {"exposure": EXPLANATION}
"""What can be explained and is no check."""


def explain(
    check: Annotated[
        str | None,
        typer.Argument(metavar="[CHECK]", help="A check's id, or exposure; without it, the list."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Explain one check, or list all of them."""
    from audits.checks import all_checks

    known = {c.id: c for c in all_checks()}
    if check is None:
        if as_json:
            say_document(json.dumps([_record(c) for c in known.values()], indent=2) + "\n")
            return
        for c in known.values():
            say(f"{c.severity.label:<9} {c.area:<18} {c.id:<32} {c.title}")
        return
    if check in _TOPICS:
        say_document(json.dumps(_TOPICS, indent=2) + "\n") if as_json else say(_TOPICS[check])
        return
    if check not in known:
        raise UsageError(f"There is no check {check!r}.", _near(check, [*known, *_TOPICS]))
    if as_json:
        say_document(json.dumps(_record(known[check]), indent=2) + "\n")
    else:
        say(_text(known[check]))


def _near(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3)
    return f"Did you mean {' or '.join(near)}?" if near else "'release-audit explain' lists them."


def _record(check: Check) -> dict[str, Any]:
    from audits.checks.constants import LESSON
    from audits.fixes.links import lesson_link

    return {
        "id": check.id,
        "title": check.title,
        "area": check.area,
        "severity": check.severity.label,
        "needs": sorted(check.needs),
        "sharpened_by": sorted(check.sharpened_by),
        "fix": check.fix or "",
        "zizmor": check.zizmor,
        "scored": check.scored,
        "lesson": lesson_link(LESSON, check.lesson) if check.lesson else "",
        "links": list(check.links),
        "text": check.text,
        "examples": [
            {
                "name": example.name,
                "outcome": example.expected,
                "path": example.path,
                "workflow": example.workflow,
                "fixed": example.fixed,
            }
            for example in check.examples
        ],
    }


def _text(check: Check) -> str:
    record = _record(check)
    lines = [
        f"{record['id']}: {check.severity.label}, {check.area}",
        "",
        record["text"],
        "",
    ]
    failing = next((e for e in check.examples if e.marked_text), None)
    if failing is not None:
        shown = failing.marked_text
        lines += ["## Example: lines marked '# !' are reported", "", shown.rstrip(), ""]
        if failing.fixed is not None and shown == failing.workflow:
            lines += ["## Fixed", "", failing.fixed.rstrip(), ""]
    lines += ["## Links", "", *(link for link in (record["lesson"], *check.links) if link)]
    return "\n".join(lines)
