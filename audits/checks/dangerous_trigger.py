"""Event that outsiders can trigger reaches a publication.

Some events run with the repository's own rights for anyone: `pull_request_target`,
`workflow_run`, `issue_comment`, `issues`, `discussion` and its comments, reviews of pull requests
from the repository's own branches, `commit_comment`, `watch`, `fork`, `gollum`.

## Why it matters

Unlike `pull_request`, these events give a run the secrets and the token of the repository, while
an outsider decides what it is about. If the run then checks out the outsider's branch, takes the
artifact of the outsider's run, or writes the outsider's words into a script, their code runs in a
job that can publish. That is critical. Where nothing of theirs comes in, but anyone can set the
publication off, it is high.

`workflow_run` is not safer for naming a workflow that only pushes start: a pull request can
bring a workflow of the same name. Its `head_branch` is the name of the outsider's branch and
may well be `main`.

An outsider is everybody who may come, not one kind of account. Whoever had one typo merged is a
`CONTRIBUTOR`, so that `author_association != 'NONE'` keeps them in. `contains('alice bob',
github.actor)` searches a text: an account named `lic` passes. `github.actor == 'dependabot[bot]'`
says who acted last, which anyone brings about on a pull request of their own. A comment stands
under an issue or pull request of anybody, so the author of the issue is no guard.

Since 2026-07 every maintained version of `actions/checkout` ends the job instead of fetching a
fork's code under `pull_request_target` and `workflow_run`, unless its input
`allow-unsafe-pr-checkout` says otherwise: such a job is low. From 2026-12-02 on GitHub does not
start `pull_request_target` in public repositories unless a policy allows it, so that without
the policies and the visibility that is unknown.

## How to fix

Publish from a workflow of its own that only releases or tags start. If it must be one of these
events, keep outsiders out with a condition on the job: `github.event.workflow_run.event ==
'push'` together with `github.event.workflow_run.head_repository.full_name == github.repository`,
or `contains(fromJSON('["OWNER", "MEMBER"]'), github.event.comment.author_association)`.

## Deviations
zizmor's `dangerous-triggers` reports every `pull_request_target` and `workflow_run`. Here it
passes where a condition keeps outsiders out, and is unknown where an output decides. Outside
releases it is medium where an outsider's code or words meet rights or secrets, low where such an
event only starts a job that has them, and nothing where the job has neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import partial

from audits.analysis.artifacts import downloads
from audits.analysis.checkout_refusal import refuses_outsiders
from audits.analysis.conditions import ConditionResult, passage, publishing_steps
from audits.analysis.exposure.unsafe_steps import Entrance, entrances
from audits.analysis.job_dependencies import needs_of
from audits.analysis.outsiders import OUTSIDER_EVENTS
from audits.analysis.taint import Tracer
from audits.analysis.untrusted_inputs import Setter, code_of
from audits.analysis.workflow_policies import event_allowed
from audits.checks.api import (
    BLOCKED_PULL_REQUEST_TARGET,
    GITHUB_EVENTS,
    GITHUB_SECURE_USE,
    NPM_RELEASE_OF_CHECKOUT,
    Area,
    Breadth,
    Clean,
    Example,
    Finding,
    Job,
    Level,
    Location,
    Need,
    Outcome,
    Repository,
    Role,
    Route,
    Severity,
    Step,
    StepSite,
    Trigger,
    Unknown,
    Unseen,
    Verdict,
    WayIn,
    Workflow,
    check,
)
from audits.expressions.syntax import contexts

_SECRET = re.compile(r"secrets\s*\.\s*(\w+)")
_SCOPES = (
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "id-token",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "security-events",
    "statuses",
)
_REFUSED = frozenset({"pull_request_target", "workflow_run"})
"""Events under which newer checkouts refuse a fork's code."""
_WORKFLOW = """\
on:
  %s
jobs:
  publish:
    if: %s
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - %s
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_AFTER = "workflow_run: {workflows: [Tests], types: [completed]}"
_TARGET, _COMMENT = "pull_request_target:", "issue_comment: {types: [created]}"
_GREEN = "github.event.workflow_run.conclusion == 'success'"
_FETCH = (
    "uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1\n"
    "        with: {run-id: '${{ github.event.workflow_run.id }}'}"
)
_HEAD = (
    "uses: actions/checkout@08eba0b27e820071cde6df949e0beb9ba4906955 # v4.3.0\n"
    "        with: {ref: '${{ github.event.pull_request.head.sha }}'}"
)
_REFUSING = _HEAD.replace("08eba0b27e820071cde6df949e0beb9ba4906955 # v4.3.0", "v5")
_ENDS = "the checkout refuses an outsider's code, so that the job ends there"
_ASKED = "startsWith(github.event.comment.body, '/release')"
_MEMBER = 'contains(fromJSON(\'["OWNER", "MEMBER"]\'), github.event.comment.author_association)'
_OWN_PUSH = f"{_GREEN} && github.event.workflow_run.event == 'push'"
_LS = "run: ls dist"
_SAME = "github.event.%s.repo.id == github.event.%s.repo.id"
_BESIDE = """\
on:
  issue_comment:%s
permissions: {contents: %s}
jobs:
  try:
    runs-on: ubuntu-latest
    steps:
      - run: gh pr checkout ${{ github.event.issue.number }} && make
"""


@check(
    area=Area.INTEGRITY,
    severity=Severity.CRITICAL,
    sharpened_by={Need.ADMINISTRATION},
    links=(GITHUB_SECURE_USE, GITHUB_EVENTS),
    any_workflow=True,
    milder_in_other_jobs=False,
    zizmor="dangerous-triggers",
    examples=(
        Example(
            name="nothing in the way",
            workflow=_WORKFLOW
            % (f"{_TARGET}  # !", "github.repository_owner == 'orchard-labs'", _LS),
            severity=Severity.HIGH,
        ),
        Example(
            name="the outsider's branch is checked out",
            workflow=_WORKFLOW % (f"{_TARGET}  # !", "github.event.action != 'closed'", _HEAD),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="the artifact of the outsider's run is published",
            workflow=_WORKFLOW % (f"{_AFTER}  # !", _GREEN, _FETCH),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="the outsider's words reach a script",
            workflow=_WORKFLOW
            % (f"{_COMMENT}  # !", _ASKED, "run: echo ${{ github.event.comment.body }}"),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="only the trigger, and a condition that keeps nobody out",
            workflow=_WORKFLOW % (f"{_AFTER}  # !", _GREEN, _LS),
            severity=Severity.HIGH,
        ),
        Example(
            name="an association that one merged change gives",
            workflow=_WORKFLOW
            % (f"{_COMMENT}  # !", "github.event.comment.author_association != 'NONE'", _LS),
            severity=Severity.HIGH,
        ),
        Example(
            name="a text that is searched for the account's name",
            workflow=_WORKFLOW % (f"{_COMMENT}  # !", "contains('alice bob', github.actor)", _LS),
            severity=Severity.HIGH,
        ),
        Example(
            name="a list of accounts",
            workflow=_WORKFLOW
            % (_COMMENT, 'contains(fromJSON(\'["alice", "bob"]\'), github.actor)', _LS),
        ),
        Example(
            name="a bot as the last actor",
            workflow=_WORKFLOW % (f"{_TARGET}  # !", "github.actor == 'dependabot[bot]'", _HEAD),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="a bot as the author",
            workflow=_WORKFLOW
            % (_TARGET, "github.event.pull_request.user.login == 'dependabot[bot]'", _HEAD),
        ),
        Example(
            name="an owner's issue, under which anyone comments",
            workflow=_WORKFLOW
            % (f"{_COMMENT}  # !", "github.event.issue.author_association == 'OWNER'", _LS),
            severity=Severity.HIGH,
        ),
        Example(
            name="a type of event that takes rights",
            workflow=_WORKFLOW % ("issues: {types: [labeled]}", "github.run_id", _LS),
        ),
        Example(
            name="an issue that anyone opens",
            workflow=_WORKFLOW % ("issues: {types: [opened, labeled]}  # !", "github.run_id", _LS),
            severity=Severity.HIGH,
        ),
        Example(name="only own pushes", workflow=_WORKFLOW % (_AFTER, _OWN_PUSH, _FETCH)),
        Example(
            name="only members", workflow=_WORKFLOW % (_COMMENT, f"{_ASKED} && {_MEMBER}", _LS)
        ),
        Example(
            name="only branches of the repository itself",
            workflow=_WORKFLOW
            % (_TARGET, _SAME % ("pull_request.head", "pull_request.base"), _HEAD),
        ),
        Example(
            name="branches of other repositories too",
            workflow=_WORKFLOW
            % (f"{_TARGET}  # !", _SAME % ("pull_request.base", "pull_request.base"), _HEAD),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="a checkout that refuses the outsider's branch",
            workflow=_WORKFLOW % (f"{_TARGET}  # !", "github.event.action != 'closed'", _REFUSING),
            severity=Severity.LOW,
        ),
        Example(
            name="a checkout with the refusal switched off",
            workflow=_WORKFLOW
            % (
                f"{_TARGET}  # !",
                "github.event.action != 'closed'",
                _REFUSING.replace("{ref", "{allow-unsafe-pr-checkout: true, ref"),
            ),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="a tag of the days before it refused",
            workflow=_WORKFLOW % (f"{_TARGET}  # !", "github.event.action != 'closed'", _REFUSING),
            severity=Severity.CRITICAL,
            as_of=date(2026, 7, 1),
        ),
        Example(
            name="whether GitHub still starts it is not seen",
            workflow=_WORKFLOW % (_TARGET, "github.event.action != 'closed'", _HEAD),
            as_of=date(2026, 12, 2),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="a host that starts it as ever",
            workflow=_WORKFLOW % (f"{_TARGET}  # !", "github.event.action != 'closed'", _HEAD),
            as_of=date(2026, 12, 2),
            host="github.orchard.example",
            severity=Severity.CRITICAL,
        ),
        Example(
            name="publishes for tags only",
            workflow=_WORKFLOW % (f"{_TARGET}\n  push:", "github.ref_type == 'tag'", _HEAD),
        ),
        Example(
            name="an output decides",
            workflow=_WORKFLOW % (_COMMENT, _ASKED, "{id: who, run: ./who}")
            + "        if: steps.who.outputs.member == 'true'\n",
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="a branch that is checked out for another event",
            workflow=_WORKFLOW
            % (
                f"issues:  # !\n  {_TARGET}  # !",
                "github.run_id",
                f"if: github.event_name == 'push'\n        {_HEAD}",
            ),
            severity=Severity.HIGH,
        ),
        Example(
            name="other events",
            workflow=_WORKFLOW % ("release: {types: [published]}", "github.run_id", _LS),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="beside the release, from where a path leads to it",
            workflow=_BESIDE % ("  # !", "write"),
            files={".github/workflows/publish.yml": NPM_RELEASE_OF_CHECKOUT},
            severity=Severity.CRITICAL,
        ),
        Example(
            name="beside the release, and no path leads on",
            workflow=_BESIDE % ("", "read"),
            files={".github/workflows/publish.yml": NPM_RELEASE_OF_CHECKOUT},
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def dangerous_trigger(repo: Repository) -> Iterator[Verdict]:
    """Judge each event of this kind against each job that it could make publish."""
    on_paths = list(_on_paths(repo))
    known = {finding.at for finding in on_paths}
    for workflow in repo.release_workflows():
        for trigger in workflow.triggers:
            if trigger.event in OUTSIDER_EVENTS:
                verdicts = _judged(repo, workflow, trigger)
                yield from (v for v in verdicts if v.at not in known or v.job in repo.graph.roles)
    yield from on_paths


# Words that become code are template-injection's: one way in is one fault.
_FLOWS = {
    WayIn.CODE: "an outsider's code runs there",
    WayIn.ARTIFACT: "the artifact of an outsider's run is used there",
}


def _on_paths(repo: Repository) -> Iterator[Finding]:
    """The jobs beside the release from which a path leads to a publication, each event once."""
    found: dict[tuple[Location, Job], list[Entrance]] = {}
    for entrance in entrances(repo):
        way = entrance.way
        if way.kind in _FLOWS and way.trigger is not None and way.view.job not in repo.graph.roles:
            found.setdefault((way.trigger.at, way.view.job), []).append(entrance)
    for (at, job), several in found.items():
        worst = next((each for each in several if each.is_sure), several[0])
        yield Finding(
            message=f"`{worst.way.event}`: {worst.way.who} can set off the job `{job.id}`, "
            f"{_FLOWS[worst.way.kind]}, and from it a path leads to a release",
            at=at,
            job=job,
            anchor=worst.way.event,
            severity=worst.severity,
            because=worst.because,
            concerns=tuple(dict.fromkeys(p for each in several for p in each.publications)),
        )


def _judged(repo: Repository, workflow: Workflow, trigger: Trigger) -> Iterator[Verdict]:
    ways = list(_publishing_ways(repo, workflow))
    if not ways:
        if repo.breadth is Breadth.ALL:
            yield from _outside_releases(repo, workflow, trigger)
        return
    verdicts: dict[Job, Verdict] = {}
    for route, steps in ways:
        verdict = _verdict(repo, route, trigger, steps)
        known = verdicts.get(route.job)
        if known is None or _rank(verdict) > _rank(known):
            verdicts[route.job] = verdict
    yield from verdicts.values()


def _outside_releases(repo: Repository, workflow: Workflow, trigger: Trigger) -> Iterator[Verdict]:
    """One verdict for a workflow that publishes nothing, that of its worst job."""
    found = [
        _elsewhere(repo, route, trigger)
        for job in workflow.live_jobs
        for route in repo.routes(job)
        if route.entry is workflow
    ]
    worst = max(found, key=_rank, default=None)
    if worst is not None:
        yield worst


def _elsewhere(repo: Repository, route: Route, trigger: Trigger) -> Verdict:
    found = passage(repo, route, trigger)
    flow = _flow(repo, route, found) if found.runs else ""
    rights = _rights(repo, route)
    usual = trigger.event in {"pull_request_target", "workflow_run"}
    usual = usual and not _only_labels(route.entry)
    flow = "" if flow == _ENDS else flow
    if not found.runs or not rights or not (flow or usual):
        return Clean(at=trigger.at, job=route.job)
    severe = bool(flow)
    return Finding(
        message=f"`{trigger.event}`: {found.who} can set off a job with {rights}"
        + (f", and {flow}" if flow else ""),
        at=trigger.at,
        job=route.job,
        anchor=trigger.event,
        severity=Severity.MEDIUM if severe else Severity.LOW,
        because="the job is outside every release"
        if severe
        else "neither code nor words of an outsider were found in the job",
    )


def _rights(repo: Repository, route: Route) -> str:
    """What of worth a job holds; empty where its token only reads and no secret is read."""
    workflow = repo.workflow(route.job.path)
    text = workflow.source.text[slice(*route.job.span)].lower() if workflow else ""
    shared = [t.value.lower() for t in workflow.env.values()] if workflow else []
    read = [name for part in (text, *shared) for name in _SECRET.findall(part)]
    if any(name != "github_token" for name in read) or route.job.secrets:
        return "secrets"
    if route.grant.levels is None:
        return "the default token"
    writes = any(route.grant.level(scope) is Level.WRITE for scope in _SCOPES)
    return "a token that writes" if writes else ""


def _publishing_ways(
    repo: Repository, workflow: Workflow
) -> Iterator[tuple[Route, tuple[Step, ...]]]:
    """The ways to publications, one for those that the same conditions guard in one job."""
    seen: set[tuple[Job, tuple[Job, ...], tuple[str, ...]]] = set()
    for publication in repo.publications:
        steps = publishing_steps(publication)
        guarded = tuple(s.condition.text.value if s.condition else "" for s in steps)
        for route in publication.routes:
            key = (route.job, route.calls, guarded)
            if route.entry is workflow and key not in seen:
                seen.add(key)
                yield route, steps


def _verdict(repo: Repository, route: Route, trigger: Trigger, steps: tuple[Step, ...]) -> Verdict:
    found = passage(repo, route, trigger, steps)
    if found.runs is False:
        return Clean(at=trigger.at, job=route.job)
    if found.runs is None:
        reason = f"whether `{trigger.event}` comes through hangs on `{found.reach.unseen[0]}`"
        unseen = Unseen(need=Need.WORKFLOW, reason=reason)
        return Unknown(at=trigger.at, job=route.job, unseen=unseen)
    started = _is_started(repo, route, trigger)
    if started is None:
        unseen = Unseen(
            need=Need.ADMINISTRATION,
            reason=f"whether a policy lets `{trigger.event}` start workflows was not read",
            permission="Administration: read",
        )
        return Unknown(at=trigger.at, job=route.job, unseen=unseen)
    flow = _flow(repo, route, found)
    severity = Severity.CRITICAL if flow else Severity.HIGH
    because = "" if flow else "neither code nor data of an outsider was found on the way"
    if not started or flow == _ENDS:
        severity, because = Severity.LOW, _ENDS if started else "a policy blocks the event"
    return Finding(
        message=_message(trigger.event, flow, found) + _until(repo, trigger.event),
        at=trigger.at,
        job=route.job,
        anchor=trigger.event,
        severity=severity,
        because=because,
    )


def _is_started(repo: Repository, route: Route, trigger: Trigger) -> bool | None:
    """Whether GitHub starts a workflow for an event on the day that counts: a policy of the
    owner's decides, and without one GitHub's own; None where neither was seen.
    """
    allowed = event_allowed(repo, route.entry.path, trigger.event)
    if isinstance(allowed, bool):
        return allowed
    if trigger.event != "pull_request_target":
        return True
    blocked = repo.holds(BLOCKED_PULL_REQUEST_TARGET)
    if isinstance(allowed, Unseen):
        return True if blocked is False else None
    return None if blocked is None else not blocked


def _until(repo: Repository, event: str) -> str:
    """What is said about an event that GitHub blocks from a day on."""
    fact = BLOCKED_PULL_REQUEST_TARGET
    if event != "pull_request_target" or repo.as_of >= fact.since or repo.ref.is_enterprise_server:
        return ""
    return (
        f"; from {fact.day} on GitHub does not start it in public repositories, unless a policy "
        "allows it, and a release that relies on it fails"
    )


def _message(event: str, flow: str, found: ConditionResult) -> str:
    if flow == _ENDS:
        return f"`{event}`: {found.who} can set off the publishing job, which ends at its checkout"
    if flow:
        return f"`{event}`: {found.who} can set off the publishing job, and {flow}"
    if found.reach.conditions:
        return (
            f"`{event}`: {found.who} can set off the publishing job, past a condition that does "
            "not keep them out"
        )
    return f"`{event}`: {found.who} can set off the publishing job; nothing is in the way"


def _rank(verdict: Verdict) -> int:
    if isinstance(verdict, Finding):
        return 2 + (verdict.severity or Severity.CRITICAL)
    return 1 if isinstance(verdict, Unknown) else 0


def _flow(repo: Repository, route: Route, found: ConditionResult) -> str:
    """What of an outsider's comes into the jobs that hand something to the last of a route."""
    start = found.start
    workflow = repo.workflow(route.job.path)
    if start is None or workflow is None:
        return ""
    handing = [
        job
        for job in needs_of(workflow).above(route.job)
        if repo.graph.roles.get(job, Role.OTHER) is not Role.OTHER
    ]
    event, brings_code = start.trigger.event, start.owns_subject
    flows = [
        # Many publishing jobs may wait for the same ones.
        repo.once_for(
            (_flow_into, job, event, brings_code),
            partial(_flow_into, repo, workflow, job, event, brings_code),
        )
        for job in (route.job, *handing)
    ]
    # Where one of these jobs ends before its time, nothing is published.
    return _ENDS if _ENDS in flows else next(filter(None, flows), "")


def _flow_into(
    repo: Repository, workflow: Workflow, job: Job, event: str, brings_code: bool
) -> str:
    for step in job.live_steps:
        if not _is_reached(repo, job, step, event):
            continue
        if brings_code and _takes_head(repo, step):
            refuses = event in _REFUSED and refuses_outsiders(repo, step)
            if refuses:
                return _ENDS
            return "an outsider's branch is checked out"
        site = StepSite(step=step, path=job.path, job=job, workflow=workflow)
        if _takes_words(repo, site, event):
            return "an outsider's words become code"
    if event == "workflow_run" and any(
        download.run is not None and "github.run_id" not in download.run
        for download in downloads(repo, job)
    ):
        return "the artifact of an outsider's run is used"
    return ""


def _takes_head(repo: Repository, step: Step) -> bool:
    if step.uses is not None and step.uses.action == "actions/checkout":
        given = [text.value for text in (step.input("ref"), step.input("repository")) if text]
        names = [context.name for text in given for context in contexts(text)]
        return any(_is_head(name) for name in names) or any("refs/pull/" in text for text in given)
    for command in repo.commands(step):
        words = " ".join(command.words)
        if words.startswith("gh pr checkout") or (
            command.program == "git" and ("pull/" in words or "head_ref" in words)
        ):
            return True
    return False


def _is_head(name: str) -> bool:
    return name == "github.head_ref" or name.startswith(
        (
            "github.event.pull_request.head.",
            "github.event.workflow_run.head_",
            "github.event.pull_request.merge_commit_sha",
        )
    )


def _is_reached(repo: Repository, job: Job, step: Step, event: str) -> bool:
    """Whether the step's own condition lets a run of outsiders pass."""
    return step.condition is None or any(
        passage(repo, route, trigger, (step,)).runs is not False
        for route in repo.routes(job)
        for trigger in route.triggers
        if trigger.event == event
    )


def _takes_words(repo: Repository, site: StepSite, event: str) -> bool:
    return any(
        taint.setter is Setter.OUTSIDER and taint.event == event
        for text in code_of(site.step)
        for _, taint in Tracer(repo, site).code_taints(text)
    )


def _only_labels(workflow: Workflow) -> bool:
    """Whether all that the workflow does is to label, which needs no checkout."""
    steps = [step for job in workflow.jobs for step in job.steps]
    uses = steps[0].uses if len(steps) == 1 else None
    return len(workflow.jobs) == 1 and uses is not None and uses.action == "actions/labeler"
