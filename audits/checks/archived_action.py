"""Action's repository is archived.

## Why it matters
An archived action gets no more fixes: a flaw found in it stays, and it stops working when GitHub
retires the runtime it needs.

## How to fix
Replace the action by one that is kept, or by the few commands it stands for. Many small release
actions (create a release, upload a file) are one line of GitHub's command line, which every
hosted runner has.

GitHub says about a repository that your token may not see what it says about one that is gone: this
check does not know either, and names the right that would show it.

## Deviations
zizmor's `archived-uses` knows a fixed list of archived repositories and works offline; here the
repository itself is asked, so that new and private ones are seen too.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.action_refs import remote_uses
from audits.checks.api import (
    GITHUB_SECURE_USE,
    Area,
    Clean,
    Example,
    Finding,
    Need,
    Outcome,
    Repository,
    ResolvedRef,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
)

_WORKFLOW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: juniper-ci/create-release@v1 # !
      - run: twine upload dist/*
"""
_KEPT = ResolvedRef(
    slug="juniper-ci/create-release",
    ref="v1",
    commit="7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3",
    is_tag=True,
)
_ARCHIVED = ResolvedRef(slug=_KEPT.slug, ref="v1", commit=_KEPT.commit, archived=True)


@check(
    area=Area.PINNING,
    severity=Severity.MEDIUM,
    needs={Need.REFERENCES},
    links=(GITHUB_SECURE_USE,),
    zizmor="archived-uses",
    any_workflow=True,
    examples=(
        Example(name="archived", workflow=_WORKFLOW, references=(_ARCHIVED,)),
        Example(name="kept", workflow=_WORKFLOW.replace(" # !", ""), references=(_KEPT,)),
        Example(name="offline", workflow=_WORKFLOW.replace(" # !", ""), outcome=Outcome.UNKNOWN),
    ),
)
def archived_action(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each action or called workflow of an archived repository."""
    for use in remote_uses(repo):
        known = repo.reference(use.uses)
        slug = f"{use.uses.owner}/{use.uses.repo}"
        if isinstance(known, Unseen):
            yield Unknown(at=use.at, unseen=known, job=use.job)
        elif known.archived:
            message = f"The repository `{slug}` is archived: it gets no more fixes"
            yield Finding(message=message, at=use.at, job=use.job, anchor=use.uses.action)
        else:
            yield Clean(at=use.at, job=use.job)
