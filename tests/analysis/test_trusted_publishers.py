"""Whose repository a link or an attestation names, and which release of a package counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.analysis.publish_paths import package_paths
from audits.analysis.trusted_publishers import (
    is_this_repository,
    points_to,
    released_packages,
    trusted_publications,
)
from audits.check import Example
from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release
from audits.model.settings import Unseen
from audits.model.source import RepositoryRef
from tests.checks.harness import repository_of

REF = RepositoryRef(owner="orchard-labs", name="lumen")
WORKFLOW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
      - run: twine upload dist/*
        env:
          TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}
"""
FILES = {"pyproject.toml": '[project]\nname = "Lumen.Core"\n'}


def release(version: str, *, yanked: bool = False) -> Release:
    return Release(version=version, uploaded=None, files=1, yanked=yanked)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/orchard-labs/lumen", True),
        ("http://www.GitHub.com/Orchard-Labs/Lumen.git", True),
        ("git+https://user@github.com/orchard-labs/lumen/issues?q=1#top", True),
        ("https://github.com/orchard-labs/lumen-core", False),
        ("https://github.com/orchard-labs", False),
        ("https://github.com.evil.example/orchard-labs/lumen", False),
        ("https://evil.example/github.com/orchard-labs/lumen", False),
        ("https://[broken/orchard-labs/lumen", False),
        ("", False),
    ],
)
def test_links_lead_to_a_repository_or_below_it(url: str, expected: bool) -> None:
    assert points_to(url, REF) is expected


@given(st.text())
def test_any_text_can_be_asked_for_a_repository(url: str) -> None:
    assert points_to(url, REF) in {True, False}


@pytest.mark.parametrize(
    ("repository", "number", "kind", "expected"),
    [
        ("orchard-labs/lumen", "", PublisherKind.GITHUB, True),
        ("Orchard-Labs/LUMEN", "4242", PublisherKind.GITHUB, True),
        ("former/name", "4242", PublisherKind.GITHUB, True),
        ("orchard-labs/lumen", "1", PublisherKind.GITHUB, False),
        ("former/name", "", PublisherKind.GITHUB, False),
        ("orchard-labs/lumen", "4242", PublisherKind.GITLAB, False),
    ],
)
def test_ids_outlive_names(
    repository: str, number: str, kind: PublisherKind, expected: bool
) -> None:
    here = repository_of(Example(name="", workflow=WORKFLOW))
    found = Provenance(kind=kind, repository=repository, repository_id=number)
    assert is_this_repository(here, found) is expected


@pytest.mark.parametrize(
    ("releases", "newest"),
    [
        ((release("2"), release("1")), "2"),
        ((release("2", yanked=True), release("1")), "1"),
        ((release("2", yanked=True),), "2"),
        ((), None),
    ],
)
def test_withdrawn_releases_count_only_where_there_is_no_other(
    releases: tuple[Release, ...], newest: str | None
) -> None:
    evidence = PackageEvidence(registry="pypi", name="lumen-core", releases=releases)
    here = repository_of(Example(name="", workflow=WORKFLOW, files=FILES, evidence=(evidence,)))
    (package,) = released_packages(here)
    found = package.newest
    assert not isinstance(found, Unseen)
    assert (found.version if found else None) == newest


def test_two_paths_of_one_package_are_distinguished() -> None:
    (paths,) = package_paths(repository_of(Example(name="", workflow=WORKFLOW, files=FILES)))
    assert paths.name == "lumen-core"
    assert [p.at.line for p in paths.trusted] == [8]
    assert [p.at.line for p in paths.stored] == [9]


def test_an_enterprise_server_has_no_trusted_publisher() -> None:
    away = repository_of(Example(name="", workflow=WORKFLOW, host="github.orchard.example"))
    assert len(away.publications) == 2
    assert trusted_publications(away) == ()
