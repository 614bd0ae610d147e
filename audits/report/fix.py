"""Writes an edit plan for people, as a coloured diff with a table of what is left, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.literal_credentials import credentials_of
from audits.analysis.required_pins import UnpinnedUse, refused_uses, unread_actions
from audits.fixes.links import foreign_links
from audits.fixes.patch import file_lines, patch
from audits.model.edit_plan import EditPlan, EditSet, LeftFinding, LeftReason
from audits.model.finding_record import FindingRecord
from audits.model.score import Grade, Score
from audits.report.escape import printable
from audits.report.json import required_pins_record
from audits.report.phrases import count
from audits.report.text import Style, plain

_MOST_ACTIONS = 12
_MOST_LINES = 8
"""Lines of one file that are listed for what is left there."""
_AFTER = " (lines as they are after these changes)"


def plan_lines(plan: EditPlan, style: Style = plain) -> Iterator[str]:
    """The plan line by line: what changes, the diff, what each change fixes, what is left."""
    name = style(printable(str(plan.before.repository.ref)), "strong")
    if not plan.files:
        yield f"{name}  {_grade(plan.before.score)} · {_without_edits(plan)}"
    else:
        changes = f"{count(len(plan.made), 'change')} in {count(len(plan.files), 'file')}"
        yield f"{name}  {grade_rise(plan)} with {changes}"
        credentials = credentials_of(plan.before.repository)
        for file in plan.files:
            yield ""
            text = file.before.text if file.before is not None else file.text
            for line in file_lines(file):
                shown = credentials.redact(line, file.path, text)
                yield _diff_line(printable(shown), style)
        yield ""
        yield style("Fixed by these changes", "strong")
        yield from _made(plan, style)
    if plan.left:
        yield ""
        yield style("Not done", "strong") + (_AFTER if plan.files else "")
        yield from _left(plan, style)
    yield from _required_pins(plan, style)


def _without_edits(plan: EditPlan) -> str:
    if any(each.reason is LeftReason.REVIEW for each in plan.left):
        return "no edit can be made without review"
    if plan.left or plan.before.score.grade is not Grade.NONE:
        return "no edit can be made"
    return "nothing to edit: no job publishes anything here; --all looks at every workflow"


def _required_pins(plan: EditPlan, style: Style) -> Iterator[str]:
    """What the organization's policy for commits would still refuse, and whom to ask for it."""
    repository = plan.after.repository
    refused = refused_uses(repository)
    unread = unread_actions(repository)
    if not refused:
        return
    yield ""
    title = style("If the organization requires commits for actions, these uses fail", "strong")
    yield title + (_AFTER if plan.files else "")
    groups: dict[tuple[str, str, str], list[UnpinnedUse]] = {}
    for each in refused:
        used = f"{each.uses.action}@{each.uses.ref}"
        groups.setdefault((used, each.at.path, each.upstream), []).append(each)
    for (used, path, upstream), uses in groups.items():
        place = style(_place(path, [each.at.line for each in uses]), "dim")
        yield f"  {printable(used)}  {place}"
        if upstream:
            page = foreign_links(repository.ref, uses[0].at)[1] or upstream
            leads = _place(uses[0].used_at.path, [each.used_at.line for each in uses])
            yield f"      met by {leads}; to be asked of {printable(page)}"
    if unread:
        yield f"  Not opened, and may use more: {printable(', '.join(unread[:_MOST_ACTIONS]))}" + (
            f" and {len(unread) - _MOST_ACTIONS} more" if len(unread) > _MOST_ACTIONS else ""
        )


def _grade(score: Score) -> str:
    return f"{score.grade} {score.points:g}" if score.points is not None else str(score.grade)


def grade_rise(plan: EditPlan) -> str:
    """The grade and points before and after, as "C 71 → B 84"; once where they are the same."""
    before, after = _grade(plan.before.score), _grade(plan.after.score)
    return before if before == after else f"{before} → {after}"


def _diff_line(line: str, style: Style) -> str:
    if line.startswith(("diff --git", "---", "+++", "new file mode")):
        return style(line, "strong")
    what = {"+": "added", "-": "removed", "@": "hunk"}.get(line[:1])
    return style(line, what) if what else line


def _made(plan: EditPlan, style: Style) -> Iterator[str]:
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for each in plan.made:
        for found in each.findings:
            at = found.finding.at
            key = (found.check, each.kind, at.path, _look_at(each))
            groups.setdefault(key, []).append(at.line)
    for (check, kind, path, advice), lines in groups.items():
        yield f"  {kind:<6} {check}  {style(_place(path, lines), 'dim')}"
        if advice:
            yield f"         {printable(advice)}"


def _look_at(made: EditSet) -> str:
    return made.advice if made.kind == "review" else ""


def _left(plan: EditPlan, style: Style) -> Iterator[str]:
    groups: dict[tuple[str, LeftReason, str, str, str], list[int]] = {}
    for each in sorted(plan.left, key=lambda left: -left.finding.severity):
        at = each.finding.finding.at
        key = (each.finding.check, each.reason, at.path, each.why, each.url)
        groups.setdefault(key, []).append(at.line)
    for (check, reason, path, lines_why, url), lines in groups.items():
        yield f"  {reason:<12} {check}  {style(_place(path, lines), 'dim')}"
        yield f"               {printable(lines_why)}"
        if url:
            yield f"               {url}"
    if any(each.reason is LeftReason.REVIEW for each in plan.left):
        yield "  'release-audit fix --unsafe' makes the edits that need review."


def _place(path: str, lines: list[int]) -> str:
    shown = ", ".join(map(str, sorted(set(lines))[:_MOST_LINES]))
    more = f" … ({len(lines)} places)" if len(set(lines)) > _MOST_LINES else ""
    return f"{printable(path)}:{shown}{more}"


def plan_document(plan: EditPlan, version: str) -> dict[str, object]:
    """The plan as JSON; ``patch`` is the whole change as `git apply` takes it."""
    return {
        "version": version,
        "repository": str(plan.before.repository.ref),
        "before": _score(plan.before.score),
        "after": _score(plan.after.score),
        "rounds": plan.rounds,
        "changes": [
            {
                "kind": made.kind,
                "advice": made.advice,
                "files": list(made.paths),
                "findings": [_finding(FindingRecord.of(found)) for found in made.findings],
            }
            for made in plan.made
        ],
        "left": [_left_record(left) for left in plan.left],
        **required_pins_record(plan.after.repository),
        "patch": patch(plan.files),
    }


def _score(score: Score) -> dict[str, object]:
    return {"points": score.points, "grade": score.grade, "coverage": score.coverage}


def _finding(record: FindingRecord) -> dict[str, object]:
    return {
        "check": record.check,
        "severity": record.severity,
        "path": record.path,
        "line": record.line,
        "job": record.job,
        "message": record.message,
        "fingerprint": record.fingerprint,
    }


def _left_record(left: LeftFinding) -> dict[str, object]:
    found = _finding(FindingRecord.of(left.finding))
    return {**found, "reason": left.reason, "why": left.why, "url": left.url}
