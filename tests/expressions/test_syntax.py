"""Expressions are read as GitHub reads them; no text ever raises or takes long."""

from __future__ import annotations

import itertools
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.expressions.syntax import (
    Call,
    Context,
    Literal,
    Operation,
    condition_expression,
    contexts,
    fences,
    outcomes,
    parse_expression,
    walk,
)

FRAGMENTS = st.sampled_from(
    [
        "${{",
        "}}",
        "'",
        "''",
        "(",
        ")",
        "[",
        "]",
        "*",
        ".",
        ",",
        "!",
        "&&",
        "||",
        "==",
        "!=",
        "<",
        ">=",
        "github",
        "event",
        "ref",
        "true",
        "null",
        "0x1F",
        "-1.5e3",
        " ",
        "\n",
        "${",
        "contains",
        "fromJSON",
        "secrets",
        "'a''b'",
        "é",
        "\x00",
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(FRAGMENTS, max_size=40).map("".join))


@given(TEXTS)
def test_no_text_raises(text: str) -> None:
    for expression in (parse_expression(text), condition_expression(text)):
        if expression is not None:
            assert next(iter(walk(expression))) == expression
            assert all(isinstance(part, Context | Literal) for part in outcomes(expression))
    assert all(isinstance(context, Context) for context in contexts(text))


@given(TEXTS)
def test_fences_stand_where_they_say(text: str) -> None:
    found = list(fences(text))
    assert all(text[f.start : f.end] == "${{" + f.body + "}}" for f in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@pytest.mark.parametrize(
    "text",
    [
        "${{ " + "'x'" * 5000,
        "${{'" * 20000,
        "${{'" * 20000 + "}}",
        "||".join(["a"] * 5000),
        "(" * 5000,
        "!" * 5000 + "a",
        "f()" + "[0]" * 5000,
        "a" + ".b" * 5000,
        "0x" + "f" * 5000,
        "9" * 5000,
    ],
)
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    start = process_time()
    expression = parse_expression(text)
    list(walk(expression) if expression is not None else ())
    list(contexts(text))
    assert process_time() - start < 0.5


def test_a_long_condition_of_a_person_is_read() -> None:
    text = " || ".join(f"github.ref == 'refs/heads/release-{n}'" for n in range(60))
    assert isinstance(parse_expression(text), Operation)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("github.Event.Inputs.x", ("github", "event", "inputs", "x")),
        ("github['event'].ref", ("github", "event", "ref")),
        ("matrix.*.os", ("matrix", "*", "os")),
        ("needs[*].result", ("needs", "*", "result")),
        ("secrets[format('{0}', matrix.x)]", ("secrets", "[]")),
        ("github.event.commits[0].message", ("github", "event", "commits", "[]", "message")),
    ],
)
def test_contexts_are_read(text: str, parts: tuple[str, ...]) -> None:
    expression = parse_expression(text)
    assert isinstance(expression, Context)
    assert expression.parts == parts


def test_operators_bind_as_github_binds_them() -> None:
    found = parse_expression("!a == 'b' && c || d < 2")
    assert isinstance(found, Operation)
    assert found.operator == "||"
    left = found.operands[0]
    assert isinstance(left, Operation)
    assert left.operator == "&&"


def test_quotes_are_doubled_inside_a_string() -> None:
    assert parse_expression("'it''s'") == Literal("it's")
    assert [f.body for f in fences("${{ '}}' }} ${{ b }}")] == [" '}}' ", " b "]


@pytest.mark.parametrize("text", ["", "a b", "a &&", "f(", "a.", "'open", "a..b", "a ? b : c", "§"])
def test_what_is_no_expression_is_none(text: str) -> None:
    assert parse_expression(text) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.b && c.d || e.f", ["c.d", "e.f"]),
        ("a.b == 'x' && c.d", ["c.d"]),
        ("!a.b", []),
        ("contains(a.b, c.d)", []),
        ("format('{0}-{1}', a.b, hashFiles(c.d))", ["a.b"]),
        ("toJSON(a)", ["a"]),
        ("(a.b || c.d)[0]", ["a.b", "c.d"]),
    ],
)
def test_only_what_can_come_out_is_an_outcome(text: str, names: list[str]) -> None:
    expression = parse_expression(text)
    assert expression is not None
    found = [part.name for part in outcomes(expression) if isinstance(part, Context)]
    assert found == names


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("${{ a.b }}", False),
        ("a.b", False),
        ("a.b == 'x'\n", False),
        ("${{ a.b }} && c.d", True),
        ("${{ a.b }}\n", True),
        ("${{ a }}${{ b }}", True),
    ],
)
def test_text_around_a_fence_makes_a_condition_a_text(text: str, constant: bool) -> None:
    found = condition_expression(text)
    assert isinstance(found, Literal) == constant


def test_a_call_keeps_its_name_in_lower_case() -> None:
    found = parse_expression("startsWith(github.ref, 'refs/tags/')")
    assert isinstance(found, Call)
    assert found.name == "startswith"
