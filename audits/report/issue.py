"""Writes to the maintainers of one repository what to change, ready as an issue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from audits.analysis.exposure.sentences import doubted_level
from audits.model.query import FindingFilter
from audits.model.rows import FindingRow, LessonRow, PackageRow, RepositoryRow
from audits.report.comment import fitted
from audits.report.escape import code, markdown
from audits.report.phrases import count, steps_head, steps_to_a, whom_to_ask
from audits.store.errors import StoreError
from audits.store.store import Store

_LINKS = ("settings", "publisher", "edit", "docs")


class RepositoryReport(Struct, frozen=True, kw_only=True):
    """One repository as of its owner's newest scan."""

    row: RepositoryRow
    findings: tuple[FindingRow, ...]
    packages: tuple[PackageRow, ...]
    lesson: tuple[LessonRow, ...]


def repository_report(store: Store, owner: str, name: str) -> RepositoryReport:
    """What the store knows of a repository; StoreError where it knows none of that name."""
    row = store.repository(owner, name)
    if row is None:
        raise StoreError(
            f"No repository {owner}/{name} is stored.",
            "`release-audit report` names those that are.",
        )
    where = FindingFilter(repository=row.repository, accepted=False)
    return RepositoryReport(
        row=row,
        findings=tuple(store.findings(owner=row.owner, where=where)),
        packages=store.packages(owner=row.owner, repository=row.repository),
        lesson=store.lesson(row.owner, row.repository),
    )


def issue_text(report: RepositoryReport) -> str:
    """The text as Markdown, within what an issue on GitHub takes; its first line is the title."""
    return fitted("\n".join(_issue_lines(report)) + "\n")


def _issue_lines(report: RepositoryReport) -> Iterator[str]:
    row = report.row
    yield f"# Make the releases of {code(row.repository)} safer"
    yield ""
    score = "no score" if row.points is None else f"{row.points:g} of 100"
    known = "" if row.coverage is None else f", {row.coverage:.0%} known at tier {row.tier}"
    yield f"Grade **{row.grade}** ({score}{known}), as of {row.last_seen.date()}."
    if ask := whom_to_ask(row, code):
        yield f"\n{ask}"
    if steps := steps_to_a(row, code=True):
        yield f"\n{steps_head(row)}: {markdown(steps)}."
    if report.packages:
        yield "\n## Who can publish\n"
        yield from (_package(package) for package in report.packages)
    if report.findings:
        yield f"\n## What to change: {count(len(report.findings), 'finding')}\n"
        yield from (_task(finding) for finding in report.findings)
    else:
        yield "\nNothing is open."
    yield from _left(report.lesson)
    yield (
        "\n`release-audit check` shows the same in a checkout, and `release-audit fix` makes the "
        "edits that are safe to make."
    )


def _package(row: PackageRow) -> str:
    cut = f"; to close it: {markdown(row.cut)}" if row.cut else ""
    name = code(row.package) if row.package else "a package whose name was not found"
    if row.level:
        level = doubted_level(row.level, row.may_be, accepted=row.level_accepted)
    else:
        none = row.state == "none"
        level = "no workflow publishes it to production" if none else "not known"
    return f"- {row.registry} {name}: **{level}**{cut}"


def _task(row: FindingRow) -> str:
    place = code(f"{row.path}:{row.line}")
    url = next((link.url for link in row.links if link.kind == "permalink"), "")
    shown = f"[{place}]({url})" if url else place
    further = [f"[{link.label}]({link.url})" for link in row.links if link.kind in _LINKS]
    more = f" {' · '.join(further)}" if further else ""
    return f"- [ ] **{row.severity}** {code(row.check)} {shown}: {markdown(row.message)}{more}"


def _left(lesson: Sequence[LessonRow]) -> Iterator[str]:
    steps = [step for step in lesson if step.state == "not done"]
    if steps:
        yield "\n## Steps of the lesson that are left\n"
        yield from (f"- [ ] [{step.title}]({step.url})" for step in steps)
