"""What actions of others use themselves is read level by level, at the commit of their refs."""

from __future__ import annotations

from audits.collect.github.collector import GitHubCollector, Request
from audits.model.source import Gap, SourceFile
from audits.model.uses import Uses
from audits.workflow.parse.parse import parse_workflow
from tests.collect.github.scanning import connect, github_with
from tests.collect.github.world import Owner, Repo, World

COMPOSITE = "name: x\nruns:\n  using: composite\n  steps:\n"


def composite(*uses: str) -> str:
    return COMPOSITE + "".join(f"    - uses: {each}\n" for each in uses)


def used(*texts: str) -> tuple[Uses, ...]:
    steps = "".join(f"      - uses: {text}\n" for text in texts)
    head = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
    workflow = parse_workflow(SourceFile.of(".github/workflows/a.yml", (head + steps).encode()))
    assert workflow.workflow is not None
    return tuple(s.uses for s in workflow.workflow.jobs[0].steps if s.uses is not None)


def world() -> World:
    leaf = Repo("leaf", {"action.yml": "name: x\nruns: {using: node24, main: x.js}\n"})
    leaf.tag("v1")
    middle = Repo("middle", {"sub/action.yaml": composite("kestrel-ci/leaf@v1")})
    middle.tag("v2")
    ring = Repo("ring", {"action.yml": composite("kestrel-ci/ring@v1", "kestrel-ci/middle/sub@v2")})
    ring.tag("v1")
    return World([Owner("kestrel-ci", repos=[leaf, middle, ring])])


def test_levels_are_followed_and_a_circle_ends() -> None:
    with github_with(world()) as github:
        collector = GitHubCollector(Request(owner="kestrel-ci"), connect(github))
        found = collector.action_files(used("Kestrel-CI/ring@v1", "kestrel-ci/none@v1"), {})
    assert {name for name, file in found.items() if isinstance(file, SourceFile)} == {
        "kestrel-ci/ring@v1",
        "kestrel-ci/middle/sub@v2",
        "kestrel-ci/leaf@v1",
    }
    assert isinstance(found["kestrel-ci/none@v1"], Gap)


def test_what_a_ref_is_today_is_read_by_its_commit_and_not_again() -> None:
    made = world()
    leaf = next(iter(made.repositories()))
    with github_with(made) as github:
        collector = GitHubCollector(Request(owner="kestrel-ci"), connect(github))
        uses = used("kestrel-ci/leaf@v1")
        known = collector.resolve(uses)
        leaf.commit({"action.yml": "name: other\n"}, "two")
        leaf.tag("v1")
        found = collector.action_files(uses, known)["kestrel-ci/leaf@v1"]
        assert isinstance(found, SourceFile)
        assert "node24" in found.text
        github.forget()
        assert collector.action_files(uses, known)["kestrel-ci/leaf@v1"] is found
        assert not github.log


def test_what_is_refused_is_a_gap_and_loses_nothing_else() -> None:
    made = world()
    [*made.repositories()][1].hidden = True
    with github_with(made) as github:
        collector = GitHubCollector(Request(owner="kestrel-ci"), connect(github))
        found = collector.action_files(used("kestrel-ci/ring@v1"), {})
    assert isinstance(found["kestrel-ci/ring@v1"], SourceFile)
    assert isinstance(found["kestrel-ci/middle/sub@v2"], Gap)
