"""Writes the audit of one repository as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from audits.model.score import Audit, AuditedFinding, Grade
from audits.report.escape import code, markdown
from audits.report.exposure import markdown_lines
from audits.report.phrases import (
    AREA_TITLES,
    NO_LINKS,
    STEP_MARKS,
    headline,
    missing,
    not_counted,
    same_status,
    step_words,
    steps_head,
    steps_to_a,
)


def markdown_report(audit: Audit) -> str:
    """The report; names and texts of the repository are code or escaped, links are ours."""
    return "\n".join(_lines(audit)) + "\n"


def _lines(audit: Audit) -> Iterator[str]:
    yield f"# Release audit of {code(str(audit.repository.ref))}"
    yield ""
    yield f"**{headline(audit.score, audit.publications)}**"
    if audit.strict_score.points != audit.score.points:
        yield f"\nWithout acceptances: {headline(audit.strict_score, audit.publications)}"
    if not audit.publications and audit.score.grade is Grade.UNKNOWN:
        yield "\nWhether anything is published here is not known: see what was not seen."
    if audit.publications:
        yield from _areas(audit)
        yield from _publications(audit)
    yield from _packages(audit)
    yield from markdown_lines(audit)
    findings = (*audit.findings, *audit.beyond)
    if findings:
        yield "\n## Findings\n"
        yield "| severity | check | what | where |\n|---|---|---|---|"
        for finding in sorted(findings, key=lambda f: (-f.severity, f.finding.at, f.check)):
            yield _row(finding)
    yield "\n## The lesson\n"
    for step in audit.lesson:
        mark = "x" if step.state == "done" else " "
        sign = STEP_MARKS[step.state]
        yield f"- [{mark}] {sign} [{step.title}]({step.url}): {markdown(step_words(step.state, step.checks))}"
    if audit.repository.gaps:
        yield "\n## Not seen\n"
        for gap in audit.repository.gaps:
            yield f"- {code(gap.subject)}: {markdown(gap.detail)}"
    if unknown := missing(audit):
        yield "\n## Unknown checks, and what would answer them\n"
        yield from (f"- {markdown(item)}" for item in unknown)
    if not audit.repository.ref.is_known:
        yield f"\n{NO_LINKS}"


def _areas(audit: Audit) -> Iterator[str]:
    yield "\n| area | points | known | deductions |\n|---|---|---|---|"
    for area in audit.score.areas:
        points = "–" if area.points is None else f"{area.points:.0f}"
        taken = ", ".join(
            f"{code(d.check)} −{round(d.points, 1):g}" for d in area.deductions if d.points
        )
        known = "–" if area.coverage is None else f"{area.coverage:.0%}"
        yield f"| {AREA_TITLES[area.area]} | {points} | {known} | {taken} |"
    if steps := steps_to_a(audit.score, code=True):
        yield f"\n{steps_head(audit.score)}: {markdown(steps)}"
    if left := not_counted(audit.score):
        yield f"\nNot counted, as it concerns no production upload: {left}"


def _publications(audit: Audit) -> Iterator[str]:
    yield "\n## Publications\n"
    yield "| registry | package | how | credential | environment | where |\n|---|---|---|---|---|---|"
    for p in audit.publications:
        environment = code(p.environment.name.value) if p.environment else "none"
        names = " ".join(code(name) for name in p.packages) or "not found"
        where = code(f"{p.at.path}:{p.at.line}")
        yield (
            f"| {p.registry} ({p.channel}) | {names} | {code(p.way)} | {p.auth} "
            f"| {environment} | {where} |"
        )


def _packages(audit: Audit) -> Iterator[str]:
    if audit.statuses:
        yield "\n## Packages on the trusted-publisher ladder\n"
        yield "| state | registry | packages | why |\n|---|---|---|---|"
    for group in same_status(audit.statuses):
        status = group[0]
        names = ", ".join(code(each.package) if each.package else "not found" for each in group)
        yield f"| {status.state} | {status.registry} | {names} | {markdown(status.why)} |"


def _row(audited: AuditedFinding) -> str:
    finding = audited.finding
    accepted = ""
    if audited.acceptance:
        word = "accepted" if audited.acceptance.counts else "accepted locally, not counted"
        accepted = f" *({word}: {markdown(audited.acceptance.reason)})*"
    because = f" ({markdown(finding.because)})" if finding.because else ""
    place = code(f"{finding.at.path}:{finding.at.line}")
    link = next((k.url for k in audited.links if k.kind == "permalink"), "")
    shown = f"[{place}]({link})" if link else place
    settings = "".join(
        f" [{k.label}]({k.url})" for k in audited.links if k.kind in {"settings", "publisher"}
    )
    return (
        f"| {audited.severity.label} | {code(audited.check)} "
        f"| {markdown(finding.message)}{because}{accepted}{settings} | {shown} |"
    )
