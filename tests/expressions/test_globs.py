"""GitHub's patterns take the names that its documentation says they take."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.expressions.globs import filter_takes, ruleset_matches

NAMES = st.text(alphabet="abv019./-[]*?+!\\", max_size=30)


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        ("v*", ("v", "v1.2", "vnext"), ("1", "v/1")),
        ("v**", ("v", "v/1"), ("1",)),
        ("**", ("v1", "lumen/v1"), ()),
        ("v[0-9]+.[0-9]+", ("v1.2", "v10.20"), ("v1.", "v.2", "v1.2.3", "v1x2")),
        ("v[12].[0-9]+", ("v1.10", "v2.0"), ("v3.0",)),
        ("v1?", ("v", "v1"), ("v11",)),
        ("ab+c", ("abc", "abbbc"), ("ac",)),
        ("[a-c_]x", ("ax", "_x"), ("dx",)),
        ("\\*x", ("*x",), ("ax",)),
    ],
)
def test_filters_of_triggers(
    pattern: str, taken: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    assert [name for name in taken if not filter_takes(name, (pattern,))] == []
    assert [name for name in refused if filter_takes(name, (pattern,))] == []


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        ("*", ("v1",), ("lumen/v1",)),
        ("**/*", ("v1", "lumen/v1", "a/b/c"), ()),
        ("**", ("v1",), ("a/b",)),
        ("v?", ("v1",), ("v", "v12", "v/")),
        ("v[!0]*", ("v1.2",), ("v0.1", "v")),
        ("a/**/b", ("a/b", "a/x/y/b"), ("a/x", "b")),
        ("lumen/v*", ("lumen/v1",), ("v1", "lumen/v/1")),
    ],
)
def test_patterns_of_rulesets(
    pattern: str, taken: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    assert [name for name in taken if not ruleset_matches(pattern, name)] == []
    assert [name for name in refused if ruleset_matches(pattern, name)] == []


@given(NAMES)
def test_a_name_without_signs_takes_itself_only(name: str) -> None:
    plain = "".join(c for c in name if c not in "[]*?+!\\")
    assert filter_takes(plain, (plain,))
    assert ruleset_matches(plain, plain)
    assert not filter_takes(f"{plain}x", (plain,))
    assert not ruleset_matches(plain, f"{plain}x")


@given(NAMES, NAMES)
def test_any_pattern_gives_an_answer(pattern: str, name: str) -> None:
    assert filter_takes(name, (pattern,)) in {True, False}
    assert ruleset_matches(pattern, name) in {True, False}
    assert filter_takes(name, ("**",))


def test_a_pattern_of_stars_takes_no_longer_than_its_length_asks() -> None:
    hostile, name = "*a" * 200 + "b", "a" * 500
    start = time.process_time()
    assert not filter_takes(name, (hostile,))
    assert not ruleset_matches(hostile, name)
    assert not ruleset_matches("**/" * 100 + "b", "a/" * 200)
    assert time.process_time() - start < 2
