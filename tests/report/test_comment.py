"""Markdown within what a comment on GitHub takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audits.report.comment import MOST, fitted


def table(rows: int) -> str:
    body = "".join(f"| {number} | some words about it |\n" for number in range(rows))
    return f"# Title\n\n| a | b |\n|---|---|\n{body}"


def test_a_short_document_stays() -> None:
    assert fitted(table(10)) == table(10)


def test_a_long_one_is_cut_and_the_rest_counted() -> None:
    made = fitted(table(5000))
    assert len(made) <= MOST
    kept = sum(line.startswith("| ") for line in made.splitlines()) - 1
    assert f"{5000 - kept} of 5000 entries are left out" in made
    assert made.splitlines()[-3].startswith("| "), "no line is cut in the middle"


@given(st.text(alphabet="| -a\n", max_size=3000), st.integers(min_value=300, max_value=2000))
def test_it_always_fits(document: str, most: int) -> None:
    assert len(fitted(document, most)) <= most
