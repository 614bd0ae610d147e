"""The table of repositories."""

from __future__ import annotations

from collections.abc import Callable

from audits.model.code_owners import OwnersAnswer
from audits.model.outcome import Area, Severity
from audits.model.rows import RepositoryRow
from audits.model.score import Grade
from audits.report.cells import Value
from audits.report.table import Column, Table
from audits.report.tables.paths import LEVEL_OF_REPOSITORY
from audits.report.tables.shared import of_repository

_GRADES = tuple(grade.value for grade in Grade)


def _points(area: str) -> Callable[[RepositoryRow], Value]:
    return lambda row: row.areas.get(area)


def _open(severity: str) -> Callable[[RepositoryRow], Value]:
    return lambda row: row.open.get(severity, 0)


def _area_columns() -> tuple[Column[RepositoryRow], ...]:
    return tuple(
        Column(
            name=area.value.replace("-", "_"),
            type="number",
            description=f"Points of the area {area.value}, 0 to 100; empty: not applicable or not known.",
            of=_points(area.value),
        )
        for area in Area
    )


def _open_columns() -> tuple[Column[RepositoryRow], ...]:
    return tuple(
        Column(
            name=f"open_{severity.label}",
            type="integer",
            description=f"Open findings of severity {severity.label} that count: in release workflows, not accepted, and seen in this scan.",
            of=_open(severity.label),
        )
        for severity in reversed(Severity)
    )


REPOSITORIES: Table[RepositoryRow] = Table(
    name="repositories",
    title="Repositories",
    description="One row per repository, with its score as of the scan.",
    key=("owner", "repository"),
    columns=(
        *of_repository("Its name.", owner="The account it belongs to."),
        Column(
            name="host", type="string", description="The web host it lives on.", of=lambda r: r.host
        ),
        Column(
            name="commit",
            type="string",
            description="The audited commit; empty for a folder that is no clone.",
            of=lambda r: r.commit,
        ),
        Column(
            name="branch", type="string", description="The audited branch.", of=lambda r: r.branch
        ),
        Column(
            name="archived",
            type="boolean",
            description="Whether it is archived.",
            of=lambda r: r.archived,
        ),
        Column(
            name="topics", type="string", description="Its topics, a list.", of=lambda r: r.topics
        ),
        Column(
            name="ask",
            type="string",
            description="Who owns its release workflows by CODEOWNERS, a list: whom to ask.",
            of=lambda r: r.ask,
        ),
        Column(
            name="code_owners",
            type="string",
            description="What CODEOWNERS says of them: owned, unowned (no line or an empty one), absent (no such file), not-read (it could not be looked for or was refused) or unreadable (no text, too long, a link); empty: the repository was never read.",
            words=tuple(answer.value for answer in OwnersAnswer),
            of=lambda r: r.code_owners,
        ),
        Column(
            name="grade",
            type="string",
            description="A to F; ?: less than half is known, or what may be a release was not understood; -: nothing is published.",
            words=_GRADES,
            of=lambda r: r.grade,
        ),
        Column(
            name="points",
            type="number",
            description="The score, 0 to 100, acceptances counted in; empty: nothing is known or published.",
            of=lambda r: r.points,
        ),
        Column(
            name="points_without_acceptances",
            type="number",
            description="The score as if nothing were accepted.",
            of=lambda r: r.strict_points,
        ),
        Column(
            name="coverage",
            type="number",
            description="Share of the applicable checks, by weight, whose outcome is known, 0 to 1; empty: nothing is published.",
            of=lambda r: r.coverage,
        ),
        Column(
            name="tier",
            type="integer",
            description="Highest tier of evidence that was read, 0 to 3.",
            of=lambda r: r.tier,
        ),
        Column(
            name="policy",
            type="string",
            description="Version of the policy behind the score.",
            of=lambda r: r.policy,
        ),
        Column(
            name="cap",
            type="string",
            description="What held the score down, if anything did.",
            of=lambda r: r.cap,
        ),
        Column(
            name="steps_to_a",
            type="string",
            description="The checks to fix for an A, a list, the one that gains most first, each with the grade and points that it leads to; without a grade (?) a fix leads to points alone.",
            of=lambda r: tuple(f"{s.check} → {s.grade} {s.points:g}" for s in r.steps),
        ),
        Column(
            name="not_counted",
            type="string",
            description="Open findings by severity that take nothing from the score, as they concern no publication which is scored, a list.",
            of=lambda r: r.not_counted,
        ),
        *_area_columns(),
        *_open_columns(),
        Column(
            name="not_rechecked",
            type="integer",
            description="Findings that still count although their evidence could not be seen in this scan.",
            of=lambda r: r.not_rechecked,
        ),
        Column(
            name="accepted",
            type="integer",
            description="Findings that are accepted in a way that counts.",
            of=lambda r: r.accepted,
        ),
        Column(
            name="publications",
            type="integer",
            description="Steps or called workflows that upload to a registry.",
            of=lambda r: r.publications,
        ),
        Column(
            name="registries",
            type="string",
            description="The registries they upload to, a list.",
            of=lambda r: r.registries,
        ),
        Column(
            name="ladder",
            type="string",
            description="Trusted-publisher status of its packages, a list.",
            of=lambda r: r.ladders,
        ),
        Column(
            name="gaps",
            type="integer",
            description="Things that could not be seen; see gaps.csv.",
            of=lambda r: r.gaps,
        ),
        Column(
            name="unrecognized",
            type="integer",
            description="Jobs that look like a release and are not understood; see gaps.csv.",
            of=lambda r: r.unrecognized,
        ),
        *LEVEL_OF_REPOSITORY,
        Column(
            name="last_seen",
            type="datetime",
            description="When it was last read.",
            of=lambda r: r.last_seen,
        ),
        Column(
            name="changed",
            type="datetime",
            description="When anything recorded of it last changed.",
            of=lambda r: r.changed,
        ),
    ),
)
