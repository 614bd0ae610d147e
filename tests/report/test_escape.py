"""Untrusted text in Markdown and on terminals."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.report.escape import code, markdown, printable

HOSTILE = (
    "![x](https://evil.example/a.png)",
    "[x](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "https://evil.example www.evil.example @someone",
    "a | b | c",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe",
    "`` ` ``",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_nothing(text: str) -> None:
    made = markdown(text)
    assert "https://" not in re.sub(r"`[^`]*`", "", made)
    assert not re.search(r"(?<!\\)[<\[|]", re.sub(r"`+.*?`+", "", made))
    assert "\x1b" not in made
    assert "\u202e" not in made


@given(st.text())
def test_printable_is_one_line_without_controls(text: str) -> None:
    made = printable(text)
    assert "\n" not in made
    assert all(c.isprintable() or c.isspace() for c in made)


@given(st.text(min_size=1))
def test_a_code_span_cannot_be_left(text: str) -> None:
    made = code(text)
    if made:
        fence = re.match(r"`+", made)
        assert fence is not None
        inside = made[len(fence[0]) : -len(fence[0])]
        assert fence[0] not in re.findall(r"`+", inside)
        assert made.endswith(fence[0])


def test_names_in_back_ticks_stay_readable() -> None:
    assert markdown("`actions/checkout@v4` is a tag") == "`actions/checkout@v4` is a tag"
