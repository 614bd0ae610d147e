"""The past of one owner, read with several tokens: what one is not shown or refused, another reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.collect.errors import CollectError
from audits.collect.github.auth import find_credentials
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.several_pasts import SeveralPasts, past_of
from audits.model.source import Snapshot
from audits.model.timeline import Timeline
from tests.cli.github_world import command_line
from tests.cli.runner import release_audit
from tests.collect.github.generate import OWNER
from tests.collect.github.scanning import connect, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.test_past import DAYS, WORKFLOW, lumen, on
from tests.collect.github.traffic import Bucket
from tests.collect.github.world import Owner, Repo, Token

A, B = "github_pat_plantedA", "github_pat_plantedB"


def _named(name: str, *, private: bool = False) -> Repo:
    repo = Repo(name, empty=True, created="2025-12-31T00:00:00Z", private=private)
    repo.commit({WORKFLOW: f"on: push # {name}\n"}, "release", when=on(2))
    return repo


@pytest.fixture
def github() -> Iterator[LoopbackGitHub]:
    """One token is shown two repositories, the other one three."""
    world = world_of(_named("ember"), lumen(), _named("wick", private=True))
    with LoopbackGitHub(world, Token(A, private=False), Token(B)) as running:
        yield running


def _reader(github: LoopbackGitHub, folder: Path, *lines: str) -> SeveralPasts:
    file = folder / "tokens"
    file.write_text("\n".join(lines))
    first, *others = find_credentials({}, token_files=[file])
    reach = replace(connect(github), credential=first, others=tuple(others))
    made = past_of(OWNER, reach, TransientMemory())
    assert isinstance(made, SeveralPasts)
    return made


def _read(reader: SeveralPasts) -> dict[str, Snapshot]:
    """Every repository as it was on the third day."""
    pasts = [past for past in reader.pasts(DAYS) if past.commits]
    wanted = [(past.ref, past.commits[DAYS[2]].commit) for past in pasts]
    return {snapshot.ref.name: snapshot for snapshot in reader.snapshots(wanted)}


def _texts(found: dict[str, Snapshot]) -> dict[str, Sequence[str]]:
    return {
        name: [file.text for file in one.files if file.path == WORKFLOW]
        for name, one in found.items()
    }


def test_what_one_token_is_not_shown_another_reads(github: LoopbackGitHub, tmp_path: Path) -> None:
    reader = _reader(github, tmp_path, A, B)
    found = _read(reader)
    assert _texts(found) == {
        "ember": ["on: push # ember\n"],
        "lumen": ["on: push\n"],
        "wick": ["on: push # wick\n"],
    }
    assert not any(one.gaps for one in found.values())
    assert not reader.gaps()
    assert reader.usage.graphql_requests <= 8
    assert {seen.sender for seen in github.log} == {"A", "B"}


def test_a_refused_token_is_named_and_nothing_is_rebuilt_without_it(
    github: LoopbackGitHub, tmp_path: Path
) -> None:
    """What only it is shown would be missing from days that count as rebuilt."""
    github.tokens[A].revoked = True
    with pytest.raises(CollectError, match="line 1: GitHub does not accept") as raised:
        _read(_reader(github, tmp_path, A, B))
    assert "planted" not in raised.value.message + raised.value.advice


def test_a_token_revoked_meanwhile_loses_no_day(github: LoopbackGitHub, tmp_path: Path) -> None:
    def revoke(kind: str, content: str) -> None:
        github.tokens[B].revoked |= "query Then" in content

    github.faults.before = revoke
    found = _read(_reader(github, tmp_path, B, A))
    assert _texts(found)["lumen"] == ["on: push\n"]
    assert not found["ember"].gaps
    assert found["wick"].gaps, "no other token is shown it"


def test_who_has_more_left_reads(github: LoopbackGitHub, tmp_path: Path) -> None:
    github.tokens[B].buckets["graphql"] = Bucket(limit=20)
    github.world.owners[0].repos.pop()
    assert len(_read(_reader(github, tmp_path, B, A))) == 2
    queries = [seen.sender for seen in github.log if seen.kind == "graphql"]
    assert queries.count("A") > queries.count("B")


def test_an_owner_without_a_token_costs_no_other(tmp_path: Path) -> None:
    world = world_of(lumen())
    world.owners.append(Owner("driftwood", repos=[_named("ember")]))
    file = tmp_path / "tokens"
    file.write_text(f"{OWNER} {A}\n{OWNER} {B}\n")
    with command_line(world, tmp_path) as cli:
        cli.github.tokens = {A: Token(A), B: Token(B)}
        words = (*cli.words[:2], *cli.words[4:], "--token-file", str(file))
        since = ("--since", "2026-01-01")
        ran = release_audit("history", "driftwood", OWNER, *since, *words)
        with closing(cli.store) as store:
            rebuilt = store.scans(timeline=Timeline.REBUILT)
    assert ran.code == 3
    assert "error: No token is for driftwood" in ran.err
    assert {scan.owner for scan in rebuilt} == {OWNER}
