"""Cells: what untrusted text may become, and what a spreadsheet gets."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.model.outcome import Link
from audits.report.phrases import count
from dashboard.frames.cells import csv_text, frame_of, link_of, repository_url, safe_url, visible
from dashboard.theme import percent
from tests.dashboard.rows import HOSTILE


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://github.com/a",
        "https://github.com@evil.example/",
        "https://user:pass@github.com/",
        "https://github.com/a b",
        "https://github.com/<script>",
        "data:text/html,x",
        "//evil.example",
        "https:\\evil.example",
        "",
        "https://",
        "https://[::1",
        "https://github.com/a\nb",
        "https://\u0435vil.example/",
    ],
)
def test_only_plain_https_addresses_become_links(url: str) -> None:
    assert safe_url(url) == ""


def test_addresses_of_github_and_of_an_enterprise_host_with_port_are_links() -> None:
    for url in ("https://github.com/a/b/blob/x/y.yml#L3", "https://git.example:8443/a/b?x=1"):
        assert safe_url(url) == url


def test_the_first_safe_link_of_a_kind_is_taken() -> None:
    links = (
        Link(kind="permalink", label="x", url="javascript:alert(1)"),
        Link(kind="permalink", label="x", url="https://github.com/a/b"),
    )
    assert link_of(links, "permalink") == "https://github.com/a/b"
    assert link_of(links, "edit") == ""


def test_a_repository_name_cannot_leave_its_place_in_an_address() -> None:
    assert repository_url("github.com", "a", "../../evil?x#y") == (
        "https://github.com/a/..%2F..%2Fevil%3Fx%23y"
    )
    assert repository_url("evil.example/x", "a", "b") == ""
    assert repository_url("github.com", "", "b") == ""


def test_marks_that_reorder_text_become_visible() -> None:
    assert "\u202e" not in visible(HOSTILE)
    assert visible("a\u202eb\r\nc") == "a\\u202eb c"


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_csv_never_starts_a_cell_with_a_formula_and_keeps_one_record_a_line(
    cells: list[str],
) -> None:
    text = csv_text(pd.DataFrame([cells], columns=[f"c{i}" for i in range(len(cells))]))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == 2
    assert text.count("\n") == 2
    for cell in rows[1]:
        assert not cell.lstrip(" \x00").startswith(
            (*"=+-@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
        )


def test_csv_writes_numbers_as_numbers_and_nothing_as_nothing() -> None:
    frame = pd.DataFrame({"a": [-1.5], "b": [None], "c": [float("nan")], "d": [pd.NaT]})
    assert csv_text(frame) == "a,b,c,d\r\n-1.5,,,\r\n"


def test_a_frame_without_rows_still_has_its_columns() -> None:
    assert list(frame_of([], ("a", "b")).columns) == ["a", "b"]


def test_shares_are_only_whole_when_they_are() -> None:
    assert [percent(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == [
        "0 %",
        "1 %",
        "50 %",
        "99 %",
        "100 %",
    ]
    assert count(1, "repository", "repositories") == "1 repository"
    assert count(2040, "finding") == "2,040 findings"
