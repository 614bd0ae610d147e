"""YAML nodes with exact locations."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Protocol, TypeGuard

from audits.model.location import Inputs, Location, Scalar
from audits.model.source import line_starts
from audits.model.yaml_value import YamlValue


class Mark(Protocol):
    """A place in the text; ``index`` counts characters, right in all parsers even after emoji
    and where a YAML reader counts other line breaks than GitHub does.
    """

    index: int


class Node(Protocol):
    """What a YAML composer makes; ``value`` is a str, a list of nodes or a list of pairs."""

    id: str
    tag: str
    value: Any
    style: str | None
    start_mark: Mark
    end_mark: Mark


Pair = tuple[Node, Node]


class SourceText:
    """A file's text and what is needed to say where a node stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        # GitHub counts "\n" only; YAML's C reader also counts U+0085 and U+2028.
        self.starts = line_starts(text)

    def line(self, index: int) -> int:
        """The line of a character, from 1."""
        return bisect_right(self.starts, index)

    def location(self, node: Node, until: Node | None = None) -> Location:
        """Where a node stands; with ``until``, to the end of that one."""
        start, stop = node.start_mark.index, (until or node).end_mark.index
        starts = self.starts
        line = end = bisect_right(starts, start)
        if line < len(starts) and stop > starts[line]:
            # A block ends for YAML where the next one begins; blanks before that are not its own.
            stop = start + len(self.text[start:stop].rstrip())
            end = bisect_right(starts, max(start, stop - 1))
        return Location(
            path=self.path, line=line, column=start - starts[line - 1] + 1, end_line=end
        )

    def scalar(self, node: Node) -> Scalar:
        """The scalar of a scalar node."""
        start = node.start_mark.index
        line = bisect_right(self.starts, start)
        return Scalar(
            value=node.value,
            line=line,
            column=start - self.starts[line - 1] + 1,
            start=start,
            end=node.end_mark.index,
            style=node.style or "",
        )

    def comment_after(self, index: int) -> tuple[str, int, int]:
        """The comment that ends the line of a character: (text, start, end).

        Start and end are the same, at the end of the line's text, where there is none.
        """
        end = self.text.find("\n", index)
        end = len(self.text) if end < 0 else end
        rest = self.text[index:end].rstrip("\r")
        stripped = rest.lstrip(" \t")
        begin = index + len(rest) - len(stripped)
        if not stripped.startswith("#") or begin == index:
            return "", index, index
        stripped = stripped.rstrip()
        return stripped.lstrip("#").strip(), begin, begin + len(stripped)


def is_map(node: Node | None) -> TypeGuard[Node]:
    """Whether a node is a mapping."""
    return node is not None and node.id == "mapping"


def is_list(node: Node | None) -> TypeGuard[Node]:
    """Whether a node is a sequence."""
    return node is not None and node.id == "sequence"


def is_scalar(node: Node | None) -> TypeGuard[Node]:
    """Whether a node is a scalar."""
    return node is not None and node.id == "scalar"


def pairs(node: Node | None) -> list[Pair]:
    """Keys and values of a mapping, whose keys are all scalars; nothing for any other node."""
    if node is None or node.id != "mapping":
        return []
    found: list[Pair] = node.value
    return found


def items(node: Node | None) -> tuple[Node, ...]:
    """Items of a sequence; nothing for any other node."""
    return tuple(node.value) if is_list(node) else ()


def parts(node: Node) -> list[Node]:
    """All nodes directly below a node, keys included."""
    if node.id == "mapping":
        return [part for pair in node.value for part in pair]
    return list(node.value) if node.id == "sequence" else []


def child(node: Node | None, name: str) -> Node | None:
    """The value under a key of a mapping."""
    if node is not None and node.id == "mapping":
        for key, value in node.value:
            if key.value == name:
                found: Node = value
                return found
    return None


def scalars(text: SourceText, node: Node | None) -> Inputs:
    """The scalar values of a mapping by key."""
    found = pairs(node)
    return {key.value: text.scalar(value) for key, value in found if value.id == "scalar"}


def strings(text: SourceText, node: Node | None) -> tuple[Scalar, ...]:
    """A scalar, or the scalars of a sequence, as scalars; null is none."""
    if is_scalar(node):
        found = text.scalar(node)
        return () if found.is_null else (found,)
    return tuple(text.scalar(item) for item in items(node) if is_scalar(item))


def word(node: Node | None) -> str:
    """The first of `words`; empty where there is none."""
    return next(iter(words(node) or ()), "") if node is not None else ""


def words(node: Node | None) -> tuple[str, ...] | None:
    """A scalar, or the scalars of a sequence, as strings; None where there is no node."""
    if node is None:
        return None
    if is_scalar(node):
        return (node.value,) if node.value != "" else ()
    return tuple(item.value for item in items(node) if is_scalar(item))


# Real keys hold a handful of values; aliases can make a short file hold billions.
_MOST_VALUES = 300
_DEEPEST = 8


def other_keys(
    text: SourceText, found: dict[str, Pair], typed: frozenset[str]
) -> dict[str, YamlValue]:
    """The values of all keys but the typed ones, each kept up to a depth and a number."""
    if found.keys() <= typed:
        return {}
    return {
        name: _Values(text).value(node, key)
        for name, (key, node) in found.items()
        if name not in typed
    }


class _Values:
    """Makes values of nodes, at most `_MOST_VALUES` of them."""

    def __init__(self, text: SourceText) -> None:
        self.text = text
        self.left = _MOST_VALUES

    def value(self, node: Node, key: Node | None = None, depth: int = 0) -> YamlValue:
        self.left -= 1
        at = self.text.location(key or node)
        if is_scalar(node):
            return YamlValue(at=at, scalar=self.text.scalar(node))
        if depth == _DEEPEST:
            return YamlValue(at=at, truncated=True)
        listed = tuple(self.value(n, None, depth + 1) for n in items(node) if self.left > 0)
        keys = {
            str(name.value): self.value(inner, name, depth + 1)
            for name, inner in pairs(node)
            if self.left > 0
        }
        return YamlValue(at=at, items=listed, keys=keys, truncated=self.left <= 0)
