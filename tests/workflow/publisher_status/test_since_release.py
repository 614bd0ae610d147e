"""A release held against the workflow at its certificate's commit: each outcome, in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.analysis.release_provenance import FileChange, entry_path, since
from audits.model.evidence import FileThen, Provenance
from audits.model.publication import Auth, Publication
from audits.model.score import Ladder, PackageStatus
from audits.model.source import SourceFile
from tests.workflow.publisher_status.parts import (
    COMMIT,
    OURS,
    PATH,
    evidence,
    publication,
    release,
    repository,
    status,
)

TEXT = "name: x\n"
TODAY = SourceFile.of(PATH, TEXT.encode()).oid
SAME = FileThen(oid=TODAY)
OTHER = FileThen(oid="0" * 40, text="on: release\n")
UNREADABLE = FileThen(oid="0" * 40)
NEVER = FileThen()
LOST = FileThen(commit_known=False)
OLD = ".github/workflows/old.yml"
STEM = "The workflow uploads with a trusted publisher; release 1.2.0 is attested for "
NEXT = "; the next release fails unless a trusted publisher is registered for "
TODAYS = f"; the workflow that publishes today is release.yml{NEXT}release.yml."


def held(
    *publications: Publication,
    provenance: tuple[Provenance, ...] = (OURS,),
    then: FileThen | None = None,
    path: str = PATH,
    workflows: tuple[str, ...] = (PATH,),
) -> PackageStatus:
    """The status of a package whose release is held against a file of the release's commit."""
    seen = (evidence(release(provenance=provenance)),)
    subject = repository(*(publications or (publication(),)), seen=seen, workflows=workflows)
    known = {} if then is None else {(COMMIT, path): then}
    return status(replace(subject, released=known))


@pytest.mark.parametrize(
    ("then", "state", "words"),
    [
        (
            SAME,
            Ladder.ATTESTED,
            "release.yml; that file is as it was at the release's commit ccccccc.",
        ),
        (
            FileThen(oid="1" * 40, text="name: x\r\n"),
            Ladder.ATTESTED,
            "release.yml; that file is as it was at the release's commit ccccccc.",
        ),
        (
            OTHER,
            Ladder.OIDC,
            "release.yml; that file has changed since the release's commit ccccccc.",
        ),
        (
            UNREADABLE,
            Ladder.OIDC,
            "release.yml; that file has changed since the release's commit ccccccc.",
        ),
        (
            NEVER,
            Ladder.OIDC,
            "release.yml; the release's commit ccccccc has no such file to compare with.",
        ),
        (
            LOST,
            Ladder.ATTESTED,
            "release.yml; the release's commit ccccccc is not in the history that was read, so whether that file has "
            "changed since is not known.",
        ),
        (None, Ladder.ATTESTED, "release.yml; whether that file has changed since was not seen."),
    ],
)
def test_the_workflow_that_publishes_today(
    then: FileThen | None, state: Ladder, words: str
) -> None:
    found = held(then=then)
    assert (found.state, found.why) == (state, STEM + words)
    compared = then in {SAME, OTHER, UNREADABLE, NEVER} or (then and then.text)
    assert bool(found.missing) is not bool(compared)


def test_evidence_without_a_commit() -> None:
    found = held(provenance=(replace(OURS, commit=""),))
    assert found.why.endswith(
        "the evidence names no commit, so whether that file has changed since is not known."
    )


@pytest.mark.parametrize(
    ("then", "here", "words"),
    [
        (SAME, True, "which is still here beside release.yml, as it was then"),
        (OTHER, True, "which is still here beside release.yml, changed since"),
        (LOST, True, "which is still here beside release.yml"),
        (None, True, "which is still here beside release.yml"),
        (
            OTHER,
            False,
            "which was there at the release's commit ccccccc and is not here today: it was "
            "renamed or removed since",
        ),
        (NEVER, False, "which neither the release's commit ccccccc nor today's files have"),
        (LOST, False, "which is not here today, and neither is the release's commit ccccccc"),
        (None, False, "which is not here today"),
    ],
)
def test_another_workflow_of_this_repository(then: FileThen | None, here: bool, words: str) -> None:
    old = replace(OURS, workflow="old.yml")
    found = held(provenance=(old,), then=then, path=OLD, workflows=(PATH, OLD) if here else (PATH,))
    assert (found.state, found.why) == (Ladder.OIDC, f"{STEM}old.yml, {words}{TODAYS}")


@pytest.mark.parametrize("auth", [Auth.TOKEN, Auth.MIXED, Auth.UNKNOWN])
def test_what_needs_no_publisher_does_not_fail(auth: Auth) -> None:
    found = held(publication(auth), provenance=(replace(OURS, workflow="old.yml"),))
    assert "the workflow that publishes today is release.yml" in found.why
    assert "fails" not in found.why


@pytest.mark.parametrize(
    ("today", "then", "words"),
    [
        (
            "release",
            OTHER,
            f"the job names release today, as the file has changed since{NEXT}the environment release.",
        ),
        (
            "release",
            SAME,
            "the job names release today, though that file is as it was then"
            f"{NEXT}the environment release.",
        ),
        ("release", LOST, f"the job names release today{NEXT}the environment release."),
        ("", None, f"the job names none today{NEXT}jobs without an environment."),
    ],
)
def test_another_environment(today: str, then: FileThen | None, words: str) -> None:
    found = held(publication(environment=today), then=then)
    assert found.state is Ladder.OIDC
    assert found.why == f"{STEM}release.yml with the environment PyPI, and {words}"


def test_files_of_one_release_by_several_workflows() -> None:
    both = (OURS, replace(OURS, workflow="wheels.yml"))
    found = held(provenance=both, then=SAME)
    assert (
        found.state,
        "is attested for wheels.yml, and in other files for release.yml, " in found.why,
    ) == (Ladder.OIDC, True)
    called = publication(publisher=(PATH, ".github/workflows/wheels.yml"))
    found = held(called, provenance=both, then=SAME)
    assert found.state is Ladder.ATTESTED
    assert "attested for release.yml, and in other files for wheels.yml;" in found.why


def test_files_that_are_not_attested_are_counted() -> None:
    latest = replace(release(provenance=(OURS,), attested=2), files=5)
    found = status(repository(publication(), seen=(evidence(latest),)))
    assert "release 1.2.0 is attested in 2 of its 5 files for release.yml" in found.why


def test_no_publication_and_a_workflow_that_is_gone() -> None:
    home = "https://github.com/orchard-labs/lumen"
    seen = (evidence(release(provenance=(replace(OURS, workflow="old.yml"),)), links=(home,)),)
    found = status(
        replace(repository(seen=seen, names=("lumen",)), released={(COMMIT, OLD): OTHER})
    )
    assert found.state is Ladder.UNKNOWN
    assert found.why == (
        "No publication was recognised, yet release 1.2.0 is attested for old.yml, which was there "
        "at the release's commit ccccccc and is not here today: it was renamed or removed since."
    )


def test_the_caller_is_what_an_event_starts() -> None:
    caller = ".github/workflows/caller.yml"
    address = f"https://github.com/Orchard-Labs/Lumen/{caller}@refs/tags/v1"
    called = replace(OURS, build_config=address, event="schedule")
    assert entry_path(called) == caller
    assert entry_path(replace(called, build_config=address.replace("Lumen", "other"))) == ""
    subject = replace(
        repository(publication(), seen=(evidence(release(provenance=(called,))),)),
        released={
            (COMMIT, PATH): FileThen(oid="1" * 40, text="on: workflow_call\n"),
            (COMMIT, caller): FileThen(
                oid="2" * 40, text="on: {schedule: [{cron: '1 1 * * 1'}]}\n"
            ),
        },
    )
    assert "schedule" not in status(subject).why
    assert since(subject, called, caller) is FileChange.GONE
    other = replace(called, event="push")
    again = replace(subject, index={("pypi", "lumen"): evidence(release(provenance=(other,)))})
    assert "by the event push, which it did not name" in status(again).why


@pytest.mark.parametrize("text", ["on: [push\n", "", "on: workflow_call\n"])
def test_a_workflow_without_a_known_event_is_compared_with_the_usual_one(text: str) -> None:
    then = FileThen(oid="1" * 40, text=text)
    assert "by the event" not in held(then=then).why
    odd = held(provenance=(replace(OURS, event="schedule"),), then=then)
    assert "by the event schedule, which is not expected" in odd.why
