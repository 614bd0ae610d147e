"""Actions of workflows are not updated automatically.

## Why it matters
A pin that nobody updates protects today and turns into old code with known flaws tomorrow. The
lesson's tip is to let Dependabot do it; Renovate does the same. Both change the commit and the
version in the comment together.

A release that is a few days old has not been looked at by many people. A cooldown lets others
go first: most malicious releases are found and taken down within days. Dependabot waits 3 days
unless configured otherwise (since July 2026). Less than 7 days is of low severity, for every update
that Dependabot is configured to make.

## How to fix
Add this to the `updates:` of `.github/dependabot.yml` (`version: 2` at its top):

    - package-ecosystem: github-actions
      directory: /
      schedule:
        interval: weekly
      cooldown:
        default-days: 7

The edit adds it, creating the file where there is none, or adds the cooldown. For Dependabot the
directory `/` means `.github/workflows` and an `action.yml` at the root, and no other folder:
composite actions in `.github/actions/build` need a directory of their own (`directories:` takes
several, and patterns such as `/.github/actions/*`). An update with `open-pull-requests-limit: 0`, or
that ignores everything, updates nothing. Renovate updates actions unless its configuration
switches that off; presets of other repositories are not read.

## Deviations
zizmor's `dependabot-cooldown` is of medium severity, stops at the first update that is in
order, and does not ask whether anything covers actions at all. It counts all ecosystems, and here
only actions count. Files in folders that the bot does not read are reported here alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from audits.analysis.action_refs import remote_uses
from audits.checks.api import (
    GITHUB_DEPENDABOT,
    GITHUB_DEPENDABOT_OPTIONS,
    RENOVATE_PINNING,
    STEP_SECURE,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Location,
    Need,
    Outcome,
    Repository,
    Severity,
    Unknown,
    Unseen,
    UpdateAutomation,
    UpdateBot,
    UpdateRule,
    UsesKind,
    Verdict,
    check,
    foreign_path,
    insert_below,
    newline_of,
    replace,
)

_LEAST_DAYS = 7
# https://github.blog/changelog/2026-07-14-dependabot-version-updates-introduce-default-package-cooldown/
_DEFAULT_DAYS = 3
_PATHS = (".github/dependabot.yml", ".github/dependabot.yaml")
_WORKFLOW = """\
name: Release # !
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_COVERED = _WORKFLOW.replace(" # !", "")
_PIP = """\
version: 2
updates:
  - package-ecosystem: pip
    directory: /
    schedule:
      interval: weekly
    cooldown:
      default-days: 14
"""
_SHORT = """\
version: 2
updates:
  - package-ecosystem: "github-actions" # !
    directory: "/"
    schedule:
      interval: weekly
  - package-ecosystem: pip
    directory: /
    schedule: { interval: weekly }
    cooldown:
      default-days: 2
"""
_GOOD = """\
version: 2
updates:
  - package-ecosystem: "github-actions"
    directory: "/"
    schedule:
      interval: weekly
    cooldown:
      default-days: 7
"""
_PREPARED = _COVERED.replace("steps:", "steps:\n      - uses: ./.github/actions/prepare")
_ACTION = """\
name: Prepare # !
runs:
  using: composite
  steps:
    - uses: actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0
"""
_RENOVATE = """\
{
  // the organization's preset
  "extends": ["config:recommended"],
}
"""


def _item(folders: Sequence[str] = ("/",)) -> tuple[str, ...]:
    """The lines of an update for the actions of these folders."""
    if len(folders) == 1:
        where: tuple[str, ...] = (f"  directory: {folders[0]}",)
    else:
        where = ("  directories:", *(f"    - {folder}" for folder in folders))
    return (
        "- package-ecosystem: github-actions",
        *where,
        "  schedule:",
        "    interval: weekly",
        "  cooldown:",
        f"    default-days: {_LEAST_DAYS}",
    )


@check(
    area=Area.PINNING,
    severity=Severity.MEDIUM,
    lesson=STEP_SECURE,
    tip=True,
    links=(GITHUB_DEPENDABOT, GITHUB_DEPENDABOT_OPTIONS, RENOVATE_PINNING),
    fix=FixKind.SAFE,
    zizmor="dependabot-cooldown",
    any_workflow=True,
    examples=(
        Example(name="no bot", workflow=_WORKFLOW, fixed=_COVERED, severity=Severity.MEDIUM),
        Example(
            name="Dependabot for other things",
            workflow=_WORKFLOW,
            fixed=_COVERED,
            files={".github/dependabot.yml": _PIP},
        ),
        Example(
            name="Dependabot with pull requests switched off",
            workflow=_WORKFLOW,
            files={".github/dependabot.yml": _GOOD + "    open-pull-requests-limit: 0\n"},
        ),
        Example(
            name="short cooldowns",
            workflow=_COVERED,
            fixed=_COVERED,
            files={".github/dependabot.yml": _SHORT},
            severity=Severity.LOW,
        ),
        Example(
            name="Renovate with actions switched off",
            workflow=_WORKFLOW,
            files={"renovate.json": '{"github-actions": {"enabled": false}}'},
        ),
        Example(
            name="a composite action that `/` does not cover",
            workflow=_PREPARED,
            files={".github/dependabot.yml": _GOOD, ".github/actions/prepare/action.yml": _ACTION},
            severity=Severity.MEDIUM,
        ),
        Example(
            name="a composite action in a folder that is named",
            workflow=_PREPARED,
            files={
                ".github/dependabot.yml": _GOOD.replace(
                    'directory: "/"', 'directories: ["/", "/.github/actions/*"]'
                ),
                ".github/actions/prepare/action.yml": _ACTION.replace(" # !", ""),
            },
        ),
        Example(
            name="Renovate reads every folder",
            workflow=_PREPARED,
            files={
                "renovate.json": "{}",
                ".github/actions/prepare/action.yml": _ACTION.replace(" # !", ""),
            },
        ),
        Example(name="Dependabot", workflow=_COVERED, files={".github/dependabot.yml": _GOOD}),
        Example(name="Renovate", workflow=_COVERED, files={".github/renovate.json5": _RENOVATE}),
        Example(
            name="a file that cannot be read",
            workflow=_COVERED,
            files={".github/dependabot.yml": "updates: [\n"},
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="no action of another repository",
            workflow="on: release\njobs:\n  publish:\n    runs-on: ubuntu-latest\n"
            "    steps:\n      - run: twine upload dist/*\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def updates_not_automated(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each release workflow that no bot covers, and for short cooldowns."""
    if not remote_uses(repo):
        return
    updates = repo.updates
    if updates is None:
        unseen = Unseen(need=Need.WORKFLOW, reason="the files of update bots were not read")
        yield Unknown(at=Location(path=_PATHS[0]), unseen=unseen)
        return
    if updates.covers_actions:
        yield from (Clean(at=rule.at) for rule in updates.rules if rule.covers_actions)
        yield from _in_other_folders(repo, updates)
    elif updates.gaps:
        for gap in updates.gaps:
            unseen = Unseen(need=Need.WORKFLOW, reason=gap.detail)
            yield Unknown(at=Location(path=gap.subject, line=gap.line or 1), unseen=unseen)
    else:
        yield from _uncovered(repo, updates)
    for rule in updates.rules:
        if rule.bot is UpdateBot.DEPENDABOT and rule.ecosystem == "github-actions":
            yield from _hasty(repo, rule)


def _uncovered(repo: Repository, updates: UpdateAutomation) -> Iterator[Finding]:
    """One finding for each workflow that publishes: that is whom it concerns."""
    bots = {rule.bot.value for rule in updates.rules}
    state = (
        f"{' and '.join(sorted(bots))} is not configured to" if bots else "no bot is configured to"
    )
    publishing = {p.workflow.path for p in repo.publications}
    workflows = list(repo.release_workflows())
    for workflow in [w for w in workflows if w.path in publishing] or workflows[:1]:
        yield Finding(
            message=f"The actions of this workflow are not updated: {state} update them",
            at=workflow.first_key or Location(path=workflow.path),
            anchor="github-actions",
            edits=_added(repo, updates, _item(("/", *_folders(_using_others(repo, updates))))),
        )


def _in_other_folders(repo: Repository, updates: UpdateAutomation) -> Iterator[Finding]:
    """One finding for each composite action that uses others and that no bot reads."""
    left = _left_out(repo, updates)
    folders = _folders(left)
    for path, folder in zip(left, folders, strict=True):
        yield Finding(
            message=f"The actions that `{path}` uses are not updated: Dependabot does not read "
            f"`{folder}`, and `/` does not cover it",
            at=Location(path=path),
            anchor=f"github-actions {folder}",
            edits=_added(repo, updates, _item(folders)),
        )


def _left_out(repo: Repository, updates: UpdateAutomation) -> list[str]:
    """The composite actions of the repository that use others and that no bot reads; one in the
    root folder is read with the workflows.
    """
    using = {use.at.path for use in remote_uses(repo)}
    return [path for path in _using_others(repo, updates) if path in using]


def _using_others(repo: Repository, updates: UpdateAutomation) -> list[str]:
    """The same of all that were read: an edit serves those beside releases, too."""
    using = {
        action.path
        for action in repo.actions
        if any(s.uses is not None and s.uses.kind is UsesKind.REMOTE for s in action.steps)
    }
    own = {path for path in using if foreign_path(path) is None}
    return sorted(path for path in own if "/" in path and not updates.covers(path))


def _folders(paths: Sequence[str]) -> list[str]:
    """The folders of these files, as Dependabot writes them."""
    return [f"/{path.rpartition('/')[0]}" for path in paths]


def _added(repo: Repository, updates: UpdateAutomation, item: tuple[str, ...]) -> tuple[Edit, ...]:
    """Add an update for actions to Dependabot's file, or make that file."""
    if any(rule.bot is UpdateBot.RENOVATE for rule in updates.rules):
        return ()  # a team that uses Renovate has its reasons: the message says what is missing
    file = repo.file(*_PATHS)
    if file is None:
        lines = ("version: 2", "updates:", *(f"  {line}" for line in item))
        new = "".join(line + "\n" for line in lines)
        return (Edit(path=_PATHS[0], start=0, end=0, old="", new=new),)
    if updates.append_at is None:
        return ()
    pad = " " * updates.append_indent
    newline = newline_of(file.text)
    first = "" if file.text[: updates.append_at].endswith("\n") else newline
    new = first + "".join(f"{pad}{line}{newline}" for line in item)
    return (replace(file, updates.append_at, updates.append_at, new),)


def _hasty(repo: Repository, rule: UpdateRule) -> Iterator[Verdict]:
    """Whether Dependabot waits long enough before it proposes a release."""
    days = rule.cooldown_days
    if days is not None and days >= _LEAST_DAYS:
        yield Clean(at=rule.at)
        return
    said = f"{_DEFAULT_DAYS} days, its default," if days is None else f"{days} days"
    yield Finding(
        message=f"Dependabot waits {said} before it proposes releases for "
        f"{rule.ecosystem}: {_LEAST_DAYS} let others find a bad one first",
        at=rule.at,
        severity=Severity.LOW,
        because="updates are automated, only hastily",
        anchor=f"cooldown {rule.ecosystem}",
        edits=_cooled(repo, rule),
    )


def _cooled(repo: Repository, rule: UpdateRule) -> tuple[Edit, ...]:
    """Make the cooldown long enough: a number replaced, or two lines added."""
    file = repo.file(rule.at.path)
    if file is None:
        return ()
    lines = file.text.split("\n")
    start = sum(len(line) + 1 for line in lines[: rule.at.line - 1])
    line = lines[rule.at.line - 1]
    days = re.match(r"(?P<lead> *default-days: *)(?P<days>\d+)\s*(?:#.*)?$", line)
    if days is not None:
        return (replace(file, start + days.start("days"), start + days.end("days"), "7"),)
    if re.match(r" *(?:- +)?package-ecosystem: *[\"']?[\w-]+[\"']?\s*(?:#.*)?$", line):
        pad = " " * (rule.at.column - 1)
        added = (f"{pad}cooldown:", f"{pad}  default-days: {_LEAST_DAYS}")
        return insert_below(file, rule.at.line, added)
    return ()
