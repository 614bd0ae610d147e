"""Invented repositories of which one workflow lets people in, or does not, beside a release."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from audits.analysis.exposure.search import exposures
from audits.model.exposure import Actor, Exposure
from audits.model.index_hosts import IndexHosts
from audits.model.repository import Repository
from audits.model.settings import RepositorySettings
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository

INDEX = IndexHosts.of("https://pypi.example/simple/")
DAY = date(2026, 11, 29)
OTHER = ".github/workflows/other.yml"
RELEASE_FILE = ".github/workflows/release.yml"
OLD_CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
CACHE = "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0"

RELEASE = f"""\
name: Release
on: {{push: {{tags: ["v*"]}}}}
permissions: {{}}
jobs:
  build:
    runs-on: ubuntu-24.04
    permissions: {{contents: read}}
    steps:
      - uses: {CHECKOUT}
        with: {{persist-credentials: false}}
      - run: npm ci && npm pack
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with: {{name: package, path: "*.tgz"}}
  publish:
    needs: build
    runs-on: ubuntu-24.04
    environment: npm
    permissions: {{id-token: write}}
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
        with: {{name: package}}
      - run: npm publish *.tgz
"""


def repository(
    files: Mapping[str, str],
    *,
    settings: RepositorySettings | None = None,
    host: str = "github.com",
    as_of: date = DAY,
) -> Repository:
    """The repository with these files."""
    sources = {"package.json": '{"name": "lumenkit"}', **files}
    snapshot = Snapshot(
        ref=RepositoryRef(owner="orchard-labs", name="lumen", host=host),
        files=tuple(SourceFile.of(path, text.encode()) for path, text in sorted(sources.items())),
        settings=settings,
    )
    return read_repository(snapshot, channel=INDEX.channel_of, index_hosts=INDEX, as_of=as_of)


def exposed(
    other: str,
    release: str = RELEASE,
    *,
    settings: RepositorySettings | None = None,
    host: str = "github.com",
    as_of: date = DAY,
    files: Mapping[str, str] | None = None,
) -> Exposure:
    """Who can publish the package beside this other workflow."""
    given = {RELEASE_FILE: release, OTHER: other, **(files or {})}
    found = exposures(repository(given, settings=settings, host=host, as_of=as_of))
    return found[0]


def answer(exposure: Exposure) -> str:
    """``sure`` where anyone can publish, ``perhaps`` where what was not seen decides, ``none``."""
    if exposure.level is Actor.ANYONE:
        return "sure"
    return "perhaps" if exposure.may_be is Actor.ANYONE else "none"


def job(on: str, steps: str, *, rights: str = "contents: write", more: str = "") -> str:
    """A workflow of one job."""
    extra = "".join(f"    {line}\n" for line in more.splitlines())
    body = "".join(f"      {line}\n" for line in steps.strip("\n").splitlines())
    return (
        f"on: {on}\npermissions: {{{rights}}}\njobs:\n  act:\n    runs-on: ubuntu-24.04\n"
        f"{extra}    steps:\n{body}"
    )
