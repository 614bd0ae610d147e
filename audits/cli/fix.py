"""``release-audit fix``: shows and writes the edits that close findings, each proved first."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from msgspec import Struct
from msgspec.structs import replace

from audits.cli.check import CheckOptions, audit_with_plan, find_targets
from audits.cli.configuration import load_uploaders
from audits.cli.exits import UsageError, end_code
from audits.cli.github import ApiUrlOption, TokenFileOption, connect
from audits.cli.options import (
    AllOption,
    AllowGapsOption,
    AsOfOption,
    ConfigOption,
    Format,
    IndexOption,
    NoEngineOption,
    OfflineOption,
    RegistryOption,
    TargetHostOption,
    TargetsArgument,
    WaiversOption,
    day_of,
)
from audits.cli.pull_requests import ProposalWants, propose
from audits.cli.waivers import load_waivers

if TYPE_CHECKING:
    from audits.cli.targets import CheckTarget
    from audits.collect.github.collector import Connection
    from audits.model.edit_plan import ChangedFile, EditPlan
    from audits.model.source import Gap


class FixFormat(StrEnum):
    """How edits are printed."""

    TEXT = "text"
    PATCH = "patch"
    JSON = "json"


class _Target(Struct, frozen=True):
    """What was asked for, and the edits there."""

    target: CheckTarget
    plan: EditPlan
    unasked: tuple[Gap, ...] = ()


WriteOption = Annotated[bool, typer.Option("--write", help="Write the edits without asking.")]
DiffOption = Annotated[bool, typer.Option("--diff", help="Show the edits only.")]
UnsafeOption = Annotated[
    bool, typer.Option("--unsafe", help="Also make edits that a person has to review.")
]
ChecksOption = Annotated[
    Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option("--check", metavar="ID", help="Fix findings of this check only; repeat it."),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Write files with uncommitted changes, too.")
]
FixFormatOption = Annotated[
    FixFormat, typer.Option("--format", help="How to print; patch is for git apply.")
]
PullRequestOption = Annotated[
    bool,
    typer.Option(
        "--pull-request",
        help="Propose the edits on GitHub: for OWNER/REPO, or for all of OWNER. Lists them first; --write opens them, with the token in RELEASE_AUDIT_WRITE_TOKEN.",
    ),
]
LimitOption = Annotated[
    int, typer.Option("--limit", min=1, max=150, help="Pull requests to open at most.")
]
DeclinedOption = Annotated[
    bool, typer.Option("--declined", help="Propose what was declined before, too.")
]
JournalOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--journal", metavar="FILE", help="The file that records which branches this program made."
    ),
]
PrefixOption = Annotated[
    str,
    typer.Option("--message-prefix", metavar="TEXT", help="What commits' messages begin with."),
]
SignOffOption = Annotated[
    str,
    typer.Option("--sign-off", metavar="NAME <EMAIL>", help="Sign commits off as this person."),
]
FixOnlineOption = Annotated[
    bool, typer.Option("--online", help="Ask the package index, and GitHub for pins.")
]


def fix(
    paths: TargetsArgument = None,
    write: WriteOption = False,
    diff: DiffOption = False,
    unsafe: UnsafeOption = False,
    checks: ChecksOption = None,
    force: ForceOption = False,
    pull_request: PullRequestOption = False,
    limit: LimitOption = 10,
    declined: DeclinedOption = False,
    journal: JournalOption = None,
    message_prefix: PrefixOption = "ci: ",
    sign_off: SignOffOption = "",
    form: FixFormatOption = FixFormat.TEXT,
    online: FixOnlineOption = False,
    offline: OfflineOption = False,
    everything: AllOption = False,
    no_engine: NoEngineOption = False,
    allow_gaps: AllowGapsOption = False,
    waivers: WaiversOption = None,
    config: ConfigOption = None,
    index_url: IndexOption = "",
    registry: RegistryOption = None,
    as_of: AsOfOption = None,
    token_file: TokenFileOption = None,
    api_url: ApiUrlOption = "",
    host: TargetHostOption = "",
) -> None:
    """Show the edits that close findings, and write them if you confirm; ends with 1 if not."""
    day, named = day_of(as_of), _known_checks(checks or ())
    given = (index_url, tuple(registry or ()), not no_engine, everything, online)
    options = CheckOptions(*given, load_waivers(waivers), day, load_uploaders(config), online)
    reach = partial(connect, token_file, api_url, host=host)
    if pull_request:
        _check_proposal(form, message_prefix, sign_off, offline=offline)
        words = (named, unsafe, limit, declined, write, diff, journal, message_prefix, sign_off)
        raise typer.Exit(propose(paths, options, ProposalWants(*words), reach))
    use = _FixUse(named, unsafe, write, diff, form, force, allow_gaps)
    targets = find_targets(paths or ["."], Format.TEXT, online, offline, api_url, host)
    raise typer.Exit(_fix(targets, options, reach, use))


_MOST_PREFIX = 40
_SIGNER = re.compile(r"[^<>]{1,100} <[^<>\s@]{1,100}@[^<>\s@]{1,100}>")


def _check_proposal(form: FixFormat, prefix: str, signer: str, *, offline: bool) -> None:
    if offline:
        raise UsageError("Pull requests cannot be opened offline.", "Leave --offline out.")
    if form is not FixFormat.TEXT:
        raise UsageError(
            "--pull-request prints text alone.", "Take the edits by --format without it."
        )
    if not prefix.isprintable() or len(prefix) > _MOST_PREFIX:
        raise UsageError(
            "--message-prefix is part of one line.", f"Give at most {_MOST_PREFIX} characters."
        )
    if signer and not (signer.isprintable() and _SIGNER.fullmatch(signer)):
        raise UsageError(
            "--sign-off names nobody.",
            "Write NAME <EMAIL>, as git does: Release bot <bot@orchard.example>.",
        )


class _FixUse(Struct, frozen=True):
    """What is to be done with the edits of targets."""

    checks: frozenset[str]
    review: bool
    write: bool
    diff: bool
    form: FixFormat
    force: bool
    allow_gaps: bool


def _fix(
    targets: Sequence[CheckTarget],
    options: CheckOptions,
    reach: Callable[[], Connection],
    use: _FixUse,
) -> int:
    """Show the edits of targets, write what is wanted, and return the exit code."""
    _check_use(targets, write=use.write, diff=use.diff)
    found = [
        _planned(each, options, reach, use.checks, review=use.review, online=options.online)
        for each in targets
    ]
    _print(found, use.form)
    _say_unasked(found)
    ask = not use.diff and use.form is FixFormat.TEXT
    written = _write(found, write=use.write, ask=ask, force=use.force, form=use.form)
    return _exit_code(found, written, use.allow_gaps)


def _planned(
    target: CheckTarget,
    options: CheckOptions,
    reach: Callable[[], Connection],
    checks: frozenset[str],
    *,
    review: bool,
    online: bool,
) -> _Target:
    from audits.pipeline.edit_plan import FixChoice, plan_edits

    audit, by = audit_with_plan(target, options, reach)
    plan = plan_edits(audit, by, FixChoice(review=review, checks=checks))
    # What could not be asked concerns no file, and would otherwise look like an edit by hand.
    known = audit.repository.gaps
    asked = (*by.facts.gaps(), *(by.images.gaps() if by.images is not None else ()))
    unasked = tuple(gap for gap in asked if gap not in known) if online or target.slug else ()
    return _Target(target, plan, unasked)


def _say_unasked(found: Sequence[_Target]) -> None:
    from audits.cli.output import say

    for detail in dict.fromkeys(gap.detail for each in found for gap in each.unasked):
        say(f"not asked: {detail}", error=True)


def _check_use(targets: Sequence[CheckTarget], *, write: bool, diff: bool) -> None:
    if write and diff:
        raise UsageError("--write and --diff exclude each other.", "Leave one out.")
    if write and any(target.root is None for target in targets):
        raise UsageError(
            "Only a checkout on this machine can be written to.",
            "Clone the repository, or take the edits by --format patch.",
        )


def _known_checks(names: Sequence[str]) -> frozenset[str]:
    from audits.checks import all_checks

    known = [check.id for check in all_checks()]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=3)
            advice = f"Did you mean {' or '.join(near)}?" if near else "'explain' lists them."
            raise UsageError(f"There is no check {name}.", advice)
    return frozenset(names)


def _print(found: Sequence[_Target], form: FixFormat) -> None:
    from audits import __version__
    from audits.cli.output import say, say_document, styled
    from audits.fixes.patch import patch
    from audits.report.fix import plan_document, plan_lines

    if form is FixFormat.TEXT:
        say("\n\n".join("\n".join(plan_lines(each.plan, styled)) for each in found))
    elif form is FixFormat.PATCH:
        say_document("".join(patch(each.plan.files) for each in found), exact=True)
    else:
        documents = [plan_document(each.plan, __version__) for each in found]
        shown = documents[0] if len(documents) == 1 else documents
        say_document(json.dumps(shown, indent=2) + "\n", exact=True)


def _write(
    found: Sequence[_Target], *, write: bool, ask: bool, force: bool, form: FixFormat
) -> bool:
    """Write what is wanted; whether nothing is left to write."""
    from audits.cli.output import say

    changed = [each for each in found if each.plan.files]
    on_disk = [each for each in changed if each.target.root is not None]
    if not changed or not on_disk:
        return not changed
    if not write and not (ask and _is_yes(sum(len(each.plan.files) for each in on_disk))):
        if form is FixFormat.TEXT:
            say("\nNothing was written; the same command with --write writes these changes.")
        return False
    from audits.fixes.write_files import write_files

    for each in on_disk:
        root, files = _on_disk(each)
        if not force:
            _refuse_uncommitted(root, files)
        write_files(root, files)
        say(f"Wrote {', '.join(file.path for file in files)}.", error=True)
    return len(on_disk) == len(changed)


def _is_yes(files: int) -> bool:
    """Whether a person at a terminal says yes; without a terminal there is no question."""
    from audits.cli.output import is_terminal, say
    from audits.report.phrases import count

    if not is_terminal(sys.stdin, sys.stdout):
        return False
    say(f"\nWrite these changes to {count(files, 'file')}? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _on_disk(each: _Target) -> tuple[Path, tuple[ChangedFile, ...]]:
    """Where the files lie: a workflow outside of a repository has a path of its own."""
    target, files = each.target, each.plan.files
    root = target.root or Path()
    if not each.plan.before.repository.snapshot.alone:
        return root, files
    return root, tuple(replace(f, path=target.workflow) for f in files if f.before is not None)


def _refuse_uncommitted(root: Path, files: Sequence[ChangedFile]) -> None:
    from audits.collect.folder.uncommitted import uncommitted

    known = [replace(f.before, path=f.path) for f in files if f.before is not None]
    for path, why in uncommitted(root, known)[:1]:
        raise UsageError(
            f"{path} is not written: {why}.",
            "Commit it first, so that the change can be looked at and taken back, or use --force.",
        )


def _exit_code(found: Sequence[_Target], written: bool, allow_gaps: bool) -> int:
    from audits.pipeline.audit import is_crashed

    audits = [each.plan.before for each in found]
    gaps = [gap for audit in audits for gap in audit.repository.gaps]
    gaps += [gap for each in found for gap in each.unasked]
    return end_code(
        crashed=any(map(is_crashed, audits)),
        findings=not written,
        unread=not allow_gaps and any(not gap.optional for gap in gaps),
    )
