"""One pull request against the loopback GitHub: what is refused, taken, moved, killed, repeated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.collect.errors import BudgetSpentError
from audits.collect.github.auth import Secret
from audits.collect.github.rate_limits import Limits, Pacer
from audits.model.edit_plan import ChangedFile
from audits.model.proposal import (
    Proposal,
    ProposalResult,
    ProposalState,
    change_digest,
    change_trailer,
    hidden_mark,
)
from audits.model.source import RepositoryRef, SourceFile
from audits.pull_requests import writer as writing
from audits.pull_requests.journal import Journal
from audits.pull_requests.propose import Proposer
from audits.pull_requests.writer import Writer
from tests.collect.github.generate import OWNER
from tests.collect.github.git_objects import Link, peel
from tests.collect.github.scanning import FAST, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Pull, Repo, Token

WRITING = "github_pat_writes0secret"
ALL = frozenset({"contents", "pull_requests", "workflows"})
PATH = ".github/workflows/release.yml"
BEFORE, AFTER = "on: push\n", "on: release\n"
BRANCH = "refs/heads/release-audit/safe"


@dataclass
class Stage:
    github: LoopbackGitHub
    repo: Repo
    journal: Path
    limits: Limits = FAST

    def proposal(self, *fingerprints: str, topic: str = "safe", draft: bool = False) -> Proposal:
        head = self.repo.head
        assert head is not None
        before = SourceFile.of(PATH, BEFORE.encode())
        files = (ChangedFile(path=PATH, before=before, text=AFTER),)
        names = fingerprints or ("f1", "f2")
        return Proposal(
            ref=RepositoryRef(owner=OWNER, name=self.repo.name),
            topic=topic,
            base="main",
            head=head.oid,
            files=files,
            title="Pin actions to commits",
            message=f"ci: pin\n\n{change_trailer(change_digest(head.oid, files))}",
            body=f"text\n\n{hidden_mark(topic, names)}\n",
            draft=draft,
            fingerprints=names,
        )

    def propose(self, proposal: Proposal | None = None, *, again: bool = False) -> ProposalResult:
        pacer = Pacer(self.limits)
        writer = Writer(Secret(WRITING), api_url=self.github.url, pacer=pacer, spacing=0)
        proposer = Proposer(writer, Journal(self.journal), declined_too=again)
        return proposer.propose(proposal or self.proposal())

    @property
    def token(self) -> Token:
        return self.github.tokens[WRITING]

    def text(self) -> str | None:
        tip = self.repo.refs.get(BRANCH)
        if tip is None:
            return None
        found = peel(tip).tree.find(PATH)
        return str(getattr(found, "text", None))

    def written(self) -> list[str]:
        """The requests that wrote, as verb and last word."""
        return [
            f"{seen.verb} {seen.path.rpartition('/')[2]}"
            for seen in self.github.log
            if seen.verb != "GET" and (seen.kind == "rest" or "mutation" in seen.query)
        ]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    repo = Repo("tidepool", {PATH: BEFORE, "README.md": "hello\n", "latest": Link("README.md")})
    with LoopbackGitHub(world_of(repo), Token(WRITING, writes=ALL)) as github:
        yield Stage(github, repo, tmp_path / "state" / "journal.jsonl")


def test_writes_are_a_second_apart_by_default(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert writing.SPACING == 1.0
    monkeypatch.setattr(writing, "SPACING", 0.3)
    writer = Writer(Secret(WRITING), api_url=stage.github.url, pacer=Pacer(FAST))
    started = time.monotonic()
    result = Proposer(writer, Journal(stage.journal)).propose(stage.proposal())
    assert result.state is ProposalState.OPENED
    # A branch, a commit and the request: two pauses.
    assert time.monotonic() - started >= 2 * writing.SPACING


def test_a_branch_a_commit_and_a_request(stage: Stage) -> None:
    result = stage.propose()
    assert result.state is ProposalState.OPENED
    assert result.url == f"https://github.com/{OWNER}/tidepool/pull/1"
    (pull,) = stage.repo.pulls
    assert (pull.head, pull.title, pull.draft) == (
        "release-audit/safe",
        "Pin actions to commits",
        False,
    )
    assert stage.text() == AFTER
    tip = peel(stage.repo.refs[BRANCH])
    assert tip.tree.children["latest"].mode == 0o120000
    assert stage.repo.head is not None
    assert stage.repo.head.tree.find(PATH) is not None
    assert stage.journal.stat().st_mode & 0o077 == 0
    assert WRITING not in stage.journal.read_text("utf-8")


def test_it_is_never_opened_twice(stage: Stage) -> None:
    stage.propose()
    stage.github.forget()
    again = stage.propose()
    assert again.state is ProposalState.OPEN
    assert again.url.endswith("/pull/1")
    assert len(stage.repo.pulls) == 1
    assert stage.written() == []


def test_a_closed_request_is_declined(stage: Stage) -> None:
    stage.propose()
    stage.repo.pulls[0].state = "closed"
    assert stage.propose().state is ProposalState.DECLINED
    assert stage.propose(stage.proposal("f2", "f3")).state is ProposalState.DECLINED
    assert len(stage.repo.pulls) == 1
    assert stage.propose(stage.proposal("f9")).state is ProposalState.OPENED
    assert stage.repo.pulls[1].head == "release-audit/safe"


def test_what_was_declined_is_proposed_again_where_that_is_asked_for(stage: Stage) -> None:
    stage.propose()
    stage.repo.pulls[0].state = "closed"
    assert stage.propose(again=True).state is ProposalState.OPENED


def test_a_merged_request_declines_nothing(stage: Stage) -> None:
    stage.propose()
    stage.repo.pulls[0].state, stage.repo.pulls[0].merged = "closed", True
    stage.repo.change("README.md", "moved on\n")
    assert stage.propose().state is ProposalState.OPENED
    assert len(stage.repo.pulls) == 2


def test_a_branch_of_somebody_else_stays_as_it_is(stage: Stage) -> None:
    assert stage.repo.head is not None
    stage.repo.refs[BRANCH] = stage.repo.head
    result = stage.propose()
    assert result.state is ProposalState.THEIRS
    assert "is not from here" in result.detail
    assert stage.written() == []


def test_a_branch_that_somebody_pushed_to_stays_as_it_is(stage: Stage) -> None:
    stage.propose()
    stage.repo.pulls.clear()
    other = stage.repo.change("README.md", "theirs\n")
    stage.repo.refs[BRANCH] = other
    stage.github.forget()
    assert stage.propose().state is ProposalState.THEIRS
    assert stage.repo.refs[BRANCH] is other
    assert stage.written() == []


def test_a_stale_branch_of_ours_is_made_anew(stage: Stage) -> None:
    stage.propose()
    stage.repo.pulls.clear()
    stage.repo.change("README.md", "moved on\n")
    assert stage.propose().state is ProposalState.OPENED
    assert stage.text() == AFTER
    assert stage.written().count("DELETE safe") == 1


def changed(proposal: Proposal, text: str, *more: str) -> Proposal:
    """The proposal that another audit makes: other texts, and further files."""
    first = proposal.files[0]
    files = (replace(first, text=text), *(replace(first, path=path) for path in more))
    message = f"ci: pin\n\n{change_trailer(change_digest(proposal.head, files))}"
    return replace(proposal, files=files, message=message, body="today's", title="Pin")


def test_an_open_request_gets_the_texts_of_today_on_top(stage: Stage) -> None:
    stage.propose()
    stage.repo.change("README.md", "moved on\n")
    assert stage.propose().state is ProposalState.OPEN  # the base moved, its files did not
    first = peel(stage.repo.refs[BRANCH])
    result = stage.propose(changed(stage.proposal(), "on: tag\n"))
    assert result.state is ProposalState.UPDATED
    assert stage.text() == "on: tag\n"
    assert peel(stage.repo.refs[BRANCH]) is not first
    assert [(pull.title, pull.body, pull.state) for pull in stage.repo.pulls] == [
        ("Pin", "today's", "open")
    ]
    assert stage.propose(changed(stage.proposal(), "on: tag\n")).state is ProposalState.OPEN


def test_an_open_request_that_somebody_pushed_to_stays_as_it_is(stage: Stage) -> None:
    stage.propose()
    other = stage.repo.change("README.md", "theirs\n")
    stage.repo.refs[BRANCH] = other
    stage.github.forget()
    result = stage.propose(changed(stage.proposal(), "on: tag\n"))
    assert result.state is ProposalState.OPEN
    assert stage.repo.refs[BRANCH] is other
    assert stage.written() == []


def test_an_open_request_with_a_file_that_is_no_longer_changed_stays(stage: Stage) -> None:
    stage.propose(changed(stage.proposal(), AFTER, ".github/workflows/old.yml"))
    result = stage.propose(changed(stage.proposal(), "on: tag\n"))
    assert result.state is ProposalState.OPEN
    assert "It also changes .github/workflows/old.yml" in result.detail
    assert stage.text() == AFTER


def test_a_commit_that_was_not_noted_is_not_made_twice(stage: Stage) -> None:
    stage.propose()
    kept = stage.journal.read_bytes()
    later = changed(stage.proposal(), "on: tag\n")
    stage.propose(later)
    stage.journal.write_bytes(kept)
    stage.github.forget()
    assert stage.propose(later).state is ProposalState.UPDATED
    assert stage.written() == ["PATCH 1"]


def test_a_moved_head_is_audited_anew(stage: Stage) -> None:
    old = stage.proposal()
    stage.repo.change("README.md", "moved on\n")
    result = stage.propose(old)
    assert result.state is ProposalState.MOVED
    assert "audits anew" in result.detail
    assert stage.written() == []


def test_a_head_that_moves_between_the_requests_leaves_nothing(stage: Stage) -> None:
    def push(_kind: str, what: str) -> None:
        if "createCommitOnBranch" in what:
            stage.repo.refs[BRANCH] = stage.repo.change("README.md", "raced\n")

    stage.github.faults.before = push
    result = stage.propose()
    assert result.state is ProposalState.MOVED
    # Somebody pushed to it: it is theirs now.
    assert BRANCH in stage.repo.refs
    assert not stage.repo.pulls


@pytest.mark.parametrize(
    ("writes", "said", "requests"),
    [
        (frozenset[str](), "Contents: write", ["POST refs"]),
        (
            frozenset({"contents", "pull_requests"}),
            "Workflows: write",
            ["POST refs", "DELETE safe"],
        ),
        (
            frozenset({"contents", "workflows"}),
            "Pull requests: write",
            ["POST refs", "POST pulls", "DELETE safe"],
        ),
    ],
)
def test_a_missing_right_is_named_and_nothing_is_left(
    stage: Stage, writes: frozenset[str], said: str, requests: list[str]
) -> None:
    stage.token.writes = writes
    result = stage.propose()
    assert result.state is ProposalState.REFUSED
    assert said in result.detail
    assert BRANCH not in stage.repo.refs
    assert not stage.repo.pulls
    assert [each for each in stage.written() if "graphql" not in each] == requests


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"archived": True}, "archived"),
        ({"disabled": True}, "disabled"),
        ({"fork": True}, "fork"),
        ({"hidden": True}, "does not exist"),
    ],
)
def test_where_nothing_is_proposed(stage: Stage, change: dict[str, bool], said: str) -> None:
    proposal = stage.proposal()
    for name, value in change.items():
        setattr(stage.repo, name, value)
    result = stage.propose(proposal)
    assert result.state is ProposalState.REFUSED
    assert said in result.detail
    assert stage.written() == []


def test_a_reader_of_the_repository_writes_nothing(stage: Stage) -> None:
    stage.token.role = "READ"
    assert "Contents: write" in stage.propose().detail
    assert stage.written() == []


@pytest.mark.parametrize(
    ("scopes", "state"),
    [("repo", ProposalState.REFUSED), ("repo, workflow", ProposalState.OPENED)],
)
def test_a_classic_token_is_asked_for_its_scope_first(
    stage: Stage, scopes: str, state: ProposalState
) -> None:
    stage.token.scopes = scopes
    result = stage.propose()
    assert result.state is state
    if state is ProposalState.REFUSED:
        assert "the scope workflow" in result.detail
        assert stage.written() == []


@pytest.mark.parametrize("pattern", ["release-audit/*", "*"])
def test_a_protected_name_is_reported(stage: Stage, pattern: str) -> None:
    stage.repo.restricted = pattern
    result = stage.propose()
    assert result.state is ProposalState.REFUSED
    assert "A rule of the repository" in result.detail
    assert not stage.repo.pulls


def test_a_branch_with_the_folders_name_is_in_the_way(stage: Stage) -> None:
    assert stage.repo.head is not None
    stage.repo.refs["refs/heads/release-audit"] = stage.repo.head
    assert stage.propose().state is ProposalState.REFUSED


def test_a_draft_where_the_repository_has_drafts(stage: Stage) -> None:
    stage.propose(stage.proposal(topic="long-lived-token", draft=True))
    assert stage.repo.pulls[0].draft
    assert stage.repo.pulls[0].head == "release-audit/long-lived-token"


def test_an_ordinary_request_where_it_has_none(stage: Stage) -> None:
    stage.repo.drafts = False
    result = stage.propose(stage.proposal(topic="long-lived-token", draft=True))
    assert result.state is ProposalState.OPENED
    assert not stage.repo.pulls[0].draft


WORDS = {
    "branch": "refs/heads/release-audit/safe",
    "commit": "createCommitOnBranch",
    "request": '"draft"',
}


@pytest.mark.parametrize("call", WORDS)
@pytest.mark.parametrize("fault", ["reset", "500", "truncated"])
def test_an_answer_that_is_lost_is_looked_for_by_the_next_run(
    stage: Stage, call: str, fault: str
) -> None:
    def fail(_kind: str, what: str) -> None:
        if WORDS[call] in what and what.startswith("{") and not stage.github.faults.happened:
            stage.github.faults.script.append(fault)

    stage.github.faults.before = fail
    first = stage.propose()
    assert first.state is ProposalState.UNCERTAIN
    assert "goes on" in first.detail
    second = stage.propose()
    assert second.state in {ProposalState.OPENED, ProposalState.OPEN}
    assert [pull.state for pull in stage.repo.pulls] == ["open"]
    assert stage.text() == AFTER


@pytest.mark.parametrize("call", WORDS)
def test_a_secondary_limit_is_waited_for(stage: Stage, call: str) -> None:
    def fail(_kind: str, what: str) -> None:
        if WORDS[call] in what and what.startswith("{") and not stage.github.faults.happened:
            stage.github.faults.script.append("secondary")

    stage.github.faults.before = fail
    assert stage.propose().state is ProposalState.OPENED
    assert stage.github.faults.happened == ["secondary"]
    assert len(stage.repo.pulls) == 1


def test_a_limit_that_does_not_lift_ends_the_run_and_loses_nothing(stage: Stage) -> None:
    stage.limits = replace(FAST, attempts=2)
    stage.github.faults.change = lambda _kind, what, reply: reply
    stage.github.faults.before = lambda _kind, what: (
        stage.github.faults.script.append("secondary") if "createCommitOnBranch" in what else None
    )
    with pytest.raises(BudgetSpentError):
        stage.propose()
    stage.github.faults.before = None
    assert stage.propose().state is ProposalState.OPENED


def test_a_request_that_another_run_opened_meanwhile_is_found(stage: Stage) -> None:
    def open_first(_kind: str, what: str) -> None:
        if '"draft"' in what and not stage.repo.pulls:
            stage.repo.pulls.append(Pull(number=1, head="release-audit/safe"))

    stage.github.faults.before = open_first
    assert stage.propose().state is ProposalState.OPEN
    assert len(stage.repo.pulls) == 1


def test_a_journal_that_a_kill_cut_off_is_read(stage: Stage) -> None:
    stage.propose()
    with stage.journal.open("ab") as stream:
        stream.write(b'{"host":"github.com","repo')
    stage.repo.pulls.clear()
    assert stage.propose().state is ProposalState.OPENED


def test_without_its_journal_no_branch_is_ours(stage: Stage) -> None:
    stage.propose()
    stage.repo.pulls.clear()
    stage.journal.unlink()
    assert stage.propose().state is ProposalState.THEIRS
