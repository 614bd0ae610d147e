"""Organization does not enforce immutable releases.

## Why it matters
The tag and the files of an ordinary release can be replaced by anyone with write access. The
organization can make releases immutable everywhere, so that no repository has to remember it.

## How to fix
In the organization's settings, under repository defaults, enforce immutable releases for all
repositories. It holds for releases published from then on. Workflows that add files to a release
must do so while it is a draft; fix those first.

A policy for selected repositories is a note only: which ones it covers cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.owner_settings import first_release_file, owner_settings
from audits.checks.api import (
    GITHUB_IMMUTABLE_RELEASES,
    NO_ADMINISTRATION,
    Area,
    Clean,
    Example,
    Finding,
    Need,
    Outcome,
    OwnerSettings,
    Repository,
    SettingsPage,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
)

_WORKFLOW = """\
name: Release{mark}
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
"""
_CLEAN, _MARKED = _WORKFLOW.format(mark=""), _WORKFLOW.format(mark=" # !")


def _owner(enforced: str | Unseen) -> OwnerSettings:
    return OwnerSettings(
        login="orchard-labs",
        actions=NO_ADMINISTRATION,
        immutable_releases=enforced,
        secret_names=(),
    )


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.LOW,
    needs={Need.ADMINISTRATION},
    scored=False,
    on_owner=True,
    links=(GITHUB_IMMUTABLE_RELEASES,),
    examples=(
        Example(name="not enforced", workflow=_MARKED, owner_settings=_owner("none")),
        Example(
            name="for some repositories",
            workflow=_MARKED,
            owner_settings=_owner("selected"),
            severity=Severity.INFO,
        ),
        Example(name="enforced", workflow=_CLEAN, owner_settings=_owner("all")),
        Example(
            name="the right is missing",
            workflow=_CLEAN,
            owner_settings=_owner(NO_ADMINISTRATION),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="offline", workflow=_CLEAN, outcome=Outcome.UNKNOWN),
    ),
)
def releases_not_immutable(repo: Repository) -> Iterator[Verdict]:
    """Look at the organization's policy for repositories that publish."""
    settings = owner_settings(repo)
    if settings is None:
        return
    at = first_release_file(repo)
    enforced = settings if isinstance(settings, Unseen) else settings.immutable_releases
    if isinstance(enforced, Unseen):
        yield Unknown(at=at, unseen=enforced)
    elif enforced == "all":
        yield Clean(at=at)
    else:
        some = enforced == "selected"
        yield Finding(
            message="The organization enforces immutable releases "
            f"{'for selected repositories only' if some else 'nowhere'}",
            at=at,
            severity=Severity.INFO if some else None,
            because="some repositories are covered" if some else "",
            anchor="immutable releases",
            settings_page=SettingsPage.RELEASES,
        )
