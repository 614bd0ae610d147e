"""Writes the audit of one repository as text for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from audits.fixes.edit_sets import edit_sets
from audits.model.outcome import FixKind, Severity
from audits.model.publication import Auth
from audits.model.score import Audit, AuditedFinding, Grade
from audits.report.escape import printable
from audits.report.exposure import exposure_lines
from audits.report.phrases import (
    AREA_TITLES,
    NO_LINKS,
    STEP_MARKS,
    count,
    headline,
    missing,
    not_counted,
    same_status,
    step_words,
    steps_head,
    steps_to_a,
)

_MOST_LINES = 12
"""Lines of one file that are listed for what is said about them."""
_MOST_NAMES = 20
"""Packages that are named for one state and reason."""
_MOST_GROUPS = 10
"""Of one check: more is for a machine to read."""

Style = Callable[[str, str], str]
"""Colours a text: (text, what it is), with the severity's word, ``strong`` or ``dim``."""


def plain(text: str, what: str) -> str:
    """The style of a file or a pipe: none."""
    return text


def text_report(audit: Audit, style: Style = plain) -> Iterator[str]:
    """The report line by line."""
    yield (
        style(printable(str(audit.repository.ref)), "strong")
        + "  "
        + headline(audit.score, audit.publications)
    )
    if audit.strict_score.points != audit.score.points:
        yield f"  without acceptances: {headline(audit.strict_score, audit.publications)}"
    unread = [gap for gap in audit.repository.gaps if not gap.optional]
    if not audit.publications and audit.score.grade is Grade.NONE:
        yield "  No job publishes anything here, so there is nothing to score."
        named = "For its packages" if audit.repository.package_names else "If packages are here"
        yield f"  {named}, 'release-audit init' writes the lesson's release workflow."
    elif not audit.publications:
        yield "  Whether anything is published here is not known, as this was not understood or read:"
        yield from (f"    {printable(gap.detail)}" for gap in unread)
    else:
        yield from _publications(audit, style)
        yield from _areas(audit)
    yield from _packages(audit, style)
    yield from exposure_lines(audit, style)
    yield from _findings(audit, style)
    yield from _lesson(audit, style)
    shown = set() if audit.publications or audit.score.grade is Grade.NONE else set(unread)
    if gaps := [gap for gap in audit.repository.gaps if gap not in shown]:
        yield ""
        yield style("Not seen", "strong")
        yield from (f"  {printable(gap.detail)}" for gap in gaps)
    if unknown := missing(audit):
        yield ""
        yield style("Unknown checks, and what would answer them", "strong")
        yield from (f"  {item}" for item in unknown)
        if audit.score.tier == 0:
            yield f"  {_how_to_know_more(audit)}"
    if not audit.repository.ref.is_known:
        yield ""
        yield style(NO_LINKS, "dim")


def _how_to_know_more(audit: Audit) -> str:
    """The command behind the list: a checkout has no settings of GitHub, whatever is granted."""
    ref = audit.repository.ref
    name = printable(f"{ref.owner}/{ref.name}") if ref.is_known else "OWNER/REPOSITORY"
    return f"with a token: release-audit check {name}; for the index alone: --online"


def _publications(audit: Audit, style: Style) -> Iterator[str]:
    for p in audit.publications:
        names = printable(" ".join(p.packages)) or "(package not found)"
        environment = (
            f"environment {printable(p.environment.name.value)}"
            if p.environment
            else "no environment"
        )
        auth = "no stored credential" if p.auth is Auth.NONE else p.auth
        where = style(f"{printable(p.at.path)}:{p.at.line}", "dim")
        yield f"  {p.registry} ({p.channel})  {names}  {printable(p.way)}, {auth}, {environment}  {where}"


def _areas(audit: Audit) -> Iterator[str]:
    yield ""
    for area in audit.score.areas:
        if area.points is None:
            reason = "not applicable" if area.coverage is None else "not known"
            yield f"  {AREA_TITLES[area.area]:<18} {reason}"
            continue
        taken = ", ".join(f"{d.check} −{round(d.points, 1):g}" for d in area.deductions if d.points)
        full = area.coverage is None or area.coverage == 1.0
        known = "" if full else f"  {area.coverage:.0%} known"
        yield f"  {AREA_TITLES[area.area]:<18} {area.points:>3.0f}{known}  {taken}".rstrip()
    if steps := steps_to_a(audit.score):
        yield f"  {steps_head(audit.score)}: {steps}"
    if edits := _edits(audit):
        yield f"  Edits: {edits}"
    if left := not_counted(audit.score):
        yield f"  Not counted, as it concerns no production upload: {left}"


def _edits(audit: Audit) -> str:
    """How many edits ``fix`` has for the open findings; "" where it has none."""
    found = [f for f in (*audit.findings, *audit.beyond) if f.acceptance is None]
    kinds = Counter(each.kind for each in edit_sets(found))
    safe, review = kinds[FixKind.SAFE], kinds[FixKind.REVIEW]
    if not review:
        return f"'release-audit fix' makes {count(safe, 'safe edit')}" if safe else ""
    if not safe:
        return f"'release-audit fix --unsafe' makes {count(review, 'edit')}, to be reviewed"
    return f"'release-audit fix' makes {count(safe, 'safe edit')}, --unsafe {review} more to review"


def _packages(audit: Audit, style: Style) -> Iterator[str]:
    if audit.statuses:
        yield ""
        yield style("Packages on the trusted-publisher ladder", "strong")
    for group in same_status(audit.statuses):
        status = group[0]
        names = [printable(each.package) or "(package not found)" for each in group]
        more = len(names) - _MOST_NAMES
        shown = ", ".join(names[:_MOST_NAMES])
        shown += f" and {more} more; --format json lists all" if more > 0 else ""
        yield f"  {status.state:<9} {status.registry}  {shown}"
        yield f"            {printable(status.why)}"


def _findings(audit: Audit, style: Style) -> Iterator[str]:
    findings = sorted(
        (*audit.findings, *audit.beyond), key=lambda f: (-f.severity, f.finding.at, f.check)
    )
    notes = [f for f in findings if f.severity is Severity.INFO and f.acceptance is None]
    shown = [f for f in findings if f not in notes]
    for part in (shown, notes):
        if part:
            yield ""
        yield from _grouped(part, style)


def _grouped(findings: list[AuditedFinding], style: Style) -> Iterator[str]:
    """The findings, those that say the same in one file together, and of each check the first
    few; JSON has them all.
    """
    groups: dict[tuple[object, ...], list[AuditedFinding]] = {}
    for found in findings:
        finding = found.finding
        said = (finding.message, finding.because, found.acceptance)
        groups.setdefault((found.severity, found.check, finding.at.path, *said), []).append(found)
    shown: Counter[str] = Counter()
    for group in groups.values():
        check = group[0].check
        shown[check] += 1
        if shown[check] <= _MOST_GROUPS:
            yield from _finding(group, style)
    for check, number in shown.items():
        if number > _MOST_GROUPS:
            more = count(number - _MOST_GROUPS, "place")
            yield f"         {check}: {more} more; --format json lists all"


def _finding(group: list[AuditedFinding], style: Style) -> Iterator[str]:
    audited = group[0]
    finding = audited.finding
    word = audited.severity.label
    lines = ", ".join(str(found.finding.at.line) for found in group[:_MOST_LINES])
    more = f" … ({len(group)} places)" if len(group) > _MOST_LINES else ""
    place = style(f"{printable(finding.at.path)}:{lines}{more}", "dim")
    yield f"{style(f'{word:<8}', word)} {audited.check}  {place}"
    because = f" ({printable(finding.because)})" if finding.because else ""
    yield f"         {printable(finding.message)}{because}"
    if (accepted := audited.acceptance) is not None:
        kind = accepted.kind if accepted.counts else f"{accepted.kind}, not counted"
        by = [f"by {accepted.responsible}"] if accepted.responsible else []
        by += [accepted.ticket] if accepted.ticket else []
        by += [f"until {accepted.expires}"] if accepted.expires else []
        details = f" ({', '.join(by)})" if by else ""
        yield f"         {kind}: {printable(accepted.reason + details)}"
    wanted = {"settings", "publisher"} if audited.severity > Severity.INFO else set()
    for url in dict.fromkeys(k.url for f in group for k in f.links if k.kind in wanted):
        yield f"         {url}"


def _lesson(audit: Audit, style: Style) -> Iterator[str]:
    if not audit.publications:
        return
    yield ""
    yield style("The lesson, step by step", "strong")
    for step in audit.lesson:
        yield f"  {STEP_MARKS[step.state]} {step.title}: {step_words(step.state, step.checks)}"
