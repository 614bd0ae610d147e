"""Parses GitHub's expressions (``${{ … }}`` and ``if:``).

Grammar: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from audits.model.errors import AuditError
from audits.model.remember import remembered

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>0x[0-9a-fA-F]+|[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
    |(?P<op>&&|\|\||==|!=|<=|>=|[<>!()\[\],.*])|(?P<name>[A-Za-z_][\w-]*))""",
    re.VERBOSE,
)
# A doubled quote reads the same as two strings side by side. No two parts can begin with the same
# character, so that a text matches in one way only, in linear time. Not possessive (`*+`): CPython
# had those wrong before 3.11.5, https://github.com/python/cpython/issues/106052
_FENCE = re.compile(r"\$\{\{(?P<body>[^'}]*(?:(?:'[^']*'|\}(?!\}))[^'}]*)*)\}\}")
_MOST_TOKENS = 3000
_DEEPEST = 60
# Operators and accesses of one expression; a chain of them nests as deep as it is long.
_MOST_LINKS = 250
_BINDING = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4}


class Literal(Struct, frozen=True):
    """A string, number, boolean or null."""

    value: str | float | bool | None


class Context(Struct, frozen=True):
    """A context such as ``github.event.inputs.x``, parts in lower case as GitHub compares.

    A part is ``*`` for the filter and ``[]`` for a computed index, whose expression is in
    ``indexes``.
    """

    parts: tuple[str, ...]
    indexes: tuple[Expression, ...] = ()

    @property
    def name(self) -> str:
        """The parts joined by dots."""
        return ".".join(self.parts)


class Call(Struct, frozen=True):
    """A function call, or an index on its value; ``name`` in lower case."""

    name: str
    arguments: tuple[Expression, ...]


class Operation(Struct, frozen=True):
    """``!`` with one operand, or a binary operator with two."""

    operator: str
    operands: tuple[Expression, ...]


Expression = Literal | Context | Call | Operation


class Fence(Struct, frozen=True):
    """One ``${{ … }}`` in a text; offsets count characters, fences included."""

    start: int
    end: int
    body: str

    @property
    def expression(self) -> Expression | None:
        """The expression inside; None where it is none."""
        return parse_expression(self.body)


class _SyntaxError(ValueError):
    pass


class _ExpressionParser:
    """A precedence climber over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        position, text = 0, text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or len(self.tokens) > _MOST_TOKENS:
                raise _SyntaxError
            kind = match.lastgroup or ""
            self.tokens.append((kind, match.group(kind)))
            position = match.end()
        self.at = 0
        self.depth = 0
        self.links = 0

    def link(self) -> None:
        self.links += 1
        if self.links > _MOST_LINKS:
            raise _SyntaxError

    def peek(self) -> str:
        kind, value = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")
        return value if kind == "op" else ""

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise _SyntaxError
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, operator: str) -> None:
        if self.take() != ("op", operator):
            raise _SyntaxError

    def binary(self, least: int = 1) -> Expression:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _SyntaxError
        left = self.unary()
        while (binding := _BINDING.get(self.peek(), 0)) >= least:
            operator = self.take()[1]
            self.link()
            left = Operation(operator, (left, self.binary(binding + 1)))
        self.depth -= 1
        return left

    def unary(self) -> Expression:
        negations = 0
        while self.peek() == "!":
            self.take()
            negations += 1
        found = self.primary()
        for _ in range(2 - negations % 2 if negations else 0):
            found = Operation("!", (found,))
        return found

    def primary(self) -> Expression:
        kind, value = self.take()
        if kind == "string":
            return Literal(value[1:-1].replace("''", "'"))
        if kind == "number":
            return Literal(_number(value))
        if (kind, value) == ("op", "("):
            inner = self.binary()
            self.expect(")")
            return self.accessed(Call("", (inner,))) if self.peek() in {".", "["} else inner
        if kind != "name":
            raise _SyntaxError
        word = value.lower()
        if self.peek() == "(":
            return self.accessed(Call(word, self.arguments()))
        if word in {"true", "false", "null"} and self.peek() not in {".", "["}:
            return Literal({"true": True, "false": False, "null": None}[word])
        return self.accessed(Context((word,)))

    def arguments(self) -> tuple[Expression, ...]:
        self.expect("(")
        found: list[Expression] = []
        while self.peek() != ")":
            if found:
                self.expect(",")
            found.append(self.binary())
        self.expect(")")
        return tuple(found)

    def accessed(self, base: Context | Call) -> Context | Call:
        while self.peek() in {".", "["}:
            self.link()
            index: Expression
            if self.take()[1] == ".":
                kind, word = self.take()
                if kind != "name" and (kind, word) != ("op", "*"):
                    raise _SyntaxError
                part, index = word.lower(), Literal(word)
            elif self.peek() == "*":
                self.take()
                self.expect("]")
                part, index = "*", Literal("*")
            else:
                index = self.binary()
                self.expect("]")
                known = isinstance(index, Literal) and isinstance(index.value, str)
                part = str(index.value).lower() if known and isinstance(index, Literal) else "[]"
            if isinstance(base, Call):
                base = Call("[]", (base, index))
            else:
                more = (index,) if part == "[]" else ()
                base = Context((*base.parts, part), base.indexes + more)
        return base


def _number(text: str) -> float:
    try:
        return float(int(text, 16)) if text.startswith("0x") else float(text)
    except OverflowError:
        return float("inf")


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression | None:
    """The expression that a text (without its fence) spells; None where it spells none."""
    try:
        reader = _ExpressionParser(text)
        found = reader.binary()
    except _SyntaxError:
        return None
    return found if reader.at == len(reader.tokens) else None


def fences(text: str) -> Iterator[Fence]:
    """Every ``${{ … }}`` of a text, in order, up to one that is never closed."""
    at = text.find("${{")
    while at >= 0 and (match := _FENCE.match(text, at)) is not None:
        yield Fence(match.start(), match.end(), match.group("body"))
        at = text.find("${{", match.end())


def replace_fences(text: str, new: str) -> str:
    """The text with ``new`` in the place of every ``${{ … }}``."""
    parts: list[str] = []
    position = 0
    for fence in fences(text):
        parts += [text[position : fence.start], new]
        position = fence.end
    return "".join((*parts, text[position:]))


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all its parts, each before its own."""
    pending: list[Expression] = [expression]
    while pending:
        found = pending.pop()
        yield found
        if isinstance(found, Call):
            pending += reversed(found.arguments)
        elif isinstance(found, Operation):
            pending += reversed(found.operands)
        elif isinstance(found, Context):
            pending += reversed(found.indexes)


# Functions that answer with a boolean or a digest, whatever they are given.
_TELLS_ONLY = frozenset(
    {"contains", "startswith", "endswith", "hashfiles", "always", "success", "failure", "cancelled"}
)


def outcomes(expression: Expression) -> Iterator[Context | Literal]:
    """The contexts and literals whose value an expression can come out as, whole or in part.

    Comparisons, negations and functions that answer with a boolean pass nothing on; of
    ``a && b`` only ``b`` counts, since ``a`` comes out only where it is empty.
    """
    if isinstance(expression, Context | Literal):
        yield expression
    elif isinstance(expression, Call):
        for argument in () if expression.name in _TELLS_ONLY else expression.arguments:
            yield from outcomes(argument)
    elif expression.operator in {"&&", "||"}:
        for operand in expression.operands[expression.operator == "&&" :]:
            yield from outcomes(operand)


@remembered(1024)
def contexts(text: str) -> tuple[Context, ...]:
    """Every context in the fences of a text; kept, since many checks ask for the same."""
    expressions = (fence.expression for fence in fences(text))
    parts = (part for found in expressions if found is not None for part in walk(found))
    return tuple(part for part in parts if isinstance(part, Context))


@lru_cache(maxsize=1024)
def condition_expression(text: str) -> Expression | None:
    """What an ``if:`` decides: its one fence, or the bare text.

    Text around a fence makes it a non-empty string, which is always true:
    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
    """
    found = list(fences(text))
    if not found:
        return parse_expression(text)
    if len(found) == 1 and (found[0].start, found[0].end) == (0, len(text)):
        return found[0].expression
    if len(found) == 1 and text.strip() == text[found[0].start : found[0].end]:
        return found[0].expression if not text.endswith("\n") else Literal(text)
    return Literal(text)


class BrokenReaderError(AuditError):
    """The interpreter reads expressions wrongly, so that every check on them would be blind."""

    is_fault = True


# Texts, and the names of what their expressions read: more than one fence, quotes, lone braces.
_KNOWN = (
    ("${{ secrets.PYPI_TOKEN }}", ("secrets.pypi_token",)),
    ("a ${{ github.event.issue.title }} b ${{env.B}}", ("github.event.issue.title", "env.b")),
    ("${{ format('}} {0} it''s', inputs.x) }}", ("inputs.x",)),
    ("${{ matrix['a} b'] && needs.*.result }}", ("matrix.a} b", "needs.*.result")),
    ("${{ github.ref\n  == 'refs/tags/v1' || !vars.Y }}", ("github.ref", "vars.y")),
    ("${{ secrets.A } x", ()),
    ("plain", ()),
)


def self_test(read: Callable[[str], Iterable[Context]] = contexts) -> None:
    """Read a few texts whose contexts are known; `BrokenReaderError` where any comes out wrong.

    Runs when this module is imported, in some 100 microseconds: an interpreter whose regular
    expressions are wrong makes every check on expressions pass.
    """
    for text, names in _KNOWN:
        if tuple(context.name for context in read(text)) != names:
            raise BrokenReaderError(
                f"This Python ({sys.version.split()[0]}, {sys.executable}) reads GitHub's "
                f"expressions wrongly ({text!r}), so no answer could be trusted.",
                "Use another release of Python, and report which one this was.",
            )


self_test()
