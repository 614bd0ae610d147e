"""Checkout leaves the job's token behind for later steps.

## Why it matters
`actions/checkout` stores the job's token so that later steps can push. Everything that runs
afterwards in the job can read it: the build, its plugins, other actions. Before version 6 it
is in `.git/config`, inside the checkout; an artifact made of the whole checkout then hands
the token to everyone who can download it.

## How to fix
Tell checkout not to, unless a later step pushes:

    - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      with:
        persist-credentials: false

The severity is high where the checkout is then uploaded as an artifact. From version 6 on it is
a step milder, since the token stands outside the checkout. `persist-credentials: true` is a
choice somebody made, and of low severity.

There is no edit where `true` is stated, where a comment explains why the credentials are kept,
or where a later step talks to the repository through git. The edit is safe where no later step
of the job can: all of them are actions and programs that are known, or the token may only read a
public repository. Where a script of the project, a test or an unknown action comes later, it is
to be reviewed, and names the step.

## Deviations
zizmor's `artipacked` reports `true` and expressions to its auditors only, and takes a commit
for an old version unless it can ask GitHub; here the comment behind the commit is believed.
Where some checkout is uploaded, zizmor is silent about checkouts after the last upload.
An expression is left out here: it may say either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from audits.analysis.action_table import GitUse
from audits.analysis.checkout_credentials import OUTSIDE, PERSISTS, action_major
from audits.analysis.git_remote import remote_use
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
    Level,
    Need,
    Outcome,
    PermissionsState,
    Repository,
    Severity,
    StepSite,
    Unseen,
    Verdict,
    check,
    clipped,
    owned_comments,
    quoted,
    set_input,
)

_CHOICE = re.compile(
    r"\b(?:push|credential|persist|token|fetch|commit|git\\b|deploy|auth|private)", re.IGNORECASE
)
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
          # the notes have a repository of their own
          repository: orchard-labs/notes
          persist-credentials: false
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
    "{fetch-depth: 0}", "{fetch-depth: 0, persist-credentials: false}"
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
            given = step.input(PERSISTS)
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
    fix, advice = _kind(repo, site, later, explicit=explicit)
    return Finding(
        message=message,
        at=site.step.at,
        job=site.job,
        anchor="actions/checkout",
        severity=severity,
        because=because,
        edits=_edits(repo, site) if fix is not None else (),
        fix=fix,
        advice=advice,
    )


def _kind(
    repo: Repository, site: StepSite, later: Sequence[StepSite], *, explicit: bool
) -> tuple[FixKind | None, str]:
    """How sure it is that no later step needs the credentials, None where one does or where
    somebody chose to keep them, and what to look at.
    """
    if explicit:
        return None, "`persist-credentials: true` is stated: take it out if nothing pushes."
    if said := _explained(repo, site):
        return None, f"A comment speaks of it: {quoted(said)}."
    use = remote_use(repo, [each.step for each in later])
    if use.use in {GitUse.PUSHES, GitUse.READS}:
        return None, f"{use.by} talks to the repository: give it a token of its own."
    if fetches := _later_fetch(repo, site, later):
        return FixKind.REVIEW, f"Does {fetches} fetch what the partial clone left out?"
    if site.action is not None:
        return FixKind.REVIEW, "Do jobs that use this action push, or fetch, after it?"
    if use.use is GitUse.NONE:
        return FixKind.SAFE, ""
    if _reads_in_public(repo, site):
        return FixKind.SAFE, ""
    return FixKind.REVIEW, f"Does {use.by} push, or fetch from a private repository?"


def _later_fetch(repo: Repository, site: StepSite, later: Sequence[StepSite]) -> str:
    """A git command behind a partial clone, whose objects git fetches when they are needed.

    A sparse checkout is one too: https://github.com/actions/checkout#usage
    """
    if site.step.input("filter", "sparse-checkout") is None or _reads_in_public(repo, site):
        return ""
    commands = (command for each in later for command in repo.commands(each.step))
    return next((f"`{clipped(c.text, 60)}`" for c in commands if c.program == "git"), "")


def _explained(repo: Repository, site: StepSite) -> str:
    """What comments on a step say about credentials or of what takes them."""
    source, step = repo.file(site.path), site.step
    if source is None:
        return ""
    text = source.text
    lines = range(step.at.line, step.at.line + text.count("\n", *step.span) + 1)
    said = [owned_comments(text, line)[1] for line in lines]
    return next((each for each in said if _CHOICE.search(each)), "")


def _reads_in_public(repo: Repository, site: StepSite) -> bool:
    """Whether everybody can do with git what the job's token can: it reads a public repository."""
    settings = repo.settings
    if isinstance(settings, Unseen) or settings.is_public is not True or site.job is None:
        return False
    block = site.job.permissions
    if block.state is PermissionsState.ABSENT and site.workflow is not None:
        block = site.workflow.permissions
    own = site.step.input("token", "ssh-key", "repository") is None
    return own and block.level("contents") in {Level.NONE, Level.READ}


def _severity(
    repo: Repository, site: StepSite, later: Sequence[StepSite], *, explicit: bool
) -> tuple[Severity | None, str]:
    uploaded = any(map(_uploads_everything, later))
    safer = action_major(repo, site.step.uses) >= OUTSIDE
    if uploaded:
        reason = "whoever can download the artifact gets the token"
        return (None, "") if safer else (Severity.HIGH, reason)
    if safer:
        return Severity.LOW, f"since version {OUTSIDE} the token stands outside the checkout"
    return (Severity.LOW, "it is stated as a choice") if explicit else (None, "")


def _uploads_everything(site: StepSite) -> bool:
    """Whether a step uploads the whole checkout, hidden files and all."""
    step = site.step
    if step.uses is None or step.uses.action != "actions/upload-artifact":
        return False
    path = step.input("path")
    lines = [] if path is None else [line.strip() for line in path.value.splitlines()]
    return any(line in {".", "./", "..", "../"} or _WORKSPACE.fullmatch(line) for line in lines)


def _edits(repo: Repository, site: StepSite) -> tuple[Edit, ...]:
    source = repo.file(site.path)
    return () if source is None else set_input(source, site.step, PERSISTS, "false")
