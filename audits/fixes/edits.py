"""Exact text edits at known places of a workflow.

Nothing is dumped: lines are found by their indentation, and everything else stays as it is.
Where a place is written in a way that a line cannot be added to safely, there is no edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from audits.model.location import Scalar
from audits.model.outcome import Edit
from audits.model.source import SourceFile, line_starts, lines_of
from audits.model.workflow import Job, Permissions, PermissionsState, Step

_KEY = re.compile(r"""(?P<quote>["']?)(?P<name>[\w.-]+)(?P=quote)[ \t]*:(?=[ \t\r\n]|$)""")
_INDENT = "  "
# The keys of a job but those that people write first: name, needs, if and runs-on.
_BELOW_HEAD = (
    "permissions",
    "environment",
    "concurrency",
    "outputs",
    "env",
    "defaults",
    "timeout-minutes",
    "strategy",
    "continue-on-error",
    "container",
    "services",
    "steps",
    "uses",
    "with",
    "secrets",
)


class _Key(Struct, frozen=True):
    """A key of a block mapping: its name, its line's start, where its value's text begins."""

    name: str
    line_start: int
    after_colon: int


def replace(source: SourceFile, start: int, end: int, new: str) -> Edit:
    """Replace a range of the file's text."""
    old = source.text[start:end]
    return Edit(path=source.path, start=start, end=end, old=old, new=new, oid=source.oid)


def replace_scalar(source: SourceFile, scalar: Scalar, new: str) -> Edit:
    """Replace a scalar, quotes included."""
    return replace(source, scalar.start, scalar.end, new)


def delete_lines(source: SourceFile, first: int, last: int) -> Edit:
    """Delete whole lines, numbered from 1, ``last`` included."""
    start = _line_start(source.text, first)
    return replace(source, start, _line_start(source.text, last + 1), "")


def insert_below(source: SourceFile, line: int, lines: Sequence[str]) -> tuple[Edit, ...]:
    """Insert whole lines, with their indentation, below a line numbered from 1."""
    return _after_line(source, _line_start(source.text, line), lines)


def set_input(source: SourceFile, step: Step, name: str, value: str) -> tuple[Edit, ...]:
    """Give a step's ``with:`` this input, which it has already or not; () where it cannot be.

    A new input comes last in ``with:``; a new ``with:`` comes after the line of ``uses:``.
    """
    if step.inputs_are_dynamic or step.uses is None:
        return ()
    for key, old in step.inputs.items():
        if key.lower() == name.lower():
            simple = old.style in {"", "'", '"'} and old.start < old.end
            return (replace_scalar(source, old, value),) if simple else ()
    keys = {key.name: key for key in _keys(source.text, *step.span)}
    if (place := keys.get("with")) is not None:
        return _last_input(source, step, place, f"{name}: {value}")
    if "uses" not in keys:
        return ()
    column = _column(source.text, step.span[0])
    pad = " " * column
    lines = (f"{pad}with:", f"{pad}{_INDENT}{name}: {value}")
    return _after_line(source, step.uses.raw.end, lines)


def _last_input(source: SourceFile, step: Step, place: _Key, line: str) -> tuple[Edit, ...]:
    """Add an input below the last one; first where the last one is a text of several lines."""
    text = source.text
    last = max(step.inputs.values(), key=lambda value: value.end, default=None)
    plain = last is not None and last.style not in {"|", ">"} and last.start < last.end
    if last is None or not plain or last.start < place.after_colon or last.end > step.span[1]:
        return _into_block(source, place, line)
    rest = text[place.after_colon : _line_end(text, place.after_colon)].strip()
    if rest.startswith("{"):
        return (replace(source, last.end, last.end, f", {line}"),)
    first = min(value.start for value in step.inputs.values())
    if rest.partition("#")[0].strip() or _line_end(text, place.after_colon) > first:
        return _into_block(source, place, line)
    body, _ = _body(text, (place.line_start + _indent(text, place), len(text)))
    return _after_line(source, last.end, (" " * _column(text, body) + line,))


def _indent(text: str, place: _Key) -> int:
    """The column of a key, behind the dash of its item."""
    lead = text[place.line_start : place.after_colon]
    return len(lead) - len(lead.lstrip(" -"))


def add_to_job(
    source: SourceFile, job: Job, lines: Sequence[str], before: Sequence[str] = _BELOW_HEAD
) -> tuple[Edit, ...]:
    """Add lines to a job, indented as its keys are, before the first of these keys it has, and
    above what is empty there.

    ``lines`` start at column 0. () where the job is no block of lines.
    """
    return _before_key(source, _body(source.text, job.span), lines, before, over_blank=True)


def add_to_workflow(
    source: SourceFile, lines: Sequence[str], before: Sequence[str] = ("jobs",)
) -> tuple[Edit, ...]:
    """Add lines, and an empty one, at the top level of a workflow before one of these keys."""
    span = (0, len(source.text))
    return _before_key(source, span, (*lines, ""), before)


def add_under(source: SourceFile, span: tuple[int, int], line: str) -> tuple[Edit, ...]:
    """Add a line as the first one under a key; ``span`` starts at the key and ends with its
    value, as `Permissions.span`, `Trigger.span` and `Environment.span` do.
    """
    match = _KEY.match(source.text, span[0])
    if match is None:
        return ()
    start = source.text.rfind("\n", 0, span[0]) + 1
    return _into_block(source, _Key(match["name"], start, match.end()), line)


def set_scope(
    source: SourceFile, permissions: Permissions, scope: str, level: str
) -> tuple[Edit, ...]:
    """Give a ``permissions:`` map this scope at this level.

    ``{}`` and nothing become a map; ``read-all`` and ``write-all`` are left alone: ().
    """
    if permissions.at is None:
        return ()
    place = permissions.places.get(scope)
    if place is not None:
        line_start = _line_start(source.text, place.line)
        value = re.compile(r"[^\n#:]*:[ \t]*(['\"]?)(?P<level>\w+)\1").match(
            source.text, line_start + place.column - 1
        )
        return () if value is None else (replace(source, *value.span("level"), level),)
    if permissions.state in {PermissionsState.READ_ALL, PermissionsState.WRITE_ALL}:
        return ()
    return add_under(source, permissions.span, f"{scope}: {level}")


def owned_comments(text: str, line: int) -> tuple[int, str]:
    """The comments that belong to a line, numbered from 1: those right above it that are
    indented as it is, and the one behind its text; with the number of their first line.
    """
    lines = lines_of(text)
    own = lines[line - 1] if line <= len(lines) else ""
    column = len(own) - len(own.lstrip())
    first = line
    while first > 1 and _is_comment_at(lines[first - 2], column):
        first -= 1
    above = [each.strip().lstrip("# ") for each in lines[first - 1 : line - 1]]
    behind = re.search(r"(?:^|\s)#\s*(?P<said>.*)$", own.rstrip("\r"))
    said = [*above, behind["said"]] if behind is not None else above
    return first, " ".join(said).strip()


def quoted(text: str) -> str:
    """A comment of the repository in a sentence: as code, which is no mention, reference or link
    wherever the sentence is shown.
    """
    return f"`{text.replace('`', chr(39))[:120]}`"


def _is_comment_at(line: str, column: int) -> bool:
    stripped = line.lstrip()
    return stripped.startswith("#") and len(line) - len(stripped) == column


@lru_cache(maxsize=8)
def newline_of(text: str) -> str:
    """How the lines of a text end."""
    return "\r\n" if "\r\n" in text else "\n"


def _line_start(text: str, line: int) -> int:
    """The offset at which a line starts; the end of the text for lines behind it."""
    starts = line_starts(text)
    return starts[max(line, 1) - 1] if line <= len(starts) else len(text)


def _line_end(text: str, offset: int) -> int:
    """The offset of the line break that ends the line of an offset."""
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _column(text: str, offset: int) -> int:
    return offset - (text.rfind("\n", 0, offset) + 1)


def _keys(text: str, start: int, end: int) -> Iterator[_Key]:
    """The keys of the block mapping that starts at ``start``, each on a line of its own.

    Everything that a key holds is indented deeper (or, for lists, starts with a dash), so
    keys are the lines of the same indentation. A mapping in braces or behind an anchor has
    none here.
    """
    column = _column(text, start)
    line = start - column
    while line < end:
        head = text[line : line + column]
        if line <= start or not head.strip(" "):
            match = _KEY.match(text, line + column)
            if match is not None:
                yield _Key(match["name"], line, match.end())
        line = _line_end(text, line) + 1


def _body(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The span of the block that stands on the lines below a key; empty where there is none."""
    key = _KEY.match(text, span[0])
    if key is None or text[key.end() : _line_end(text, key.end())].partition("#")[0].strip():
        return (span[0], span[0])
    line = _line_end(text, key.end()) + 1
    while line < span[1]:
        content = text[line : _line_end(text, line)]
        stripped = content.lstrip(" ")
        if stripped.strip() and not stripped.startswith("#"):
            return (line + len(content) - len(stripped), span[1])
        line = _line_end(text, line) + 1
    return (span[0], span[0])


def _before_key(
    source: SourceFile,
    span: tuple[int, int],
    lines: Sequence[str],
    before: Sequence[str],
    *,
    over_blank: bool = False,
) -> tuple[Edit, ...]:
    """Insert lines above a key of a block and above the comments that belong to the key."""
    text = source.text
    place = next((key for key in _keys(text, *span) if key.name in before), None)
    if place is None or span[0] == span[1]:
        return ()
    pad = " " * _column(text, span[0])
    at = place.line_start
    while at > 0:
        above = text.rfind("\n", 0, at - 1) + 1
        if not text.startswith(f"{pad}#", above) or above < span[0] - len(pad):
            break
        at = above
    while over_blank and at > span[0]:
        above = text.rfind("\n", 0, at - 1) + 1
        if text[above:at].strip():
            break
        at = above
    newline = newline_of(text)
    new = "".join(f"{pad}{line}".rstrip() + newline for line in lines)
    return (replace(source, at, at, new),)


def _into_block(source: SourceFile, place: _Key, line: str) -> tuple[Edit, ...]:
    """Insert a line as the first one of a mapping, in braces or as a block."""
    text = source.text
    end = _line_end(text, place.after_colon)
    rest = text[place.after_colon : end].strip()
    if rest.startswith("{"):
        return _into_braces(source, text.index("{", place.after_colon) + 1, line)
    lead = text[place.line_start : place.after_colon]
    key_column = len(lead) - len(lead.lstrip(" -"))
    if (rest and not rest.startswith("#")) or not _KEY.match(lead.lstrip(" -") + " "):
        return ()
    column = key_column + len(_INDENT)
    start, _ = _body(text, (place.line_start + key_column, len(text)))
    if start > end and _column(text, start) > key_column:
        column = _column(text, start)
    return _after_line(source, place.after_colon, (" " * column + line,))


def _into_braces(source: SourceFile, start: int, line: str) -> tuple[Edit, ...]:
    """Insert an entry as the first one of a mapping whose brace ends at ``start``."""
    text = source.text
    first = start + len(text[start:]) - len(text[start:].lstrip())
    if text.startswith("}", first):
        return (replace(source, start, first, f" {line} "),)
    return (replace(source, first, first, f"{line}, "),)


def _after_line(source: SourceFile, offset: int, lines: Sequence[str]) -> tuple[Edit, ...]:
    """Insert lines below the line of an offset."""
    text = source.text
    newline = newline_of(text)
    end = _line_end(text, offset)
    if end == len(text):  # the last line has no line break
        return (replace(source, end, end, "".join(newline + line for line in lines)),)
    return (replace(source, end + 1, end + 1, "".join(line + newline for line in lines)),)
