"""``release-audit fix --online``: pins by what GitHub says of refs today, and the lock file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import write
from tests.cli.github_world import Cli, command_line
from tests.cli.runner import Ran, release_audit
from tests.cli.test_fix import BUILDING, METADATA, PUBLISH
from tests.collect.github.world import Owner, Repo, World
from tests.collect.registry import DIGEST, Registry, serving

OTHER = ".github/workflows/lint.yml"
PUBLISH_IN = """on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    container: {image}
    steps:
      - run: twine upload dist/*
"""
LINT = """name: Lint
on: push
permissions: {}
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: kestrel-ci/paint/brush@main
"""


def action(name: str, *tags: str, later: bool = False) -> Repo:
    """An action whose commit has these tags, and perhaps a later commit that has none."""
    made = Repo(name, {"action.yml": "name: x\nruns: {using: node24, main: x.js}\n"})
    made.commit(made.files, "one")
    for tag in tags:
        made.tag(tag)
    if later:
        made.commit({**made.files, "README.md": "more"}, "two")
    return made


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    checkout = action("checkout", "v4", "v4.3.0")
    actions = [
        checkout,
        action("upload-artifact", "v4", "v4.6.2"),
        action("download-artifact", "v4"),
    ]
    kestrel = Owner("kestrel-ci", repos=[action("paint", "v1.0.0", later=True)])
    world = World([Owner("actions", repos=actions), kestrel])
    with command_line(world, tmp_path) as made:
        yield made


def fixed(cli: Cli, root: Path | str, *words: str, **environment: str) -> Ran:
    options = ("--online", "--no-engine", "--allow-gaps", "--index-url", cli.index.simple)
    where = ("--api-url", cli.github.url, "--host", "github.com", "--as-of", "2026-11-29")
    return release_audit(
        "fix", str(root), *options, *where, *words, **(cli.environment | environment)
    )


def commit_of(cli: Cli, name: str) -> str:
    repos = [repo for repo in cli.github.world.repositories() if repo.name == name]
    commit = repos[0].head
    assert commit is not None
    return commit.oid


def test_tags_are_pinned_to_their_commit_with_the_full_version(cli: Cli, tmp_path: Path) -> None:
    root = write(tmp_path / "tidepool", {PUBLISH: BUILDING, "pyproject.toml": METADATA})
    ran = fixed(cli, root, "--write")
    text = (root / PUBLISH).read_text()
    assert f"actions/checkout@{commit_of(cli, 'checkout')} # v4.3.0\n" in text, ran.err
    assert f"actions/download-artifact@{commit_of(cli, 'download-artifact')} # v4\n" in text
    assert "persist-credentials: false" in text
    assert fixed(cli, root, "--diff").out.count("+") == 0


def test_all_workflows_are_pinned_and_a_branch_without_a_version_is_left(
    cli: Cli, tmp_path: Path
) -> None:
    files = {PUBLISH: BUILDING, OTHER: LINT, "pyproject.toml": METADATA}
    root = write(tmp_path / "tidepool", files)
    fixed(cli, root, "--write")
    assert (root / OTHER).read_text() == LINT
    ran = fixed(cli, root, "--write", "--all", "--unsafe")
    text = (root / OTHER).read_text()
    assert f"actions/checkout@{commit_of(cli, 'checkout')} # v4.3.0\n" in text
    assert "kestrel-ci/paint/brush@main\n" in text
    assert "No version names the commit of `main`" in ran.out


def test_a_workflow_of_the_lock_file_keeps_its_actions(cli: Cli, tmp_path: Path) -> None:
    lock = (
        "version: 'v0.0.3'\nworkflows:\n  '.github/workflows/publish.yml':\n"
        "    - 'actions/checkout@v4'\ndependencies: {}\n"
    )
    files = {
        PUBLISH: BUILDING,
        ".github/workflows/actions.lock": lock,
        "pyproject.toml": METADATA,
    }
    root = write(tmp_path / "tidepool", files)
    ran = fixed(cli, root, "--write")
    text = (root / PUBLISH).read_text()
    assert "uses: actions/checkout@v4\n" in text
    assert "persist-credentials: false" in text
    assert "lock file" in ran.out


def test_without_a_token_it_says_so_and_makes_the_rest(cli: Cli, tmp_path: Path) -> None:
    root = write(tmp_path / "tidepool", {PUBLISH: BUILDING, "pyproject.toml": METADATA})
    ran = fixed(cli, root, "--write", RELEASE_AUDIT_TOKEN="", GITHUB_TOKEN="", GH_TOKEN="")
    assert ran.code == 0
    assert "without a token" in ran.err
    text = (root / PUBLISH).read_text()
    assert "uses: actions/checkout@v4\n" in text
    assert "persist-credentials: false" in text


def test_images_get_the_digest_of_their_tag_and_keep_the_tag(cli: Cli, tmp_path: Path) -> None:
    used = PUBLISH_IN.format(image="ghcr.example/orchard/build:2")
    root = write(tmp_path / "tidepool", {PUBLISH: used, "pyproject.toml": METADATA})
    registry = Registry(tags={"orchard/build:2"})
    with serving(registry):
        where = ("--registry", f"ghcr.example={registry.base}")
        ran = fixed(cli, root, "--write", "--unsafe", "--check", "unpinned-image", *where)
        text = (root / PUBLISH).read_text()
        assert f"container: ghcr.example/orchard/build:2@{DIGEST}\n" in text, ran.err
        registry.private.add("orchard/build")
        root = write(tmp_path / "moss", {PUBLISH: used, "pyproject.toml": METADATA})
        ran = fixed(cli, root, "--diff", "--unsafe", *where)
    assert "shows orchard/build to nobody without an account" in ran.out
    assert "not asked: ghcr.example" in ran.err
    assert "release-audit fix --online" not in ran.out


def test_what_a_policy_for_commits_breaks_is_listed_down_to_whom_to_ask(tmp_path: Path) -> None:
    inner = "runs:\n  using: composite\n  steps:\n    - uses: actions/checkout@v4\n"
    outer = Repo("paint", {"brush/action.yml": f"name: x\n{inner}"})
    outer.tag("v1")
    used = LINT.replace("brush@main", "brush@v1")
    own = Repo("tidepool", {OTHER: used, "pyproject.toml": METADATA})
    owners = {"kestrel-ci": outer, "actions": action("checkout", "v4"), "orchard-labs": own}
    world = World([Owner(name, repos=[repo]) for name, repo in owners.items()])
    with command_line(world, tmp_path) as cli:
        where = "orchard-labs/tidepool"
        text = fixed(cli, where, "--diff", "--all").out
        document = json.loads(fixed(cli, where, "--format", "json", "--all").out)
        page = f"https://github.com/kestrel-ci/paint/blob/v1/brush/action.yml#L{5}"
    said = text[text.index("If the organization requires commits") :]
    assert "actions/checkout@v4  kestrel-ci/paint/brush/action.yml@v1:5" in said
    assert f"met by {OTHER}:9; to be asked of https://github.com/kestrel-ci/paint/issues" in said
    assert "Not opened" not in said
    (nested,) = [u for u in document["refused_if_commits_are_required"] if u["upstream"]]
    assert (nested["link"], nested["used_at"]) == (page, {"path": OTHER, "line": 9})
    assert document["actions_not_opened"] == []
