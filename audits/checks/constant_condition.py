"""A condition is always true.

Text around `${{ }}` in an `if:` makes it a text, and a text that is not empty counts as true.

## Why it matters

`if: ${{ github.ref_type == 'tag' }} && github.repository_owner == 'orchard-labs'` looks like a
guard. GitHub replaces the fence by `true` or `false`, gets the text `false && github…`, and
since it is not empty, runs. The same happens with a line break after the fence (a block that
starts with `|`), and with `github.ref == 'a' || 'b'`, whose second half is always true. Where
the condition was meant to guard a publication, everything it should keep out can publish.

## How to fix

Write the whole condition without a fence, or put the fence around all of it; use `>-` instead
of `|` for several lines; compare each alternative: `x == 'a' || x == 'b'`.

A condition that is always false, such as `if: false`, is a switch and is left alone, and so are
`always()` and its like, which say what they do.

## Deviations
zizmor's `unsound-condition` knows text around a fence only. Here every condition counts whose
text alone makes it true.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.conditions import publishing_steps
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
    Repository,
    Severity,
    Step,
    Verdict,
    check,
    clipped,
)
from audits.expressions.evaluate import Undecided, decide
from audits.expressions.syntax import (
    Call,
    Context,
    condition_expression,
    contexts,
    parse_expression,
    walk,
)

_WORKFLOW = """\
on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    if: %s
    steps:
      - run: echo 'a release'
        if: %s
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_GUARD = "startsWith(github.ref, 'refs/tags/')"
_HALF = f"${{{{ {_GUARD} }}}} && github.repository_owner == 'orchard-labs'"


@check(
    area=Area.INTEGRITY,
    severity=Severity.LOW,
    links=(GITHUB_EXPRESSIONS, GITHUB_WORKFLOW_SYNTAX),
    any_workflow=True,
    milder_in_other_jobs=False,
    zizmor="unsound-condition",
    examples=(
        Example(
            name="half of the guard is outside the fence",
            workflow=_WORKFLOW % (f"{_HALF}  # !", "github.run_attempt == 1"),
            severity=Severity.HIGH,
        ),
        Example(
            name="a line break after the fence",
            workflow=_WORKFLOW % (f"|  # !\n      ${{{{ {_GUARD} }}}}", "github.run_attempt == 1"),
            severity=Severity.HIGH,
        ),
        Example(
            name="an alternative that is only a text",
            workflow=_WORKFLOW % ("github.ref_name == 'main' || 'stable'  # !", "github.actor"),
            severity=Severity.HIGH,
        ),
        Example(
            name="a step that publishes nothing",
            workflow=_WORKFLOW % (_GUARD, f"{_HALF}  # !"),
            severity=Severity.LOW,
        ),
        Example(
            name="true, on a job that publishes: it guards nothing and was not meant to",
            workflow=_WORKFLOW % ("true  # !", "github.run_attempt == 1"),
            severity=Severity.LOW,
        ),
        Example(name="a condition", workflow=_WORKFLOW % (_GUARD, "github.run_attempt == 1")),
        Example(name="one fence", workflow=_WORKFLOW % (f"${{{{ {_GUARD} }}}}", "success()")),
        Example(name="always, and never", workflow=_WORKFLOW % (_GUARD, "always()")),
        Example(
            name="several lines without a fence",
            workflow=_WORKFLOW % (f"|\n      {_GUARD} &&\n      github.run_attempt == 1", "false"),
        ),
    ),
)
def constant_condition(repo: Repository) -> Iterator[Verdict]:
    """Judge each condition of the jobs and steps."""
    jobs, steps = _guarding(repo)
    for site in repo.jobs():
        if site.job.condition is not None:
            yield _verdict(site.job.condition, site.job.path, site.job, site.job in jobs)
    for step_site in repo.steps():
        condition = step_site.step.condition
        if condition is not None:
            guards = step_site.step in steps
            yield _verdict(condition, step_site.path, step_site.job, guards)


def _guarding(repo: Repository) -> tuple[set[Job], set[Step]]:
    """The jobs and steps whose conditions stand before a publication."""
    jobs: set[Job] = set()
    steps: set[Step] = set()
    workflows = {workflow.path: workflow for workflow in repo.workflows}
    for publication in repo.publications:
        steps.update(publishing_steps(publication))
        for job in {publication.job, *(call for r in publication.routes for call in r.calls)}:
            jobs.update((job, *needs_of(workflows[job.path]).above(job)))
    return jobs, steps


def _verdict(condition: Condition, path: str, job: Job | None, guards: bool) -> Verdict:
    at = condition.text.location(path)
    if not _is_always_true(condition):
        return Clean(at=at, job=job)
    severe = guards and _asks(condition.text.value)
    return Finding(
        message=_message(condition.text.value, severe),
        at=at,
        job=job,
        anchor=condition.text.value.strip()[:80],
        severity=Severity.HIGH if severe else None,
        because="it was meant to guard a publication" if severe else "",
    )


def _is_always_true(condition: Condition) -> bool:
    expression = condition_expression(condition.text.value)
    says_so = any(
        isinstance(part, Call) and part.name in {"always", "success", "failure", "cancelled"}
        for part in (walk(expression) if expression is not None else ())
    )
    return not says_so and decide(expression, {"always()": Undecided()}) is True


def _asks(text: str) -> bool:
    """Whether the text reads something of the run, and so was meant to decide something."""
    if any(contexts(text)):
        return True
    expression = parse_expression(text)
    parts = walk(expression) if expression is not None else ()
    return any(isinstance(part, Context) for part in parts)


def _message(text: str, severe: bool) -> str:
    shown = clipped(" ".join(text.split()), 80)
    if severe:
        return f"`{shown}` was meant to guard a publication, and is always true"
    return f"`{shown}` is always true"
