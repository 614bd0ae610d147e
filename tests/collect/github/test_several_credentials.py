"""Several credentials in one scan: spread by what is left, kept apart, and lost one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.collect.errors import CollectError
from audits.collect.github.auth import find_credentials
from audits.collect.github.collector import Connection, GitHubCollector, Request
from audits.collect.github.many_owners import ManyOwners
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.several_credentials import (
    OwnerCollector,
    SeveralCredentials,
    collector_of,
)
from audits.model.settings import OwnerSettings
from audits.model.source import GapReason, Snapshot
from tests.cli.github_world import TOKEN_RELEASE, command_line, package
from tests.cli.runner import release_audit
from tests.collect.github.generate import OWNER, organization
from tests.collect.github.scanning import FAST, connect, connect_app, snapshots, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.traffic import Bucket
from tests.collect.github.world import Environment, Owner, Repo, Token, World
from tests.scoring.test_score import LESSON

A, B = "github_pat_plantedA", "github_pat_plantedB"


def _repositories(count: int, **more: object) -> list[Repo]:
    return [
        Repo(f"lumen-{n:03}", package("lumen", LESSON), environments=[Environment("pypi")], **more)  # type: ignore[arg-type]
        for n in range(count)
    ]


def _token(text: str, *, rest: int = 5000, points: int = 5000, **more: object) -> Token:
    buckets = {"core": Bucket(limit=rest), "graphql": Bucket(limit=points)}
    return Token(text, buckets=buckets, **more)  # type: ignore[arg-type]


def _reach(github: LoopbackGitHub, folder: Path, *lines: str) -> Connection:
    """A connection with the tokens of a file's lines."""
    file = folder / "tokens"
    file.write_text("\n".join(lines))
    first, *others = find_credentials({}, token_files=[file])
    return replace(connect(github), credential=first, others=tuple(others))


def _collector(connection: Connection, memory: TransientMemory | None = None) -> OwnerCollector:
    return collector_of(Request(owner=OWNER), connection, memory)


def _read(collector: OwnerCollector) -> dict[str, Snapshot]:
    """Every repository with its settings."""
    found = list(collector.snapshots())
    assert len({s.ref.name for s in found}) == len(found)
    collector.prefetch_settings([(s, ("pypi",)) for s in found])
    return {s.ref.name: collector.with_settings(s, ("pypi",)) for s in found}


@contextmanager
def _github(world: World, *tokens: Token) -> Iterator[LoopbackGitHub]:
    with LoopbackGitHub(world, *tokens) as github:
        yield github


def _senders(github: LoopbackGitHub, kind: str = "rest") -> Counter[str]:
    return Counter(
        seen.sender
        for seen in github.log
        if seen.kind == kind and seen.status < 400 and seen.path != "/rate_limit"
    )


def test_two_tokens_share_an_owner_and_read_what_one_reads(tmp_path: Path) -> None:
    world = World([*organization(30)])
    with _github(world, _token(A), _token(B)) as github:
        alone = _read(GitHubCollector(Request(owner=OWNER), _reach(github, tmp_path, A)))
        github.forget()
        memory = TransientMemory()
        collector = _collector(_reach(github, tmp_path, A, B), memory)
        assert isinstance(collector, SeveralCredentials)
        together = _read(collector)
        assert together == alone
        assert not collector.gaps()
        share = _senders(github)
        assert min(share["A"], share["B"]) > 0.3 * share.total()

        # The next night each repository goes to the credential that knows it.
        github.forget()
        assert _read(_collector(_reach(github, tmp_path, B, A), memory)) == alone
        assert not github.by_kind()["Texts"]
        asked = [s for s in github.log if s.kind == "rest" and s.path != "/rate_limit"]
        assert {seen.status for seen in asked} <= {304, 404}


def test_who_has_more_left_reads_more(tmp_path: Path) -> None:
    world = World([*organization(30)])
    with _github(world, _token(A, rest=20), _token(B)) as github:
        found = _read(_collector(_reach(github, tmp_path, A, B)))
        share = _senders(github)
    assert not any(gap.reason is GapReason.RATE_LIMITED for s in found.values() for gap in s.gaps)
    assert found
    assert share["A"] < 0.2 * share["B"]


def test_what_one_learnt_is_no_answer_to_another(tmp_path: Path) -> None:
    """Of two tokens that see different things each is asked anew, and neither sees less."""
    hidden = _repositories(1, private=True)[0]
    hidden.name = "wick"
    world = world_of(*_repositories(6), hidden)
    memory = TransientMemory()
    with _github(world, _token(A, tier=1, private=False), _token(B)) as github:
        first = _read(_collector(_reach(github, tmp_path, A), memory))
        assert "wick" not in first
        github.forget()
        collector = _collector(_reach(github, tmp_path, A, B), memory)
        found = _read(collector)
        by_b = [s for s in github.log if s.sender == "B" and s.kind == "rest"]
        assert by_b
        assert not any(seen.status == 304 for seen in by_b)
        # What only one is shown is read by that one, and the owner's settings by whom they are.
        assert "wick" in found
        assert not found["wick"].gaps
        assert all(isinstance(s.owner_settings, OwnerSettings) for s in found.values())
        assert not collector.gaps()
        # None of it is there for a third.
        github.tokens["github_pat_plantedC"] = _token("github_pat_plantedC", tier=1)
        github.forget()
        _read(_collector(_reach(github, tmp_path, "github_pat_plantedC"), memory))
        assert not any(seen.status == 304 for seen in github.log)


def test_what_one_is_not_shown_any_more_and_another_lists_is_not_gone(tmp_path: Path) -> None:
    world = world_of(*_repositories(3))
    memory = TransientMemory()
    with _github(world, _token(A, private=False), _token(B)) as github:
        _read(_collector(_reach(github, tmp_path, A, B), memory))
        world.owners[0].repos[1].private = True
        collector = _collector(_reach(github, tmp_path, A, B), memory)
        assert len(_read(collector)) == 3
        assert not collector.gone
        assert not collector.gaps()
        # Alone, the first cannot tell it from one that was deleted.
        alone = _collector(_reach(github, tmp_path, A), memory)
        assert len(_read(alone)) == 2


def test_a_refused_token_is_named_and_the_other_reads_all(tmp_path: Path) -> None:
    with _github(world_of(*_repositories(5)), _token(A, revoked=True), _token(B)) as github:
        collector = _collector(_reach(github, tmp_path, A, B))
        found = _read(collector)
        (gap,) = collector.gaps()
    assert not any(s.gaps for s in found.values())
    assert len(found) == 5
    assert not gap.optional
    assert "line 1" in gap.detail
    assert "planted" not in gap.detail


def test_a_token_revoked_meanwhile_loses_no_files(tmp_path: Path) -> None:
    with _github(world_of(*_repositories(12)), _token(A), _token(B)) as github:

        def revoke(kind: str, content: str) -> None:
            github.tokens[A].revoked |= "query Texts" in content

        github.faults.before = revoke
        found = snapshots(_collector(_reach(github, tmp_path, A, B)))  # type: ignore[arg-type]
    assert len(found) == 12
    assert all(s.files and not s.gaps for s in found.values())


def test_no_token_that_is_accepted_is_one_sentence(tmp_path: Path) -> None:
    tokens = _token(A, revoked=True), _token(B, revoked=True)
    with _github(world_of(*_repositories(2)), *tokens) as github:
        collector = _collector(_reach(github, tmp_path, A, B))
        with pytest.raises(CollectError, match="does not accept"):
            list(collector.snapshots())


def test_each_owner_has_a_token_and_a_refused_one_costs_its_own_owner(tmp_path: Path) -> None:
    world = world_of(*_repositories(3))
    world.owners.append(Owner("driftwood", repos=[Repo("ember", package("ember", LESSON))]))
    names = [f"{OWNER}/lumen-000", "driftwood/ember", f"{OWNER}/lumen-001", "elsewhere/x"]
    with _github(world, _token(A), _token(B, revoked=True)) as github:
        reach = _reach(github, tmp_path, "# tokens", f"Orchard-Labs {A}", f"driftwood {B}")
        found = {str(s.ref): s for s in ManyOwners(names, reach).snapshots()}
        assert {seen.sender for seen in github.log if seen.status == 200} == {"A"}
    assert list(found) == [names[0], names[2], names[1], names[3]]
    assert [bool(s.gaps) for s in found.values()] == [False, False, True, True]
    assert "No token is for elsewhere" in found["elsewhere/x"].gaps[0].detail


def test_installations_of_several_owners_in_one_scan(tmp_path: Path) -> None:
    world = world_of(*_repositories(2))
    world.owners.append(Owner("driftwood", repos=[Repo("ember", package("ember", LESSON))]))
    world.owners.append(Owner("moss", repos=[Repo("fern", package("fern", LESSON))]))
    names = [f"{OWNER}/lumen-000", "moss/fern", "driftwood/ember"]
    with _github(world) as github:
        github.apps.installations |= {OWNER: 42, "driftwood": 43}
        found = {
            str(s.ref): s for s in ManyOwners(names, connect_app(github, tmp_path)).snapshots()
        }
        assert len(github.apps.issued) == 2
    assert [name for name, s in found.items() if s.gaps] == ["moss/fern"]


def test_all_tokens_share_one_budget(tmp_path: Path) -> None:
    world = World([*organization(30)])
    with _github(world, _token(A), _token(B)) as github:
        reach = replace(_reach(github, tmp_path, A, B), limits=replace(FAST, max_points=2))
        found = list(_collector(reach).snapshots())
        assert github.points <= 3
    unread = [s for s in found if s.gaps]
    assert unread
    assert {gap.reason for s in unread for gap in s.gaps} == {GapReason.RATE_LIMITED}


@pytest.mark.parametrize(
    "text", ["", "# nothing", f"{A} {B}", f"two words {A}", f"{A}\nplänted", "a/b planted"]
)
def test_lines_that_are_no_tokens(text: str, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(CollectError) as caught:
        find_credentials({}, token_files=[file])
    assert "planted" not in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_line_is_counted_as_an_editor_counts_it(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    # Editors of Windows begin with a byte order mark.
    file.write_text(f"{A}\r\n", encoding="utf-8-sig")
    assert len(find_credentials({}, token_files=[file])) == 1
    file.write_text(f"\n# a\n{A}\na b c\n")
    with pytest.raises(CollectError, match="line 4"):
        find_credentials({}, token_files=[file])


def test_the_advisories_are_no_owners(tmp_path: Path) -> None:
    with _github(world_of(), _token(A)) as github:
        reach = _reach(github, tmp_path, f"driftwood {A}")
        assert reach.client("").get("/rate_limit").body is not None
        with pytest.raises(CollectError, match=f"No token is for {OWNER}"):
            reach.client(OWNER)


def test_one_command_scans_two_owners_with_two_tokens(tmp_path: Path) -> None:
    world = world_of(*_repositories(2))
    world.owners.append(Owner("driftwood", repos=[Repo("ember", package("ember", LESSON))]))
    file = tmp_path / "tokens"
    file.write_text(f"{OWNER} {A}\ndriftwood {B}\n")
    with command_line(world, tmp_path) as cli:
        cli.github.tokens = {A: _token(A), B: _token(B, revoked=True)}
        ran = cli.scan(OWNER, "driftwood", "--token-file", str(file))
        shown = [f"{row.owner}/{row.repository}" for row in cli.store.repositories()]
        words = ("--token-file", str(file), "--api-url", cli.github.url)
        seen = release_audit("doctor", OWNER, *words)
        file.write_text(f"{B}\n{A}\n{B}x\n")
        both = release_audit("doctor", OWNER, *words)
    assert ran.code == 3
    assert "error: driftwood: GitHub does not accept" in ran.err
    assert "planted" not in ran.out + ran.err + seen.out + both.out + both.err
    assert (both.code, both.out.count("read with")) == (3, 1)
    assert [f"line {n}: GitHub does not accept" in both.err for n in (1, 2, 3)] == [1, 0, 1]
    assert shown == [f"{OWNER}/lumen-000", f"{OWNER}/lumen-001"]
    assert (seen.code, seen.out.count("read with")) == (0, 1)


def test_commands_for_one_repository_use_all_tokens_of_its_owner(tmp_path: Path) -> None:
    """The first line's token is not shown it, the second one's is."""
    hidden = Repo("wick", package("wick", TOKEN_RELEASE), private=True)
    file = tmp_path / "tokens"
    file.write_text(f"{OWNER} {A}\n{OWNER} {B}\n")
    with command_line(world_of(*_repositories(1), hidden), tmp_path) as cli:
        cli.github.tokens = {A: _token(A, private=False), B: _token(B)}
        slug, words = f"{OWNER}/wick", ("--token-file", str(file))
        where = ("--api-url", cli.github.url, "--host", "github.com")
        index = ("--allow-gaps", "--index-url", cli.index.simple)
        checked = release_audit("check", slug, "--no-engine", *words, *where, *index)
        asked = release_audit("who", slug, *words, *where, *index)
        pull = ("--pull-request", "--no-engine")
        proposed = release_audit("fix", slug, *pull, *words, *where, *index)
        file.write_text(f"driftwood {B}\n")
        (tmp_path / "here" / ".github").mkdir(parents=True)
        # What a checkout's actions are is no owner's: any token will do.
        here = (str(tmp_path / "here"), "--online", "--no-engine")
        own = release_audit("check", *here, *words, *where, *index)
    assert (checked.code, asked.code) == (1, 0), checked.err + asked.err
    assert "long-lived-token" in checked.out
    assert "wick" in proposed.out, proposed.err
    assert "cannot be read" not in proposed.out + proposed.err
    assert "No token is for" not in own.err
    assert own.code == 0, own.err
