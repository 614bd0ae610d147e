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

from audits.analysis.owner_settings import owner_verdict
from audits.checks.api import (
    GITHUB_IMMUTABLE_RELEASES,
    NO_ADMINISTRATION,
    PYPI_UPLOAD,
    Area,
    Clean,
    Example,
    Finding,
    Location,
    Need,
    Outcome,
    OwnerSettings,
    Repository,
    SettingsPage,
    Severity,
    Unseen,
    Verdict,
    check,
    marked,
)

_MARKED = marked(PYPI_UPLOAD, "name: Release")


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
        Example(name="enforced", workflow=PYPI_UPLOAD, owner_settings=_owner("all")),
        Example(
            name="the right is missing",
            workflow=PYPI_UPLOAD,
            owner_settings=_owner(NO_ADMINISTRATION),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="offline", workflow=PYPI_UPLOAD, outcome=Outcome.UNKNOWN),
    ),
)
def releases_not_immutable(repo: Repository) -> Iterator[Verdict]:
    """Look at the organization's policy for repositories that publish."""
    yield from owner_verdict(repo, lambda settings: settings.immutable_releases, _judge)


def _judge(enforced: str, at: Location) -> Verdict:
    if enforced == "all":
        return Clean(at=at)
    some = enforced == "selected"
    return Finding(
        message="The organization enforces immutable releases "
        f"{'for selected repositories only' if some else 'nowhere'}",
        at=at,
        severity=Severity.INFO if some else None,
        because="some repositories are covered" if some else "",
        anchor="immutable releases",
        settings_page=SettingsPage.RELEASES,
    )
