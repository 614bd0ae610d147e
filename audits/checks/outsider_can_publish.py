"""Anyone can publish the package.

A path leads from people without write access to the registry.

## Why it matters

Each step of such a path is common: a workflow that any pull request, issue or comment starts, a
job whose token may write, a release that trusts the default branch, a cache or a machine. Put
together they let any GitHub account, or anyone whose first change was merged, release what they
like under the package's name. That is how many of the large compromises since 2024 went, and the
release workflow by itself was in order in most of them.

The message names the path; `release-audit who` prints it step by step with what closes it, and
what was not seen and could close it.

## How to fix

Make the cheapest cut that is offered: it is one line in most repositories, in the workflow that
lets outsiders in rather than in the release. Then see who is left: `release-audit who` says it.

It costs no points, since the links of the path have checks of their own: it holds the score down
as long as the path is open. A waiver lifts that, and the package is shown as `anyone (accepted)`;
a comment in a workflow does not. What hangs on settings that were not read is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.exposure.search import exposures
from audits.analysis.exposure.sentences import needs_of_path, path_sentence
from audits.checks.api import (
    GITHUB_EVENTS,
    GITHUB_SECURE_USE,
    NPM_RELEASE_OF_CHECKOUT,
    Actor,
    Area,
    Clean,
    Example,
    Exposure,
    ExposurePath,
    Finding,
    Holds,
    Need,
    Outcome,
    PathState,
    Repository,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
)

_OTHER = """\
on: %s
permissions: %s
jobs:
  greet:
    runs-on: ubuntu-latest
    %s
    steps:
      - run: echo "${{ github.event.issue.title }}"%s
"""
_PATH = ".github/workflows/publish.yml"


def _example(
    name: str,
    event: str = "issues",
    rights: str = "{contents: write}",
    more: str = "timeout-minutes: 5",
    mark: str = "",
    outcome: Outcome | None = None,
) -> Example:
    return Example(
        name=name,
        workflow=_OTHER % (event, rights, more, mark),
        files={_PATH: NPM_RELEASE_OF_CHECKOUT},
        outcome=outcome,
    )


@check(
    area=Area.INTEGRITY,
    severity=Severity.CRITICAL,
    sharpened_by={Need.SETTINGS, Need.ADMINISTRATION},
    links=(GITHUB_SECURE_USE, GITHUB_EVENTS),
    milder_in_other_jobs=False,
    caps_only=True,
    examples=(
        _example("an issue's title becomes code beside a token that writes", mark="  # !"),
        _example("the token only reads", rights="{contents: read}"),
        _example("only people with rights start it", event="workflow_dispatch"),
        _example(
            "an environment may hold it up", more="environment: external", outcome=Outcome.UNKNOWN
        ),
    ),
)
def outsider_can_publish(repo: Repository) -> Iterator[Verdict]:
    """Judge each package of each publication that counts."""
    scored = frozenset(repo.scored_publications)
    for exposure in exposures(repo):
        if exposure.publication in scored:
            yield _judged(exposure)


def _judged(exposure: Exposure) -> Verdict:
    publication = exposure.publication
    paths = [p for p in exposure.paths if p.actor is Actor.ANYONE and p.sets_level]
    if exposure.level is Actor.ANYONE and paths:
        worst = paths[0]
        sure = [p for p in paths if p.state is not PathState.OPEN]
        late = all(path.after_merge for path in sure)
        return Finding(
            message=path_sentence(worst, exposure),
            at=worst.entrance.at,
            publication=publication,
            anchor=f"{exposure.registry} {exposure.package}",
            severity=Severity.HIGH if late else None,
            because="it takes one merged change first" if late else "",
            extra_lines=tuple(step.at for step in worst.steps),
        )
    if exposure.may_be is Actor.ANYONE and paths:
        return Unknown(at=paths[0].entrance.at, unseen=_unseen(paths[0]), publication=publication)
    return Clean(at=publication.at, publication=publication)


def _unseen(path: ExposurePath) -> Unseen:
    need = next((need for need in path.needs if need.closes), None)
    what = needs_of_path(path) or "what was not seen"
    policy = path.holds is Holds.UNLESS_POLICY
    reason = (
        f"{what} decides whether anyone can publish"
        if not policy
        else (
            f"{what} decides whether anyone can publish: `pull_request_target` runs only where a policy allows it"
        )
    )
    return Unseen(
        need=need.need if need is not None else Need.WORKFLOW,
        reason=reason,
        permission=need.permission if need is not None else "",
    )
