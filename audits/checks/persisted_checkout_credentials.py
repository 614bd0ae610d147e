"""Checkout leaves the job's token behind for later steps.

## Why it matters
`actions/checkout` stores the job's token so that later steps can push. Everything that runs
afterwards in the job can read it: the build, its plugins, other actions. Before version 6 it
stands in `.git/config`, inside the checkout; an artifact made of the whole checkout then hands
the token to everyone who can download it.

## How to fix
Tell checkout not to, unless a later step pushes:

    - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      with:
        persist-credentials: false

The severity is high where the checkout is then uploaded as an artifact. From version 6 on it is
a step milder, since the token stands outside the checkout. `persist-credentials: true` is a
choice somebody made, and of low severity. The edit is not offered in jobs that talk to the
repository through git later on.

## Deviations
zizmor's `artipacked` reports `true` and expressions to its auditors only, and takes a commit
for an old version unless it can ask GitHub; here the comment behind the commit is believed.
Where some checkout is uploaded, zizmor is silent about checkouts after the last upload.
An expression is left out here: it may say either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from audits.analysis.action_refs import version_today
from audits.analysis.action_versions import version_comment, version_of_ref
from audits.analysis.known_actions import pushes
from audits.checks.api import (
    GITHUB_ARTIFACTS,
    GITHUB_TOKEN,
    STEP_SECURE,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Need,
    Outcome,
    Repository,
    ResolvedRef,
    Severity,
    StepSite,
    Uses,
    Verdict,
    check,
    set_input,
)

_INPUT = "persist-credentials"
_SAFER = 6
"""Since this version the token is kept outside the checkout."""
_WORKSPACE = re.compile(r"\$\{\{\s*github\.workspace\s*\}\}/?", re.IGNORECASE)
_WORKFLOW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5 # !
      - name: Check out the notes # !
        uses: actions/checkout@v5
        with:
          # the notes have a repository of their own
          repository: orchard-labs/notes
      - run: twine upload dist/*
"""
_FIXED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with:
          persist-credentials: false
      - name: Check out the notes
        uses: actions/checkout@v5
        with:
          persist-credentials: false
          # the notes have a repository of their own
          repository: orchard-labs/notes
      - run: twine upload dist/*
"""
_NEW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1 # !
      - run: twine upload dist/*
"""
_UPLOADED = """\
on: release
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4 # !
        with: {fetch-depth: 0}
      - uses: actions/upload-artifact@v4
        with:
          path: .
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v4
      - run: twine upload dist/*
"""
_UPLOADED_FIXED = _UPLOADED.replace(" # !", "").replace(
    "{fetch-depth: 0}", "{persist-credentials: false, fetch-depth: 0}"
)
_CHOSEN = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5 # !
        with:
          persist-credentials: true
      - run: git push --tags && twine upload dist/*
"""


@check(
    area=Area.PERMISSIONS,
    severity=Severity.MEDIUM,
    sharpened_by={Need.REFERENCES},
    lesson=STEP_SECURE,
    links=(GITHUB_TOKEN, GITHUB_ARTIFACTS),
    fix=FixKind.SAFE,
    zizmor="artipacked",
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(name="not said", workflow=_WORKFLOW, fixed=_FIXED, severity=Severity.MEDIUM),
        Example(
            name="the checkout is uploaded",
            workflow=_UPLOADED,
            fixed=_UPLOADED_FIXED,
            severity=Severity.HIGH,
        ),
        Example(name="a version that keeps it apart", workflow=_NEW, severity=Severity.LOW),
        Example(name="somebody's choice", workflow=_CHOSEN, severity=Severity.LOW),
        Example(name="not persisted", workflow=_FIXED),
        Example(
            name="no checkout",
            workflow=_NEW.replace("checkout", "cache").replace(" # !", ""),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def persisted_checkout_credentials(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each checkout without ``persist-credentials: false``."""
    for group in _groups(repo):
        for number, site in enumerate(group):
            step = site.step
            if step.uses is None or step.uses.action != "actions/checkout":
                continue
            given = step.input(_INPUT)
            if step.inputs_are_dynamic or (given is not None and "${{" in given.value):
                continue  # an expression may say either
            if given is not None and given.value == "false":
                yield Clean(at=step.at, job=site.job)
            else:
                explicit = given is not None and given.value == "true"
                yield _finding(repo, site, group[number + 1 :], explicit=explicit)


def _groups(repo: Repository) -> list[list[StepSite]]:
    """The steps of each job and of each composite action."""
    groups: dict[tuple[str, object], list[StepSite]] = {}
    for site in repo.steps():
        groups.setdefault((site.path, site.job), []).append(site)
    return list(groups.values())


def _finding(
    repo: Repository, site: StepSite, later: Sequence[StepSite], *, explicit: bool
) -> Finding:
    severity, because = _severity(repo, site, later, explicit=explicit)
    message = "Checkout leaves the job's token behind for every later step"
    if any(map(_uploads_everything, later)):
        message += ", and the checkout is uploaded as an artifact"
    return Finding(
        message=f"{message}.",
        at=site.step.at,
        job=site.job,
        anchor="actions/checkout",
        severity=severity,
        because=because,
        edits=_edits(repo, site, later),
    )


def _severity(
    repo: Repository, site: StepSite, later: Sequence[StepSite], *, explicit: bool
) -> tuple[Severity | None, str]:
    uploaded = any(map(_uploads_everything, later))
    safer = _major(repo, site.step.uses) >= _SAFER
    if uploaded:
        reason = "whoever can download the artifact gets the token"
        return (None, "") if safer else (Severity.HIGH, reason)
    if safer:
        return Severity.LOW, f"since version {_SAFER} the token stands outside the checkout"
    return (Severity.LOW, "it is stated as a choice") if explicit else (None, "")


def _major(repo: Repository, uses: Uses | None) -> int:
    """The action's major version; 0 where it is not known."""
    if uses is None:
        return 0
    known = repo.reference(uses)
    today = version_today(known) if isinstance(known, ResolvedRef) else ""
    named = today or (version_comment(uses.comment) if uses.is_pinned else uses.ref)
    version = version_of_ref(named)
    return 0 if version is None else version.major


def _uploads_everything(site: StepSite) -> bool:
    """Whether a step uploads the whole checkout, hidden files and all."""
    step = site.step
    if step.uses is None or step.uses.action != "actions/upload-artifact":
        return False
    path = step.input("path")
    lines = [] if path is None else [line.strip() for line in path.value.splitlines()]
    return any(line in {".", "./", "..", "../"} or _WORKSPACE.fullmatch(line) for line in lines)


def _edits(repo: Repository, site: StepSite, later: Sequence[StepSite]) -> tuple[Edit, ...]:
    source = repo.file(site.path)
    if source is None or any(pushes(each.step, repo.commands(each.step)) for each in later):
        return ()
    return set_input(source, site.step, _INPUT, "false")
