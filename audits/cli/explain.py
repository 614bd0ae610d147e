"""``release-audit explain``: prints the text of a check, with an example before and after, or of a
rule of zizmor.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audits.analysis.exposure.sentences import EXPLANATION
from audits.cli.exits import UsageError
from audits.cli.output import say, say_document
from audits.model.outcome import Area
from audits.model.settings import Need
from audits.model.wording import and_list

if TYPE_CHECKING:
    from audits.check import Check
    from audits.engines.zizmor_rules import ZizmorRule


_TOPICS = {"exposure": EXPLANATION}
"""What can be explained and is no check."""


_ENGINE = "zizmor/"
"""What the ids of zizmor's rules begin with, in findings and here."""


def explain(
    check: Annotated[
        str | None,
        typer.Argument(
            metavar="[CHECK]",
            help="A check's id, zizmor/RULE, or exposure; without it, the list.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Explain one check, or list all of them."""
    from audits.checks import all_checks

    known = {c.id: c for c in all_checks()}
    if check is None:
        _list(known.values(), as_json=as_json)
    elif check in _TOPICS:
        say_document(json.dumps(_TOPICS, indent=2) + "\n") if as_json else say(_TOPICS[check])
    elif check in known:
        record = _record(known[check])
        say_document(json.dumps(record, indent=2) + "\n") if as_json else say(_text(known[check]))
    else:
        rule = _rule(check, [*known, *_TOPICS])
        record = _rule_record(rule)
        say_document(json.dumps(record, indent=2) + "\n") if as_json else say(_rule_text(rule))


def _list(checks: Collection[Check], *, as_json: bool) -> None:
    """All checks, and the rules of zizmor that are kept."""
    from audits.engines.zizmor_rules import KEPT_RULES, ZIZMOR_RULES

    rules = [rule for name, rule in ZIZMOR_RULES.items() if name in KEPT_RULES]
    records = [*map(_record, checks), *map(_rule_record, rules)]
    if as_json:
        say_document(json.dumps(records, indent=2) + "\n")
        return
    for each in records:
        say(f"{each['severity']:<9} {each['area']:<18} {each['id']:<32} {each['title']}")


def _rule(name: str, known: list[str]) -> ZizmorRule:
    """The rule of zizmor that is meant, with or without ``zizmor/`` before it.

    Raises:
        UsageError: There is none of this name, and no check either.
    """
    from audits.engines.zizmor_rules import ZIZMOR_RULES

    rule = ZIZMOR_RULES.get(name.removeprefix(_ENGINE))
    if rule is not None:
        return rule
    plain = name.removeprefix(_ENGINE)
    rules = {each: _ENGINE + each for each in ZIZMOR_RULES}
    if name != plain:
        raise UsageError(f"zizmor has no rule {plain!r}.", _near(plain, rules))
    near = _near(name.rpartition("/")[2], rules | {each: each for each in known})
    raise UsageError(f"There is no check {name!r}.", near)


def _near(name: str, known: dict[str, str]) -> str:
    """A question with the names that look like one; ``known`` has how each is written."""
    from difflib import get_close_matches

    near = [known[each] for each in get_close_matches(name, known, n=3)]
    return f"Did you mean {' or '.join(near)}?" if near else "'release-audit explain' lists them."


def _same_checks(rule: ZizmorRule) -> list[str]:
    """The ids of the checks that name a rule of zizmor as theirs."""
    from audits.checks import all_checks

    return [check.id for check in all_checks() if check.zizmor == rule.id]


def _rule_record(rule: ZizmorRule) -> dict[str, Any]:
    return {
        "id": _ENGINE + rule.id,
        "title": rule.title,
        "area": Area.INTEGRITY if rule.kept else "",
        "severity": rule.severity.label,
        "needs": [Need.WORKFLOW] if rule.kept else [],
        "sharpened_by": [],
        "fix": "",
        "zizmor": rule.id,
        "scored": rule.kept,
        "same_checks": _same_checks(rule),
        "lesson": "",
        "links": [rule.url],
        "text": f"{rule.text} {rule.instead}".strip(),
        "examples": [],
    }


def _rule_text(rule: ZizmorRule) -> str:
    """A rule of zizmor for people, and what this program makes of it."""
    same = _same_checks(rule)
    at = f"{rule.severity.label} at most"
    head = f"{_ENGINE}{rule.id}: {at}" + (f", {Area.INTEGRITY}" if rule.kept else ", not kept here")
    if rule.kept:
        use = (
            f"zizmor finds it; the finding is scored by its severity in the area {Area.INTEGRITY}, "
            "as a check's is. No check says the same."
        )
    elif same:
        those = and_list(same)
        many = bool(same[1:])
        use = (
            f"No finding has this id: {those} {'say' if many else 'says'} the same, and "
            f"{'are' if many else 'is'} scored. 'release-audit explain {same[0]}' shows an example."
        )
    else:
        use = f"No finding has this id, and it is not scored. {rule.instead}"
    return "\n".join([head, "", rule.title, "", rule.text, "", use, "", "## Links", "", rule.url])


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
        "same_checks": [],
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
