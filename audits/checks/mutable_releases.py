"""Newest GitHub release can still be changed.

## Why it matters
The tag and the files of an ordinary GitHub release can be replaced at any time, by anyone with
write access, and nobody who downloaded them learns of it. An immutable release locks its tag
and its files and gets an attestation from GitHub.

## How to fix
Switch "Enable release immutability" on in the repository's settings, or for all repositories in
the organization's. It holds for releases published from then on. A workflow that adds files to
a release must do so while the release is a draft.

A repository without any GitHub release is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environments import judged_publications
from audits.checks.api import (
    GITHUB_IMMUTABLE_RELEASES,
    Area,
    Clean,
    Example,
    Finding,
    Location,
    Need,
    Outcome,
    Repository,
    RepositorySettings,
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
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_CLEAN = _WORKFLOW.format(mark="")


def _settings(immutable: bool | None) -> RepositorySettings:
    return RepositorySettings.partial(latest_release_immutable=immutable)


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.INFO,
    needs={Need.SETTINGS},
    links=(GITHUB_IMMUTABLE_RELEASES,),
    examples=(
        Example(name="mutable", workflow=_WORKFLOW.format(mark=" # !"), settings=_settings(False)),
        Example(name="immutable", workflow=_CLEAN, settings=_settings(True)),
        Example(
            name="no release yet",
            workflow=_CLEAN,
            settings=_settings(None),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="not read",
            workflow=_CLEAN,
            settings=RepositorySettings.partial(),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="offline", workflow=_CLEAN, outcome=Outcome.UNKNOWN),
    ),
)
def mutable_releases(repo: Repository) -> Iterator[Verdict]:
    """Look at the newest release, once for the repository."""
    publication = next(iter(judged_publications(repo)), None)
    if publication is None:
        return
    at = Location(path=publication.workflow.path)
    settings = repo.settings
    immutable = settings if isinstance(settings, Unseen) else settings.latest_release_immutable
    if isinstance(immutable, Unseen):
        yield Unknown(at=at, unseen=immutable)
    elif immutable:
        yield Clean(at=at)
    elif immutable is False:
        yield Finding(
            message="The newest GitHub release is not immutable: its tag and files can be replaced",
            at=at,
            anchor="newest release",
            settings_page=SettingsPage.RELEASES,
        )
