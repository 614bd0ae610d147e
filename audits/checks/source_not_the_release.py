"""Release is built from another source than the released one.

A checkout in the jobs that build or publish names its own `ref:` or `repository:`.

## Why it matters

A release says: this tag, this commit. Its people reviewed that commit, and an attestation
records it. A build that checks out `main`, or another repository, ships what happens to be
there at that minute: commits pushed after the tag, or code that nobody of this project
reviewed.

## How to fix

Leave `ref:` and `repository:` out: `actions/checkout` then takes the commit that started the
run. `ref: ${{ github.ref }}` and `ref: ${{ github.event.release.tag_name }}` say the same, and
an input of `workflow_dispatch` is what the one who starts the release asked for.

Only checkouts count whose folder is built, packed or uploaded: the last one into it. Tools and
documents in a folder of their own (`path:`) pass. A start by hand or on a schedule releases no
ref of its own: a branch of the repository that is named there is the choice of the release.
Another repository is low where it is pinned to a commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.analysis.conditions import reach
from audits.analysis.events import RefKind, Start, starts_of
from audits.analysis.sources import source_checkouts
from audits.checks.api import (
    GITHUB_CONTEXTS,
    GITHUB_SECURE_USE,
    STEP_JOBS,
    Area,
    Clean,
    Example,
    Finding,
    Job,
    Need,
    Outcome,
    Repository,
    Role,
    Scalar,
    Severity,
    Step,
    StepSite,
    Unknown,
    Unseen,
    Verdict,
    check,
)
from audits.expressions.evaluate import Facts, Undecided, Value, evaluate
from audits.expressions.syntax import contexts, fences

_WORKFLOW = """\
on: {release: {types: [published]}, workflow_dispatch: {inputs: {tag: {type: string}}}}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1%s
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with: {name: dist, path: dist/}
  publish:
    needs: [build]
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
        with: {name: dist, path: dist/}
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_FOLDERS = """\
on: {push: {tags: ['v*']}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - with: {repository: orchard-labs/tools, path: %s, ref: main}
        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1%s
      - with: {path: %s}
        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1%s
      - run: python -m build src --outdir dist
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_WITH = "\n        with: {%s}"
_SAME = "the commit that started the run"
# Contexts that name what started the run.
_STARTED = (
    "github.ref",
    "github.sha",
    "github.ref_name",
    "github.workflow_sha",
    "github.event.ref",
    "github.event.after",
    "github.event.head_commit.id",
    "github.event.release.tag_name",
    "github.event.workflow_run.head_sha",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_commit.id",
    "github.event.pull_request.merge_commit_sha",
    "github.event.pull_request.head.sha",
    "github.event.pull_request.head.ref",
    "github.head_ref",
    "github.event.client_payload.ref",
    "github.event.merge_group.head_sha",
)
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    lesson=STEP_JOBS,
    links=(GITHUB_CONTEXTS, GITHUB_SECURE_USE),
    examples=(
        Example(name="a branch", workflow=_WORKFLOW % ("  # !" + _WITH % "ref: main")),
        Example(
            name="the default branch, by its name",
            workflow=_WORKFLOW
            % ("  # !" + _WITH % "ref: '${{ github.event.repository.default_branch }}'"),
        ),
        Example(
            name="another repository",
            workflow=_WORKFLOW % ("  # !" + _WITH % "repository: orchard-labs/pear"),
        ),
        Example(
            name="another repository, pinned to a commit",
            workflow=_WORKFLOW
            % ("  # !" + _WITH % f"repository: orchard-labs/pear, ref: {'0a' * 20}"),
            severity=Severity.LOW,
        ),
        Example(
            name="tools beside the sources",
            workflow=_WORKFLOW
            % (
                "\n      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
                + _WITH % "repository: orchard-labs/tools, path: tools, ref: main"
                + "\n      - run: ./tools/prepare.sh && python -m build"
            ),
        ),
        Example(
            name="the sources beside tools",
            workflow=_FOLDERS % ("tools", "", "src", ""),
        ),
        Example(
            name="what is built is the other repository",
            workflow=_FOLDERS % ("src", "  # !", "docs", ""),
        ),
        Example(
            name="the last checkout into a folder counts",
            workflow=_FOLDERS % ("src", "", "src", ""),
        ),
        Example(
            name="a start by hand, of a named branch",
            workflow=_WORKFLOW.replace("release: {types: [published]}, ", "")
            % (_WITH % "ref: main"),
        ),
        Example(
            name="a job that publishes artifacts of others, with a tool beside them",
            workflow=_WORKFLOW.replace("build:", "make:").replace("[build]", "[make]")
            % ""
            + "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1\n"
            "        with: {repository: orchard-labs/tools, path: tools}\n"
            "      - run: ruby setup.rb\n        working-directory: tools\n",
        ),
        Example(
            name="the tag's own name, or the input",
            workflow=_WORKFLOW % (_WITH % "ref: '${{ inputs.tag || github.ref }}'"),
        ),
        Example(name="the default", workflow=_WORKFLOW % ""),
        Example(
            name="an output of another job",
            workflow=_WORKFLOW % (_WITH % "ref: '${{ needs.tag.outputs.name }}'"),
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def source_not_the_release(repo: Repository) -> Iterator[Verdict]:
    """Judge each checkout of the jobs that build or publish."""
    for site in repo.steps():
        uses = site.step.uses
        is_checkout = uses is not None and uses.action == "actions/checkout"
        if uses is None or not is_checkout or site.job is None or site.role is Role.OTHER:
            continue
        at = uses.raw.location(site.path)
        if site.action is None and site.step not in source_checkouts(repo, site.job):
            yield Clean(at=at, job=site.job)
            continue
        wrong, unseen = _other_source(repo, site, site.job)
        if unseen:
            reason = f"`{unseen}` is known only to the run"
            unknown = Unseen(need=Need.WORKFLOW, reason=reason)
            yield Unknown(at=at, job=site.job, unseen=unknown)
        elif wrong is None:
            yield Clean(at=at, job=site.job)
        else:
            foreign = site.step.input("repository") is not None
            because = "it is pinned to a commit" if foreign and _pins(site.step) else ""
            yield Finding(
                message=f"The sources of the release come from `{wrong}`",
                at=at,
                job=site.job,
                anchor=wrong,
                because=because,
                severity=Severity.LOW if because else None,
            )


def _pins(step: Step) -> bool:
    ref = step.input("ref")
    return ref is not None and _COMMIT.fullmatch(ref.value) is not None


def _other_source(repo: Repository, site: StepSite, job: Job) -> tuple[str | None, str]:
    """What is checked out instead of the release, if anything; or what is unknown."""
    ref, repository = site.step.input("ref"), site.step.input("repository")
    if ref is None and repository is None:
        return None, ""
    for start in _starts(repo, job):
        facts = {**start.facts, **{name: _SAME for name in _STARTED if _given(start, name)}}
        if repository is not None:
            name = _text(repository, facts)
            if isinstance(name, str) and name and not _is_own(repo, name):
                return name, ""
        if ref is None or not _releases_a_ref(start):
            continue
        value = _text(ref, facts)
        if isinstance(value, Undecided):
            unseen = [c.name for c in contexts(ref.value) if c.parts[0] in {"needs", "steps"}]
            if unseen:
                return None, unseen[0]
        elif isinstance(value, str) and value not in {"", _SAME} and _differs(value, start):
            return ref.value.strip(), ""
    return None, ""


def _starts(repo: Repository, job: Job) -> Iterator[Start]:
    for route in repo.routes(job):
        for trigger in route.triggers:
            for start in starts_of(repo, trigger):
                if reach(repo, route, start).runs is not False:
                    yield start


def _given(start: Start, name: str) -> bool:
    """Whether a run of this start has that context at all."""
    return start.facts.get(name, _SAME) not in {None, ""}


def _text(scalar: Scalar, facts: Facts) -> Value:
    """The value of an input; what holds more than one fence and nothing else is undecided."""
    found = list(fences(scalar.value))
    if not found:
        return scalar.value
    if len(found) == 1 and scalar.value.strip() == scalar.value[found[0].start : found[0].end]:
        expression = found[0].expression
        value = Undecided() if expression is None else evaluate(expression, facts)
        return "" if value is None or value is False else value
    return Undecided()


def _is_own(repo: Repository, name: str) -> bool:
    """Whether a repository's name is this one's; forks and folders know only the last part."""
    return name == _SAME or name.rpartition("/")[2].lower() == repo.ref.name.lower()


def _releases_a_ref(start: Start) -> bool:
    """Whether a run of this start says by itself what is released: a tag or a push."""
    return start.ref is RefKind.TAG or start.trigger.event in {"push", "create"}


def _differs(value: str, start: Start) -> bool:
    """Whether a named ref is another than the one branch that can start the run."""
    name = value.removeprefix("refs/heads/")
    branches = start.trigger.branches
    same = start.trigger.event == "push" and branches == (name,) and start.ref == "branch"
    return not same
