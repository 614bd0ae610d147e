"""Everyone with write access can create the tags that start the release.

## Why it matters
Where a tag starts the release, whoever can push a tag can publish, and whoever can move one can
publish other code under a version that was already reviewed. A tag ruleset says who may create,
move and delete those tags.

A ruleset that only restricts updates and deletions leaves the release to everyone with write
access, as a new tag is all that it takes; so does one that the role Write may always bypass.

## How to fix
Create a ruleset for tags in the repository's or organization's settings, with the pattern that
your workflow's trigger names (`v*`), and restrict creations, updates and deletions. Let only
those bypass it who release. In rulesets a star stops at a slash: for tags such as
`lumen/v1.2.3` write `**/*`.

Who may bypass a ruleset is shown to administrators only; where it was not seen, the outcome is
unknown.

The patterns of the trigger are compared with those of the rulesets by trying tags: the finding
names a tag that would start the release and that no ruleset covers. Where any tag starts it (a
published release, a push without filter), a ruleset over the usual names of releases passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environments import judged_publications, subject
from audits.analysis.release_tags import (
    TagStart,
    covers,
    open_to_writers,
    restricts_creation,
    tag_starts,
    uncovered,
)
from audits.checks.api import (
    GITHUB_RULESETS,
    NO_ADMINISTRATION,
    STEP_TRIGGERS,
    Area,
    BypassActor,
    Clean,
    Example,
    Finding,
    Location,
    Need,
    Outcome,
    Publication,
    Repository,
    RepositorySettings,
    SettingsPage,
    Severity,
    TagRuleset,
    Unknown,
    Unseen,
    Verdict,
    check,
)

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


def _rules(
    *include: str,
    rules: tuple[str, ...] = ("CREATION", "UPDATE"),
    bypass: tuple[BypassActor, ...] | Unseen = (),
) -> RepositorySettings:
    ruleset = TagRuleset(name="releases", include=include, rules=rules, bypass=bypass)
    return RepositorySettings.partial(tag_rulesets=(ruleset,) if include else ())


_RELEASERS = (
    BypassActor(kind="administrators"),
    BypassActor(kind="role", name="maintain"),
    BypassActor(kind="app", name="release-bot"),
)
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
            name="only updates and deletions are restricted",
            workflow=_workflow("push:", _VERSIONS),
            settings=_rules("~ALL", rules=("UPDATE", "DELETION", "NON_FAST_FORWARD")),
        ),
        Example(
            name="everyone with write access may bypass it",
            workflow=_workflow("push:", _VERSIONS),
            settings=_rules("~ALL", bypass=(BypassActor(kind="role", name="write"),)),
        ),
        Example(
            name="administrators and an app may bypass it",
            workflow=_workflow("push:", _VERSIONS, mark=""),
            settings=_rules("~ALL", bypass=_RELEASERS),
        ),
        Example(
            name="writers may bypass it in pull requests, which tags are not",
            workflow=_workflow("push:", _VERSIONS, mark=""),
            settings=_rules("~ALL", bypass=(BypassActor(kind="role", name="write", always=False),)),
        ),
        Example(
            name="who may bypass it was not seen",
            workflow=_workflow("push:", _VERSIONS, mark=""),
            settings=_rules("~ALL", bypass=NO_ADMINISTRATION),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="not restricted, whoever may bypass it",
            workflow=_workflow("push:", _VERSIONS),
            settings=_rules("~ALL", rules=("UPDATE",), bypass=NO_ADMINISTRATION),
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
        message, unseen = _judged([start for _, start in found], rulesets)
        if message:
            yield Finding(
                message=message,
                at=at,
                job=job,
                publication=only,
                anchor=found[0][1].trigger.event,
                settings_page=SettingsPage.RULES,
            )
        elif unseen is not None:
            yield Unknown(at=at, unseen=unseen, job=job, publication=only)
        else:
            yield Clean(at=at, job=job, publication=only)


def _judged(starts: list[TagStart], rulesets: tuple[TagRuleset, ...]) -> tuple[str, Unseen | None]:
    """What is wrong with some triggers' tags, "" for nothing; and what decides and was not seen."""
    creating = [ruleset for ruleset in rulesets if restricts_creation(ruleset)]
    guarding = [ruleset for ruleset in creating if open_to_writers(ruleset) is not True]
    for start in starts:
        if bare := uncovered(start, guarding):
            return f"A tag such as `{bare}` starts the release, {_why(bare, rulesets)}", None
    sure = [ruleset for ruleset in guarding if open_to_writers(ruleset) is False]
    for start in starts:
        if bare := uncovered(start, sure):
            hidden = (r.bypass for r in guarding if covers(r, bare))
            return "", next((bypass for bypass in hidden if isinstance(bypass, Unseen)), None)
    return "", None


def _why(tag: str, rulesets: tuple[TagRuleset, ...]) -> str:
    """Why every writer may make a tag."""
    covering = [ruleset for ruleset in rulesets if covers(ruleset, tag)]
    bypassed = next((r for r in covering if restricts_creation(r)), None)
    if bypassed is not None:
        return f"and everyone with write access may bypass the ruleset `{bypassed.name}`"
    if covering:
        return f"and the ruleset `{covering[0].name}` does not restrict its creation"
    return "and no ruleset covers it"
