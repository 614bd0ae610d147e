"""Action's version is covered by a security advisory.

## Why it matters
The flaw is public, with a description of how to use it. In a release job it stands between
your sources and the index.

The advisories are GitHub's for the ecosystem `actions`. With access to GitHub the list is the
one of today, and it is kept for audits that ask nobody; `release-audit db advisories --update`
refreshes it. The list that ships with the program bears its date and is incomplete: what it
does not name, or a list older than a week does not, is unknown, never passed. Commits that
attackers put into an action and that were published are listed too, and count whatever the
version. The severity is the advisory's, a critical one counting as high.

## How to fix
Update to a release that the advisory does not cover, and read what the advisory says about
releases that were made meanwhile. The edit writes the newest release, where that is known.

The version is taken from the tags of the commit where other repositories could be asked, else
from the tag in use or from the comment behind the commit. A tag such as `v4` is taken for the
newest release below it, which is what its owner moves it to. A commit without a comment is
unknown offline, if the action has any advisory at all.

## Deviations
zizmor's `known-vulnerable-actions` needs GitHub and is silent about commits that no tag names.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from msgspec.structs import replace

from audits.analysis.action_refs import RemoteUse, remote_uses, version_today
from audits.analysis.action_versions import (
    is_within,
    newest_is_within,
    parse_version,
    version_comment,
    version_of_ref,
)
from audits.checks.api import (
    GITHUB_ADVISORIES,
    GITHUB_SECURE_USE,
    Advisory,
    AdvisoryList,
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

_FRESH = timedelta(days=7)
_NO_LIST = Unseen(need=Need.REFERENCES, reason="no list of advisories was given")
_SEVERITIES = {
    "critical": Severity.HIGH,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
}
_OLD = "7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3"
_NEW = "3d3c42e5aac5ba805825da76410c181273ba90b1"
_BAD = "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3"
_LIST = AdvisoryList(
    taken=date(2026, 11, 28),
    complete=True,
    advisories=(
        Advisory(
            id="GHSA-aaaa-bbbb-cccc",
            package="juniper-ci/changed",
            ranges=(">=1.0, <2.4.1",),
            severity="critical",
            commits=(_BAD,),
        ),
        Advisory(
            id="GHSA-dddd-ffff-gggg", package="juniper-ci/notes", ranges=("<=0.9",), severity="low"
        ),
    ),
)
_WORKFLOW = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: Juniper-CI/changed/sub@{_OLD} # v2.4.0 # !
      - uses: actions/checkout@{_NEW}
      - run: twine upload dist/*
"""
_FIXED = _WORKFLOW.replace(f"{_OLD} # v2.4.0 # !", f"{_NEW} # v2.5.0")
_RESOLVED = ResolvedRef(
    slug="juniper-ci/changed",
    ref=_OLD,
    commit=_OLD,
    tags=("v2.4.0",),
    newest_release="v2.5.0",
    newest_release_commit=_NEW,
)


def _with(reference: str) -> str:
    return _FIXED.replace(f"changed/sub@{_NEW} # v2.5.0", reference)


@check(
    area=Area.PINNING,
    severity=Severity.HIGH,
    sharpened_by={Need.REFERENCES},
    links=(GITHUB_ADVISORIES, GITHUB_SECURE_USE),
    fix=FixKind.REVIEW,
    zizmor="known-vulnerable-actions",
    any_workflow=True,
    examples=(
        Example(
            name="a pinned version",
            workflow=_WORKFLOW,
            fixed=_FIXED,
            references=(_RESOLVED,),
            advisories=_LIST,
            severity=Severity.HIGH,
        ),
        Example(name="by its comment, offline", workflow=_WORKFLOW, advisories=_LIST),
        Example(name="by its tag", workflow=_with("changed@v2.0.1 # !"), advisories=_LIST),
        Example(
            name="a partial tag below all fixed releases",
            workflow=_with("changed@v1 # !"),
            advisories=_LIST,
        ),
        Example(
            name="milder as the advisory is",
            workflow=_with("notes@0.8.0 # !"),
            advisories=_LIST,
            severity=Severity.LOW,
        ),
        Example(name="a fixed release", workflow=_FIXED, advisories=_LIST),
        Example(name="a tag that has moved on", workflow=_with("changed@v2"), advisories=_LIST),
        Example(
            name="a commit of an unknown version",
            workflow=_with(f"changed@{_OLD}"),
            advisories=_LIST,
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="a commit that attackers made",
            workflow=_with(f"changed@{_BAD} # v2.5.0 # !"),
            advisories=_LIST,
            severity=Severity.HIGH,
        ),
        Example(
            name="a tag that points to a commit of attackers",
            workflow=_with("changed@v2.5.0 # !"),
            references=(ResolvedRef(slug="juniper-ci/changed", ref="v2.5.0", commit=_BAD),),
            advisories=_LIST,
            severity=Severity.HIGH,
        ),
        Example(
            name="a list that is incomplete",
            workflow=_FIXED,
            advisories=replace(_LIST, complete=False),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="a list that is older than a week",
            workflow=_FIXED,
            advisories=replace(_LIST, taken=date(2026, 11, 20)),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="no list", workflow=_FIXED, outcome=Outcome.UNKNOWN),
    ),
)
def vulnerable_action(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each advisory that covers the version of an action in use."""
    listed = [(a.package.lower(), a) for a in repo.advisories.advisories] if repo.advisories else ()
    packages = {package for package, _ in listed}
    for use in remote_uses(repo):
        if repo.advisories is None:
            yield Unknown(at=use.at, unseen=_NO_LIST, job=use.job)
            continue
        names = {use.uses.slug, use.uses.action}
        known = [] if names.isdisjoint(packages) else [a for name, a in listed if name in names]
        answers = [(advisory, _covers(repo, use, advisory)) for advisory in known]
        for advisory, answer in answers:
            if answer:
                yield _finding(repo, use, advisory, known)
        if any(answer for _, answer in answers):
            continue
        if any(answer is None for _, answer in answers):
            reason = f"the version of {use.uses.slug} in use is not known"
        elif not (reason := _what_is_left_open(repo, repo.advisories)):
            yield Clean(at=use.at, job=use.job)
            continue
        unseen = Unseen(need=Need.REFERENCES, reason=reason)
        yield Unknown(at=use.at, unseen=unseen, job=use.job)


def _what_is_left_open(repo: Repository, known: AdvisoryList) -> str:
    """Why an action that a list does not name may have an advisory; "" if it has none."""
    if not known.complete:
        return f"the list of advisories of {known.taken.isoformat()} is incomplete"
    if not known.live and repo.as_of - known.taken > _FRESH:
        return f"the list of advisories of {known.taken.isoformat()} is older than a week"
    return ""


def _covers(repo: Repository, use: RemoteUse, advisory: Advisory) -> bool | None:
    """Whether an advisory covers what runs; None where the version is unknown."""
    known = repo.reference(use.uses)
    if _is_compromised(known, use, advisory):
        return True
    if isinstance(known, ResolvedRef) and (tag := version_today(known)):
        version = parse_version(tag)
        return None if version is None else is_within(version, advisory.ranges)
    if use.uses.is_pinned:
        version = version_of_ref(version_comment(use.uses.comment))
        return None if version is None else is_within(version, advisory.ranges)
    version = version_of_ref(use.uses.ref)
    return None if version is None else newest_is_within(version, advisory.ranges)


def _is_compromised(known: ResolvedRef | Unseen, use: RemoteUse, advisory: Advisory) -> bool:
    """Whether what runs is one of the commits that attackers put into the action."""
    runs = {use.uses.ref.lower(), use.locked.lower()}
    if isinstance(known, ResolvedRef) and known.commit:
        runs.add(known.commit.lower())
    return not runs.isdisjoint(advisory.commits)


def _version(repo: Repository, use: RemoteUse) -> str:
    known = repo.reference(use.uses)
    today = version_today(known) if isinstance(known, ResolvedRef) else ""
    return today or version_comment(use.uses.comment) or use.uses.ref


def _finding(
    repo: Repository, use: RemoteUse, advisory: Advisory, known: list[Advisory]
) -> Finding:
    edits: tuple[Edit, ...] = ()
    resolved = repo.reference(use.uses)
    if isinstance(resolved, ResolvedRef) and use.uses.is_pinned:
        newest = parse_version(resolved.newest_release)
        ranges = [text for each in known for text in each.ranges]
        if newest and resolved.newest_release_commit and is_within(newest, ranges) is False:
            source, commit = repo.file(use.at.path), resolved.newest_release_commit
            edits = pin_edits(source, use.uses, commit, resolved.newest_release)
    names = f"{advisory.id} ({advisory.cve})" if advisory.cve else advisory.id
    asked = (
        ""
        if repo.advisories is None or repo.advisories.live
        else (f", as the list of {repo.advisories.taken.isoformat()} has it")
    )
    compromised = _is_compromised(resolved, use, advisory)
    severity = _SEVERITIES.get(advisory.severity, Severity.MEDIUM)
    said = advisory.severity or "unrated, which is taken for medium"
    what = "is a commit of attackers, published with" if compromised else "is covered by"
    return Finding(
        message=f"`{use.uses.action}` {_version(repo, use)[:12]} {what} {names}{asked}",
        at=use.at,
        job=use.job,
        anchor=f"{advisory.id} {use.uses.action}",
        advisories=tuple(filter(None, (advisory.id, advisory.cve))),
        edits=edits,
        advice=f"Read the release notes up to {resolved.newest_release}."
        if edits and isinstance(resolved, ResolvedRef)
        else "No release without the fault is known to this run: ask with --online.",
        severity=Severity.HIGH if compromised else severity,
        because="" if compromised else f"the advisory is {said}",
    )
