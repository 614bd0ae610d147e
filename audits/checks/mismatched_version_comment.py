"""Version comment names another commit than the one that runs.

## Why it matters
Reviewers read the comment, GitHub runs the commit. A pin whose comment says `v4.2.0` while the
commit belongs to something else is either a mistake, which update bots then carry on, or an
attempt to slip other code past a review.

## How to fix
Look up which of the two you meant. The edit makes the comment name the version of the commit
that runs; if the commit is the surprise, replace the commit instead.

A partial version (`# v4`) behind a commit of that series is of low severity: the tag was right
once and has moved on since.

## Deviations
zizmor's `ref-version-mismatch` has one severity for both cases, and also looks up comments
that are no versions (`# main`).
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.action_refs import RemoteUse, remote_uses, spelled, version_today
from audits.analysis.action_versions import parse_version, version_comment
from audits.checks.api import (
    GITHUB_DEPENDABOT,
    GITHUB_SECURE_USE,
    STEP_SECURE,
    Area,
    Clean,
    Example,
    Finding,
    FixKind,
    Need,
    Outcome,
    Repository,
    ResolvedRef,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
    comment_edits,
)

_COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"
_WORKFLOW = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@{_COMMIT} # v6.0.0 # !
      - run: twine upload dist/*
"""
_FIXED = _WORKFLOW.replace("# v6.0.0 # !", "# v7.0.1")
_RESOLVED = ResolvedRef(
    slug="actions/checkout", ref=_COMMIT, commit=_COMMIT, tags=("v7.0.0", "v7.0.1")
)
_UNTAGGED = ResolvedRef(slug="actions/checkout", ref=_COMMIT, commit=_COMMIT, tags=())


@check(
    area=Area.PINNING,
    severity=Severity.MEDIUM,
    needs={Need.REFERENCES},
    lesson=STEP_SECURE,
    links=(GITHUB_SECURE_USE, GITHUB_DEPENDABOT),
    fix=FixKind.SAFE,
    zizmor="ref-version-mismatch",
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(
            name="another version",
            workflow=_WORKFLOW,
            fixed=_FIXED,
            references=(_RESOLVED,),
            severity=Severity.MEDIUM,
        ),
        Example(name="no tag at all", workflow=_WORKFLOW, references=(_UNTAGGED,)),
        Example(
            name="a partial version that has moved on",
            workflow=_WORKFLOW.replace("v6.0.0", "v7"),
            references=(_RESOLVED,),
            severity=Severity.LOW,
        ),
        Example(name="the right version", workflow=_FIXED, references=(_RESOLVED,)),
        Example(
            name="the right version without its v",
            workflow=_FIXED.replace("v7.0.1", "7.0.1"),
            references=(_RESOLVED,),
        ),
        Example(name="offline", workflow=_FIXED, outcome=Outcome.UNKNOWN),
        Example(
            name="no comment",
            workflow=_FIXED.replace(" # v7.0.1", ""),
            references=(_RESOLVED,),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def mismatched_version_comment(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each version comment that is no tag of the pinned commit."""
    for use in remote_uses(repo):
        named = version_comment(use.uses.comment)
        if not use.uses.is_pinned or not named:
            continue
        known = repo.reference(use.uses)
        if isinstance(known, Unseen):
            yield Unknown(at=use.at, unseen=known, job=use.job)
        elif isinstance(known.tags, Unseen):
            yield Unknown(at=use.at, unseen=known.tags, job=use.job)
        elif known.commit is not None:  # a commit that is not there is `unknown-commit`
            tags = {tag.removeprefix("v") for tag in known.tags}
            if named.removeprefix("v") in tags:
                yield Clean(at=use.at, job=use.job)
            else:
                yield _finding(repo, use, named, known)


def _finding(repo: Repository, use: RemoteUse, named: str, known: ResolvedRef) -> Finding:
    tag, source = version_today(known), repo.file(use.at.path)
    moved = _is_series(named, known)
    truth = f"whose version is {tag}" if tag else "which no tag of the action names"
    return Finding(
        message=f"The comment says {named}, but {spelled(use.uses)} is a commit {truth}",
        at=use.at,
        job=use.job,
        anchor=use.uses.action,
        severity=Severity.LOW if moved else None,
        because=f"{named} was this commit once and has moved on" if moved else "",
        edits=comment_edits(source, use.uses, tag) if source is not None and tag else (),
    )


def _is_series(named: str, known: ResolvedRef) -> bool:
    """Whether the comment is the partial version of one of the commit's tags."""
    version = parse_version(named)
    tags = () if isinstance(known.tags, Unseen) else known.tags
    if version is None or not version.is_partial:
        return False
    found = [parsed for tag in tags if (parsed := parse_version(tag)) is not None]
    return any(tag.numbers[: len(version.numbers)] == version.numbers for tag in found)
