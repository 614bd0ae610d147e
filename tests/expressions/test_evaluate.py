"""Decisions: total over all expressions, right where known, and never surer than the facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.expressions.evaluate import (
    Facts,
    Likeness,
    Prefix,
    Undecided,
    Value,
    decide,
    evaluate,
    truth,
)
from audits.expressions.syntax import (
    Call,
    Context,
    Expression,
    Literal,
    Operation,
    parse_expression,
)

NAMES = ("github.ref", "github.event_name", "inputs.go", "needs.a.result")
LITERALS = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.sampled_from(["", "a", "A", "refs/tags/v1", "refs/", "1", "0x1", "nan", '["a", 1]', "true"]),
).map(Literal)
CONTEXTS = st.sampled_from(NAMES).map(lambda name: Context(tuple(name.split("."))))
FUNCTIONS = ("contains", "startswith", "endswith", "fromjson", "tojson", "always", "", "unheard")


def _larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    binary = st.sampled_from(["&&", "||", "==", "!=", "<", "<=", ">", ">="])
    arguments = st.lists(inner, min_size=1, max_size=2).map(tuple)
    return st.one_of(
        st.builds(Operation, binary, st.tuples(inner, inner)),
        st.builds(Operation, st.just("!"), st.tuples(inner)),
        st.builds(Call, st.sampled_from(FUNCTIONS), arguments),
    )


LEAVES: st.SearchStrategy[Expression] = st.one_of(LITERALS, CONTEXTS)
EXPRESSIONS = st.recursive(LEAVES, _larger, max_leaves=12)
KNOWN: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.sampled_from(["", "a", "refs/tags/v1", "refs/heads/main", "1"])
)
VALUES: st.SearchStrategy[Value] = st.one_of(
    KNOWN,
    st.sampled_from([Prefix("refs/tags/"), Prefix(""), Undecided(), Undecided(True)]),
    st.sampled_from(list(Likeness)),
    st.lists(KNOWN, max_size=3).map(tuple),
)


@given(EXPRESSIONS, st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_every_expression_has_a_value(expression: Expression, facts: dict[str, Value]) -> None:
    assert decide(expression, facts) in {True, False, None}


@given(EXPRESSIONS, st.fixed_dictionaries(dict.fromkeys(NAMES, KNOWN)), st.data())
def test_knowing_less_never_changes_an_answer(
    expression: Expression, facts: dict[str, Value], data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(NAMES)))
    fewer: Facts = {name: value for name, value in facts.items() if name in kept}
    unsure = decide(expression, fewer)
    assert unsure is None or unsure == decide(expression, facts)


@given(EXPRESSIONS, st.sampled_from(["refs/tags/v1", "refs/tags/", "refs/tags/main"]))
def test_a_known_beginning_never_contradicts_the_whole(expression: Expression, ref: str) -> None:
    unsure = decide(expression, {"github.ref": Prefix("refs/tags/")})
    assert unsure is None or unsure == decide(expression, {"github.ref": ref})


def answer(text: str, **facts: Value) -> bool | None:
    expression = parse_expression(text)
    assert expression is not None
    return decide(expression, {name.replace("__", "."): value for name, value in facts.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'Release' == 'release'", True),
        ("1 == true", True),
        ("null == ''", True),
        ("'x' == 0", False),
        ("'' == 0", True),
        ("'1' == 1", True),
        ("'1_0' == 10", False),
        ("!''", True),
        ("'false'", True),
        ("contains('Hello', 'hell')", True),
        ("contains(fromJSON('[\"OWNER\", \"MEMBER\"]'), 'member')", True),
        ("contains(fromJSON('[\"OWNER\"]'), 'NONE')", False),
        ("contains(fromJSON('[[1]]'), 'x')", None),
        ("fromJSON('false')", False),
        ("fromJSON('{')", None),
        ("startsWith('refs/tags/v1', 'REFS/TAGS')", True),
        ("endsWith('main', 'in')", True),
        ("github.ref == 'a' || 'b'", True),
        ("github.ref && false", False),
        ("github.ref || github.sha", None),
        ("always()", True),
        ("success()", None),
    ],
)
def test_answers_without_facts(text: str, expected: bool | None) -> None:
    assert answer(text) is expected


def test_beginnings_decide_what_they_can() -> None:
    tag = Prefix("refs/tags/")
    assert answer("startsWith(github.ref, 'refs/tags')", github__ref=tag) is True
    assert answer("startsWith(github.ref, 'refs/heads/')", github__ref=tag) is False
    assert answer("startsWith(github.ref, 'refs/tags/v')", github__ref=tag) is None
    assert answer("github.ref == 'refs/heads/main'", github__ref=tag) is False
    assert answer("github.ref != 'refs/heads/main'", github__ref=tag) is True
    assert answer("github.ref == 'refs/tags/v1'", github__ref=tag) is None


def test_likeness_decides_equality_only() -> None:
    own, foreign = Likeness.OWN, Likeness.FOREIGN
    assert answer("github.repository == 'o/r'", github__repository=own) is True
    assert answer("github.repository != 'o/r'", github__repository=own) is False
    assert answer("x.head == github.repository", x__head=foreign, github__repository=own) is False
    assert answer("contains('a b', github.actor)", github__actor=foreign) is False
    assert answer("github.repository > 'o'", github__repository=own) is None


def test_a_fact_may_stand_for_all_below_and_for_a_function() -> None:
    facts: Facts = {"github.event.release.*": None, "success()": False}
    for text in ("github.event.release.tag_name", "success()"):
        expression = parse_expression(text)
        assert expression is not None
        assert truth(evaluate(expression, facts)) is False


def test_no_expression_is_undecided() -> None:
    assert decide(None, {}) is None
