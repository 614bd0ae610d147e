"""Answers that GitHub should not give: each costs a sentence, and the next run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.collect.errors import BudgetSpentError
from audits.model.proposal import ProposalState
from tests.collect.github.git_objects import Commit, Tag
from tests.collect.github.scanning import FAST, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.traffic import Reply
from tests.collect.github.world import Pull, Repo, Token
from tests.pull_requests.test_propose import (
    AFTER,
    ALL,
    BEFORE,
    BRANCH,
    PATH,
    WORDS,
    WRITING,
    Stage,
)

SETTLED = {ProposalState.OPENED, ProposalState.OPEN}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    repo = Repo("tidepool", {PATH: BEFORE})
    with LoopbackGitHub(world_of(repo), Token(WRITING, writes=ALL)) as github:
        yield Stage(github, repo, tmp_path / "state" / "journal.jsonl")


def answer(status: int, body: object, **headers: str) -> Callable[[], Reply]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Reply(status, text, named)


# Status and body of what a write is answered with, and what is said of it.
ANSWERS = {
    "cut off": (answer(201, b'{"number": 1, "html'), "no answer that says"),
    "no JSON": (answer(201, b"<html>"), "no answer that says"),
    "a list": (answer(201, []), "no answer that says"),
    "null": (answer(201, None), "no answer that says"),
    "text": (answer(200, "done"), "no answer that says"),
    "numbers as text": (
        answer(201, {"number": "1", "data": {"createCommitOnBranch": 1}}),
        "no answer",
    ),
    "deep": (answer(201, b"[" * 100_000), "no answer that says"),
    "huge": (answer(201, b" " * (65 * 2**20)), "no answer that says"),
    "bad gateway": (answer(502, b"<html>"), "no answer that says"),
    "invalid": (
        answer(422, {"message": "Validation Failed", "errors": [{"message": "title is too long"}]}),
        "GitHub refused the request: title is too long",
    ),
    "invalid, by field": (
        answer(
            422, {"message": "Validation Failed", "errors": [{"field": "base", "code": "invalid"}]}
        ),
        "base invalid",
    ),
    "errors as text": (answer(422, {"message": 5, "errors": "no"}), "GitHub refused the request"),
    "errors of any kind": (answer(422, {"errors": [None, 1, {"message": []}]}), "GitHub refused"),
    "control characters": (
        answer(422, {"message": "\x1b[2Jgone\u202e"}),
        "GitHub refused the request",
    ),
    "archived": (
        answer(403, {"message": "Repository was archived so is read-only."}),
        "The repository is archived",
    ),
    "protected": (
        answer(403, {"message": "Cannot create ref due to creations being restricted."}),
        "A rule of the repository",
    ),
    "push rule": (
        answer(422, {"message": "Repository rule violations found\n\nCommit message is wrong"}),
        "A rule of the repository",
    ),
    "no such repository": (answer(404, {"message": "Not Found"}), "may not write there"),
    "bad credentials": (answer(401, {"message": "Bad credentials"}), "may not write there"),
    "renamed": (
        answer(307, {"message": "Moved"}, Location="/repositories/7/git/refs"),
        "sends the request on",
    ),
}


@pytest.mark.parametrize("call", WORDS)
@pytest.mark.parametrize("name", ANSWERS)
def test_any_answer_costs_a_sentence_and_the_next_run_goes_on(
    stage: Stage, call: str, name: str
) -> None:
    made, said = ANSWERS[name]
    refused = made().status in range(300, 500)
    changed: list[str] = []
    held: list[tuple[dict[str, Commit | Tag], list[Pull]]] = []

    def keep(_kind: str, _what: str) -> None:
        held.append((dict(stage.repo.refs), list(stage.repo.pulls)))

    def change(_kind: str, what: str, reply: Reply) -> Reply:
        if changed or WORDS[call] not in what or not what.startswith("{"):
            return reply
        changed.append(what)
        if refused:  # what is refused is not done
            stage.repo.refs, stage.repo.pulls = held[-1]
        return made()

    stage.github.faults.before, stage.github.faults.change = keep, change
    first = stage.propose()
    assert changed
    if call == "branch" and first.state is ProposalState.OPENED:
        assert not refused  # that it was made is all that counts
    else:
        assert first.state is (ProposalState.REFUSED if refused else ProposalState.UNCERTAIN)
        assert said in first.detail
    assert first.detail == "" or first.detail.isprintable()
    stage.github.faults.before = stage.github.faults.change = None
    if stage.propose().state not in SETTLED:
        assert stage.propose().state in SETTLED
    assert [pull.state for pull in stage.repo.pulls] == ["open"]
    assert stage.text() == AFTER


@pytest.mark.parametrize(
    "after", ["99999999999999999999", "soon", "-1", "Fri, 31 Dec 9999 23:59:59 GMT", "1e9", ""]
)
def test_an_absurd_pause_ends_the_run_and_loses_nothing(stage: Stage, after: str) -> None:
    stage.limits = replace(FAST, attempts=2)

    def change(_kind: str, what: str, reply: Reply) -> Reply:
        if "createCommitOnBranch" not in what:
            return reply
        body = {"message": "You have exceeded a secondary rate limit."}
        return answer(403, body, Retry_After=after)()

    stage.github.faults.change = change
    with pytest.raises(BudgetSpentError) as error:
        stage.propose()
    assert "later" in f"{error.value.message} {error.value.advice}"
    stage.github.faults.change = None
    assert stage.propose().state is ProposalState.OPENED


def test_the_token_follows_no_redirection(stage: Stage) -> None:
    with LoopbackGitHub(world_of(), Token(WRITING, writes=ALL)) as elsewhere:
        stage.github.faults.change = lambda _kind, what, reply: (
            answer(307, {}, Location=f"{elsewhere.url}/repos")() if what.startswith("{") else reply
        )
        assert "sends the request on" in stage.propose().detail
        stage.github.faults.change = lambda *_: answer(302, {}, Location=f"{elsewhere.url}/x")()
        assert stage.propose().state is ProposalState.REFUSED
        assert not elsewhere.log


def test_a_repository_that_was_renamed_is_reported(stage: Stage) -> None:
    proposal = stage.proposal()
    stage.github.world.rename(stage.repo, "moss")
    result = stage.propose(proposal)
    assert result.state is ProposalState.REFUSED
    assert "orchard-labs/moss" in result.detail
    assert not stage.written()
    assert BRANCH not in stage.repo.refs
