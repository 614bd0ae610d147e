"""Every state of the ladder, and every step between them, from evidence of the real shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release
from audits.model.place import Location, Scalar
from audits.model.publication import Auth, Channel, Grant, Publication, Registry, Route
from audits.model.repository import NO_INDEX, ReleaseGraph, Repository
from audits.model.score import Ladder, PackageStatus
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile
from audits.model.workflow import Environment, EnvironmentForm, Job, Trigger, Workflow
from audits.workflow.attested import Kinship, kinship
from audits.workflow.ladder import points_to, state_in_text, statuses

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
        workflow=workflow, job=job, step=1, at=at, registry=registry, channel=channel,
        mechanism="twine", auth=auth, packages=packages or ("lumen",), routes=(route,),
        environment=declared if environment else None,
        publisher_workflows=(path,) if publisher is None else publisher,
    )  # fmt: skip


OURS = Provenance(
    kind=PublisherKind.GITHUB, repository="orchard-labs/lumen", workflow="release.yml",
    environment="PyPI", ref="refs/tags/v1.2.0", event="release", runner="github-hosted",
    commit=COMMIT, repository_id="1001",
)  # fmt: skip


def release(
    version: str = "1.2.0",
    provenance: tuple[Provenance, ...] | Unseen = (),
    *,
    yanked: bool = False,
    attested: int | None = None,
) -> Release:
    return Release(
        version=version, uploaded=datetime(2026, 5, 1, tzinfo=UTC), files=1, yanked=yanked,
        provenance=provenance, attested_files=attested,
    )  # fmt: skip


def evidence(
    *releases: Release,
    name: str = "lumen",
    registry: Registry = Registry.PYPI,
    links: tuple[str, ...] = (),
    trusted: bool | None = None,
) -> PackageEvidence:
    return PackageEvidence(
        registry=registry, name=name, releases=releases, repository_urls=links,
        trusted_publisher=trusted,
    )  # fmt: skip


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
        package_names={"pypi": names} if names else {}, gaps=gaps,
    )  # fmt: skip


def status(subject: Repository) -> PackageStatus:
    (found,) = statuses(subject)
    assert found.why.endswith(".")
    assert found.why[0].isupper()
    return found


def state(*publications: Publication, seen: PackageEvidence | None = None) -> Ladder:
    return status(repository(*publications, seen=None if seen is None else (seen,))).state


@pytest.mark.parametrize(
    ("auths", "expected"),
    [
        ((Auth.TOKEN,), Ladder.TOKEN),
        ((Auth.TOKEN, Auth.UNKNOWN), Ladder.TOKEN),
        ((Auth.TOKEN, Auth.NONE), Ladder.TOKEN),
        ((Auth.MIXED,), Ladder.MIXED),
        ((Auth.TOKEN, Auth.OIDC), Ladder.MIXED),
        ((Auth.MIXED, Auth.UNKNOWN), Ladder.MIXED),
        ((Auth.OIDC,), Ladder.OIDC),
        ((Auth.OIDC, Auth.NONE), Ladder.OIDC),
        ((Auth.OIDC, Auth.UNKNOWN), Ladder.UNKNOWN),
        ((Auth.UNKNOWN,), Ladder.UNKNOWN),
        ((Auth.NONE,), Ladder.UNKNOWN),
    ],
)
def test_what_the_text_says(auths: tuple[Auth, ...], expected: Ladder) -> None:
    publications = tuple(publication(auth) for auth in auths)
    assert state_in_text(publications) is expected
    found = status(repository(*publications))
    assert (found.state, found.missing) == (expected, NO_INDEX.reason)
    assert found.publications == tuple(p.key for p in publications)


@pytest.mark.parametrize("text", [Auth.TOKEN, Auth.MIXED, Auth.OIDC, Auth.UNKNOWN])
@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (None, "was not asked"),
        (replace(evidence(), exists=False), "knows no package"),
        (replace(evidence(), releases=SILENT), "does not say"),
        (evidence(), "has no release"),
        (evidence(release(provenance=SILENT)), "was not seen"),
        (evidence(release()), "is not attested, which proves nothing"),
        (evidence(release(), release("1.1.0", (OURS,))), "though 1.1.0 was"),
    ],
)
def test_evidence_that_proves_nothing_leaves_the_text(
    text: Auth, seen: PackageEvidence | None, words: str
) -> None:
    subject = publication(text)
    found = status(repository(subject, seen=None if seen is None else (seen,)))
    assert found.state is state_in_text((subject,))
    assert words in found.why


def test_an_absent_attestation_is_not_a_token() -> None:
    found = status(repository(publication(), seen=(evidence(release()),)))
    assert (found.state, found.missing) == (Ladder.OIDC, "how the latest release was uploaded")


def test_a_trusted_publisher_without_attestation_is_told() -> None:
    seen = evidence(release(), registry=Registry.NPM, trusted=True)
    found = status(repository(publication(registry=Registry.NPM), seen=(seen,)))
    assert (found.state, found.missing) == (Ladder.OIDC, "")
    assert "came from a trusted publisher" in found.why


def test_the_steps_up_the_ladder() -> None:
    attested = evidence(release("1.3.0", (OURS,)), release())
    not_yet = evidence(release())
    assert state(publication(Auth.TOKEN), seen=not_yet) is Ladder.TOKEN
    assert state(publication(Auth.TOKEN), publication(), seen=not_yet) is Ladder.MIXED
    assert state(publication(), seen=not_yet) is Ladder.OIDC
    assert state(publication(), seen=attested) is Ladder.ATTESTED
    # and down again: a token beside an attested release is two paths
    assert state(publication(Auth.TOKEN), seen=attested) is Ladder.MIXED
    assert state(publication(Auth.MIXED), seen=attested) is Ladder.MIXED
    assert state(publication(Auth.NONE), seen=attested) is Ladder.ATTESTED
    assert state(publication(Auth.UNKNOWN), seen=attested) is Ladder.ATTESTED
    regressed = evidence(release("1.4.0"), release("1.3.0", (OURS,)))
    assert state(publication(), seen=regressed) is Ladder.OIDC


def test_a_yanked_release_does_not_count() -> None:
    seen = evidence(release("2.0", yanked=True), release("1.2.0", (OURS,)))
    found = status(repository(publication(), seen=(seen,)))
    assert found.state is Ladder.ATTESTED
    assert found.why == (
        "The workflow uploads with a trusted publisher; release 1.2.0 is attested for release.yml."
    )


def with_provenance(
    *provenance: Provenance, subject: Publication | None = None, identity: int | None = None
) -> PackageStatus:
    seen = (evidence(release(provenance=provenance)),)
    return status(repository(subject or publication(), seen=seen, identity=identity))


@pytest.mark.parametrize(
    ("changes", "identity", "expected", "words"),
    [
        ({}, 1001, Ladder.ATTESTED, "attested for release.yml"),
        ({"repository": "Orchard-Labs/LUMEN"}, None, Ladder.ATTESTED, "release.yml"),
        ({"repository": "old-owner/lamp"}, 1001, Ladder.ATTESTED, "was called then"),
        ({"repository": "old-owner/lamp", "repository_id": ""}, 1001, Ladder.MISMATCH, "old-owner"),
        ({"repository_id": "5"}, 1001, Ladder.MISMATCH, "is another one"),
        ({"repository_id": "5"}, None, Ladder.ATTESTED, "release.yml"),
        ({"repository": "orchard-labs/tools", "repository_id": "9"}, 1001, Ladder.MISMATCH,
         "another repository of this owner"),
        ({"repository": "stranger/lumen"}, None, Ladder.MISMATCH, "stranger/lumen on github.com"),
        ({"kind": PublisherKind.GITLAB}, None, Ladder.MISMATCH, "GitLab publisher"),
        ({"kind": PublisherKind.GOOGLE, "repository": "a@b.example"}, None, Ladder.MISMATCH,
         "Google publisher a@b.example"),
        ({"kind": PublisherKind.OTHER}, None, Ladder.UNKNOWN, "not known here"),
        ({"repository": ""}, None, Ladder.UNKNOWN, "not known here"),
    ],
)  # fmt: skip
def test_whose_release_it_was(
    changes: dict[str, object], identity: int | None, expected: Ladder, words: str
) -> None:
    provenance = replace(OURS, **changes)  # type: ignore[arg-type]  # checked by the class
    found = with_provenance(provenance, identity=identity)
    assert found.state is expected
    assert words in found.why


def test_kinship_tells_owners_apart() -> None:
    ours = repository()
    assert kinship(ours, OURS) is Kinship.SAME
    assert kinship(ours, replace(OURS, repository="orchard-labs/x")) is Kinship.SAME_OWNER
    assert kinship(ours, replace(OURS, repository="x/lumen")) is Kinship.FOREIGN
    server = repository(ref=RepositoryRef(owner=REF.owner, name=REF.name, host="git.example"))
    assert kinship(server, OURS) is Kinship.FOREIGN


def test_an_unknown_publisher_does_not_hide_a_token() -> None:
    other = replace(OURS, kind=PublisherKind.OTHER)
    assert with_provenance(other, subject=publication(Auth.TOKEN)).state is Ladder.TOKEN
    foreign = replace(OURS, repository="stranger/lumen")
    assert with_provenance(foreign, subject=publication(Auth.TOKEN)).state is Ladder.MISMATCH


def test_the_worst_of_several_attestations_counts() -> None:
    foreign = replace(OURS, repository="stranger/lumen")
    assert with_provenance(OURS, foreign).state is Ladder.MISMATCH
    assert with_provenance(OURS, replace(OURS, kind=PublisherKind.OTHER)).state is Ladder.UNKNOWN
    found = with_provenance(OURS, replace(OURS, workflow="nightly.yml"))
    assert (found.state, "nightly.yml" in found.why) == (Ladder.OIDC, True)
    assert with_provenance(OURS, replace(OURS, predicate_types=("x",))).state is Ladder.ATTESTED


def test_another_workflow_of_this_repository() -> None:
    old = replace(OURS, workflow="old.yml")
    found = with_provenance(old)
    assert found.state is Ladder.OIDC
    assert "another one" in found.why
    assert with_provenance(old, subject=publication(Auth.TOKEN)).state is Ladder.TOKEN
    assert with_provenance(old, subject=publication(Auth.UNKNOWN)).state is Ladder.UNKNOWN
    called = publication(publisher=(".github/workflows/old.yml",))
    assert with_provenance(old, subject=called).state is Ladder.ATTESTED


def test_a_publisher_that_cannot_be_told_is_any_workflow_there_is() -> None:
    open_ended = publication(publisher=())
    assert with_provenance(OURS, subject=open_ended).state is Ladder.ATTESTED
    gone = replace(OURS, workflow="old.yml")
    assert with_provenance(gone, subject=open_ended).state is Ladder.OIDC
    nameless = with_provenance(replace(OURS, workflow=""), subject=open_ended)
    assert (nameless.state, nameless.missing) == (
        Ladder.ATTESTED, "the workflow that released it",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("registered", "today", "dynamic", "expected"),
    [
        ("PyPI", "pypi", False, Ladder.ATTESTED),
        ("", "pypi", False, Ladder.ATTESTED),
        ("", "", False, Ladder.ATTESTED),
        ("pypi", "release", False, Ladder.OIDC),
        ("pypi", "", False, Ladder.OIDC),
        ("pypi", "${{ inputs.where }}", True, Ladder.ATTESTED),
    ],
)
def test_environments_are_compared_without_case(
    registered: str, today: str, dynamic: bool, expected: Ladder
) -> None:
    subject = publication(environment=today, dynamic=dynamic)
    found = with_provenance(replace(OURS, environment=registered), subject=subject)
    assert found.state is expected


def test_one_of_several_publications_may_fit() -> None:
    other = publication(environment="release")
    seen = (evidence(release(provenance=(OURS,))),)
    assert status(repository(other, publication(), seen=seen)).state is Ladder.ATTESTED


def test_a_file_that_changed_since_the_release_is_not_proven() -> None:
    subject = repository(publication(), seen=(evidence(release(provenance=(OURS,))),))
    now = subject.snapshot.files[0].oid
    for then, expected in ((now, Ladder.ATTESTED), ("other", Ladder.OIDC)):
        (found,) = statuses(subject, {(COMMIT, PATH): then})
        assert found.state is expected
    (found,) = statuses(subject, {("d" * 40, PATH): "other"})
    assert found.state is Ladder.ATTESTED


@pytest.mark.parametrize(
    ("changes", "events", "words"),
    [
        ({"ref": "refs/heads/main"}, (), "(released from the branch main)"),
        ({"event": "schedule"}, (), "by the event schedule, which is not expected"),
        ({"event": "push"}, ("release",), "by the event push, which is not expected"),
        ({"runner": "self-hosted"}, (), "on a self-hosted runner"),
        ({"event": ""}, ("release",), "release.yml."),
        ({"event": "push"}, ("push",), "release.yml."),
    ],
)
def test_how_it_was_released_is_stated(
    changes: dict[str, str], events: tuple[str, ...], words: str
) -> None:
    provenance = replace(OURS, **changes)  # type: ignore[arg-type]  # all of them text
    found = with_provenance(provenance, subject=publication(events=events))
    assert found.state is Ladder.ATTESTED
    assert words in found.why


def test_packages_stand_apart_and_names_are_compared() -> None:
    both = publication(Auth.OIDC, "Lumen_Core", "lumen-extra")
    token = publication(Auth.TOKEN, "lumen.core")
    found = statuses(repository(both, token, seen=(evidence(release(), name="lumen-core"),)))
    assert [(s.package, s.state) for s in found] == [
        ("Lumen_Core", Ladder.MIXED), ("lumen-extra", Ladder.OIDC),
    ]  # fmt: skip
    assert found[0].publications == (both.key, token.key)
    assert "release 1.2.0" in found[0].why
    assert "was not asked of its index" in found[1].why


def test_what_is_not_on_the_ladder() -> None:
    assert statuses(repository(publication(registry=Registry.CONTAINER))) == ()
    assert statuses(repository(publication(channel=Channel.TEST))) == ()
    assert statuses(repository(publication(channel=Channel.PRIVATE))) == ()
    assert statuses(repository()) == ()
    names = {"container": ("lumen",), "no-registry": ("lumen",)}
    assert statuses(replace(repository(), package_names=names)) == ()


def test_a_publication_without_a_name() -> None:
    nameless = replace(publication(), packages=())
    found = status(repository(nameless, seen=()))
    assert (found.package, found.state) == ("", Ladder.OIDC)
    assert found.missing == "the package's name"
    linked = evidence(release(), links=(HOME,))
    states = {s.package: s.state for s in statuses(repository(nameless, seen=(linked,)))}
    assert states == {"": Ladder.OIDC, "lumen": Ladder.UNKNOWN}


def linked(*releases: Release, **changes: object) -> PackageStatus:
    seen = evidence(*releases, links=("https://lumen.example/", HOME))
    return status(repository(seen=(seen,), **changes))  # type: ignore[arg-type]  # see there


def test_released_by_hand() -> None:
    found = linked(release())
    assert (found.state, found.package, found.publications) == (Ladder.MANUAL, "lumen", ())
    assert linked(release(provenance=SILENT)).state is Ladder.MANUAL
    assert linked(release(provenance=SILENT)).missing == SILENT.reason
    assert linked(release(provenance=SILENT, attested=1)).state is Ladder.UNKNOWN
    assert linked().state is Ladder.NONE
    unseen = replace(evidence(links=(HOME,)), releases=SILENT)
    assert status(repository(seen=(unseen,))).state is Ladder.MANUAL


def test_released_by_a_workflow_that_was_not_recognised() -> None:
    assert linked(release(provenance=(OURS,))).state is Ladder.ATTESTED
    assert linked(release(provenance=(OURS,)), workflows=()).state is Ladder.UNKNOWN
    elsewhere = replace(OURS, repository="orchard-labs/tools")
    found = linked(release(provenance=(elsewhere,)))
    assert (found.state, "orchard-labs/tools" in found.why) == (Ladder.NONE, True)


def test_a_workflow_that_was_not_read_may_publish() -> None:
    gap = Gap(subject=".github/workflows/x.yml", reason=GapReason.INVALID, detail="x")
    found = linked(release(), gaps=(gap,))
    assert (found.state, found.missing) == (Ladder.UNKNOWN, ".github/workflows/x.yml")


def test_nothing_publishes() -> None:
    assert status(repository(names=("lumen",))).state is Ladder.NONE
    absent = replace(evidence(), exists=False)
    assert "does not know it" in status(repository(names=("lumen",), seen=(absent,))).why
    foreign = evidence(release(), links=("https://github.com/orchard-labs/lumen-two",))
    found = status(repository(names=("lumen",), seen=(foreign,)))
    assert (found.state, "does not link here" in found.why) == (Ladder.NONE, True)
    assert statuses(repository(seen=(foreign,))) == ()
    # A package by its own publication is not told a second time by its metadata or links.
    seen = evidence(release(), links=(HOME,))
    assert len(statuses(repository(publication(), names=("Lumen",), seen=(seen,)))) == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (HOME, True),
        ("https://www.github.com/orchard-labs/lumen/tree/main/python", True),
        ("http://github.com/orchard-labs/lumen#readme", True),
        ("https://github.com/orchard-labs", False),
        ("https://github.com/orchard-labs/lumen-two", False),
        ("https://github.com.evil.example/orchard-labs/lumen", False),
        ("https://gitlab.example/orchard-labs/lumen", False),
        ("https://[x", False),
    ],
)
def test_links_that_point_here(url: str, expected: bool) -> None:
    assert points_to(url, REF) is expected
