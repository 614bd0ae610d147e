"""The table of packages and their trusted-publisher status."""

from __future__ import annotations

from audits.model.publication import Auth
from audits.model.rows import PackageRow
from audits.model.score import Ladder
from audits.report.cells import flag
from audits.report.phrases import RUNGS, glossary
from audits.report.table import Column, Table
from audits.report.tables.paths import LEVEL_OF_PACKAGE
from audits.report.tables.shared import OF_REPOSITORY, of_package, of_repository

PACKAGES: Table[PackageRow] = Table(
    name="packages",
    title="Packages",
    description="One row per package: its trusted-publisher status, and the evidence as the index serves it.",
    key=("owner", "repository", "registry", "package"),
    references=(OF_REPOSITORY,),
    columns=(
        *of_repository(),
        *of_package(),
        Column(
            name="state",
            type="string",
            description=f"Its trusted-publisher status. {glossary(RUNGS)}.",
            words=tuple(Ladder),
            of=lambda r: r.state,
        ),
        Column(
            name="previous_state",
            type="string",
            description="Its status in the owner's scan before; empty: it had none.",
            of=lambda r: r.previous_state,
        ),
        Column(
            name="why", type="string", description="The reason for the status.", of=lambda r: r.why
        ),
        Column(
            name="workflow",
            type="string",
            description="The workflow that publishes it, the first of several.",
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
            description="How the workflow authenticates.",
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
