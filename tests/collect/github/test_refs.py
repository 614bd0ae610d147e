"""What references to actions resolve to, and the advisories about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audits.collect.github.commit_reachability import Tags
from audits.fixes.pin import pin_of
from audits.model.evidence import AdvisoryList, ResolvedRef
from audits.model.outcome import FixKind
from audits.model.settings import Unseen
from tests.collect.github.git_objects import Commit, build_tree
from tests.collect.github.samples import remote
from tests.collect.github.scanning import AgingMemory, collector_of, connect, github_with
from tests.collect.github.world import Owner, Release, Repo, World
from tests.fixes.test_pin import used


@pytest.fixture
def action() -> Repo:
    """An action with ordinary, annotated and moving tags, and a branch like a tag."""
    repo = Repo("setup-wick", {"action.yml": "name: w\n"})
    repo.tag("v1.0.0")
    repo.commit({"action.yml": "name: w2\n"}, "2", when=datetime(2026, 6, 1, tzinfo=UTC))
    repo.tag("v2.0.0", annotated=True)
    repo.tag("v2")
    repo.refs["refs/heads/release/v1"] = repo.refs["refs/tags/v1.0.0"]
    repo.refs["refs/heads/v2"] = repo.refs["refs/tags/v1.0.0"]
    repo.release = Release("v2.0.0")
    return repo


def resolve(
    world: World, *wanted: tuple[str, str, str] | tuple[str, str, str, str]
) -> list[ResolvedRef]:
    with github_with(world) as github:
        found = collector_of(connect(github)).resolve(tuple(remote(*w) for w in wanted))
    return [found[(f"{w[0]}/{w[1]}".lower(), w[2])] for w in wanted]


def oid(repo: Repo, ref: str) -> str:
    commit = repo.ref_commit(ref)
    assert commit is not None
    return commit.oid


def test_a_branch_that_is_no_release_is_compared_with_the_newest(action: Repo) -> None:
    other = Commit(build_tree({"action.yml": "name: w3\n"}), "3", datetime(2026, 7, 1, tzinfo=UTC))
    action.refs["refs/heads/release/v2"] = other
    world = World([Owner("lanterns", repos=[action])])
    between, tagged = resolve(
        world, ("lanterns", "setup-wick", "release/v2"), ("lanterns", "setup-wick", "release/v1")
    )
    assert (between.tags, between.ahead_by, between.behind_by) == ((), 3, 2)
    assert (tagged.tags, tagged.ahead_by, tagged.behind_by) == (("v1.0.0",), None, None)
    text, uses = used("uses: lanterns/setup-wick@release/v2")
    pin = pin_of(text, uses, between)
    assert pin.fix is FixKind.REVIEW
    assert "3 commits ahead of it and 2 behind" in pin.advice


def test_tag_branch_both_and_missing(action: Repo) -> None:
    world = World([Owner("lanterns", repos=[action])])
    tag, branch, both, missing = resolve(
        world,
        ("Lanterns", "setup-wick", "v2.0.0"),
        ("lanterns", "setup-wick", "release/v1"),
        ("lanterns", "setup-wick", "v2"),
        ("lanterns", "setup-wick", "v9"),
    )
    new, old = oid(action, "v2.0.0"), oid(action, "v1.0.0")
    assert (tag.commit, tag.is_tag, tag.is_branch) == (new, True, False)
    assert tag.tags == ("v2.0.0", "v2")
    assert tag.committed_at == datetime(2026, 6, 1, tzinfo=UTC)
    assert (tag.newest_release, tag.newest_release_commit) == ("v2.0.0", new)
    assert tag.newest_release_at == datetime(2026, 4, 1, 10, tzinfo=UTC)
    assert (branch.commit, branch.is_tag, branch.is_branch) == (old, False, True)
    assert (both.commit, both.is_tag, both.is_branch) == (new, True, True)
    assert missing.commit is None


def test_pinned_commits(action: Repo) -> None:
    first = oid(action, "v1.0.0")
    lonely = action.commit({"action.yml": "name: w3\n"}, "3")
    tip = action.commit({"action.yml": "name: w4\n"}, "4")
    impostor = Commit(build_tree({"action.yml": "evil\n"}), "fork")
    action.foreign["fork"] = impostor
    world = World([Owner("lanterns", repos=[action])])
    pins = (first, lonely.oid, tip.oid, impostor.oid, "f" * 40)
    found = resolve(world, *(("lanterns", "setup-wick", sha) for sha in pins))
    assert [r.commit for r in found] == [*pins[:4], None]
    assert [r.tags for r in found] == [("v1.0.0",), (), (), (), ()]
    assert [r.reachable for r in found] == [True, True, True, False, True]


def test_an_old_tag_is_found_by_its_comment_or_by_further_pages() -> None:
    repo = Repo("setup-wick", {"action.yml": "a\n"})
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(260):
        repo.commit({"action.yml": f"{number}\n"}, str(number), when=start + timedelta(days=number))
        repo.tag(f"v{number}")
    world = World([Owner("lanterns", repos=[repo])])
    with github_with(world) as github:
        hinted = collector_of(connect(github)).resolve(
            (remote("lanterns", "setup-wick", oid(repo, "v7"), "v7"),)
        )
        pages = github.by_kind()
        github.forget()
        paged = collector_of(connect(github)).resolve(
            (remote("lanterns", "setup-wick", oid(repo, "v8")),)
        )
        assert github.by_kind() == {"References": 1, "Tags": 2}
    assert pages == {"References": 1}
    assert [r.tags for r in (*hinted.values(), *paged.values())] == [("v7",), ("v8",)]


def test_unread_tags_are_not_reported_as_absent() -> None:
    tags = Tags(complete=False)
    tags.add(("v1", "a" * 40))
    assert tags.of_commit("a" * 40) == ("v1",)
    assert isinstance(tags.of_commit("b" * 40), Unseen)


def test_renamed_and_archived(action: Repo) -> None:
    action.archived = True
    action.old_names = ("lanterns/old-wick",)
    world = World([Owner("lanterns", repos=[action])])
    (found,) = resolve(world, ("lanterns", "old-wick", "v2"))
    assert found.slug == "lanterns/old-wick"
    assert (found.renamed_to, found.archived) == ("lanterns/setup-wick", True)
    assert found.commit == oid(action, "v2")


def test_many_are_asked_in_few_requests_and_remembered() -> None:
    repos = [Repo(f"setup-{i:03d}", {"action.yml": f"{i}\n"}) for i in range(120)]
    for repo in repos:
        repo.tag("v1")
    world = World([Owner("lanterns", repos=repos)])
    uses = tuple(remote("lanterns", repo.name, "v1") for repo in repos)
    memory = AgingMemory()
    with github_with(world) as github:
        assert len(collector_of(connect(github), memory).resolve(uses)) == 120
        assert github.by_kind() == {"References": 3}
        assert github.points == 3
        github.forget()
        assert len(collector_of(connect(github), memory).resolve(uses)) == 120
        assert github.count() == 0
        memory.age(timedelta(hours=25))
        assert len(collector_of(connect(github), memory).resolve(uses)) == 120
        assert github.by_kind() == {"References": 3}


def test_one_that_github_will_not_show_is_left_out_as_a_gap(action: Repo) -> None:
    hidden = Repo("secret", {"action.yml": "x"})
    hidden.saml = True
    world = World([Owner("lanterns", repos=[action, hidden])])
    with github_with(world) as github:
        collector = collector_of(connect(github))
        found = collector.resolve(
            (remote("lanterns", "setup-wick", "v2"), remote("lanterns", "secret", "v1"))
        )
    assert list(found) == [("lanterns/setup-wick", "v2")]
    assert [gap.subject for gap in collector.gaps()] == ["lanterns/secret"]


def test_odd_refs_stay_inside_their_quotes(action: Repo) -> None:
    odd = 'v1") { id } } mutation { x(a: "\\'
    world = World([Owner("lanterns", repos=[action])])
    (found,) = resolve(world, ("lanterns", "setup-wick", odd))
    assert found.commit is None


def advisory(number: int, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "ghsa_id": f"GHSA-{number}",
        "cve_id": None,
        "severity": "high",
        "withdrawn_at": None,
        "published_at": "2026-01-02T00:00:00Z",
        "vulnerabilities": [
            {
                "package": {"ecosystem": "actions", "name": "lanterns/setup-wick"},
                "vulnerable_version_range": "< 2.0.0",
            },
            {"package": {"ecosystem": "npm", "name": "x"}, "vulnerable_version_range": "< 1"},
        ],
    }
    return row | changes


def test_advisories_of_all_pages_once() -> None:
    world = World([], [advisory(i) for i in range(150)])
    world.advisories[3]["withdrawn_at"] = "2026-02-01T00:00:00Z"
    with github_with(world) as github:
        collector = collector_of(connect(github))
        found = collector.advisories()
        assert collector.advisories() is found
        assert github.count("rest") == 2
    assert isinstance(found, AdvisoryList)
    assert len([a for a in found.advisories if not a.commits]) == 149
    first = found.advisories[0]
    assert (first.id, first.package, first.ranges) == (
        "GHSA-0",
        "lanterns/setup-wick",
        ("< 2.0.0",),
    )
    assert (first.severity, first.published, found.live) == ("high", "2026-01-02", True)


def test_advisories_of_an_odd_form_are_unknown() -> None:
    with github_with(World([], [advisory(1), {"ghsa_id": 7}])) as github:
        github.world.advisories.append({"no": "id"})
        assert isinstance(collector_of(connect(github)).advisories(), Unseen)
