"""Which lines of a shell script cannot run when it is called with given arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_FIRST = re.compile(r"""["']?\$(?:1|\{1(?::?-([^}]*))?\})["']?""")
_TEST = re.compile(
    r"""(?:\[\[?|test)\s+["']?\$\{?1(?::?-[^}"']*)?\}?["']?\s*(==?|!=)\s*["']?([\w.*:-]+)["']?\s*\]?\]?"""
)
_NAME = re.compile(r"[\w.:-]+")


def unreached_lines(root: Node, text: str, arguments: tuple[str, ...]) -> set[int]:
    """The lines, from 0, of branches on ``$1`` that are not taken, and of functions that
    nothing calls.
    """
    first = arguments[0] if arguments else ""
    known = "$" not in first
    left_out: set[int] = set()
    functions: dict[str, list[Node]] = {}
    for node in _nodes(root):
        if node.type == "case_statement" and known:
            for item in _other_items(node, text, first):
                left_out.update(_lines(item))
        elif node.type == "if_statement" and known:
            left_out.update(_branch_not_taken(node, text, first))
        elif node.type == "function_definition":
            name = node.child_by_field_name("name")
            if name is not None:
                functions.setdefault(_source(name, text), []).append(node)
    for unused in functions.keys() - _called(root, functions, text, left_out, arguments):
        for node in functions[unused]:
            left_out.update(_lines(node))
    return left_out


def _nodes(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(node.named_children)


def _source(node: Node, text: str) -> str:
    return text[node.start_byte : node.end_byte]


def _lines(node: Node) -> range:
    return range(node.start_point[0], node.end_point[0] + 1)


def _other_items(node: Node, text: str, first: str) -> Iterator[Node]:
    """The branches of a ``case`` on the first argument that a given one does not take."""
    value = node.child_by_field_name("value")
    match = _FIRST.fullmatch(_source(value, text)) if value is not None else None
    if match is None:
        return
    chosen = first or match[1] or ""
    taken = False
    for item in (child for child in node.named_children if child.type == "case_item"):
        patterns = [
            _source(part, text).strip("\"'") for part in item.children_by_field_name("value")
        ]
        if not taken and any(fnmatchcase(chosen, pattern) for pattern in patterns):
            taken = True
        else:
            yield item


def _branch_not_taken(node: Node, text: str, first: str) -> range:
    """The lines of the branch that a comparison with the first argument rules out."""
    parts = list(node.children)
    then = next((i for i, part in enumerate(parts) if part.type == "then"), 0)
    condition = text[node.start_byte + 2 : parts[then].start_byte].strip(" ;\n") if then else ""
    match = _TEST.fullmatch(condition)
    if match is None:
        return range(0)
    holds = fnmatchcase(first, match[2]) == (match[1] != "!=")
    other = next((part for part in parts if part.type in {"elif_clause", "else_clause"}), None)
    if holds:
        return _lines(other) if other is not None else range(0)
    last = other.start_point[0] if other is not None else node.end_point[0]
    return range(parts[then].end_point[0] + 1, last)


def _called(
    root: Node,
    functions: dict[str, list[Node]],
    text: str,
    left_out: set[int],
    arguments: tuple[str, ...],
) -> set[str]:
    """The functions that the script's top level calls, directly or not."""
    bodies = {id(node) for nodes in functions.values() for node in nodes}
    called: set[str] = set()
    pending: list[Node] = [root]
    entered: set[int] = set()
    while pending:
        node = pending.pop()
        if node.start_point[0] in left_out and node is not root:
            continue
        if node.type in {"command_name", "word"}:
            names = _NAME.findall(_source(node, text))
            if node.type == "command_name" and "$" in _source(node, text):
                names = [*arguments] or [*functions]
            for name in names:
                if name in functions and name not in called:
                    called.add(name)
                    pending.extend(functions[name])
                    entered.update(map(id, functions[name]))
        if id(node) in bodies and id(node) not in entered:
            continue
        pending.extend(node.named_children)
    return called
