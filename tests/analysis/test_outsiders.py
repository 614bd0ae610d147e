"""Who comes past a condition without write access: everybody who may, and nobody else."""

from __future__ import annotations

import pytest

from audits.analysis.conditions import ConditionResult, passage, publishing_steps
from audits.analysis.events import outsider_starts
from audits.analysis.outsiders import RequiredAccess, RunRights
from tests.analysis.test_conditions import UPLOAD, repository

COMMENT = "issue_comment"
TARGET = "pull_request_target"
LABELLED = "{pull_request_target: {types: [labeled, synchronize]}}"
RUN = "{workflow_run: {workflows: [Tests]}}"


def come(
    on: str, condition: str, right: RequiredAccess = RequiredAccess.NONE, more: str = ""
) -> ConditionResult:
    text = f"""\
on: {on}
jobs:
  above:
    runs-on: ubuntu-latest
    outputs: {{ok: "${{{{ steps.x.outputs.y }}}}"}}
    steps: [{{id: x, run: ./x}}]
  publish:
    needs: above
    if: {condition}
    runs-on: ubuntu-latest
    steps:
      - uses: {UPLOAD}
{more}"""
    repo = repository(text)
    publication = repo.publications[0]
    found = ConditionResult()
    for route in publication.routes:
        for trigger in route.triggers:
            found = passage(repo, route, trigger, publishing_steps(publication), right)
    return found


PASSED = [
    (COMMENT, "github.event.comment.author_association != 'NONE'"),
    (COMMENT, "github.event.comment.author_association == 'CONTRIBUTOR'"),
    (COMMENT, "github.event.comment.author_association == 'FIRST_TIME_CONTRIBUTOR'"),
    (COMMENT, "contains('OWNER MEMBER CONTRIBUTOR', github.event.comment.author_association)"),
    (
        COMMENT,
        'contains(fromJSON(\'["MEMBER", "CONTRIBUTOR"]\'), github.event.comment.author_association)',
    ),
    (COMMENT, "contains('alice bob', github.actor)"),
    (COMMENT, 'contains(\'["alice", "bob"]\', github.event.sender.login)'),
    (COMMENT, "contains('7557432 41280991', github.actor_id)"),
    (COMMENT, "startsWith('alice bob', github.event.comment.user.login)"),
    (COMMENT, "startsWith(github.actor, 'release-')"),
    (COMMENT, "github.event.issue.user.login == 'alice'"),
    (COMMENT, "github.event.issue.author_association == 'OWNER'"),
    (COMMENT, "github.event.comment.user.login == github.event.issue.user.login"),
    (COMMENT, "github.event.comment.user.type != 'Bot'"),
    (COMMENT, "github.event.issue.pull_request && contains(github.event.comment.body, '/go')"),
    (TARGET, "github.actor == 'dependabot[bot]'"),
    (TARGET, "github.triggering_actor == 'renovate[bot]'"),
    (TARGET, "endsWith(github.actor, '[bot]')"),
    (TARGET, "github.actor_id == 49699333"),
    (TARGET, "github.actor != 'dependabot[bot]'"),
    (TARGET, "contains(github.event.pull_request.head.repo.full_name, 'orchard-labs/')"),
    (TARGET, "startsWith(github.event.pull_request.head.repo.full_name, 'orchard-labs')"),
    (TARGET, "endsWith(github.event.pull_request.head.repo.full_name, '/lumen')"),
    (TARGET, "github.repository == 'orchard-labs/lumen'"),
    (TARGET, "github.ref == 'refs/heads/main' && !github.event.pull_request.draft"),
    (TARGET, "github.event.pull_request.head.repo.fork"),
    ("{pull_request_target: {types: [opened, labeled]}}", "github.event.action == 'opened'"),
    (LABELLED, "contains(github.event.pull_request.labels.*.name, 'safe to test')"),
    (LABELLED, "github.event.pull_request.labels[0].name == 'safe'"),
    (TARGET, "github.head_ref != ''"),
    (TARGET, "github.event.pull_request"),
    (TARGET, "github.event.pull_request != null && github.event.number"),
    (COMMENT, "github.head_ref == '' && github.event.pull_request == null"),
    (RUN, "github.event.workflow_run != null"),
    ("{pull_request_target: {types: [closed]}}", "github.event.action == 'closed'"),
    (RUN, "github.event.workflow_run.conclusion == 'success'"),
    (RUN, "github.event.workflow_run.head_branch == 'main'"),
    (RUN, "github.event.workflow_run.event != 'push'"),
    (RUN, "startsWith(github.event.workflow_run.event, 'pull_request')"),
    ("{issues: {types: [opened, labeled]}}", "github.run_id"),
    ("{discussion: {types: [created]}}", "github.run_id"),
    ("discussion_comment", "github.event.discussion.author_association == 'OWNER'"),
    ("pull_request_review", "github.event.review.state == 'approved'"),
    ("pull_request_review_comment", "github.run_id"),
    ("commit_comment", "github.event.comment.author_association == 'NONE'"),
    ("[watch]", "github.event.action == 'started'"),
    ("fork", "github.run_id"),
    ("gollum", "github.run_id"),
]
KEPT_OUT = [
    (COMMENT, "github.event.comment.author_association == 'OWNER'"),
    (COMMENT, "contains('OWNER MEMBER COLLABORATOR', github.event.comment.author_association)"),
    (COMMENT, 'contains(fromJSON(\'["alice", "bob"]\'), github.actor)'),
    (COMMENT, "github.event.comment.user.login == 'alice' || github.actor == 'bob'"),
    (COMMENT, "startsWith(github.actor, 'dependabot[')"),
    (COMMENT, "github.event.comment.user.type == 'Bot'"),
    (COMMENT, "github.event.issue.locked == true"),
    (COMMENT, "contains(github.event.issue.labels.*.name, 'release')"),
    (COMMENT, "contains(join(github.event.issue.labels.*.name, ','), 'release')"),
    (TARGET, "github.event.pull_request.user.login == 'dependabot[bot]'"),
    (
        TARGET,
        "github.actor == 'dependabot[bot]' && github.event.pull_request.user.login == github.actor",
    ),
    (TARGET, "github.actor == 'github-actions[bot]'"),
    (TARGET, "github.event.pull_request.merged"),
    (TARGET, "contains(github.event.pull_request.labels.*.name, 'safe to test')"),
    (TARGET, "contains(toJSON(github.event.pull_request.labels), 'safe')"),
    (TARGET, "github.event.pull_request.labels[0].name == 'safe'"),
    (TARGET, "github.event.label.name == 'safe'"),
    (LABELLED, "github.event.label.name == 'safe'"),
    (LABELLED, "github.event.action == 'labeled'"),
    (
        "{pull_request_target: {types: [opened, labeled]}}",
        "contains(github.event.pull_request.labels.*.name, 'safe to test')",
    ),
    (TARGET, "github.head_ref == ''"),
    (TARGET, "github.event.pull_request == null"),
    (TARGET, "${{ !github.event.pull_request }}"),
    (TARGET, "github.event.pull_request.number == null || github.base_ref == ''"),
    (COMMENT, "github.event.issue == null"),
    (TARGET, "github.event.pull_request.head.repo.full_name == github.repository"),
    (TARGET, "${{ !github.event.pull_request.head.repo.fork }}"),
    (TARGET, "startsWith(github.event.pull_request.head.repo.full_name, 'orchard-labs/')"),
    (TARGET, "startsWith(github.event.pull_request.head.label, 'orchard-labs:')"),
    ("{pull_request_target: {types: [labeled]}}", "github.run_id"),
    ("{pull_request_target: {types: [opened, labeled]}}", "github.event.action == 'labeled'"),
    ("{issues: {types: [assigned, pinned]}}", "github.run_id"),
    ("{pull_request_review: {types: [dismissed]}}", "github.run_id"),
    (RUN, "github.event.workflow_run.event == 'push'"),
    (RUN, "github.event.workflow_run.event != 'pull_request'"),
    (RUN, "github.event.workflow_run.head_repository.full_name == github.repository"),
    (RUN, "github.event.workflow_run.actor.login == 'alice'"),
    ("push", "github.run_id"),
    ("workflow_dispatch", "github.run_id"),
]


@pytest.mark.parametrize(("on", "condition"), PASSED)
def test_outsiders_pass(on: str, condition: str) -> None:
    found = come(on, condition)
    assert found.runs is True
    assert found.who


@pytest.mark.parametrize(("on", "condition"), KEPT_OUT)
def test_outsiders_are_kept_out(on: str, condition: str) -> None:
    assert come(on, condition).runs is False


@pytest.mark.parametrize(
    ("on", "condition", "right"),
    [
        ("{pull_request_target: {types: [labeled]}}", "github.run_id", RequiredAccess.TRIAGE),
        ("{issues: {types: [labeled]}}", "github.event.label.name == 'go'", RequiredAccess.TRIAGE),
        (TARGET, "github.event.pull_request.merged", RequiredAccess.WRITE),
        (COMMENT, "github.event.comment.author_association == 'OWNER'", RequiredAccess.WRITE),
        (COMMENT, "github.event.issue.locked", RequiredAccess.WRITE),
    ],
)
def test_who_needs_a_right_is_found_with_it(on: str, condition: str, right: RequiredAccess) -> None:
    assert come(on, condition, RequiredAccess(right - 1)).runs is False
    found = come(on, condition, right)
    assert found.runs is True
    assert found.start is not None
    assert found.start.right is right


@pytest.mark.parametrize(
    "condition",
    ["needs.above.outputs.ok == 'true'", "needs.above.outputs.ok && github.actor != 'alice'"],
)
def test_an_output_leaves_it_open(condition: str) -> None:
    found = come(COMMENT, condition)
    assert found.runs is None
    assert found.reach.unseen == ("needs.above.outputs.ok",)


def test_the_least_privileged_comes_first() -> None:
    assert come(COMMENT, "github.run_id").who == "anyone"
    found = come(COMMENT, "github.event.comment.author_association == 'CONTRIBUTOR'")
    assert "merged" in found.who
    assert "dependabot[bot]" in come(TARGET, "github.actor == 'dependabot[bot]'").who


def test_a_pull_request_of_a_fork_has_the_rights_of_a_fork() -> None:
    repo = repository("on: [pull_request, pull_request_review]\njobs: {}")
    request, review = repo.workflows[0].triggers
    assert {start.scope for start in outsider_starts(repo, request) if not start.right} == {
        RunRights.FORK
    }
    free = [start for start in outsider_starts(repo, review) if not start.right]
    assert {(start.scope, start.owns_subject) for start in free} == {
        (RunRights.FORK, True),
        (RunRights.REPOSITORY, False),
    }


def test_a_guard_of_the_caller_or_of_a_job_before_keeps_out_too() -> None:
    callee = f"""\
on: workflow_call
jobs:
  publish:
    runs-on: ubuntu-latest
    steps: [{{uses: {UPLOAD}}}]
"""
    caller = """\
on: issue_comment
jobs:
  call:
    if: github.event.comment.author_association == '%s'
    uses: ./.github/workflows/callee.yml
"""
    for association, runs in (("OWNER", False), ("CONTRIBUTOR", True)):
        repo = repository(caller % association, callee=callee)
        (route,) = repo.publications[0].routes
        assert passage(repo, route, route.triggers[0]).runs is runs
