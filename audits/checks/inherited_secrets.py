"""Called workflow gets all of the caller's secrets.

## Why it matters
`secrets: inherit` hands over every secret that the caller can read: the repository's, the
organization's, all of them, now and in future. Whoever changes the called workflow, or an
action in it, can read them all. Naming the ones it needs keeps the loss small and shows
reviewers what a release depends on.

## How to fix
Name the secrets:

    uses: ./.github/workflows/publish.yml
    secrets:
      INDEX_TOKEN: ${{ secrets.INDEX_TOKEN }}

and declare each under `on: workflow_call: secrets:` of the called workflow. With trusted
publishing there is often none left to hand over. The edit is offered for workflows of the same
repository that declare the secrets they use.

## Deviations
None: zizmor's `secrets-inherit` reports the same calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.checks.api import (
    GITHUB_REUSE,
    GITHUB_SECURE_USE,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    JobSite,
    Outcome,
    Repository,
    SecretsPassed,
    Severity,
    UsesKind,
    Verdict,
    Workflow,
    check,
    delete_lines,
    lines_of,
    newline_of,
    replace,
)
from audits.expressions.syntax import contexts

_CALLER = """\
on: release
jobs:
  publish:
    uses: ./.github/workflows/publish.yml # !
    secrets: inherit
"""
_FIXED = """\
on: release
jobs:
  publish:
    uses: ./.github/workflows/publish.yml
    secrets:
      INDEX_TOKEN: ${{ secrets.INDEX_TOKEN }}
"""
_CALLEE = """\
on:
  workflow_call:
    secrets:
      INDEX_TOKEN:
        required: true
jobs:
  upload:
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
        env:
          TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}
          GH_TOKEN: ${{ secrets.GITHUB_TOKEN }}
"""
_CALLEES = {".github/workflows/publish.yml": _CALLEE}
_UNDECLARED = {
    ".github/workflows/publish.yml": _CALLEE.replace("    secrets:\n", "").replace(
        "      INDEX_TOKEN:\n        required: true\n", ""
    )
}


@check(
    area=Area.PERMISSIONS,
    severity=Severity.MEDIUM,
    links=(GITHUB_REUSE, GITHUB_SECURE_USE),
    fix=FixKind.REVIEW,
    zizmor="secrets-inherit",
    any_workflow=True,
    examples=(
        Example(name="inherited", workflow=_CALLER, files=_CALLEES, fixed=_FIXED),
        Example(name="not declared by the called", workflow=_CALLER, files=_UNDECLARED),
        Example(name="named", workflow=_FIXED, files=_CALLEES),
        Example(
            name="nothing called",
            workflow="on: release\njobs:\n  publish:\n    runs-on: ubuntu-latest\n"
            "    steps:\n      - run: twine upload dist/*\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def inherited_secrets(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each call that passes all secrets on."""
    for site in repo.jobs():
        uses = site.job.uses
        if uses is None:
            continue
        at = uses.raw.location(site.workflow.path)
        if site.job.secrets_passed is not SecretsPassed.INHERITED:
            yield Clean(at=at, job=site.job)
            continue
        yield Finding(
            message=f"`{uses.raw.value}` gets every secret of this repository and its owner",
            at=at,
            job=site.job,
            anchor=uses.action or uses.path,
            edits=_named(repo, site),
            advice="Does what is called read a secret whose name it works out?",
        )


def _named(repo: Repository, site: JobSite) -> tuple[Edit, ...]:
    """Name the secrets that a workflow of this repository uses and declares."""
    uses, place = site.job.uses, site.job.secrets_at
    if uses is None or place is None or uses.kind is not UsesKind.LOCAL:
        return ()
    callee = repo.workflow(uses.path)
    names = None if callee is None else _declared(callee)
    text = site.workflow.source.text
    match = re.compile(r"secrets:[ \t]*inherit\b").search(text, site.job.span[0], site.job.span[1])
    if names is None or match is None:
        return ()
    pad = " " * (place.column + 1)
    lines = [f"{pad}{name}: ${{{{ secrets.{name} }}}}" for name in names]
    source = site.workflow.source
    if not lines:
        whole = lines_of(text)[place.line - 1].partition("#")[0].strip()
        return (delete_lines(source, place.line, place.line),) if whole == match[0] else ()
    new = newline_of(text).join(("secrets:", *lines))
    return (replace(source, match.start(), match.end(), new),)


def _declared(callee: Workflow) -> tuple[str, ...] | None:
    """The secrets that a workflow reads, in order; None if it does not declare them all."""
    trigger = callee.trigger("workflow_call")
    found: dict[str, None] = {}
    for context in contexts(callee.source.text):
        if context.parts[0] == "secrets":
            if len(context.parts) < 2 or context.indexes:
                return None
            if context.parts[1] != "github_token":
                found[context.parts[1]] = None
    if trigger is None:
        return None
    declaration = callee.source.text[trigger.span[0] : trigger.span[1]]
    names = []
    for name in found:
        match = re.search(
            rf"^[ \t]+({re.escape(name)}):", declaration, re.MULTILINE | re.IGNORECASE
        )
        if match is None:
            return None
        names.append(match[1])
    return tuple(names)
