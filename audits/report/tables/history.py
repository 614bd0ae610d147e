"""Tables of actions, packages and trends."""

from __future__ import annotations

from collections.abc import Callable

from audits.model.outcome import Area
from audits.model.publication import Auth
from audits.model.registry import Registry
from audits.model.rows import ActionRow, PackageRow, TrendRow
from audits.model.score import Grade, Ladder
from audits.report.cells import Value, flag, listed
from audits.report.table import Column, Table
from audits.report.tables.exposure import LEVEL_OF_PACKAGE
from audits.report.tables.shared import of_repository, place

_GRADE_NAMES = {Grade.NONE: "none", Grade.UNKNOWN: "unknown"}
"""Of columns, for the grades that are no letters."""


def _points(area: str) -> Callable[[TrendRow], Value]:
    return lambda row: row.areas.get(area)


def _grade(grade: str) -> Callable[[TrendRow], Value]:
    return lambda row: row.grades.get(grade, 0)


def _ladder(state: str) -> Callable[[TrendRow], Value]:
    return lambda row: row.ladders.get(state, 0)


ACTIONS: Table[ActionRow] = Table(
    name="actions",
    title="Actions",
    description="One row per use of an action, a called workflow or an image.",
    key=("owner", "repository", "path", "line", "action"),
    columns=(
        *of_repository("The repository that uses it."),
        Column(
            name="action",
            type="string",
            description="The action, workflow or image.",
            of=lambda r: r.action,
        ),
        Column(name="ref", type="string", description="The ref it is used at.", of=lambda r: r.ref),
        Column(
            name="comment",
            type="string",
            description="The comment beside it.",
            of=lambda r: r.comment,
        ),
        Column(
            name="pinned",
            type="boolean",
            description="Whether it is pinned to a commit or a digest.",
            of=lambda r: r.pinned,
        ),
        Column(
            name="kind",
            type="string",
            description="action, workflow or image.",
            of=lambda r: r.kind,
        ),
        *place("The file that uses it.", "The line."),
        Column(name="job", type="string", description="The job.", of=lambda r: r.job),
        Column(
            name="role",
            type="string",
            description="What the job does for a release.",
            of=lambda r: r.role,
        ),
        Column(
            name="in_release",
            type="boolean",
            description="Whether it is in a release workflow.",
            of=lambda r: r.in_release,
        ),
        Column(
            name="permissions",
            type="string",
            description="What the job's token may do.",
            of=lambda r: r.permissions,
        ),
        Column(
            name="advisories",
            type="string",
            description="Advisories that cover this version, a list.",
            of=lambda r: listed(r.advisories),
        ),
        Column(
            name="newest_release",
            type="string",
            description="Its newest release, where that was asked.",
            of=lambda r: r.newest_release,
        ),
        Column(
            name="archived",
            type="boolean",
            description="Whether its repository is archived; empty: not asked.",
            of=lambda r: flag(r.archived),
        ),
    ),
)

PUBLISHERS: Table[PackageRow] = Table(
    name="publishers",
    title="Publishers",
    description="One row per package: its trusted-publisher status, and the evidence as the index serves it.",
    key=("owner", "repository", "registry", "package"),
    columns=(
        *of_repository(),
        Column(
            name="registry",
            type="string",
            description="The registry.",
            words=tuple(Registry),
            of=lambda r: r.registry,
        ),
        Column(
            name="package",
            type="string",
            description="The package; empty: its name was not found.",
            of=lambda r: r.package,
        ),
        Column(
            name="state",
            type="string",
            description="Its place on the ladder.",
            words=tuple(Ladder),
            of=lambda r: r.state,
        ),
        Column(
            name="previous_state",
            type="string",
            description="Its place in the owner's scan before; empty: it had none.",
            of=lambda r: r.previous_state,
        ),
        Column(
            name="why", type="string", description="The reason for the status.", of=lambda r: r.why
        ),
        Column(
            name="workflow",
            type="string",
            description="The workflow that publishes it.",
            of=lambda r: r.workflow,
        ),
        Column(name="job", type="string", description="The job.", of=lambda r: r.job),
        Column(
            name="environment",
            type="string",
            description="The job's environment.",
            of=lambda r: r.environment,
        ),
        Column(
            name="auth",
            type="string",
            description="How the workflow proves who it is.",
            words=tuple(Auth),
            of=lambda r: r.auth or None,
        ),
        Column(
            name="last_release",
            type="string",
            description="The newest release that the index serves.",
            of=lambda r: r.last_release,
        ),
        Column(
            name="last_release_at",
            type="datetime",
            description="When it was uploaded.",
            of=lambda r: r.last_release_at,
        ),
        Column(
            name="attested",
            type="boolean",
            description="Whether that release is attested, or on crates came from a trusted publisher; empty: not known.",
            of=lambda r: flag(r.attested),
        ),
        Column(
            name="publisher_repository",
            type="string",
            description="The publisher's repository, as served by the index.",
            of=lambda r: r.publisher_repository,
        ),
        Column(
            name="publisher_workflow",
            type="string",
            description="The publisher's workflow, as served by the index.",
            of=lambda r: r.publisher_workflow,
        ),
        Column(
            name="publisher_environment",
            type="string",
            description="The publisher's environment; empty: not tied to one, or not published by the registry.",
            of=lambda r: r.publisher_environment,
        ),
        Column(
            name="release_ref",
            type="string",
            description="The ref that the certificate names.",
            of=lambda r: r.release_ref,
        ),
        Column(
            name="release_event",
            type="string",
            description="The event that the certificate names.",
            of=lambda r: r.release_event,
        ),
        Column(
            name="release_runner",
            type="string",
            description="The kind of runner that the certificate names.",
            of=lambda r: r.release_runner,
        ),
        Column(
            name="release_run",
            type="string",
            description="The run that released it.",
            of=lambda r: r.release_run,
        ),
        Column(
            name="evidence_at",
            type="datetime",
            description="When the index was asked.",
            of=lambda r: r.evidence_at,
        ),
        Column(
            name="publisher_form",
            type="string",
            description="The index's form for a trusted publisher, filled in.",
            of=lambda r: r.publisher_form,
        ),
        *LEVEL_OF_PACKAGE,
    ),
)

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
            description="scan, or rebuilt for a state that `history` rebuilt from commits.",
            of=lambda r: r.timeline.value,
        ),
    ),
)
