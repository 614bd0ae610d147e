"""Which files of a repository reach its snapshot, and what becomes of odd ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from audits.collect.folder.collector import FolderCollector
from audits.collect.github.collector import Choice
from audits.model.source import GapReason
from tests.collect.github.generate import organization
from tests.collect.github.git_objects import Content, Link, Submodule
from tests.collect.github.scanning import (
    collector_of,
    connect,
    github_with,
    snapshots,
    texts,
    world_of,
)
from tests.collect.github.world import Repo, World

WORKFLOW = ".github/workflows/release.yml"


def test_reads_what_is_wanted_and_nothing_else() -> None:
    files: dict[str, Content] = {
        WORKFLOW: "on: push\r\n",
        "README.md": "#",
        "pyproject.toml": "[project]\n",
        "lumen.gemspec": "x",
        "core/pyproject.toml": "[project]\nname='core'\n",
        "docs/pyproject.toml": "not a package",
        ".github/CODEOWNERS": "* @wick",
        ".github/dependabot.yml": "version: 2\n",
        ".github/workflows/note.md": "x",
        ".github/actions/a/action.yml": "name: a\n",
        ".github/actions/b/c/action.yaml": "name: c\n",
        ".github/workflows/actions.lock": "{}\n",
        "renovate.json": "{}",
        "src/action.yml": "no",
    }
    world = world_of(Repo("lumen", files, topics=("python", "grove")))
    with github_with(world) as github:
        found = snapshots(collector_of(connect(github)))["lumen"]
    unwanted = {
        "README.md",
        "docs/pyproject.toml",
        ".github/workflows/note.md",
        "src/action.yml",
    }
    assert texts(found) == {path: text for path, text in files.items() if path not in unwanted}
    assert found.topics == ("python", "grove")
    assert found.branch == "main"
    repo = world.owners[0].repos[0]
    assert repo.head is not None
    assert found.commit == repo.head.oid
    assert found.committed_at is not None
    assert found.database_id == repo.number
    assert found.gaps == ()


def test_local_actions_are_followed_wherever_they_are() -> None:
    files: dict[str, Content] = {
        WORKFLOW: "jobs:\n  a:\n    steps:\n      - uses: ./tools/first\n      - uses: ./gone\n",
        "tools/first/action.yaml": "runs:\n  steps:\n    - uses: $/tools/second\n",
        "tools/second/action.yml": "runs:\n  steps:\n    - uses: ./\n",
        "action.yml": "name: root\n",
    }
    with github_with(world_of(Repo("lumen", files))) as github:
        found = snapshots(collector_of(connect(github)))["lumen"]
    assert texts(found) == files


def test_same_owner_callees_are_read_at_their_ref() -> None:
    shared = "on: workflow_call\njobs:\n  a:\n    uses: ./.github/workflows/inner.yml\n"
    pipelines = Repo(
        "pipelines",
        {".github/workflows/outer.yml": shared, ".github/workflows/inner.yml": "v: 1\n"},
    )
    pipelines.tag("v1", annotated=True)
    pipelines.commit(
        {".github/workflows/outer.yml": "changed since\n", "setup/action.yml": "name: s\n"}, "2"
    )
    assert pipelines.head is not None
    outer = "orchard-labs/pipelines/.github/workflows/outer.yml@v1"
    action = f"Orchard-Labs/pipelines/setup@{pipelines.head.oid}"
    text = (
        f"jobs:\n  a:\n    uses: {outer}\n  b:\n    steps:\n      - uses: {action}\n"
        "      - uses: orchard-labs/pipelines/setup@v1\n      - uses: other/pipelines/setup@v1\n"
    )
    with github_with(world_of(Repo("lumen", {WORKFLOW: text}), pipelines)) as github:
        found = snapshots(collector_of(connect(github)))["lumen"]
    assert {key: file.text for key, file in found.remote_files.items()} == {
        outer: shared,
        "orchard-labs/pipelines/.github/workflows/inner.yml@v1": "v: 1\n",
        action: "name: s\n",
    }
    assert found.remote_files[action].path == "setup/action.yml"
    assert [g.subject for g in found.gaps] == ["orchard-labs/pipelines/setup@v1"]
    assert found.gaps[0].reason is GapReason.NOT_FOUND


def test_odd_entries_become_gaps_and_lose_nothing_else() -> None:
    long = "# " + "é" * 300_000 + "\n"
    files: dict[str, Content] = {
        WORKFLOW: "on: push\n",
        ".github/workflows/link.yml": Link("release.yml"),
        ".github/workflows/latin.yml": "name: caf\xe9\n".encode("latin-1"),
        ".github/workflows/binary.yml": b"\0\1\2",
        ".github/workflows/long.yml": long,
        ".github/workflows/huge.yml": "#" * (2 * 1024 * 1024 + 1),
        ".github/workflows/bom.yml": "\ufeffon: push\n",
        ".github/actions": Submodule(),
        "setup.py": "",
        "package.json": Submodule(),
    }
    with github_with(world_of(Repo("lumen", files))) as github:
        found = snapshots(collector_of(connect(github)))["lumen"]
    assert {g.subject: g.reason for g in found.gaps} == {
        ".github/workflows/link.yml": GapReason.UNSUPPORTED,
        ".github/workflows/latin.yml": GapReason.INVALID,
        ".github/workflows/binary.yml": GapReason.INVALID,
        ".github/workflows/huge.yml": GapReason.TOO_LARGE,
        ".github/actions": GapReason.UNSUPPORTED,
        "package.json": GapReason.UNSUPPORTED,
    }
    assert texts(found) == {
        WORKFLOW: "on: push\n",
        ".github/workflows/long.yml": long,
        "setup.py": "",
        ".github/workflows/bom.yml": "\ufeffon: push\n",
    }


def test_states_of_repositories() -> None:
    world = world_of(
        Repo(".github", {WORKFLOW: "on: push\n"}),
        Repo("empty", empty=True),
        Repo("disabled", {WORKFLOW: "x"}, disabled=True),
        Repo("old", {WORKFLOW: "x"}, archived=True),
        Repo("forked", {WORKFLOW: "x"}, fork=True),
        Repo("secret", {WORKFLOW: "x"}, private=True),
    )
    with github_with(world) as github:
        found = snapshots(collector_of(connect(github)))
        narrow = snapshots(collector_of(connect(github), choice=Choice(archived=False, forks=True)))
    assert set(found) == {".github", "empty", "disabled", "old", "secret"}
    assert set(narrow) == {".github", "empty", "disabled", "forked", "secret"}
    assert found["old"].archived
    assert found["empty"].gaps == ()
    assert found["empty"].commit == ""
    assert [g.reason for g in found["disabled"].gaps] == [GapReason.FORBIDDEN]


def test_a_token_without_contents_sees_a_gap_and_no_empty_repository() -> None:
    with github_with(world_of(Repo("lumen", {WORKFLOW: "x"}))) as github:
        github.tokens[next(iter(github.tokens))].refused = frozenset({"contents"})
        found = snapshots(collector_of(connect(github)))["lumen"]
    assert [(g.subject, g.permission) for g in found.gaps] == [("files", "Contents: read")]


def test_equal_texts_are_fetched_once() -> None:
    repos = [Repo(f"lumen-{i}", {WORKFLOW: "on: push\n"}) for i in range(30)]
    asked: list[str] = []
    with github_with(world_of(*repos)) as github:
        github.faults.before = lambda _, content: asked.append(content)
        found = snapshots(collector_of(connect(github)))
    assert all(texts(s) == {WORKFLOW: "on: push\n"} for s in found.values())
    assert sum(content.count("t0: object(oid") for content in asked) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_files_as_from_a_folder(tmp_path: Path, seed: int) -> None:
    owner, others = organization(60, seed=seed)
    for repo in owner.repos:
        root = tmp_path / owner.login / repo.name
        (root / ".github").mkdir(parents=True)
        for path, content in repo.files.items():
            if isinstance(content, (str, bytes)) and not repo.disabled:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content.encode() if isinstance(content, str) else content)
    on_disk = {s.ref.name: s for s in FolderCollector(folder=tmp_path / owner.login).snapshots()}
    with github_with(World([owner, others])) as github:
        found = snapshots(collector_of(connect(github), choice=Choice(forks=True)))
    assert set(found) == set(on_disk)
    for name, snapshot in found.items():
        assert {(f.path, f.oid, f.text) for f in snapshot.files} == {
            (f.path, f.oid, f.text) for f in on_disk[name].files
        }, name
