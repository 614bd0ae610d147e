"""Databases with invented organizations, made by the real pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audits.model.index_hosts import IndexHosts
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules
from audits.pipeline.run import Plan
from audits.pipeline.scan import Scanner
from audits.store.open import open_store
from tests.dashboard.rows import HOSTILE

FIRST = datetime(2026, 9, 7, 4, tzinfo=UTC)
INDEX = IndexHosts.of("https://index.example/simple/")

PYPROJECT = '[project]\nname = "{name}"\n[build-system]\nrequires = ["hatchling"]\n'
TOKEN = """\
name: Release
on:
  push:
    branches: [main]
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI_TOKEN }}
"""
SAFE = """\
name: Release
on:
  release:
    types: [published]
permissions: {}
jobs:
  build:
    name: Build
    runs-on: ubuntu-24.04
    permissions:
      contents: read
    steps:
      - name: Check out
        uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683  # v4.2.2
        with:
          persist-credentials: false
      - name: Build
        run: pipx run build==1.3.0
      - uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02  # v4.6.2
        with:
          name: dist
          path: dist
          if-no-files-found: error
          retention-days: 1
  publish:
    name: Publish
    needs: build
    runs-on: ubuntu-24.04
    environment:
      name: pypi
      url: https://index.example/project/lumen
    permissions:
      id-token: write
    steps:
      - uses: actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093  # v4.3.0
        with: {name: dist, path: dist}
      - uses: pypa/gh-action-pypi-publish@76f52bc884231f62b9a034ebfe128415bbaabdfc  # v1.12.4
"""
BROKEN = "on: push\non: release\njobs: {}\n"
BOT = 'version: 2\nupdates:\n  - package-ecosystem: github-actions\n    directory: "/"\n'

Files = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Invented:
    """A collector of texts: repositories by name, and gaps of the owner."""

    owner: str
    repositories: Mapping[str, Files]
    missing: tuple[Gap, ...] = ()
    source: str = "invented"

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository, in the order of names."""
        for name, files in sorted(self.repositories.items()):
            yield Snapshot(
                ref=RepositoryRef(owner=self.owner, name=name),
                commit="c0ffee" + "0" * 34,
                topics=("python",) if "l" in name else (),
                files=tuple(SourceFile.of(path, text.encode()) for path, text in files.items()),
            )

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be seen of the owner."""
        return self.missing


def released(name: str, workflow: str, **others: str) -> Files:
    """The files of a repository with one release workflow."""
    return {
        ".github/workflows/release.yml": workflow,
        "pyproject.toml": PYPROJECT.format(name=name),
        **others,
    }


def orchard(state: int) -> dict[str, Files]:
    """An organization that fixes one repository after the other; states run from 0 to 3."""
    return {
        "lumen": released("lumen", SAFE, **{".github/dependabot.yml": BOT}),
        "fennel": released("fennel", SAFE if state > 0 else TOKEN),
        "quince": released("quince", SAFE if state > 1 else TOKEN),
        "sorrel": released(
            "sorrel",
            TOKEN if state < 3 else TOKEN.replace("v4", "v5"),
            **{
                ".github/CODEOWNERS": "* @wick\n.github/ @orchard-labs/team_a <b>\n* @orchard-labs/team_a\n"
            },
        ),
        "pith": released("pith", TOKEN.replace("branches: [main]", "tags: ['v*']")),
        "notes": {"README.md": "nothing is published here\n"},
    }


def gappy() -> dict[str, Files]:
    """An organization of which much cannot be read."""
    return {
        "broken": released("broken", BROKEN),
        "lumen": released("lumen", SAFE),
    }


def hostile() -> dict[str, Files]:
    """An organization whose names and texts try to be more than text."""
    quoted = HOSTILE.replace('"', "")
    workflow = TOKEN.replace("name: Release", f"name: '{quoted.replace(chr(39), '')}'")
    workflow = workflow.replace("secrets.PYPI_TOKEN", "secrets.PYPI_TOKEN || '<img src=x>'")
    steps = f"      - name: '{quoted.replace(chr(39), '')}'\n        run: echo hi\n"
    workflow = workflow.replace("    steps:\n", "    steps:\n" + steps)
    workflow = workflow.replace(
        "    runs-on", "    environment: '![e](https://evil.example/env.png)'\n    runs-on"
    )
    name = (
        "![n](https://evil.example/name.png) <img src=https://evil.example/n2.png> www.evil.example"
    )
    return {
        name: released("lumen", workflow),
        "=cmd|calc": released("=1+1", TOKEN),
        "www.evil.example": released("x", TOKEN),
    }


def write(path: Path, owner: str, states: list[dict[str, Files]], *, gaps: bool = False) -> str:
    """Scan the states into a database, a week apart; returns its address."""
    url = f"sqlite:///{path}"
    store = open_store(url)
    missing = Gap(
        subject="environments",
        reason=GapReason.FORBIDDEN,
        detail="the token may not read them; grant Actions: read",
        permission="Actions: read",
    )
    for week, state in enumerate(states):
        plan = Plan(rules=Rules(index=INDEX))
        scanner = Scanner(store, plan, started=FIRST + timedelta(weeks=week))
        scanner.run(Invented(owner=owner, repositories=state, missing=(missing,) if gaps else ()))
    store.close()
    return url
