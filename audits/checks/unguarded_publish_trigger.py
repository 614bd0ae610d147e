"""Push to a branch, pull request or schedule can publish.

Nothing on the way to the publication asks for a tag or a release.

## Why it matters

A release should be somebody's decision, made once, for one commit. Where any push to a branch
publishes, every stolen session, every bad merge and every misled bot is a release at once; on a
schedule it is one without anybody. Conditions are looked for on the publishing step, its job,
every job it waits for, and every job that calls it.

## How to fix

Start the workflow from releases only (`on: release: types: [published]`), or put
`if: startsWith(github.ref, 'refs/tags/')` or `if: github.event_name == 'release'` on the
publishing job. Required reviewers of the environment, or an environment that only tags may
use, guard it as well; they are seen with a token that reads settings.

`if: github.repository == 'orchard-labs/lumen'` keeps forks out and nothing else: it is no
guard. A guard that hangs on an output that a step writes is unknown; an output of
a job that is itself a condition on the event is followed. A called workflow may guard itself:
its conditions count where it was read, and it is unknown where it was not. It is
low where only branches made for releases start the workflow, where the commit must ask for it
in words, and for nightly builds that go to Anaconda on a schedule. Containers, GoReleaser and GitHub releases are not packages and are left out;
`pull_request_target` and its like belong to `dangerous-trigger`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from audits.analysis.conditions import publishing_steps, reach
from audits.analysis.events import RefKind, Start, starts_of
from audits.analysis.outsiders import OUTSIDER_EVENTS
from audits.analysis.reachability import Reachability
from audits.checks.api import (
    GITHUB_EVENTS,
    GITHUB_WORKFLOW_SYNTAX,
    STEP_TRIGGERS,
    Area,
    Clean,
    EnvironmentSettings,
    Example,
    Finding,
    Need,
    Outcome,
    Publication,
    Registry,
    Repository,
    RepositorySettings,
    Route,
    SettingsPage,
    Severity,
    Trait,
    Unknown,
    Unseen,
    Verdict,
    check,
)

_WORKFLOW = """\
on:
  %s
jobs:
  build:
    if: %s
    runs-on: ubuntu-latest
    outputs: {release: '${{ steps.look.outputs.release }}'}
    steps: [{id: look, run: ./look}]
  publish:
    needs: build
    if: %s
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_NIGHTLY = """\
on:
  schedule:  # !
    - cron: 1 2 * * *
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: anaconda upload dist/lumen.conda
        env: {ANACONDA_API_TOKEN: '${{ secrets.ANACONDA_TOKEN }}'}
"""
_CALL = """\
on: [push, pull_request]
jobs:
  publish:
    uses: %s
    secrets: {pypi_token: '${{ secrets.PYPI_TOKEN }}'}
"""
_CALLED = """\
on: {workflow_call: {secrets: {pypi_token: {}}}}
jobs:
  publish:
    if: %s
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
        env: {TWINE_PASSWORD: '${{ secrets.pypi_token }}'}
"""
_PUSH, _ANY, _TAG = "push:", "github.run_id", "startsWith(github.ref, 'refs/tags/')"
_MAIN = "push: {branches: [main]}"
_FORKS = "github.repository == 'orchard-labs/lumen'"
_NONE = Unseen(need=Need.SETTINGS, reason="not asked")


def _settings(**given: object) -> RepositorySettings:
    environment = EnvironmentSettings(name="pypi", **given)  # type: ignore[arg-type]
    return RepositorySettings(
        environments={"pypi": environment},
        tag_rulesets=_NONE,
        latest_release_immutable=_NONE,
        actions=_NONE,
        secret_names=_NONE,
        organization_secret_names=_NONE,
    )


_DELIBERATE = OUTSIDER_EVENTS | {"release", "workflow_dispatch", "repository_dispatch"}
_FOR_RELEASES = re.compile(r"release|publish|deploy|pypi", re.IGNORECASE)


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    needs={Need.WORKFLOW},
    sharpened_by={Need.SETTINGS},
    lesson=STEP_TRIGGERS,
    links=(GITHUB_EVENTS, GITHUB_WORKFLOW_SYNTAX),
    examples=(
        Example(
            name="a called workflow that was not read",
            workflow=_CALL
            % "OpenAstronomy/github-actions-workflows/.github/workflows/publish.yml@v1",
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="a called workflow that guards itself",
            workflow=_CALL % "./.github/workflows/upload.yml",
            files={
                ".github/workflows/upload.yml": _CALLED % "startsWith(github.ref, 'refs/tags/')"
            },
        ),
        Example(
            name="a called workflow that does not",
            workflow=_CALL.replace("[push, pull_request]", "push # !")
            % "./.github/workflows/upload.yml",
            files={".github/workflows/upload.yml": _CALLED % "github.event_name != 'schedule'"},
        ),
        Example(name="a branch", workflow=_WORKFLOW % (f"{_MAIN}  # !", _ANY, _ANY)),
        Example(
            name="a branch, a tag, a pull request and a schedule",
            workflow=_WORKFLOW
            % (
                "push: # of anything  # !\n  pull_request:  # !\n  schedule:  # !\n"
                "    - cron: 1 2 3 * *",
                _ANY,
                _FORKS,
            ),
        ),
        Example(
            name="the event is asked for, and branches are such an event",
            workflow=_WORKFLOW
            % ("push:  # !\n  pull_request:", _ANY, "github.event_name == 'push'"),
        ),
        Example(
            name="branches for releases",
            workflow=_WORKFLOW % ("push: {branches: ['release/*']}  # !", _ANY, _ANY),
            severity=Severity.LOW,
        ),
        Example(
            name="the commit asks for it",
            workflow=_WORKFLOW
            % (f"{_MAIN}  # !", _ANY, "contains(github.event.head_commit.message, 'release')"),
            severity=Severity.LOW,
        ),
        Example(
            name="nightly builds",
            workflow=_NIGHTLY,
            severity=Severity.LOW,
        ),
        Example(name="a tag is asked for", workflow=_WORKFLOW % (_PUSH, _ANY, _TAG)),
        Example(name="a job before asks for it", workflow=_WORKFLOW % (_PUSH, _TAG, _FORKS)),
        Example(
            name="a job before asks, but need not have run",
            workflow=_WORKFLOW % ("push:  # !", _TAG, "always()"),
        ),
        Example(
            name="only tags",
            workflow=_WORKFLOW % ("push: {tags: ['v*']}", _ANY, _ANY),
        ),
        Example(
            name="an output decides",
            workflow=_WORKFLOW % (_PUSH, _ANY, "needs.build.outputs.release == 'true'"),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="reviewers",
            workflow=_WORKFLOW % (_PUSH, _ANY, _ANY),
            settings=_settings(reviewers=1),
        ),
        Example(
            name="only tags may use the environment",
            workflow=_WORKFLOW % (_PUSH, _ANY, _ANY),
            settings=_settings(ref_patterns=("tag:v*",)),
        ),
        Example(
            name="only one branch may use the environment",
            workflow=_WORKFLOW % (f"{_MAIN}  # !", _ANY, _ANY),
            settings=_settings(ref_patterns=("branch:main",)),
        ),
        Example(
            name="a pull request's merge ref, which is not the one branch",
            workflow=_WORKFLOW % ("pull_request:", _ANY, _ANY),
            settings=_settings(ref_patterns=("branch:main",)),
        ),
        Example(
            name="a pull request where every branch may use the environment",
            workflow=_WORKFLOW % ("pull_request:  # !", _ANY, _ANY),
            settings=_settings(ref_patterns=("branch:*",)),
        ),
        Example(
            name="a pull request before policies were held against its merge ref",
            workflow=_WORKFLOW % ("pull_request:  # !", _ANY, _ANY),
            settings=_settings(ref_patterns=("branch:main",)),
            as_of=date(2025, 12, 7),
        ),
        Example(
            name="called from nowhere that is seen",
            workflow=_WORKFLOW % ("workflow_call:", _ANY, _ANY),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="a test index",
            workflow=_WORKFLOW % (_PUSH, _ANY, _ANY)
            + "        with: {repository-url: 'https://test.pypi.example/legacy/'}\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def unguarded_publish_trigger(repo: Repository) -> Iterator[Verdict]:
    """Judge each way from an undeliberate event to the publication of a package."""
    for publication in repo.publications:
        if not (Trait.IS_PACKAGE in publication.info.traits and publication.is_scored):
            continue
        seen = set()
        found = False
        for route, start in _undeliberate(repo, publication):
            key = (start.trigger.at, publication.job)
            verdict = _verdict(repo, publication, route, start)
            if verdict is not None and key not in seen:
                seen.add(key)
                found = True
                yield verdict
        if not found:
            yield _nothing_found(publication)


def _nothing_found(publication: Publication) -> Verdict:
    """A pass, unless the workflow is only called, from somewhere that was not seen."""
    triggers = [trigger for route in publication.routes for trigger in route.triggers]
    if triggers and all(trigger.event == "workflow_call" for trigger in triggers):
        unseen = Unseen(need=Need.REFERENCES, reason="what calls the workflow was not seen")
        return Unknown(at=triggers[0].at, publication=publication, unseen=unseen)
    return Clean(at=publication.at, publication=publication)


def _undeliberate(repo: Repository, publication: Publication) -> Iterator[tuple[Route, Start]]:
    for route in publication.routes:
        for trigger in route.triggers:
            if trigger.event not in _DELIBERATE:
                for start in starts_of(repo, trigger):
                    if start.ref in {RefKind.BRANCH, RefKind.PULL_REQUEST}:
                        yield route, start


def _verdict(
    repo: Repository, publication: Publication, route: Route, start: Start
) -> Verdict | None:
    """A fault or a doubt; None where such a run does not come through."""
    way = reach(repo, route, start, publishing_steps(publication))
    if way.runs is False:
        return None
    if publication.is_opaque and publication.called is not None:
        reason = f"whether `{publication.called.raw.value}` guards itself was not read"
        unseen = Unseen(need=Need.REFERENCES, reason=reason)
        return Unknown(at=start.trigger.at, publication=publication, unseen=unseen)
    if way.runs is None:
        reason = f"whether {start.what} publishes hangs on `{way.unseen[0]}`"
        unseen = Unseen(need=Need.WORKFLOW, reason=reason)
        return Unknown(at=start.trigger.at, publication=publication, unseen=unseen)
    because = _milder(publication, start, way)
    environment = publication.environment
    return Finding(
        message=f"{start.what[0].upper()}{start.what[1:]} can publish: "
        "nothing on the way asks for a tag or a release",
        at=start.trigger.at,
        publication=publication,
        anchor=start.trigger.event,
        severity=Severity.LOW if because else None,
        because=because,
        settings_page=SettingsPage.ENVIRONMENTS if environment else None,
        environment=environment.name.value if environment and not environment.dynamic else "",
    )


def _milder(publication: Publication, start: Start, way: Reachability) -> str:
    """Why the fault is a mild one, if it is."""
    if publication.registry is Registry.ANACONDA and start.trigger.event == "schedule":
        return "nightly builds for that registry are made on a schedule"
    branches = start.trigger.branches or ()
    if start.trigger.event == "push" and branches and all(map(_FOR_RELEASES.search, branches)):
        return "only branches made for releases start it"
    asked = [name for name in way.assumed if name.startswith("github.event.")]
    return f"only where `{asked[0]}` asks for it" if asked else ""
