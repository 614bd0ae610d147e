"""Publication runs even if a job before it failed.

`always()` and `!cancelled()` in an `if:` replace the rule that a job needs what it waits for.

## Why it matters

A job that `needs: [build, test]` is skipped when one of them fails, unless its condition asks
about the state of the run. With `always()` or `!cancelled()` it runs after failed tests, after
a failed build, and after a failed approval job, and publishes whatever it finds.

## How to fix

Leave the status functions out of the publishing job and its step. If a job before it may be
skipped, ask for each result: `if: ${{ !cancelled() && needs.build.result == 'success' &&
needs.test.result != 'failure' }}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.conditions import has_status_function, publishing_steps
from audits.analysis.failures import Failures
from audits.analysis.job_dependencies import needs_of
from audits.checks.api import (
    GITHUB_EXPRESSIONS,
    GITHUB_WORKFLOW_SYNTAX,
    Area,
    Clean,
    Condition,
    Example,
    Finding,
    Job,
    Outcome,
    Publication,
    Repository,
    Severity,
    Step,
    Verdict,
    Workflow,
    check,
)
from audits.expressions.evaluate import Value, decide
from audits.expressions.syntax import condition_expression

_WORKFLOW = """\
on: {release: {types: [published]}}
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: ./build}]
  test:
    runs-on: ubuntu-latest
    steps: [{run: ./test}]
  publish:
    needs: [build, test]
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    if: %s
    steps:
      - run: ./last-test
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        if: %s
"""
_CHAIN = """\
on: {push: {tags: ['v*']}}
jobs:
  plan:
    runs-on: ubuntu-latest
    steps: [{run: ./plan}]
  host:
    needs: plan
    if: ${{ always() && %s }}
    runs-on: ubuntu-latest
    steps: [{run: ./host}]
  publish:
    needs: [plan, host]
    if: ${{ always() && needs.host.result == 'success' }}%s
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_BOTH = "needs.build.result == 'success' && needs.test.result == 'success'"


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    links=(GITHUB_EXPRESSIONS, GITHUB_WORKFLOW_SYNTAX),
    milder_in_other_jobs=False,
    examples=(
        Example(name="always", workflow=_WORKFLOW % ("always()  # !", "github.run_attempt")),
        Example(
            name="not cancelled",
            workflow=_WORKFLOW % ("${{ !cancelled() }}  # !", "github.run_attempt"),
        ),
        Example(
            name="only one of two results is asked for",
            workflow=_WORKFLOW
            % ("always() && needs.build.result == 'success'  # !", "github.run_attempt"),
        ),
        Example(
            name="the step, after a failed step",
            workflow=_WORKFLOW % ("github.run_attempt", "always()  # !"),
        ),
        Example(
            name="both results are asked for",
            workflow=_WORKFLOW % (f"always() && {_BOTH}", "github.run_attempt"),
        ),
        Example(
            name="any failure is excluded",
            workflow=_WORKFLOW
            % ("${{ !cancelled() && !contains(needs.*.result, 'failure') }}", "success()"),
        ),
        Example(
            name="the result of a job that asks for the results before it",
            workflow=_CHAIN % ("needs.plan.result == 'success'", ""),
        ),
        Example(
            name="the result of a job that runs whatever came before it",
            workflow=_CHAIN % ("github.run_id", "  # !"),
        ),
        Example(
            name="no status function",
            workflow=_WORKFLOW % ("startsWith(github.ref, 'refs/tags/')", "success()"),
        ),
        Example(
            name="nothing is published",
            workflow="on: push\njobs: {}\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def publish_despite_failure(repo: Repository) -> Iterator[Verdict]:
    """Judge the conditions of each publication: of calling jobs, its job and its step."""
    seen: set[tuple[Job, int]] = set()
    for publication in repo.publications:
        found = list(_faults(repo, publication))
        for condition, path, failed in found:
            if (publication.job, condition.text.start) not in seen:
                seen.add((publication.job, condition.text.start))
                yield Finding(
                    message=f"The publication runs although {failed} failed",
                    at=condition.text.location(path),
                    job=publication.job,
                    anchor=condition.text.value.strip()[:80],
                )
        if not found:
            yield Clean(at=publication.at, publication=publication)


def _faults(repo: Repository, publication: Publication) -> Iterator[tuple[Condition, str, str]]:
    workflows = {workflow.path: workflow for workflow in repo.workflows}
    calls = (call for route in publication.routes for call in route.calls)
    for job in dict.fromkeys((publication.job, *calls)):
        failed = job.condition and _survives_job(repo, workflows[job.path], job)
        if job.condition is not None and failed:
            yield job.condition, job.path, failed
    steps = publishing_steps(publication)
    for step in steps:
        if step.condition is not None and _survives_step(step, publication.job.live_steps):
            yield step.condition, publication.step_path or publication.at.path, "an earlier step"


def _survives_job(repo: Repository, workflow: Workflow, job: Job) -> str:
    """The job whose failure a condition lets pass; empty where there is none."""
    condition = condition_expression(job.condition.text.value) if job.condition else None
    if not has_status_function(condition):
        return ""
    failures = repo.once_for((Failures, workflow.path), lambda: Failures(needs_of(workflow)))
    for broken in failures.needs.above(job):
        if failures.holds(job, failures.after(broken)):
            return f"`{broken.id}`"
    return ""


def _survives_step(step: Step, steps: tuple[Step, ...]) -> bool:
    """Whether the step runs after a failed step of its job."""
    expression = condition_expression(step.condition.text.value) if step.condition else None
    earlier = [other for other in steps if other is not step and other.index < step.index]
    if not has_status_function(expression) or not earlier:
        return False
    facts: dict[str, Value] = {
        "always()": True,
        "success()": False,
        "failure()": True,
        "cancelled()": False,
        "job.status": "failure",
    }
    for other in earlier:
        if other.id:
            name = f"steps.{other.id.lower()}"
            facts |= {f"{name}.outcome": "failure", f"{name}.conclusion": "failure"}
    return decide(expression, facts) is not False
