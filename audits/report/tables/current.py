"""Tables of repositories, publications, findings and gaps."""

from __future__ import annotations

from collections.abc import Callable

from audits.model.outcome import Area, Severity
from audits.model.publication import Auth, Channel
from audits.model.registry import Registry
from audits.model.rows import (
    FindingRow,
    GapRow,
    PublicationRow,
    RepositoryRow,
)
from audits.model.score import Grade
from audits.model.source import GapReason
from audits.report.cells import Value, flag, listed
from audits.report.table import Column, Table
from audits.report.tables.exposure import LEVEL_OF_REPOSITORY
from audits.report.tables.shared import of_repository, place

_SEVERITIES = tuple(s.label for s in Severity)
_GRADES = tuple(grade.value for grade in Grade)


def _points(area: str) -> Callable[[RepositoryRow], Value]:
    return lambda row: row.areas.get(area)


def _open(severity: str) -> Callable[[RepositoryRow], Value]:
    return lambda row: row.open.get(severity, 0)


def _link(kind: str) -> Callable[[FindingRow], Value]:
    return lambda row: next((link.url for link in row.links if link.kind == kind), "")


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
            name="grade",
            type="string",
            description="A to F; ?: nothing is known, as something could not be read; -: nothing is published.",
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
            description="The checks to fix for an A, a list, the one that gains most first, each with the grade and points that it leads to.",
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

PUBLICATIONS: Table[PublicationRow] = Table(
    name="publications",
    title="Publications",
    description="One row per publication: a step or called workflow that uploads to a registry.",
    key=(
        "owner",
        "repository",
        "workflow",
        "job",
        "step",
        "registry",
        "line",
        "channel",
        "mechanism",
        "auth",
    ),
    columns=(
        *of_repository(),
        Column(
            name="workflow",
            type="string",
            description="The workflow's path from the root.",
            of=lambda r: r.workflow,
        ),
        Column(name="job", type="string", description="The job's id.", of=lambda r: r.job),
        Column(
            name="step",
            type="integer",
            description="The step's number from 0; -1: a called workflow.",
            of=lambda r: r.step,
        ),
        Column(
            name="registry",
            type="string",
            description="Where it uploads to.",
            words=tuple(Registry),
            of=lambda r: r.registry,
        ),
        Column(
            name="channel",
            type="string",
            description="Which instance of the registry.",
            words=tuple(Channel),
            of=lambda r: r.channel,
        ),
        Column(
            name="package",
            type="string",
            description="The packages' names, a list; empty: not found.",
            of=lambda r: listed(r.package),
        ),
        Column(
            name="mechanism",
            type="string",
            description="The action, command or workflow that uploads.",
            of=lambda r: r.mechanism,
        ),
        Column(
            name="auth",
            type="string",
            description="How it proves who it is.",
            words=tuple(Auth),
            of=lambda r: r.auth,
        ),
        Column(
            name="environment",
            type="string",
            description="The deployment environment; empty: none.",
            of=lambda r: r.environment,
        ),
        Column(
            name="id_token",
            type="boolean",
            description="Whether the job may ask for an OIDC identity, callers counted in.",
            of=lambda r: r.id_token,
        ),
        Column(
            name="line",
            type="integer",
            description="The line of the step's action or command.",
            of=lambda r: r.line,
        ),
        Column(
            name="credential",
            type="string",
            description="Where its credentials come from, a list, never their value.",
            of=lambda r: listed(r.credential),
        ),
        Column(
            name="environment_form",
            type="string",
            description="How the environment is written.",
            of=lambda r: r.environment_form,
        ),
        Column(
            name="indirect",
            type="boolean",
            description="Whether it was found by its credential alone.",
            of=lambda r: r.indirect,
        ),
        Column(
            name="attestations",
            type="boolean",
            description="Whether the uploader makes attestations; empty: not known.",
            of=lambda r: flag(r.attests),
        ),
        Column(
            name="triggers",
            type="string",
            description="The events that start it, a list.",
            of=lambda r: listed(r.triggers),
        ),
        Column(
            name="called",
            type="string",
            description="The called workflow, where the publication is in one of another repository.",
            of=lambda r: r.called,
        ),
        Column(
            name="publisher_workflow",
            type="string",
            description="The files that the registry's trusted publisher may name, a list.",
            of=lambda r: listed(r.publisher_workflow),
        ),
    ),
)

FINDINGS: Table[FindingRow] = Table(
    name="findings",
    title="Findings",
    description="One row per finding: one fault at one place.",
    key=("owner", "repository", "fingerprint"),
    columns=(
        *of_repository(),
        Column(
            name="check",
            type="string",
            description="The check's id; see 'release-audit explain CHECK'.",
            of=lambda r: r.check,
        ),
        Column(
            name="area",
            type="string",
            description="The area it belongs to.",
            words=tuple(Area),
            of=lambda r: r.area,
        ),
        Column(
            name="severity",
            type="string",
            description="How bad it is.",
            words=_SEVERITIES,
            of=lambda r: r.severity,
        ),
        Column(
            name="state",
            type="string",
            description="open; not-re-checked: its evidence could not be seen in this scan; fixed: only with --with-fixed.",
            words=("open", "not-re-checked", "fixed"),
            of=lambda r: r.state,
        ),
        Column(
            name="message", type="string", description="What is at fault.", of=lambda r: r.message
        ),
        Column(
            name="because",
            type="string",
            description="Why it is milder than its check.",
            of=lambda r: r.because,
        ),
        *place("The file, from the repository's root.", "The line, from 1."),
        Column(
            name="job",
            type="string",
            description="The job's id, where the finding belongs to one.",
            of=lambda r: r.job,
        ),
        Column(
            name="publication",
            type="string",
            description="The publication it concerns, as workflow:job:step (:2 and so on for further ones of a step), where it is one.",
            of=lambda r: r.publication,
        ),
        Column(
            name="environment",
            type="string",
            description="The deployment environment it concerns.",
            of=lambda r: r.environment,
        ),
        Column(
            name="excerpt",
            type="string",
            description="The line of the file, with credentials redacted.",
            of=lambda r: r.excerpt,
        ),
        Column(
            name="in_release",
            type="boolean",
            description="False: outside release workflows, seen because everything was asked for; never scored.",
            of=lambda r: r.in_release,
        ),
        Column(
            name="fix",
            type="string",
            description="safe: an edit that can be applied as it is; review: an edit that a person must review; empty: by hand.",
            of=lambda r: r.fix,
        ),
        Column(
            name="acceptance",
            type="string",
            description="waiver, local acceptance, or empty.",
            of=lambda r: r.acceptance,
        ),
        Column(
            name="acceptance_counts",
            type="boolean",
            description="Whether the acceptance counts; a local one does only where the waiver file allows it. Empty: not accepted.",
            of=lambda r: r.accepted if r.acceptance else None,
        ),
        Column(
            name="acceptance_reason",
            type="string",
            description="Why it is accepted.",
            of=lambda r: r.acceptance_reason,
        ),
        Column(
            name="responsible",
            type="string",
            description="Who answers for the waiver.",
            of=lambda r: r.responsible,
        ),
        Column(
            name="ticket", type="string", description="The waiver's ticket.", of=lambda r: r.ticket
        ),
        Column(
            name="expires",
            type="string",
            description="When the waiver ends (ISO 8601).",
            of=lambda r: r.expires,
        ),
        Column(
            name="first_seen",
            type="datetime",
            description="When it was first seen.",
            of=lambda r: r.first_seen,
        ),
        Column(
            name="last_seen",
            type="datetime",
            description="When it was last seen.",
            of=lambda r: r.last_seen,
        ),
        Column(
            name="fixed_at",
            type="datetime",
            description="When the scan that no longer found it was started; empty: not fixed.",
            of=lambda r: r.closed,
        ),
        Column(
            name="fingerprint",
            type="string",
            description="Names the finding across scans and line shifts.",
            of=lambda r: r.fingerprint,
        ),
        Column(
            name="commit", type="string", description="The audited commit.", of=lambda r: r.commit
        ),
        *(
            Column(
                name=f"{kind}_link",
                type="string",
                description=text,
                of=_link(kind),
            )
            for kind, text in (
                ("permalink", "The line at the audited commit."),
                ("edit", "GitHub's editor for the file."),
                ("settings", "The settings page that closes it."),
                ("publisher", "The index's form for a trusted publisher, filled in."),
                ("lesson", "The section of the lesson."),
                ("documentation", "The official documentation."),
            )
        ),
    ),
)

GAPS: Table[GapRow] = Table(
    name="gaps",
    title="Gaps",
    description="One row per gap: what could not be seen, and why. Nothing here counts as safe.",
    key=("owner", "repository", "subject", "reason", "line", "detail"),
    columns=(
        *of_repository("The repository; empty: the account as a whole."),
        Column(
            name="subject",
            type="string",
            description="A path, an environment, a package or a setting.",
            of=lambda r: r.subject,
        ),
        Column(
            name="reason",
            type="string",
            description="Why it could not be seen.",
            words=tuple(GapReason),
            of=lambda r: r.reason,
        ),
        Column(
            name="detail",
            type="string",
            description="One sentence, with a piece of advice.",
            of=lambda r: r.detail,
        ),
        Column(
            name="line",
            type="integer",
            description="The line, where there is one.",
            of=lambda r: r.line,
        ),
        Column(
            name="permission",
            type="string",
            description="The permission that would have shown it.",
            of=lambda r: r.permission,
        ),
        Column(
            name="optional",
            type="boolean",
            description="True: it was not asked for explicitly and does not lead to exit status 3.",
            of=lambda r: r.optional,
        ),
        Column(
            name="job",
            type="string",
            description="The job of the workflow that it is about; empty: the whole subject.",
            of=lambda r: r.job,
        ),
    ),
)
