"""Cells: nothing that a spreadsheet would run, nothing that cannot be undone."""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.report.cells import cell, plain
from audits.report.escape import without_controls

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")  # noqa: RUF001 - the full-width forms are meant
BIDIRECTIONAL = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize("start", DANGEROUS)
@pytest.mark.parametrize("before", ["", " ", "\u00a0"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(before: str, start: str) -> None:
    text = f"{before}{start}HYPERLINK()"
    # Control characters are run only where they begin the cell.
    assert cell(text).startswith("'") is (not before or start.isprintable())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (-3, "-3"),
        (0.123456, "0.1235"),
        (("a", "b"), "a; b"),
        (datetime(2026, 6, 1, 12, tzinfo=UTC), "2026-06-01T12:00:00Z"),
        ("two\nlines", "two lines"),
        ("plain", "plain"),
        ("'quoted", "''quoted"),
    ],
)
def test_values_as_text(value: object, text: str) -> None:
    assert cell(value) == text  # type: ignore[arg-type]


@given(st.text())
def test_any_text_is_one_line_and_can_be_undone(text: str) -> None:
    made = cell(text)
    assert not set(made) & set("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\x00")
    assert made.lstrip()[:1] not in set("=+-@＝＋－＠")  # noqa: RUF001 - the full-width forms are meant
    if not set(text) & set("\t\u2028\u2029") and text == without_controls(text):
        assert (plain(made) if made.startswith("'") else made) == text


@given(st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs"])))
def test_nothing_steers_a_terminal_or_reorders_what_is_read(text: str) -> None:
    made = cell(text)
    assert not [c for c in made if unicodedata.category(c) in {"Cc", "Cs"}]
    assert not [c for c in made if unicodedata.bidirectional(c) in BIDIRECTIONAL]
    assert not set(made) & set("\u200e\u200f\u061c")
    made.encode()


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
def test_a_record_is_read_back_by_the_standard_reader(values: list[str]) -> None:
    buffer = io.StringIO()
    cells = [cell(value) for value in values]
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    assert buffer.getvalue().count("\r\n") == 1
    assert next(csv.reader(io.StringIO(buffer.getvalue()))) == cells
