"""Organizations of invented repositories, as many and as varied as a test asks for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from tests.collect.github.git_objects import Content, Link, Submodule
from tests.collect.github.world import (
    Environment,
    Owner,
    Policy,
    Release,
    Repo,
    Ruleset,
    Secret,
)

OWNER = "orchard-labs"
ACTIONS = "lanterns"
_WORDS = [
    "lumen",
    "wick",
    "ember",
    "pear",
    "plum",
    "quince",
    "cider",
    "grove",
    "orchard",
    "lantern",
    "tinder",
    "glow",
]
_TASKS = ("tests", "lint", "docs", "nightly", "coverage", "labels", "stale", "types", "bench")


def action_repositories(number: int, seed: int) -> Owner:
    """Repositories of actions: some with hundreds of tags, archived or under an old name."""
    chance = random.Random(seed)  # noqa: S311
    owner = Owner(ACTIONS)
    for index in range(number):
        word = _WORDS[index % len(_WORDS)]
        name = f"setup-{word}-{index:03d}"
        repo = owner.add(Repo(name, {"action.yml": f"name: {name}\nruns:\n  using: node20\n"}))
        repo.archived = index % 23 == 7
        if index % 31 == 5:
            repo.old_names = (f"{ACTIONS}/old-{name}",)
        start = datetime(2023, 1, 1, tzinfo=UTC)
        for tag in range(chance.choice((3, 8, 20, 40, 160 if index % 50 == 3 else 12))):
            repo.commit(
                {**repo.files, "VERSION": f"{tag}\n"}, f"v{tag}", when=start + timedelta(days=tag)
            )
            repo.tag(f"v{tag}.0.0", annotated=tag % 3 == 0)
        newest = repo.commit({**repo.files, "VERSION": "next\n"}, "next")
        repo.tag("v4", target=newest)
        repo.refs["refs/heads/release/v1"] = newest
        repo.release = Release("v4", immutable=None)
    return owner


def _uses(chance: random.Random, actions: Owner) -> str:
    repo = chance.choice(actions.repos)
    name = repo.old_names[0] if repo.old_names and chance.random() < 0.5 else repo.slug
    kind = chance.random()
    if kind < 0.45:
        tag = chance.choice([n for n in repo.refs if n.startswith("refs/tags/v")])
        commit = repo.ref_commit(tag)
        assert commit is not None
        return f"{name}@{commit.oid} # {tag.removeprefix('refs/tags/')}"
    if kind < 0.9:
        return f"{name}@v4"
    return f"{name}@" + ("release/v1" if kind < 0.97 else "gone")


def _steps(chance: random.Random, actions: Owner, number: int) -> str:
    lines = []
    for step in range(number):
        if chance.random() < 0.5:
            lines.append(
                f"      - uses: {_uses(chance, actions)}\n        with:\n          depth: {step}\n"
            )
        else:
            word = chance.choice(_WORDS)
            lines.append(
                f"      - name: Prepare {word} {step}\n        run: |\n          make {word}\n"
            )
    return "".join(lines)


def _task(chance: random.Random, actions: Owner, name: str, stamp: str) -> str:
    jobs = "".join(
        f"  {name}-{job}:\n    runs-on: ubuntu-latest\n    steps:\n"
        + _steps(chance, actions, chance.randint(3, 9))
        for job in range(chance.randint(1, 5))
    )
    return (
        f"# {stamp}\nname: {name}\non:\n  push:\n  pull_request:\npermissions: {{}}\njobs:\n{jobs}"
    )


def _release(chance: random.Random, actions: Owner, stamp: str, environment: str) -> str:
    return (
        f"# {stamp}\nname: Release\non:\n  release:\n    types: [published]\njobs:\n"
        "  build:\n    runs-on: ubuntu-latest\n    steps:\n"
        + _steps(chance, actions, 5)
        + "  publish:\n    needs: build\n    runs-on: ubuntu-latest\n"
        f"    environment:\n      name: {environment}\n"
        "    permissions:\n      id-token: write\n    steps:\n"
        "      - uses: pypa/gh-action-pypi-publish@release/v1\n"
    )


def _files(chance: random.Random, actions: Owner, name: str, index: int) -> dict[str, Content]:
    files: dict[str, Content] = {"README.md": f"# {name}\n", f"{name.replace('-', '_')}/x.py": ""}
    for task in chance.sample(_TASKS, chance.choice((1, 2, 4, 5, 8))):
        shared = task in ("labels", "stale")
        # a template that many repositories share has one text
        source = random.Random(task) if shared else chance  # noqa: S311
        stamp = "shared" if shared else name
        files[f".github/workflows/{task}.yml"] = _task(source, actions, task, stamp)
    files["pyproject.toml"] = f'[project]\nname = "{name}"\n'
    if index % 3 != 2:
        environment = "pypi" if index % 5 else "Release/PyPI"
        files[".github/workflows/release.yml"] = _release(chance, actions, name, environment)
    files.update(_scripts(index))
    if index % 4 == 1:
        files[".github/dependabot.yml"] = "version: 2\nupdates: []\n"
    if index % 9 == 4:
        del files["pyproject.toml"]
        files["core/pyproject.toml"] = f'[project]\nname = "{name}-core"\n'
    if index % 10 == 6:
        files["tools/prepare/action.yml"] = (
            f"name: {name}\nruns:\n  using: composite\n  steps: []\n"
        )
        files[".github/workflows/prepare.yml"] = (
            "jobs:\n  a:\n    steps:\n      - uses: ./tools/prepare\n"
        )
    if index % 8 == 3:
        call = f"{OWNER}/pipelines/.github/workflows/publish.yml@v1"
        files[".github/workflows/call.yml"] = f"on: push\njobs:\n  a:\n    uses: {call}\n"
    files.update(_oddities(index))
    return files


def _scripts(index: int) -> dict[str, Content]:
    """What the steps of a third of the repositories run: a script, a task, a workspace."""
    if index % 9 not in (0, 3, 6):
        return {}
    run = {0: "./scripts/release.sh", 3: "make ship", 6: "npm run ship --workspaces"}[index % 9]
    workflow = (
        "on: push\njobs:\n  a:\n    permissions: {id-token: write}\n    steps:\n"
        f"      - run: {run}\n"
    )
    files: dict[str, Content] = {".github/workflows/ship.yml": workflow}
    if index % 9 == 6:
        files["package.json"] = '{"private": true, "workspaces": ["libs/*"]}\n'
        for name in ("a", "b", "c"):
            files[f"libs/{name}/package.json"] = f'{{"name": "{name}-{index}"}}\n'
    else:
        files["Makefile"] = f"ship:\n\t./scripts/release.sh {index}\n"
        files["scripts/release.sh"] = f"#!/bin/sh\nset -e\n# {index}\ncurl -T dist x.example\n"
    return files


def _oddities(index: int) -> dict[str, Content]:
    if index % 50 == 11:
        return {".github/workflows/link.yml": Link("tests.yml"), "vendor": Submodule()}
    if index % 50 == 12:
        return {
            ".github/workflows/broken.yml": "jobs: [\n",
            ".github/workflows/crlf.yml": "on: x\r\n",
        }
    if index % 50 == 13:
        return {".github/workflows/latin.yml": "name: caf\xe9\n".encode("latin-1")}
    if index % 250 == 14:
        return {".github/workflows/long.yml": "# " + "x" * 600_000 + "\n"}
    if index % 50 == 15:
        return {
            ".github/workflows/bom.yml": "\ufeffname: bom\non: push\n",
            ".github/zizmor.yml": "{}\n",
        }
    return {}


def _repository(chance: random.Random, actions: Owner, index: int) -> Repo:
    name = f"{_WORDS[index % len(_WORDS)]}-{index:04d}"
    if index % 97 == 96:
        return Repo(name, empty=True)
    repo = Repo(
        name,
        _files(chance, actions, name, index),
        private=index % 7 == 5,
        archived=index % 20 == 17,
        fork=index % 40 == 33,
        disabled=index % 333 == 101,
        topics=("python",) if index % 2 else (),
        secrets=("PYPI_API_TOKEN",) if index % 6 == 0 else (),
    )
    if index % 3 != 2:
        repo.environments = [
            Environment(
                "pypi" if index % 5 else "Release/PyPI",
                reviewers=index % 3,
                policy=("", "custom", "protected")[index % 3 if index % 4 else 0],
                patterns=("tag:v*", "branch:main"),
                secrets=("TOKEN",) if index % 4 == 0 else (),
            )
        ]
        repo.tag("v1.0.0")
        repo.release = Release("v1.0.0", immutable=index % 2 == 0)
    if index % 12 == 1:
        repo.rulesets = [Ruleset("release tags")]
    return repo


def organization(number: int, *, seed: int = 1, actions: int = 0) -> tuple[Owner, Owner]:
    """An organization of so many repositories, and the account whose actions they use."""
    chance = random.Random(seed)  # noqa: S311
    others = action_repositories(actions or min(200, max(8, number // 4)), seed)
    owner = Owner(
        OWNER,
        policy=Policy(default_write=True),
        rulesets=[Ruleset("all tags", include=("~ALL",))],
        secrets=(
            Secret("NPM_TOKEN", "private"),
            Secret("PYPI_TOKEN", "selected", (f"{OWNER}/lumen-0000",)),
        ),
    )
    for index in range(number):
        owner.add(_repository(chance, others, index))
    pipelines = owner.add(
        Repo(
            "pipelines",
            {".github/workflows/publish.yml": _release(chance, others, "shared", "pypi")},
        )
    )
    pipelines.tag("v1")
    return owner, others
