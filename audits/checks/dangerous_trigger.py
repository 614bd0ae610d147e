"""Event that outsiders can trigger reaches a publication.

`pull_request_target`, `workflow_run` and `issue_comment` run with the repository's own rights,
for anyone.

## Why it matters

Unlike `pull_request`, these events give a run the secrets and the token of the repository, while
a stranger decides what it is about. If the run then checks out the stranger's branch, takes the
artifact of the stranger's run, or writes the stranger's words into a script, the stranger's
code runs in a job that can publish. That is critical, and so is a publication with nothing in
the way, which anyone can set off. With a condition in the way that does not keep strangers out
(`github.event.workflow_run.conclusion == 'success'`), it is high.

`workflow_run` is not safer for naming a workflow that only pushes start: a pull request can
bring a workflow of the same name. Its `head_branch` is the name of the stranger's branch and
may well be `main`.

## How to fix

Publish from a workflow of its own that only releases or tags start. If it must be one of these
events, keep strangers out with a condition on the job: `github.event.workflow_run.event ==
'push'` together with `github.event.workflow_run.head_repository.full_name == github.repository`,
or `github.event.comment.author_association == 'OWNER'`.

## Deviations
zizmor's `dangerous-triggers` reports every event of this kind. Here it passes where a condition
keeps strangers out, and is unknown where an output decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.artifacts import downloads
from audits.analysis.conditions import publishing_steps, reach
from audits.analysis.events import OUTSIDER_EVENTS, Start, starts_of
from audits.analysis.job_dependencies import needs_of
from audits.analysis.reachability import Reach
from audits.analysis.taint import Tracer
from audits.analysis.untrusted_inputs import Setter, code_of
from audits.check import Example, check
from audits.checks.constants import GITHUB_EVENTS, GITHUB_SECURE_USE
from audits.expressions.syntax import contexts
from audits.model.outcome import Area, Clean, Finding, Outcome, Severity, Unknown, Verdict
from audits.model.publication import Route
from audits.model.repository import Breadth, Repository, StepSite
from audits.model.settings import Need, Unseen
from audits.model.workflow import Job, Role, Step, Workflow

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
    "uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1\n"
    "        with: {ref: '${{ github.event.pull_request.head.sha }}'}"
)
_ASKED = "startsWith(github.event.comment.body, '/release')"
_MEMBER = 'contains(fromJSON(\'["OWNER", "MEMBER"]\'), github.event.comment.author_association)'
_OWN_PUSH = f"{_GREEN} && github.event.workflow_run.event == 'push'"
_LS = "run: ls dist"
_SAME = "github.event.%s.repo.id == github.event.%s.repo.id"


@check(
    area=Area.INTEGRITY,
    severity=Severity.CRITICAL,
    links=(GITHUB_SECURE_USE, GITHUB_EVENTS),
    any_workflow=True,
    milder_in_other_jobs=False,
    zizmor="dangerous-triggers",
    examples=(
        Example(
            name="nothing in the way",
            workflow=_WORKFLOW
            % (f"{_TARGET}  # !", "github.repository_owner == 'orchard-labs'", _LS),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="the stranger's branch is checked out",
            workflow=_WORKFLOW % (f"{_TARGET}  # !", "github.event.action != 'closed'", _HEAD),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="the artifact of the stranger's run is published",
            workflow=_WORKFLOW % (f"{_AFTER}  # !", _GREEN, _FETCH),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="the stranger's words reach a script",
            workflow=_WORKFLOW
            % (f"{_COMMENT}  # !", _ASKED, "run: echo ${{ github.event.comment.body }}"),
            severity=Severity.CRITICAL,
        ),
        Example(
            name="only the trigger, and a condition that keeps nobody out",
            workflow=_WORKFLOW % (f"{_AFTER}  # !", _GREEN, _LS),
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
            name="other events",
            workflow=_WORKFLOW % ("release: {types: [published]}", "github.run_id", _LS),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def dangerous_trigger(repo: Repository) -> Iterator[Verdict]:
    """Judge each event of this kind against each job that it could make publish."""
    for workflow in repo.release_workflows():
        for trigger in workflow.triggers:
            if trigger.event in OUTSIDER_EVENTS:
                for start in starts_of(repo, trigger):
                    yield from _judged(repo, workflow, start)


def _judged(repo: Repository, workflow: Workflow, start: Start) -> Iterator[Verdict]:
    ways = list(_publishing_ways(repo, workflow))
    publishes = bool(ways)
    if not ways and repo.breadth is Breadth.ALL and not _only_labels(workflow):
        ways = [
            (route, ())
            for job in workflow.live_jobs
            for route in repo.routes(job)
            if route.entry is workflow
        ]
    verdicts: dict[Job, Verdict] = {}
    for route, steps in ways:
        verdict = _verdict(repo, route, start, steps, publishes)
        known = verdicts.get(route.job)
        if known is None or _rank(verdict) > _rank(known):
            verdicts[route.job] = verdict
    # Outside releases one verdict says it: nothing there publishes, job by job.
    worst = max(verdicts.values(), key=_rank, default=None)
    yield from verdicts.values() if publishes or worst is None else (worst,)


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


def _verdict(
    repo: Repository, route: Route, start: Start, steps: tuple[Step, ...], publishes: bool
) -> Verdict:
    at, event = start.trigger.at, start.trigger.event
    way = reach(repo, route, start, steps)
    if way.runs is False:
        return Clean(at=at, job=route.job)
    if way.runs is None:
        reason = f"whether `{event}` comes through hangs on `{way.unseen[0]}`"
        unseen = Unseen(need=Need.WORKFLOW, reason=reason)
        return Unknown(at=at, job=route.job, unseen=unseen)
    flow = _flow(repo, route, start)
    severe = bool(flow) or (publishes and not way.conditions)
    return Finding(
        message=_message(event, flow, way, publishes),
        at=at,
        job=route.job,
        anchor=event,
        severity=Severity.CRITICAL if severe else Severity.HIGH,
        because="" if severe else "neither code nor data of a stranger was found on the way",
    )


def _message(event: str, flow: str, way: Reach, publishes: bool) -> str:
    aim = "publishing job" if publishes else "job"
    if flow:
        return f"`{event}`: {flow} in a {aim} that anyone can set off"
    if way.conditions:
        return f"`{event}`: anyone can set off the {aim}, past a condition that keeps nobody out"
    return f"`{event}`: anyone can set off the {aim}; nothing is in the way"


def _rank(verdict: Verdict) -> int:
    if isinstance(verdict, Finding):
        return 2 + (verdict.severity or Severity.CRITICAL)
    return 1 if isinstance(verdict, Unknown) else 0


def _flow(repo: Repository, route: Route, start: Start) -> str:
    """What of a stranger's comes into the jobs that hand something to the last of a route."""
    workflow = next(w for w in repo.workflows if w.path == route.job.path)
    handing = [
        job
        for job in needs_of(workflow).above(route.job)
        if repo.graph.roles.get(job, Role.OTHER) is not Role.OTHER
    ]
    known, event = repo.once(_known_flows), start.trigger.event
    for job in (route.job, *handing):
        if (job, event) not in known:
            known[job, event] = _flow_into(repo, workflow, job, event)
    return next(filter(None, (known[job, event] for job in (route.job, *handing))), "")


def _known_flows(repo: Repository) -> dict[tuple[Job, str], str]:
    """A place for what comes into each job: many publishing jobs may wait for the same ones."""
    return {}


def _flow_into(repo: Repository, workflow: Workflow, job: Job, event: str) -> str:
    for step in job.live_steps:
        if _takes_head(repo, step):
            return "a stranger's branch is checked out"
        site = StepSite(step=step, path=job.path, job=job, workflow=workflow)
        if _takes_words(repo, site, event):
            return "a stranger's words reach a script"
    if event == "workflow_run" and any(
        download.run is not None and "github.run_id" not in download.run
        for download in downloads(repo, job)
    ):
        return "the artifact of a stranger's run is used"
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


def _takes_words(repo: Repository, site: StepSite, event: str) -> bool:
    return any(
        taint.setter is Setter.OUTSIDER and taint.event == event
        for text in code_of(site.step)
        if "${{" in text.value
        for _, taint in Tracer(repo, site).taints(text.value)
    )


def _only_labels(workflow: Workflow) -> bool:
    """Whether all that the workflow does is to label, which needs no checkout."""
    steps = [step for job in workflow.jobs for step in job.steps]
    uses = steps[0].uses if len(steps) == 1 else None
    return len(workflow.jobs) == 1 and uses is not None and uses.action == "actions/labeler"
