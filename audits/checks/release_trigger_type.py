"""The release event is not limited to published releases.

`on: release` without `types:` starts a run for every change of a release.

## Why it matters

A release is created, edited, published, marked as pre-release, deleted. Without `types:` each
of these starts the workflow: editing the notes of an old release publishes again, from an old
tag, with today's secrets. Types such as `created` start it before the release is final. The
lesson uses `published`, which happens once.

## How to fix

Write

    on:
      release:
        types: [published]

A workflow whose publication asks for `github.event.action == 'published'` is in order too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.analysis.conditions import publishing_steps, reach
from audits.analysis.events import Start, starts_of
from audits.checks.api import (
    GITHUB_EVENTS,
    STEP_TRIGGERS,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Outcome,
    Repository,
    Severity,
    Trigger,
    Verdict,
    Workflow,
    add_under,
    check,
    newline_of,
    replace,
)

_JOBS = """\
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_BLOCK = "on:\n  release:%s\n    types: [%s]\n" + _JOBS
_TYPES = re.compile(
    r"types:[ \t]*(?P<value>\[[^\[\]\n#]*\]|['\"]?\w+['\"]?(?=[ \t]*(?:[#\r\n}]|$)))"
)


@check(
    area=Area.INTEGRITY,
    severity=Severity.LOW,
    lesson=STEP_TRIGGERS,
    links=(GITHUB_EVENTS,),
    fix=FixKind.SAFE,
    examples=(
        Example(
            name="no types",
            workflow=f"on:\n  release:  # !\n  workflow_dispatch:\n{_JOBS}",
            fixed=f"on:\n  release:\n    types: [published]\n  workflow_dispatch:\n{_JOBS}",
        ),
        Example(
            name="a bare event",
            workflow=f"on: release  # !\n{_JOBS}",
            fixed=f"on:\n  release:\n    types: [published]\n{_JOBS}",
        ),
        Example(name="in a list", workflow=f"on: [release, workflow_dispatch]  # !\n{_JOBS}"),
        Example(
            name="created, not published",
            workflow=_BLOCK % ("  # !", "created"),
            fixed=_BLOCK % ("", "published"),
        ),
        Example(
            name="published, and more",
            workflow=_BLOCK % ("  # !", "published, edited"),
            fixed=_BLOCK % ("", "published"),
        ),
        Example(name="published", workflow=_BLOCK % ("", "published")),
        Example(
            name="the job asks for the type",
            workflow="on: release\n"
            + _JOBS.replace(
                "    environment", "    if: github.event.action == 'published'\n    environment"
            ),
        ),
        Example(
            name="no release event",
            workflow=f"on: {{push: {{tags: ['v*']}}}}\n{_JOBS}",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def release_trigger_type(repo: Repository) -> Iterator[Verdict]:
    """Judge the release event of each workflow that starts a release."""
    for workflow in repo.release_workflows():
        trigger = workflow.trigger("release")
        if trigger is None:
            continue
        if trigger.types == ("published",) or not _publishes_otherwise(repo, workflow, trigger):
            yield Clean(at=trigger.at)
            continue
        said = ", ".join(f"`{name}`" for name in trigger.types or ())
        yield Finding(
            message=f"A release starts the workflow when it is {said}"
            if said
            else "Every change of a release starts the workflow",
            at=trigger.at,
            anchor="release",
            edits=_edits(workflow, trigger),
        )


def _publishes_otherwise(repo: Repository, workflow: Workflow, trigger: Trigger) -> bool:
    """Whether something is published for another type than ``published``."""
    start = starts_of(repo, trigger)[0]
    edited = Start(
        trigger=trigger,
        what="an edited release",
        ref=start.ref,
        facts={**start.facts, "github.event.action": "edited"},
    )
    ways = [
        (publication, route)
        for publication in repo.publications
        for route in publication.routes
        if route.entry is workflow
    ]
    return not ways or any(
        reach(repo, route, edited, publishing_steps(publication)).runs is not False
        for publication, route in ways
    )


def _edits(workflow: Workflow, trigger: Trigger) -> tuple[Edit, ...]:
    source = workflow.source
    text = source.text[slice(*trigger.span)]
    if trigger.types is None:
        start = source.text.rfind("\n", 0, trigger.span[0]) + 1
        before = source.text[start : trigger.span[0]]
        if re.fullmatch(r"on:[ \t]+", before):
            at = start + len("on:")
            newline = newline_of(source.text)
            new = newline.join(("", "  release:", "    types: [published]"))
            return (replace(source, at, trigger.span[1], new),)
        return add_under(source, trigger.span, "types: [published]") if not before.strip() else ()
    found = list(_TYPES.finditer(text))
    if len(found) != 1:
        return ()
    value = found[0].span("value")
    start, end = (trigger.span[0] + offset for offset in value)
    new = "[published]" if source.text[start] == "[" else "published"
    return (replace(source, start, end, new),)
