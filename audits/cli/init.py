"""``release-audit init``: writes the lesson's release workflow where there is none."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from msgspec import Struct
from msgspec.structs import replace

from audits.cli.exits import CANNOT_READ, CLEAN, FINDINGS, WRONG_USE, UsageError
from audits.cli.options import ConfigOption, IndexOption, OfflineOption, RegistryOption

if TYPE_CHECKING:
    from audits.init.plan import InitPlan
    from audits.model.score import Audit
    from audits.pipeline.run import Plan


Styled = Callable[[str, str], str]
"""Gives a text a style, by its name."""


class InitFormat(StrEnum):
    """How what is to be written is printed."""

    TEXT = "text"
    PATCH = "patch"
    JSON = "json"


PackagesOption = Annotated[
    Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option("--package", metavar="NAME", help="Release this package only; repeat it."),
]
PrivateOption = Annotated[
    Optional[bool],  # noqa: UP045
    typer.Option("--private/--public", help="Whether the repository is private."),
]


class _Result(Struct, frozen=True):
    """The plan for a checkout, and the audit of what it would be with the new files."""

    root: Path
    plan: InitPlan
    audit: Audit | None
    known: bool = True  # whether a remote names the repository


def init(
    path: Annotated[Path, typer.Argument(help="A checkout, or a package's folder in it.")] = Path(),
    packages: PackagesOption = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="npm: publish at once, without staging.")
    ] = False,
    private: PrivateOption = None,
    write: Annotated[bool, typer.Option("--write", help="Write the files without asking.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show the files only.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Change files with uncommitted changes, too.")
    ] = False,
    form: Annotated[
        InitFormat, typer.Option("--format", help="How to print; patch is for git apply.")
    ] = InitFormat.TEXT,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the index which workflow published last.")
    ] = False,
    offline: OfflineOption = False,
    config: ConfigOption = None,
    index_url: IndexOption = "",
    registry: RegistryOption = None,
) -> None:
    """Write the lesson's release workflow for the packages here, where there is none.

    Asks first on a terminal; elsewhere only shows the files, and ends with 1. No file is replaced.
    """
    if write and diff:
        raise UsageError("--write and --diff exclude each other.", "Leave one out.")
    if online and offline:
        raise UsageError("--online and --offline exclude each other.", "Leave one out.")
    root, folder = _checkout(path)
    by = _plan_of_audit(index_url, config, tuple(registry or ()), offline=not online)
    found = _planned(root, folder, by, tuple(packages or ()), staged=not direct, private=private)
    _print(found, form)
    is_text = form is InitFormat.TEXT
    written = (write or (is_text and not diff and _is_yes(found.plan))) and _write(found, force)
    if is_text and not written:
        _say_unwritten(found.plan)
    raise typer.Exit(_exit_code(found.plan, written=written))


def _checkout(path: Path) -> tuple[Path, str]:
    """The checkout that a folder is or lies in, and the folder's path there."""
    from audits.cli.targets import find_root
    from audits.collect.folder.collector import is_bare

    if not path.is_dir():
        raise UsageError(f"There is no folder {path}.", "Give a checkout, or a folder in one.")
    root = find_root(path) or path  # a folder of packages may be no checkout yet
    if is_bare(root):
        raise UsageError(
            f"{path} is a bare clone, which has no files to write to.", "Give a checkout."
        )
    inside = path.resolve().relative_to(root.resolve()).as_posix()
    return root, "" if inside == "." else inside


def _plan_of_audit(
    index_url: str, config: Path | None, registries: tuple[str, ...], *, offline: bool
) -> Plan:
    from audits.cli.configuration import load_uploaders
    from audits.cli.plan import index_facts, make_plan

    return make_plan(
        index_url=index_url,
        engine=False,
        uploaders=load_uploaders(config),
        facts=index_facts(index_url, offline=offline, registries=registries),
    )


def _planned(
    root: Path,
    folder: str,
    by: Plan,
    packages: tuple[str, ...],
    *,
    staged: bool,
    private: bool | None,
) -> _Result:
    from audits.collect.folder.collector import read_apart
    from audits.collect.folder.origin import origin_of
    from audits.collect.folder.packages import read_package_files
    from audits.init.plan import Wants, plan_init
    from audits.pipeline.run import audit_batch

    snapshot = read_apart(root, origin_of(root))
    (before,) = audit_batch((snapshot,), by)
    wants = Wants(packages=packages, folder=folder, staged=staged, private=private)
    found = read_package_files(root, folder)
    plan = plan_init(before.repository, found, wants, by.rules.index)
    known = snapshot.ref.is_known
    if not plan.written:
        return _Result(root, plan, None, known)
    (after,) = audit_batch((replace(snapshot, files=plan.files_after(snapshot.files)),), by)
    return _Result(root, plan, after, known)


def _print(found: _Result, form: InitFormat) -> None:
    from audits.cli.output import say, say_document, styled
    from audits.fixes.patch import patch

    if form is InitFormat.PATCH:
        say_document(patch(found.plan.files), exact=True)
    elif form is InitFormat.JSON:
        say_document(json.dumps(_document(found), indent=2) + "\n", exact=True)
    else:
        say("\n".join(_lines(found, styled)))
    if form is InitFormat.PATCH or not found.plan.written:
        for refused in found.plan.refused if form is not InitFormat.TEXT else ():
            say(f"error: {refused.sentence}\nadvice: {refused.refusal.advice}", error=True)


def _lines(found: _Result, styled: Styled) -> Iterator[str]:
    """The report for people."""
    from audits.fixes.patch import file_lines
    from audits.report.phrases import NO_LINKS

    plan = found.plan
    for file in plan.files:
        yield styled(f"{file.path}  {'new' if file.before is None else 'changed'}", "strong")
        yield from (styled(line, _style_of(line)) for line in file_lines(file))
        yield ""
    for path in plan.settled:
        yield f"{path} is there as it would be written."
    if found.audit is not None:
        yield _score_line(found.audit)
    for refused in plan.refused:
        yield f"Not written: {refused.sentence}"
        yield f"  {refused.refusal.advice}"
    if plan.steps:
        yield ""
        yield styled("What is left to you, in this order", "strong")
    for number, step in enumerate(plan.steps, 1):
        yield f"  {number}. {step.text}"
        if step.url:
            yield f"     {step.url}"
    if plan.steps and not found.known:
        yield ""
        yield styled(NO_LINKS, "dim")


def _style_of(line: str) -> str:
    if line.startswith("@@"):
        return "hunk"
    return {"+": "added", "-": "removed"}.get(line[:1], "")


def _score_line(audit: Audit) -> str:
    score = audit.score
    points = "?" if score.points is None else f"{score.points:.0f}"
    return (
        f"With it the repository scores {score.grade} · {points} of 100 · "
        f"{score.coverage:.0%} known at tier {score.tier}."
    )


def _document(found: _Result) -> dict[str, object]:
    plan, score = found.plan, found.audit.score if found.audit else None
    return {
        "files": [
            {"path": file.path, "new": file.before is None, "text": file.text}
            for file in plan.files
        ],
        "settled": list(plan.settled),
        "refused": [
            {"package": r.package, "reason": r.refusal.reason, "advice": r.refusal.advice}
            for r in plan.refused
        ],
        "steps": [{"text": step.text, "url": step.url} for step in plan.steps],
        "grade": score.grade.value if score else None,
        "points": score.points if score else None,
        "coverage": score.coverage if score else None,
    }


def _say_unwritten(plan: InitPlan) -> None:
    from audits.cli.output import say

    if plan.files:
        say("\nNothing was written; 'release-audit init --write' writes this.")


def _is_yes(plan: InitPlan) -> bool:
    """Whether a person at a terminal says yes; without a terminal there is no question."""
    from audits.cli.output import is_terminal, say
    from audits.report.phrases import count

    if not plan.files or not is_terminal(sys.stdin, sys.stdout):
        return False
    say(f"\nWrite {count(len(plan.files), 'file')}? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _write(found: _Result, force: bool) -> bool:
    """Write the files; True, or an error that says why none was written."""
    from audits.cli.output import say
    from audits.collect.folder.uncommitted import uncommitted
    from audits.fixes.write_files import write_files

    files = found.plan.files
    known = [file.before for file in files if file.before is not None]
    for path, why in () if force else uncommitted(found.root, known):
        raise UsageError(
            f"{path} is not written: {why}.",
            "Commit it first, so that the change can be looked at, or use --force.",
        )
    if files:
        write_files(found.root, files)
        say(f"Wrote {', '.join(file.path for file in files)}.", error=True)
    return True


def _exit_code(plan: InitPlan, *, written: bool) -> int:
    if any(refused.refusal.unread for refused in plan.refused):
        return CANNOT_READ
    if plan.refused and not plan.written:
        return WRONG_USE
    return CLEAN if written or not plan.files else FINDINGS
