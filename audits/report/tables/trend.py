"""The table of scans, with sums over the owner's repositories."""

from __future__ import annotations

from collections.abc import Callable

from audits.model.outcome import Area
from audits.model.rows import TrendRow
from audits.model.score import Grade, Ladder
from audits.report.cells import Value
from audits.report.table import Column, Table

_GRADE_NAMES = {Grade.NONE: "none", Grade.UNKNOWN: "unknown"}
"""Of columns, for the grades that are no letters."""


def _points(area: str) -> Callable[[TrendRow], Value]:
    return lambda row: row.areas.get(area)


def _grade(grade: str) -> Callable[[TrendRow], Value]:
    return lambda row: row.grades.get(grade, 0)


def _ladder(state: str) -> Callable[[TrendRow], Value]:
    return lambda row: row.ladders.get(state, 0)


TREND: Table[TrendRow] = Table(
    name="trend",
    title="Trend",
    description="One row per scan, with sums over the owner's repositories. Compare rows of one timeline: rebuilt ones hold what files say, and no settings.",
    key=("scan",),
    columns=(
        Column(name="scan", type="integer", description="The scan's number.", of=lambda r: r.scan),
        Column(name="at", type="datetime", description="When it was started.", of=lambda r: r.at),
        Column(
            name="points",
            type="number",
            description="Mean points of the repositories that publish.",
            of=lambda r: r.points,
        ),
        Column(
            name="coverage",
            type="number",
            description="Mean coverage of the repositories that publish or may, 0 to 1.",
            of=lambda r: r.coverage,
        ),
        Column(
            name="repositories",
            type="integer",
            description="Repositories known.",
            of=lambda r: r.repositories,
        ),
        Column(
            name="publishing",
            type="integer",
            description="Those that publish.",
            of=lambda r: r.publishing,
        ),
        *(
            Column(
                name=area.value.replace("-", "_"),
                type="number",
                description=f"Mean points of the area {area.value}.",
                of=_points(area.value),
            )
            for area in Area
        ),
        *(
            Column(
                name=f"grade_{_GRADE_NAMES.get(grade, grade.value.lower())}",
                type="integer",
                description=f"Repositories of grade {grade.value}.",
                of=_grade(grade.value),
            )
            for grade in Grade
        ),
        *(
            Column(
                name=f"ladder_{state.value}",
                type="integer",
                description=f"Packages whose status is {state.value}.",
                of=_ladder(state.value),
            )
            for state in Ladder
        ),
        Column(
            name="new",
            type="integer",
            description="Findings opened by this scan.",
            of=lambda r: r.new,
        ),
        Column(
            name="fixed",
            type="integer",
            description="Findings closed by this scan.",
            of=lambda r: r.fixed,
        ),
        Column(
            name="policy",
            type="string",
            description="Version of the policy.",
            of=lambda r: r.policy,
        ),
        Column(
            name="tier",
            type="integer",
            description="Highest tier of evidence that was read.",
            of=lambda r: r.tier,
        ),
        Column(
            name="timeline",
            type="string",
            description="scan; rebuilt for a state that `history` rebuilt from commits; rescored for a scan that `rescore` judged by later rules.",
            of=lambda r: r.timeline.value,
        ),
    ),
)
