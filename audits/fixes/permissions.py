"""Edits of ``permissions:`` blocks, and which jobs rely on the workflow's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audits.fixes.edits import add_to_job, delete_lines, newline_of, owned_comments, replace
from audits.model.outcome import Edit
from audits.model.source import SourceFile
from audits.model.workflow import Job, Level, Permissions, PermissionsState, Workflow


def relying_jobs(workflow: Workflow) -> tuple[Job, ...]:
    """The jobs that can run and have no ``permissions:`` of their own."""
    return tuple(
        job for job in workflow.live_jobs if job.permissions.state is PermissionsState.ABSENT
    )


def block(scopes: Mapping[str, Level]) -> tuple[str, ...]:
    """The lines of a ``permissions:`` block with these scopes; none is ``{}``."""
    given = sorted(scope for scope, level in scopes.items() if level is not Level.NONE)
    if not given:
        return ("permissions: {}",)
    return ("permissions:", *(f"  {scope}: {scopes[scope].value}" for scope in given))


def replace_block(
    source: SourceFile, permissions: Permissions, lines: Sequence[str]
) -> tuple[Edit, ...]:
    """Put these lines, which start at column 0, in the place of a ``permissions:`` block.

    Comments inside the block go with it.
    """
    if permissions.at is None:
        return ()
    start = permissions.span[0]
    pad = " " * (permissions.at.column - 1)
    newline = newline_of(source.text)
    new = (newline + pad).join(lines)
    last = max((place.line for place in permissions.places.values()), default=0)
    if last <= permissions.at.line:  # one line: a word, or a map in braces
        end = permissions.span[1]
        if "\n" in source.text[start:end]:
            return ()
        return (replace(source, start, end, new),)
    end = start
    for _ in range(last - permissions.at.line):
        end = source.text.find("\n", end) + 1
    line_end = source.text.find("\n", end)
    end = len(source.text) if line_end < 0 else line_end
    if source.text[start:end].endswith("\r"):
        end -= 1
    return (replace(source, start, end, new),)


def drop_scope(source: SourceFile, permissions: Permissions, scope: str) -> tuple[Edit, ...]:
    """Take a scope out of a ``permissions:`` map, with the comments that belong to its line;
    the last one leaves ``{}``.
    """
    rest = {name: level for name, level in permissions.scopes.items() if name != scope}
    place = permissions.places.get(scope)
    if place is None or permissions.at is None:
        return ()
    if not any(level is not Level.NONE for level in rest.values()):
        return replace_block(source, permissions, block({}))
    lines = [each.line for each in permissions.places.values()]
    if place.line == permissions.at.line or lines.count(place.line) > 1:
        return replace_block(source, permissions, block(rest))
    first, _ = owned_comments(source.text, place.line)
    return (delete_lines(source, first, place.line),)


def move_to_jobs(
    source: SourceFile, workflow: Workflow, blocks: Mapping[Job, Mapping[str, Level]]
) -> tuple[Edit, ...]:
    """Leave the workflow without permissions, and give each of these jobs a block of its own.

    () where one of the jobs is written in a way that a block cannot be added to.
    """
    edits = list(replace_block(source, workflow.permissions, block({})))
    for job, scopes in blocks.items():
        added = add_to_job(source, job, block(scopes))
        if not added:
            return ()
        edits += added
    return tuple(edits) if len(edits) > len(blocks) else ()
