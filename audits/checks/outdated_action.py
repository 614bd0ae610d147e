"""Action is far behind its newest release.

## Why it matters
Old releases get no fixes, and the day an advisory or a retired runtime forces the update, years
of changes come at once, in the middle of a release.

Reported are a major version behind the newest release, and a year between the commit in use
and the newest release. Being a few releases behind is fine: a short wait before an update is a
protection of its own.

## How to fix
Read the release notes of the versions between and update the pin; let Dependabot or Renovate
do it from then on (`updates-not-automated`). The edit writes the newest release and is to be
reviewed: a new major version may behave differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from audits.analysis.action_refs import RemoteUse, remote_uses, spelled, version_today
from audits.analysis.action_versions import parse_version, version_comment
from audits.checks.api import (
    GITHUB_DEPENDABOT,
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
    Unknown,
    Unseen,
    Verdict,
    check,
    pin_edits,
)

_YEAR = timedelta(days=365)
_OLD = "7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3"
_NEW = "3d3c42e5aac5ba805825da76410c181273ba90b1"
_WORKFLOW = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@{_OLD} # v5.0.0 # !
      - run: twine upload dist/*
"""
_FIXED = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@{_NEW} # v7.0.1
      - run: twine upload dist/*
"""


def _resolved(ref: str, newest: str, tags: tuple[str, ...], year: int = 2026) -> ResolvedRef:
    return ResolvedRef(
        slug="actions/checkout",
        ref=ref,
        commit=ref if len(ref) == 40 else _OLD,
        tags=tags,
        committed_at=datetime(year, 3, 1, tzinfo=UTC),
        newest_release=newest,
        newest_release_commit=_NEW,
        newest_release_at=datetime(2026, 9, 1, tzinfo=UTC),
    )


_REFERENCES = (_resolved(_OLD, "v7.0.1", ("v5.0.0",)), _resolved(_NEW, "v7.0.1", ("v7.0.1",)))


@check(
    area=Area.PINNING,
    severity=Severity.LOW,
    needs={Need.REFERENCES},
    lesson=STEP_SECURE,
    links=(GITHUB_DEPENDABOT,),
    fix=FixKind.REVIEW,
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(name="two majors", workflow=_WORKFLOW, fixed=_FIXED, references=_REFERENCES),
        Example(
            name="a year within a major",
            workflow=_WORKFLOW,
            references=(_resolved(_OLD, "v5.9.0", ("v5.0.0",), 2024),),
        ),
        Example(
            name="a few releases",
            workflow=_WORKFLOW.replace(" # !", ""),
            references=(_resolved(_OLD, "v5.9.0", ("v5.0.0",)),),
        ),
        Example(
            name="a branch moves by itself",
            workflow=_WORKFLOW.replace(f"{_OLD} # v5.0.0 # !", "main"),
            references=(_resolved("main", "v7.0.1", ()),),
        ),
        Example(
            name="no releases",
            workflow=_WORKFLOW.replace(" # !", ""),
            references=(_resolved(_OLD, "", ()),),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(name="offline", workflow=_FIXED, outcome=Outcome.UNKNOWN),
    ),
)
def outdated_action(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each action a major version or a year behind its newest release."""
    for use in remote_uses(repo):
        known = repo.reference(use.uses)
        if isinstance(known, Unseen):
            yield Unknown(at=use.at, unseen=known, job=use.job)
        elif not known.newest_release or known.commit is None:
            continue
        elif behind := _behind(use, known):
            yield _finding(repo, use, known, behind)
        else:
            yield Clean(at=use.at, job=use.job)


def _behind(use: RemoteUse, known: ResolvedRef) -> str:
    """How far behind, in words; empty where it is near enough."""
    if known.commit == known.newest_release_commit:
        return ""
    named = version_today(known) or version_comment(use.uses.comment) or use.uses.ref
    version, newest = parse_version(named), parse_version(known.newest_release)
    if version is not None and newest is not None and newest.major > version.major:
        steps = newest.major - version.major
        # Some actions count by years: then a major is no measure.
        if steps < 100:
            return "a major version behind" if steps == 1 else f"{steps} major versions behind"
    if known.committed_at and known.newest_release_at and use.uses.is_pinned:
        age = known.newest_release_at - known.committed_at
        if age > _YEAR:
            return f"{age // timedelta(days=30)} months behind"
    return ""


def _finding(repo: Repository, use: RemoteUse, known: ResolvedRef, behind: str) -> Finding:
    edits: tuple[Edit, ...] = ()
    if use.uses.is_pinned and known.newest_release_commit:
        source = repo.file(use.at.path)
        edits = pin_edits(source, use.uses, known.newest_release_commit, known.newest_release)
    newest = f"the newest release, {known.newest_release}"
    return Finding(
        message=f"{spelled(use.uses)} is {behind} {newest}",
        at=use.at,
        job=use.job,
        anchor=use.uses.action,
        edits=edits,
        advice=f"Read the release notes up to {known.newest_release}.",
    )
