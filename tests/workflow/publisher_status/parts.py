"""Repositories, publications and evidence to try the ladder on."""

from __future__ import annotations

from datetime import UTC, datetime

from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release
from audits.model.location import Location, Scalar
from audits.model.publication import Auth, Channel, Grant, Publication, Route
from audits.model.registry import Registry
from audits.model.repository import NO_INDEX, ReleaseGraph, Repository
from audits.model.score import Ladder, PackageStatus
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, RepositoryRef, Snapshot, SourceFile
from audits.model.workflow import Environment, EnvironmentForm, Job, Trigger, Workflow
from audits.workflow.publisher_status.status import statuses

REF = RepositoryRef(owner="orchard-labs", name="lumen")
PATH = ".github/workflows/release.yml"
COMMIT = "c" * 40
HOME = "https://github.com/Orchard-Labs/lumen.git"
SILENT = Unseen(need=Need.INDEX, reason="the index does not say")


def scalar(value: str) -> Scalar:
    return Scalar(value, line=1, column=1, start=0, end=0)


def publication(
    auth: Auth = Auth.OIDC,
    *packages: str,
    path: str = PATH,
    environment: str = "pypi",
    dynamic: bool = False,
    publisher: tuple[str, ...] | None = None,
    events: tuple[str, ...] = (),
    registry: Registry = Registry.PYPI,
    channel: Channel = Channel.PRODUCTION,
) -> Publication:
    at = Location(path=path)
    triggers = tuple(Trigger(event=event, at=at) for event in events)
    workflow = Workflow(source=SourceFile.of(path, b"name: x\n"), triggers=triggers)
    declared = Environment(
        form=EnvironmentForm.STRING, name=scalar(environment), at=at, dynamic=dynamic
    )
    job = Job(id=f"publish-{auth}", path=path, at=at, span=(0, 0))
    route = Route(entry=workflow, calls=(), job=job, grant=Grant(levels=None))
    return Publication(
        workflow=workflow,
        job=job,
        step=1,
        at=at,
        registry=registry,
        channel=channel,
        mechanism="twine",
        auth=auth,
        packages=packages or ("lumen",),
        routes=(route,),
        environment=declared if environment else None,
        publisher_workflows=(path,) if publisher is None else publisher,
    )


OURS = Provenance(
    kind=PublisherKind.GITHUB,
    repository="orchard-labs/lumen",
    workflow="release.yml",
    environment="PyPI",
    ref="refs/tags/v1.2.0",
    event="release",
    runner="github-hosted",
    commit=COMMIT,
    repository_id="1001",
)


def release(
    version: str = "1.2.0",
    provenance: tuple[Provenance, ...] | Unseen = (),
    *,
    yanked: bool = False,
    attested: int | None = None,
) -> Release:
    return Release(
        version=version,
        uploaded=datetime(2026, 5, 1, tzinfo=UTC),
        files=1,
        yanked=yanked,
        provenance=provenance,
        attested_files=attested,
    )


def evidence(
    *releases: Release,
    name: str = "lumen",
    registry: Registry = Registry.PYPI,
    links: tuple[str, ...] = (),
    trusted: bool | None = None,
) -> PackageEvidence:
    return PackageEvidence(
        registry=registry,
        name=name,
        releases=releases,
        repository_urls=links,
        trusted_publisher=trusted,
    )


def repository(
    *publications: Publication,
    seen: tuple[PackageEvidence, ...] | None = None,
    names: tuple[str, ...] = (),
    ref: RepositoryRef = REF,
    identity: int | None = None,
    workflows: tuple[str, ...] = (PATH,),
    gaps: tuple[Gap, ...] = (),
) -> Repository:
    files = tuple(SourceFile.of(path, b"name: x\n") for path in workflows)
    return Repository(
        snapshot=Snapshot(ref=ref, commit=COMMIT, files=files, database_id=identity),
        workflows=tuple(Workflow(source=file) for file in files),
        graph=ReleaseGraph(publications=publications),
        index=NO_INDEX if seen is None else {(e.registry, e.name): e for e in seen},
        package_names={"pypi": names} if names else {},
        gaps=gaps,
    )


def status(subject: Repository) -> PackageStatus:
    (found,) = statuses(subject)
    assert found.why.endswith(".")
    assert found.why[0].isupper()
    return found


def state(*publications: Publication, seen: PackageEvidence | None = None) -> Ladder:
    return status(repository(*publications, seen=None if seen is None else (seen,))).state
