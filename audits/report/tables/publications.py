"""The table of publications."""

from __future__ import annotations

from audits.model.publication import Auth, Channel
from audits.model.registry import Registry
from audits.model.rows import PublicationRow
from audits.report.cells import flag, listed
from audits.report.table import Column, Table
from audits.report.tables.shared import OF_REPOSITORY, of_repository

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
    references=(OF_REPOSITORY,),
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
            description="How it authenticates.",
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
