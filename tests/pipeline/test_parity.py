"""The same repositories from a folder and from GitHub: the same said of what both can see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from audits.checks import all_checks
from audits.collect.folder.collector import FolderCollector
from audits.model.index_hosts import IndexHosts
from audits.model.outcome import Outcome
from audits.model.score import Audit
from audits.model.settings import Need
from audits.model.source import Snapshot
from audits.pipeline.audit import Rules
from audits.pipeline.evidence import Facts, NoFacts
from audits.pipeline.github_evidence import GitHubFacts
from audits.pipeline.run import Plan, audits_of
from tests.collect.github.generate import OWNER, organization
from tests.collect.github.git_objects import Content, Link, Submodule
from tests.collect.github.scanning import collector_of, connect, github_with
from tests.collect.github.world import Repo, World

RULES = Rules(index=IndexHosts.of("https://pypi.example/simple/"))
BOTH_SEE = {Need.WORKFLOW, Need.INDEX}
"""Evidence that a folder and GitHub's API give alike; the index is asked in neither."""


def lay_out(repo: Repo, folder: Path) -> None:
    """The repository's files as a checkout has them."""
    folder.mkdir(parents=True)
    (folder / ".github").mkdir()
    for name, content in repo.files.items():
        place(folder / name, content)


def place(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Link):
        path.symlink_to(content.target)
    elif isinstance(content, Submodule):
        path.mkdir()
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass(frozen=True)
class Trio:
    """One repository three times: from a folder, its files from GitHub, and all from GitHub."""

    folder: Audit
    files: Audit
    everything: Audit


def audits(snapshots: Iterable[Snapshot], facts: Facts) -> dict[str, Audit]:
    found = audits_of(snapshots, Plan(rules=RULES, facts=facts))
    return {audit.repository.ref.name: audit for audit in found}


@pytest.fixture(scope="module")
def trios(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trio]:
    """Each repository that calls nothing elsewhere, by its name.

    Symbolic links are left out: a checkout can follow them, GitHub's API shows them as such.
    """
    world = World([*organization(64, seed=11)])
    root = tmp_path_factory.mktemp("checkouts") / OWNER
    with github_with(world) as github:
        collector = collector_of(connect(github))
        snapshots = list(collector.snapshots())
        files = audits(snapshots, NoFacts())
        everything = audits(snapshots, GitHubFacts(reader=collector, others=NoFacts()))
    for repo in world.owners[0].repos:
        linked = any(isinstance(content, Link) for content in repo.files.values())
        if repo.name in files and not repo.empty and not linked:
            lay_out(repo, root / repo.name)
    folder = audits(FolderCollector(folder=root, owner=OWNER).snapshots(), NoFacts())
    return {
        name: Trio(audit, files[name], everything[name])
        for name, audit in folder.items()
        if not files[name].repository.snapshot.remote_files
    }


def test_enough_is_compared(trios: dict[str, Trio]) -> None:
    assert len(trios) > 45
    assert sum(bool(trio.folder.publications) for trio in trios.values()) > 30
    assert sum(len(trio.folder.findings) for trio in trios.values()) > 200


def test_files_and_gaps_are_the_same(trios: dict[str, Trio]) -> None:
    for name, trio in trios.items():
        said = [
            (
                {file.path: file.oid for file in audit.repository.snapshot.files},
                {(g.subject, g.reason) for g in audit.repository.gaps if "." in g.subject},
            )
            for audit in (trio.folder, trio.files)
        ]
        assert said[0] == said[1], name


def test_publications_are_the_same(trios: dict[str, Trio]) -> None:
    for name, trio in trios.items():
        said = [
            [(p.key, p.at, p.registry, p.channel, p.auth, p.packages) for p in audit.publications]
            for audit in (trio.folder, trio.files, trio.everything)
        ]
        assert said[0] == said[1] == said[2], name


def findings(audit: Audit, checks: set[str]) -> set[object]:
    return {
        (f.check, f.finding.at, f.severity, f.finding.message, f.fingerprint, f.excerpt)
        for f in audit.findings
        if f.check in checks
    }


def test_the_same_files_give_the_same_findings_and_scores(trios: dict[str, Trio]) -> None:
    every = {check.id for check in all_checks()}
    for name, trio in trios.items():
        assert findings(trio.folder, every) == findings(trio.files, every), name
        assert trio.folder.score == trio.files.score, name
        outcomes = [{r.check: r.outcome for r in a.results} for a in (trio.folder, trio.files)]
        assert outcomes[0] == outcomes[1], name


def test_more_evidence_changes_no_check_that_does_not_ask_for_it(trios: dict[str, Trio]) -> None:
    alike = {c.id for c in all_checks() if c.needs | c.sharpened_by <= BOTH_SEE and not c.on_owner}
    assert len(alike) > 25
    compared = 0
    for name, trio in trios.items():
        assert findings(trio.folder, alike) == findings(trio.everything, alike), name
        compared += len(findings(trio.folder, alike))
    assert compared > 50


def test_what_only_a_token_sees_is_unknown_in_the_folder(trios: dict[str, Trio]) -> None:
    more = {c.id for c in all_checks() if Need.SETTINGS in c.needs and not c.on_owner}
    known = 0
    for trio in trios.values():
        seen = {r.check: r.outcome for r in trio.everything.results}
        for result in trio.folder.results:
            if result.check in more:
                assert result.outcome in {Outcome.UNKNOWN, Outcome.NOT_APPLICABLE}
                known += seen[result.check] in {Outcome.PASS, Outcome.FAIL}
    assert known > 50
