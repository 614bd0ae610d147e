"""Whether a workflow has changed since the release that was attested for it, on GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.collect.github.many_owners import ManyOwners
from audits.model.evidence import FileThen, ReleasedFile
from audits.model.source import SourceFile
from tests.cli.github_world import OWNER, Scans, package, scanning
from tests.collect.github.scanning import connect, github_with, world_of
from tests.collect.github.world import Repo
from tests.collect.index.objects import Run
from tests.scoring.test_score import LESSON

PATH = ".github/workflows/release.yml"
NAMES = ("lumen", "moss", "tidepool")


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[Scans]:
    """Three packages, each released from the commit that is the newest here."""
    repos = [Repo(name, package(name, LESSON)) for name in NAMES]
    with scanning(world_of(*repos), tmp_path) as made:
        for repo in repos:
            assert repo.head is not None
            release(made, repo, repo.head.oid)
        yield made


def release(scans: Scans, repo: Repo, commit: str, event: str = "release") -> None:
    """Serve the package's one release, attested at a commit of its repository."""
    run = Run(
        repository=f"{OWNER}/{repo.name}",
        commit=commit,
        repository_id=str(repo.number),
        event=event,
    )
    files = [scans.index.release(repo.name, "1.2.0", 4, run)]
    scans.index.project(repo.name, files, versions=["1.2.0"])
    scans.index.metadata(repo.name, "1.2.0", {})


def repo(scans: Scans, name: str) -> Repo:
    return next(r for r in scans.github.world.repositories() if r.name == name)


def commit_of(scans: Scans, name: str) -> str:
    head = repo(scans, name).head
    assert head is not None
    return head.oid


def states(scans: Scans) -> dict[str, tuple[str, str]]:
    scans.run()
    return {row.package: (row.state, row.why) for row in scans.store.packages(owner=OWNER)}


def test_a_workflow_as_it_was_released_is_attested(scans: Scans) -> None:
    assert {state for state, _ in states(scans).values()} == {"attested"}
    assert scans.github.by_kind()["Released"] == 1


def test_a_workflow_that_changed_since_is_to_be_proven_again(scans: Scans) -> None:
    states(scans)
    then = commit_of(scans, "lumen")
    repo(scans, "lumen").change(PATH, LESSON + "# changed\n")
    repo(scans, "moss").change("README.md", "changed\n")
    scans.github.forget()
    found = states(scans)
    assert set(scans.audited) == {"lumen", "moss"}
    state, why = found["lumen"]
    assert (
        state,
        why.endswith(f"that file has changed since the release's commit {then[:7]}."),
    ) == (
        "oidc",
        True,
    )
    assert [found[name][0] for name in ("moss", "tidepool")] == ["attested", "attested"]
    assert scans.github.by_kind()["Released"] == 1


def test_a_commit_that_is_gone_proves_no_change(scans: Scans) -> None:
    release(scans, repo(scans, "lumen"), "d" * 40)
    state, why = states(scans)["lumen"]
    assert state == "attested"
    assert "the release's commit ddddddd is not in the history that was read" in why


def test_a_workflow_that_was_renamed_since_is_reported(scans: Scans) -> None:
    renamed = repo(scans, "lumen")
    then = commit_of(scans, "lumen")
    files = dict(renamed.files)
    files[".github/workflows/publish.yml"] = files.pop(PATH)
    renamed.commit(files, "rename")
    state, why = states(scans)["lumen"]
    assert state == "oidc"
    assert why.endswith(
        f"release 1.2.0 is attested for release.yml, which was there at the release's commit {then[:7]} and "
        "is not here today: it was renamed or removed since; the workflow that publishes today is "
        "publish.yml; the next release fails unless a trusted publisher is registered for "
        "publish.yml."
    )


def test_the_event_is_held_against_the_workflow_as_it_was(scans: Scans) -> None:
    for name in ("lumen", "moss"):
        changed = repo(scans, name)
        changed.change(PATH, LESSON.replace("on:", "on:\n  schedule: [{cron: '0 4 * * 1'}]", 1))
        release(scans, changed, commit_of(scans, name), event="schedule")
    repo(scans, "lumen").change(PATH, LESSON)
    release(scans, repo(scans, "tidepool"), commit_of(scans, "tidepool"), event="schedule")
    found = states(scans)
    assert "schedule" not in found["lumen"][1], "it was started by it then, and is not today"
    assert "has changed since" in found["lumen"][1]
    assert found["moss"][1].endswith(
        f"that file is as it was at the release's commit {commit_of(scans, 'moss')[:7]}."
    )
    assert "by the event schedule, which it did not name" in found["tidepool"][1]


def test_nothing_attested_asks_nothing(tmp_path: Path) -> None:
    with scanning(world_of(Repo("lumen", package("lumen", LESSON))), tmp_path) as made:
        made.run()
        assert made.github.by_kind()["Released"] == 0


def test_what_could_not_be_asked_is_a_gap_and_asked_again(scans: Scans) -> None:
    changed = repo(scans, "lumen")
    changed.change(PATH, LESSON + "# changed\n")
    scans.github.faults.too_heavy = lambda query, _: "query Released" in query
    assert {state for state, _ in states(scans).values()} == {"attested"}
    missed = {gap.subject for gap in scans.store.gaps(owner=OWNER) if f"{PATH}@" in gap.subject}
    assert len(missed) == len(NAMES)
    scans.github.faults.too_heavy = None
    assert states(scans)["lumen"][0] == "oidc"
    assert set(scans.audited) == set(NAMES)
    assert not [gap for gap in scans.store.gaps(owner=OWNER) if f"{PATH}@" in gap.subject]


def test_files_of_a_list_are_asked_of_their_owners() -> None:
    lumen = Repo("lumen", package("lumen", LESSON))
    assert lumen.head is not None
    then, now = lumen.head, lumen.change(PATH, LESSON + "# changed\n")
    today = SourceFile.of(PATH, (LESSON + "# changed\n").encode()).oid
    files = [
        ReleasedFile(slug=f"{OWNER}/lumen", commit=commit, path=path, today=today)
        for commit in (then.oid, now.oid)
        for path in (PATH, ".github/workflows")
    ]
    lost = ReleasedFile(slug=f"{OWNER}/lumen", commit="d" * 40, path=PATH, today=today)
    other = ReleasedFile(slug="lanterns/wick", commit=then.oid, path=PATH)
    with github_with(world_of(lumen)) as github:
        collector = ManyOwners([f"{OWNER}/lumen"], connect(github))
        texts = {f.path: f.oid for s in collector.snapshots() for f in s.files}
        found = collector.released([*files, lost, other])
    assert found == {
        files[0]: FileThen(oid=SourceFile.of(PATH, LESSON.encode()).oid, text=LESSON),
        files[1]: FileThen(),
        files[2]: FileThen(oid=texts[PATH]),
        files[3]: FileThen(),
        lost: FileThen(commit_known=False),
    }
