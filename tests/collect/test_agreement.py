"""A folder, a bare clone and GitHub give the same files of one repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from audits.collect.folder.collector import read_folder
from audits.collect.further_files import MOST_BYTES, MOST_SCRIPTS
from audits.collect.github.memory_cache import TransientMemory
from audits.model import code_owners
from audits.model.code_owners import PLACES
from audits.model.source import GapReason, RepositoryRef, Snapshot
from tests.collect.github.git_objects import Content, Link
from tests.collect.github.scanning import collector_of, connect, github_with, snapshots, world_of
from tests.collect.github.world import Repo

WORKFLOW = ".github/workflows/release.yml"
REF = RepositoryRef(owner="orchard-labs", name="lumen")
_HEAD = "on: push\njobs:\n  a:\n    permissions: {id-token: write}\n    steps:\n"


def steps(*lines: str) -> str:
    """A workflow whose job may ask for an identity, with these lines of steps."""
    return _HEAD + "".join(f"      {line}\n" for line in lines)


LAYOUTS: dict[str, tuple[dict[str, Content], set[str]]] = {
    "script": (
        {WORKFLOW: steps("- run: ./ci/ship.sh"), "ci/ship.sh": "ci/push.py\n", "ci/other.sh": ""},
        {"ci/ship.sh"},
    ),
    "script of a script": (
        {
            WORKFLOW: steps("- run: bash ci/ship.sh"),
            "ci/ship.sh": 'python "$(dirname "$0")/push.py"\n',
            "ci/push.py": "print()\n",
            "push.py": "print()\n",
        },
        {"ci/ship.sh", "ci/push.py", "push.py"},
    ),
    "package script": (
        {
            WORKFLOW: steps("- run: pnpm run ship"),
            "package.json": '{"scripts": {"ship": "node tools/release.mjs", "x": "node x.js"}}',
            "tools/release.mjs": "",
            "x.js": "",
            ".npmrc": "registry=x\n",
            "yarn.lock": "",
        },
        {"package.json", "tools/release.mjs", ".npmrc"},
    ),
    "files of mise's tasks": (
        {
            WORKFLOW: steps("- run: mise run --jobs=1 ship:all", "- run: mise r push"),
            "mise-tasks/ship/all": "uv publish\n",
            "mise-tasks/other": "",
            ".mise/tasks/push": "ci/last.sh\n",
            ".mise/tasks/other": "",
            "ci/last.sh": "",
        },
        {"mise-tasks/ship/all", ".mise/tasks/push", "ci/last.sh"},
    ),
    "files of mise's tasks beside its configuration": (
        {WORKFLOW: steps("- run: mise run push"), ".config/mise/tasks/push": "", ".config/x": ""},
        {".config/mise/tasks/push"},
    ),
    "packages that a build names": (
        {
            WORKFLOW: steps("- run: python -m build --sdist ./one && pip wheel 'packages/two'"),
            "one/pyproject.toml": "",
            "packages/two/pyproject.toml": "",
            "packages/three/pyproject.toml": "",
        },
        {"one/pyproject.toml", "packages/two/pyproject.toml"},
    ),
    "packages that a build works in": (
        {
            WORKFLOW: steps("- run: |\n    cd packages/one\n    python -m build"),
            "packages/one/pyproject.toml": "",
            "packages/two/pyproject.toml": "",
        },
        {"packages/one/pyproject.toml"},
    ),
    "packages that a loop builds": (
        {
            WORKFLOW: steps("- run: for p in packages/*; do python -m build $p; done"),
            "packages/one/pyproject.toml": "",
            "packages/two/pyproject.toml": "",
            "more/tools/pyproject.toml": "",
        },
        {"packages/one/pyproject.toml", "packages/two/pyproject.toml"},
    ),
    "packages of options and other registries": (
        {
            WORKFLOW: steps(
                "- run: |\n    flit -f one/pyproject.toml publish\n    pdm publish -p two\n"
                "    cd three && gem build lumen.gemspec"
            ),
            "one/pyproject.toml": "",
            "two/pyproject.toml": "",
            "three/lumen.gemspec": "",
            "four/lumen-four.gemspec": "",
        },
        {"one/pyproject.toml", "two/pyproject.toml", "three/lumen.gemspec"},
    ),
    "code owners": (
        {WORKFLOW: steps(), ".github/CODEOWNERS": "* @a\n", "docs/CODEOWNERS": "* @b\n"},
        {".github/CODEOWNERS"},
    ),
    "code owners beside the documents": (
        {WORKFLOW: steps(), "docs/CODEOWNERS": "* @b\n", "src/CODEOWNERS": "* @c\n"},
        {"docs/CODEOWNERS"},
    ),
    "workspaces": (
        {
            WORKFLOW: steps("- run: npm publish --workspaces"),
            "package.json": '{"workspaces": ["libs/*", "app"]}',
            "libs/a/package.json": '{"name": "a"}',
            "libs/b/package.json": '{"name": "b"}',
            "libs/README.md": "",
            "app/package.json": '{"name": "app"}',
            "other/package.json": '{"name": "other"}',
        },
        {"package.json", "libs/a/package.json", "libs/b/package.json", "app/package.json"},
    ),
    "pnpm workspace": (
        {
            WORKFLOW: steps("- run: pnpm -r publish"),
            "pnpm-workspace.yaml": "packages:\n  - 'libs/**'\n  - '!**/test/**'\ncatalog:\n  - x\n",
            "package.json": "{}",
            "libs/a/package.json": '{"name": "a"}',
        },
        {"package.json", "pnpm-workspace.yaml", "libs/a/package.json"},
    ),
    "crates": (
        {
            WORKFLOW: steps("- run: cargo publish -p a"),
            "Cargo.toml": '[workspace]\nmembers = ["crates/*", "cli"]\n',
            "crates/a/Cargo.toml": '[package]\nname = "a"\n',
            "cli/Cargo.toml": '[package]\nname = "cli"\n',
        },
        {"Cargo.toml", "crates/a/Cargo.toml", "cli/Cargo.toml"},
    ),
    "make in a folder": (
        {
            WORKFLOW: steps("- run: make ship", "  working-directory: py"),
            "py/Makefile": "ship:\n\t./ship.sh\n",
            "py/ship.sh": "uv publish\n",
            "py/pyproject.toml": "[project]\nname='py'\n",
            "Makefile": "x:\n",
        },
        {"py/Makefile", "py/ship.sh", "py/pyproject.toml", "Makefile"},
    ),
    "matrix": (
        {
            WORKFLOW: steps(
                "- uses: x/y@v1",
                "  with: {packages-dir: 'libs/${{ matrix.p }}/dist'}",
                "- run: uv build",
            ),
            "libs/a/pyproject.toml": "[project]\nname='a'\n",
            "libs/b/pyproject.toml": "[project]\nname='b'\n",
        },
        {"libs/a/pyproject.toml", "libs/b/pyproject.toml"},
    ),
    "projects of .NET": (
        {
            WORKFLOW: steps("- run: dotnet nuget push x.nupkg"),
            "src/Wick/Wick.csproj": "<Project/>",
            "nuget.config": "<configuration/>",
            "Top.csproj": "<Project/>",
        },
        {"nuget.config", "Top.csproj", "src/Wick/Wick.csproj"},
    ),
    "build files": (
        {
            WORKFLOW: steps("- run: cargo publish && mvn deploy"),
            "Cargo.toml": '[package]\nname = "a"\n',
            ".cargo/config.toml": "",
            "pom.xml": "<project/>",
            "build.gradle": "",
        },
        {"Cargo.toml", ".cargo/config.toml", "pom.xml"},
    ),
    "action": (
        {
            WORKFLOW: steps("- uses: ./tools/ship"),
            "tools/ship/action.yml": "inputs: {secrets: {}}\nruns:\n  using: composite\n  steps:\n"
            "    - run: ${{ github.action_path }}/ship.sh\n",
            "tools/ship/ship.sh": "uv publish\n",
        },
        {"tools/ship/action.yml", "tools/ship/ship.sh"},
    ),
    "workspaces of which nothing publishes": (
        {
            WORKFLOW: "on: push\njobs:\n  a:\n    steps:\n      - run: npm test\n",
            "package.json": '{"private": true, "workspaces": ["libs/*"]}',
            "libs/a/package.json": '{"name": "a"}',
            "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n',
            "crates/b/Cargo.toml": '[package]\nname = "b"\n',
        },
        {"package.json", "libs/a/package.json", "Cargo.toml", "crates/b/Cargo.toml"},
    ),
    "the Dockerfile of an action": (
        {
            WORKFLOW: steps(
                "- uses: docker/build-push-action@v6",
                "  with: {file: images/ship/Dockerfile.release}",
                "- uses: docker/build-push-action@v6",
                "  with:",
                "    context: tools",
            ),
            "images/ship/Dockerfile.release": "FROM x\n",
            "tools/Dockerfile": "FROM x\n",
            "other/Dockerfile": "FROM x\n",
        },
        {"images/ship/Dockerfile.release", "tools/Dockerfile"},
    ),
    "nothing to publish with": (
        {WORKFLOW: "on: push\njobs:\n  a:\n    steps:\n      - run: ./ci/x.sh\n", "ci/x.sh": ""},
        set(),
    ),
    "paths out of the tree": (
        {
            WORKFLOW: steps("- run: ../x.sh && /etc/x.sh && ./a/../../x.sh", "- run: ./a/b.sh"),
            "a/b.sh": "",
        },
        {"a/b.sh"},
    ),
    "more than are read": (
        {
            WORKFLOW: steps(*(f"- run: ci/s{n:02}.sh" for n in range(60)), "- run: ci/ship.sh"),
            **{f"ci/s{n:02}.sh": "" for n in range(60)},
            "ci/ship.sh": "",
        },
        {"ci/ship.sh", *(f"ci/s{n:02}.sh" for n in range(MOST_SCRIPTS - 1))},
    ),
}


def _git(path: Path, *words: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@pebble.example")
    subprocess.run(["git", *identity, "-C", str(path), *words], check=True, capture_output=True)


def _on_disk(files: dict[str, Content], path: Path) -> Path:
    for name, content in files.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            place.symlink_to(content.target)
        else:
            assert isinstance(content, str)
            place.write_text(content, encoding="utf-8")
    return path


def _all_three(files: dict[str, Content], tmp_path: Path) -> dict[str, Snapshot]:
    checkout = _on_disk(files, tmp_path / "lumen")
    _git(checkout, "init", "-q", "-b", "main")
    _git(checkout, "add", "-A")
    _git(checkout, "commit", "-q", "-m", "x")
    bare = tmp_path / "bare.git"
    _git(tmp_path, "clone", "-q", "--bare", f"file://{checkout}", str(bare))
    with github_with(world_of(Repo("lumen", files))) as github:
        remote = snapshots(collector_of(connect(github)))["lumen"]
    return {"folder": read_folder(checkout, REF), "git": read_folder(bare, REF), "GitHub": remote}


def _read(snapshot: Snapshot) -> set[str]:
    return {file.path for file in snapshot.files}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_same_files(name: str, tmp_path: Path) -> None:
    files, wanted = LAYOUTS[name]
    found = _all_three(files, tmp_path)
    assert {where: _read(s) - {WORKFLOW} for where, s in found.items()} == dict.fromkeys(
        found, wanted
    )
    assert all(s.gaps == () and s.unread == () for s in found.values())


def test_what_cannot_be_read_is_no_gap_yet(tmp_path: Path) -> None:
    files: dict[str, Content] = {
        WORKFLOW: steps("- run: ci/long.sh", "- run: ci/fine.sh"),
        "ci/long.sh": "#" * (MOST_BYTES + 1),
        "ci/fine.sh": "",
    }
    for where, snapshot in _all_three(files, tmp_path).items():
        assert snapshot.gaps == (), where
        assert [(g.subject, g.reason) for g in snapshot.unread] == [
            ("ci/long.sh", GapReason.TOO_LARGE)
        ]
        assert _read(snapshot) == {WORKFLOW, "ci/fine.sh"}


@pytest.mark.parametrize("place", PLACES)
def test_code_owners_that_are_too_long_are_an_optional_gap(place: str, tmp_path: Path) -> None:
    files: dict[str, Content] = {WORKFLOW: steps(), place: "#" * (code_owners.MOST_BYTES + 1)}
    for where, snapshot in _all_three(files, tmp_path).items():
        found = [(g.subject, g.reason, g.optional) for g in snapshot.gaps]
        assert found == [(place, GapReason.TOO_LARGE, True)], where
        assert _read(snapshot) == {WORKFLOW}


def test_a_second_scan_asks_for_nothing(tmp_path: Path) -> None:
    repos = [Repo(f"r{n}", files) for n, (files, _) in enumerate(LAYOUTS.values())]
    memory = TransientMemory()
    with github_with(world_of(*repos)) as github:
        first = snapshots(collector_of(connect(github), memory))
        github.forget()
        second = snapshots(collector_of(connect(github), memory))
        assert github.count("graphql") == 1
    assert {n: _read(s) for n, s in first.items()} == {n: _read(s) for n, s in second.items()}
