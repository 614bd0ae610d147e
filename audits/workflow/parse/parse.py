"""Parses a file into a workflow or composite action.

Nodes are composed, never constructed: ``on`` stays a string and every node keeps its place.
What the fast reader refuses is read once more by `audits.workflow.parse.pure_reader`, before it is
called invalid. No other module imports ruamel.yaml.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from importlib import import_module
from math import inf
from operator import is_
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from audits.model.remember import remembered
from audits.model.source import Gap, GapReason, SourceFile
from audits.model.storable import storable
from audits.model.workflow import CompositeAction, Workflow
from audits.workflow.parse import nodes
from audits.workflow.parse.action import read_action
from audits.workflow.parse.nodes import Node, SourceText
from audits.workflow.parse.pure_reader import TooMuchWorkError, compose_slowly
from audits.workflow.parse.steps import MOST_STEPS
from audits.workflow.parse.workflow import MOST_JOBS, read_workflow

# With the C reader a file of this size takes some 50 ms; the other one counts its work.
MOST_BYTES = 256 * 1024
_DEEPEST = 100
# The C reader composes by recursion, and tens of thousands of levels overflow its stack, which
# ends the process. So deep a text needs as many of the marks that open a collection on a line;
# by indentation alone it would be far longer than a file may be.
_MANY_OPENINGS = 10_000
# Of braces and brackets. That reader looks at each open one before every word, so that a thousand
# inside each other is what takes long; files hold that many only one after the other.
_MANY_BRACKETS = 1_000
# An anchor and an alias as the C reader knows them; the other one takes nearly any character.
# No anchor stands right behind a `>`, as the `&1` of `2>&1` does.
_ANCHOR = re.compile("&(?<!>&)[0-9A-Za-z_-]")
_ALIAS = re.compile(r"\*[0-9A-Za-z_-]")
# How a quoted scalar writes NUL and lone surrogates.
_ESCAPE = re.compile(r"\\(?:0|x00|u(?:0000|[dD][89a-fA-F])|U0000(?:0000|[dD][89a-fA-F]))")
# What our readers refuse and GitHub's takes for letters. (NUL ends the text for GitHub's.)
_CONTROL = re.compile("(?<!^)\ufeff|[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
# Each is one more kind of run to follow; GitHub knows some forty events.
MOST_TRIGGERS = 64
# Characters of the patterns of one filter, which are all tried against each other.
MOST_FILTER = 1_000


class ParsedWorkflow(Struct, frozen=True, kw_only=True):
    """A workflow, if the file holds one, and what could not be read of it."""

    workflow: Workflow | None
    gaps: tuple[Gap, ...] = ()


class ParsedAction(Struct, frozen=True, kw_only=True):
    """An action, if the file holds one, and what could not be read of it."""

    action: CompositeAction | None
    gaps: tuple[Gap, ...] = ()


class _Untagged:
    """A resolver that gives all nodes one tag: tags are not used, and resolving them takes longer
    than all the rest of reading.
    """

    tag: object = None
    # No-ops; built-in functions are called faster than Python's.
    descend_resolver = is_
    ascend_resolver = tuple

    def resolve(self, kind: object, value: object, implicit: object) -> object:
        return self.tag


@cache
def _loader() -> Any:  # noqa: ANN401 - no types of its own
    """The class of the C reader; None where it is not installed."""
    try:
        parser = import_module("ruamel.yaml.cyaml").CParser
    except ImportError:
        return None
    tag = import_module("ruamel.yaml.tag").Tag(suffix="?")
    return type("_Loader", (parser, _Untagged), {"tag": tag})


@cache
def _errors() -> tuple[type[Exception], ...]:
    yaml_error = import_module("ruamel.yaml.error").YAMLError
    return (yaml_error, RecursionError, ValueError, UnicodeError, MemoryError)


class RefusedError(Exception):
    """A file that cannot be read as a YAML mapping; ``gap`` says why."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail)
        self.gap = gap


def compose(source: SourceFile) -> tuple[SourceText, Node]:
    """The file's text and its root node.

    Raises `RefusedError`, which carries the gap, for text that is no YAML mapping, too large,
    too deep, or that gives a key twice (GitHub refuses such a file too).
    """
    if _is_longer(source.text, MOST_BYTES):
        detail = f"the file is larger than {MOST_BYTES // 1024} KiB"
        raise _refused(source, GapReason.TOO_LARGE, detail)
    # The C reader drops a byte order mark without counting it; a line break in its place keeps
    # every index right, and lines are counted in the file's own text.
    body = "\n" + source.text[1:] if source.text[:1] == "\ufeff" else source.text
    try:
        root, by_c = _composed(source, body)
    except TooMuchWorkError:
        detail = "it is written in a way that takes too long to read"
        raise _refused(source, GapReason.TOO_LARGE, detail) from None
    except _errors() as error:
        if not _CONTROL.search(body):
            raise _refused(source, GapReason.INVALID, *_reason(error, source.text)) from None
        return compose(replace(source, text=_CONTROL.sub("\ufffd", source.text)))
    if root is None:
        raise _refused(source, GapReason.INVALID, "the file is empty")
    text = SourceText(source.path, source.text)
    if not nodes.is_map(root):
        raise _refused(source, GapReason.INVALID, "the file is not a mapping of keys", 1)
    may_alias = _may_alias(body) if by_c else "*" in body and "&" in body
    _check_keys(source, text, root, is_tree=not may_alias)
    if may_alias and _written_out(root) > MOST_BYTES:
        detail = f"with its aliases written out it is larger than {MOST_BYTES // 1024} KiB"
        raise _refused(source, GapReason.TOO_LARGE, detail)
    if _ESCAPE.search(body):
        _make_storable(root)
    return text, root


def _may_alias(body: str) -> bool:
    """Whether the C reader may find an alias of an anchor in a text."""
    return _ANCHOR.search(body) is not None and _ALIAS.search(body) is not None


def _composed(source: SourceFile, body: str) -> tuple[Node | None, bool]:
    """The root of a text, and whether the fast reader made it."""
    loader = _loader()
    if loader is not None:
        with suppress(*_errors()):
            if _may_be_deep(body):
                _check_depth(source, loader(body))
            return loader(body).get_single_node(), True
    return compose_slowly(body, _DEEPEST), False


def _may_be_deep(body: str) -> bool:
    """Whether a text has enough of the marks that open a collection to nest too deeply for the C
    reader.
    """
    if len(body) < _MANY_BRACKETS:
        return False
    brackets = body.count("[") + body.count("{") - 2 * body.count("${{")
    return brackets > _MANY_BRACKETS or brackets + sum(map(body.count, "-?")) > _MANY_OPENINGS


def _make_storable(root: Node) -> None:
    """Write out, in every scalar, the characters that escapes made and no database can hold."""
    seen: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "scalar":
            node.value = storable(node.value)
        pending += nodes.parts(node)


def _is_longer(text: str, most: int) -> bool:
    """Whether it takes more bytes in UTF-8, in which a character takes four at most."""
    if len(text) * 4 <= most:
        return False
    return len(text) > most or len(text.encode("utf-8", "replace")) > most


def _check_depth(source: SourceFile, parser: Any) -> None:  # noqa: ANN401 - no types of its own
    """Refuse a file that nests too deeply by its events, which are read without recursion."""
    events = import_module("ruamel.yaml.events")
    steps = {events.SequenceStartEvent: 1, events.MappingStartEvent: 1}
    steps |= {events.SequenceEndEvent: -1, events.MappingEndEvent: -1}
    depth = 0
    while parser.check_event():
        event = parser.get_event()
        depth += steps.get(type(event), 0)
        if depth > _DEEPEST:
            line = source.text.count("\n", 0, event.start_mark.index) + 1
            raise _refused(source, GapReason.INVALID, "it is nested too deeply", line)


def _refused(
    source: SourceFile, reason: GapReason, detail: str, line: int | None = None
) -> RefusedError:
    place = f"{source.path}, line {line}" if line else source.path
    advice = (
        "split it"
        if reason is GapReason.TOO_LARGE
        else "GitHub cannot run it: correct it or delete it"
    )
    return RefusedError(
        Gap(subject=source.path, reason=reason, line=line, detail=f"{place}: {detail}; {advice}")
    )


def _reason(error: Exception, text: str) -> tuple[str, int | None]:
    """A YAML error in one line, and the line of the file that it is about."""
    if isinstance(error, RecursionError) or "maximum depth" in str(getattr(error, "problem", "")):
        return "it is nested too deeply", None
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = (
        getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    )
    index = getattr(mark, "index", None)
    line = None if index is None else text.count("\n", 0, index) + 1
    return f"it is not valid YAML ({problem})", line


def _check_keys(source: SourceFile, text: SourceText, root: Node, *, is_tree: bool) -> None:
    """Refuse a file that gives a key twice, one that is no text, or that nests too deeply. Unless it ``is_tree``,
    each node is seen once: an alias is the same node, and a file of aliases is exponential to
    walk otherwise.
    """
    seen = {id(root)}
    level: list[Node] = [root]
    for _ in range(_DEEPEST + 1):
        below: list[Node] = []
        for node in level:
            if node.id == "mapping":
                keys = [key.value for key, _ in node.value if key.id == "scalar"]
                if len(keys) < len(node.value):
                    raise _no_text(source, text, node)
                if len(set(keys)) < len(keys):
                    raise _given_twice(source, text, nodes.pairs(node))
                below += [value for _, value in node.value if value.id != "scalar"]
            else:
                below += [part for part in node.value if part.id != "scalar"]
        if not is_tree:
            new = {id(node): node for node in below if id(node) not in seen}
            seen.update(new)
            below = list(new.values())
        level = below
        if not level:
            return
    line = text.line(level[0].start_mark.index)
    raise _refused(source, GapReason.INVALID, "it is nested too deeply", line)


def _no_text(source: SourceFile, text: SourceText, node: Node) -> RefusedError:
    key = next(key for key, _ in node.value if key.id != "scalar")
    line = text.line(key.start_mark.index)
    return _refused(source, GapReason.INVALID, "a key is a list or a map", line)


def _given_twice(source: SourceFile, text: SourceText, found: list[nodes.Pair]) -> RefusedError:
    seen: set[object] = set()
    for key, _ in found:
        if key.value in seen:
            break
        seen.add(key.value)
    line = text.line(key.start_mark.index)
    detail = f"the key {str(key.value)[:60]!r} is given twice"
    return _refused(source, GapReason.INVALID, detail, line)


def _written_out(root: Node) -> float:
    """How many characters a file's scalars hold, those behind an alias at each of its places.

    A node that holds itself is endless.
    """
    sizes: dict[int, float] = {}
    opened: set[int] = set()
    pending = [root]
    while pending:
        node = pending[-1]
        parts = nodes.parts(node)
        missing = [part for part in parts if id(part) not in sizes]
        if id(node) not in sizes and missing and id(node) not in opened:
            opened.add(id(node))
            pending += missing
            continue
        pending.pop()
        if id(node) not in sizes:
            inside = sum(sizes.get(id(part), inf) for part in parts)
            sizes[id(node)] = 1 + (inside if parts else len(str(node.value)))
    return sizes[id(root)]


def _is_too_much(workflow: Workflow) -> str:
    """Why a workflow is too large to be followed within a second; "" for a usual one."""
    steps = sum(len(job.steps) for job in workflow.jobs)
    if len(workflow.jobs) > MOST_JOBS or steps > MOST_STEPS:
        return f"it has more than {MOST_JOBS} jobs or {MOST_STEPS} steps"
    if len(workflow.triggers) > MOST_TRIGGERS:
        return f"it has more than {MOST_TRIGGERS} triggers"
    filters = (names for t in workflow.triggers for names in (t.tags, t.tags_ignore) if names)
    if any(sum(map(len, names)) > MOST_FILTER for names in filters):
        return f"it filters tags by more than {MOST_FILTER} characters"
    return ""


def parse_workflow(source: SourceFile) -> ParsedWorkflow:
    """The workflow that a file holds. Any text gives a workflow or a gap, never an exception."""
    return _workflow_in(source.text, source.path, source.oid)


@remembered(256)
def _workflow_in(text: str, path: str, oid: str) -> ParsedWorkflow:
    source = SourceFile(path=path, text=text, oid=oid)
    try:
        source_text, root = compose(source)
    except RefusedError as refused:
        return ParsedWorkflow(workflow=None, gaps=(refused.gap,))
    workflow, gaps = read_workflow(source, source_text, root)
    if detail := _is_too_much(workflow):
        gap = _refused(source, GapReason.TOO_LARGE, detail).gap
        return ParsedWorkflow(workflow=None, gaps=(gap,))
    return ParsedWorkflow(workflow=workflow, gaps=gaps)


def parse_action(source: SourceFile) -> ParsedAction:
    """The action that an ``action.yml`` holds. Any text gives an action or a gap, never an
    exception.
    """
    return _action_in(source.text, source.path, source.oid)


@remembered(256)
def _action_in(text: str, path: str, oid: str) -> ParsedAction:
    source = SourceFile(path=path, text=text, oid=oid)
    try:
        source_text, root = compose(source)
    except RefusedError as refused:
        return ParsedAction(action=None, gaps=(refused.gap,))
    action, gaps = read_action(source, source_text, root)
    if len(action.steps) > MOST_STEPS:
        detail = f"it has more than {MOST_STEPS} steps"
        return ParsedAction(action=None, gaps=(_refused(source, GapReason.TOO_LARGE, detail).gap,))
    return ParsedAction(action=action, gaps=gaps)
