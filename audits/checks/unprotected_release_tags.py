"""No ruleset covers the tags that start the release.

## Why it matters
Where a tag starts the release, whoever can push a tag can publish, and whoever can move one can
publish other code under a version that was already reviewed. A tag ruleset says who may create,
move and delete those tags.

## How to fix
Create a ruleset for tags in the repository's or organization's settings, with the pattern that
your workflow's trigger names (`v*`), and restrict creations, updates and deletions. In rulesets
a star stops at a slash: for tags such as `lumen/v1.2.3` write `**/*`.

The patterns of the trigger are compared with those of the rulesets by trying tags: the finding
names a tag that would start the release and that no ruleset covers. Where any tag starts it (a
published release, a push without filter), a ruleset over the usual names of releases passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.check import Example, check
from audits.checks.constants import GITHUB_RULESETS, STEP_TRIGGERS
from audits.model.environments import judged_publications, subject
from audits.model.outcome import (
    Area,
    Clean,
    Finding,
    Outcome,
    SettingsPage,
    Severity,
    Unknown,
    Verdict,
)
from audits.model.place import Location
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.settings import Need, RepositorySettings, TagRuleset, Unseen
from audits.model.tags import TagStart, tag_starts, uncovered

_WORKFLOW = """\
on:
  {trigger}{mark}
    {filter}
jobs:
  publish:
    runs-on: ubuntu-latest
    if: {condition}
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""


def _workflow(
    trigger: str, only: str = "", mark: str = " # !", condition: str = "success()"
) -> str:
    return _WORKFLOW.format(trigger=trigger, mark=mark, filter=only, condition=condition)


def _rules(*include: str, rules: tuple[str, ...] = ("CREATION", "UPDATE")) -> RepositorySettings:
    ruleset = TagRuleset(name="releases", include=include, exclude=(), rules=rules)
    return RepositorySettings.partial(tag_rulesets=(ruleset,) if include else ())


_VERSIONS = "tags: ['v[0-9]+.[0-9]+.[0-9]+']"
_PACKAGES = "tags: ['lumen/v*', '!lumen/v0*']"
_RELEASED = "types: [published]"


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.LOW,
    needs={Need.SETTINGS},
    lesson=STEP_TRIGGERS,
    links=(GITHUB_RULESETS,),
    examples=(
        Example(name="no ruleset", workflow=_workflow("push:", _VERSIONS), settings=_rules()),
        Example(
            name="another pattern",
            workflow=_workflow("push:", "tags: ['v*']"),
            settings=_rules("refs/tags/v[0-9]*"),
        ),
        Example(
            name="a star stops at a slash",
            workflow=_workflow("push:", _PACKAGES),
            settings=_rules("refs/tags/*"),
        ),
        Example(
            name="a ruleset that guards nothing",
            workflow=_workflow("push:", _VERSIONS),
            settings=_rules("~ALL", rules=("REQUIRED_SIGNATURES",)),
        ),
        Example(
            name="a release, and no ruleset",
            workflow=_workflow("release:", _RELEASED),
            settings=_rules(),
        ),
        Example(
            name="the same pattern",
            workflow=_workflow("push:", _VERSIONS, mark=""),
            settings=_rules("refs/tags/v*"),
        ),
        Example(
            name="every tag",
            workflow=_workflow("push:", _PACKAGES, mark=""),
            settings=_rules("~ALL"),
        ),
        Example(
            name="any folders",
            workflow=_workflow("push:", _PACKAGES, mark=""),
            settings=_rules("refs/tags/**/*"),
        ),
        Example(
            name="a release under a usual name",
            workflow=_workflow("release:", _RELEASED, mark=""),
            settings=_rules("refs/tags/v*"),
        ),
        Example(
            name="a condition on the tag",
            workflow=_workflow("push:", mark="", condition="startsWith(github.ref, 'refs/tags/v')"),
            settings=_rules("refs/tags/v*"),
        ),
        Example(
            name="no tag starts it",
            workflow=_workflow("push:", "branches: [main]", mark=""),
            settings=_rules(),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="settings were not read",
            workflow=_workflow("push:", _VERSIONS, mark=""),
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def unprotected_release_tags(repo: Repository) -> Iterator[Verdict]:
    """Look at each trigger by which a tag starts a production upload, once."""
    settings = repo.settings
    rulesets = settings if isinstance(settings, Unseen) else settings.tag_rulesets
    starts: dict[Location, list[tuple[Publication, TagStart]]] = {}
    for publication in judged_publications(repo):
        for start in tag_starts(publication):
            starts.setdefault(start.trigger.at, []).append((publication, start))
    for at, found in starts.items():
        job, only = subject(list(dict.fromkeys(publication for publication, _ in found)))
        if isinstance(rulesets, Unseen):
            yield Unknown(at=at, unseen=rulesets, job=job, publication=only)
            continue
        bare = next((tag for _, start in found if (tag := uncovered(start, rulesets))), "")
        if not bare:
            yield Clean(at=at, job=job, publication=only)
            continue
        yield Finding(
            message=f"A tag such as `{bare}` starts the release, and no ruleset covers it",
            at=at, job=job, publication=only, anchor=found[0][1].trigger.event,
            settings_page=SettingsPage.RULES,
        )  # fmt: skip
