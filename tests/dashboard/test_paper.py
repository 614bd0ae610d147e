"""Tables as HTML, on the screen and on paper: no cell is markup, and what is cut is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from dashboard.frames.html_table import MOST, Sheet, html_table
from tests.dashboard.conftest import Opened
from tests.dashboard.rows import HOSTILE


def day(at: datetime) -> str:
    return f"{at:%d %b}"


def test_a_long_table_says_how_much_of_it_is_shown() -> None:
    frame = pd.DataFrame({"name": [HOSTILE] * 250, "points": [1.0, *[None] * 249]})
    sheet = Sheet(label="All", day=day, configured={"name": {"label": "Name"}})
    text = html_table(frame, ["name", "points"], sheet)
    assert text.count("<tr>") == MOST + 1
    assert "200 of 250 rows" in text
    assert ">Name</th>" in text
    assert ">–</td>" in text
    assert "<img" not in text
    assert "<script" not in text
    assert HOSTILE not in text


def test_a_column_of_dashes_is_left_out_and_counts_stand_at_the_right() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "open": ["2 → 1", "3"], "none": ["", None]})
    text = html_table(frame, ["name", "open", "none"], Sheet(label="x", day=day))
    assert "none" not in text
    assert '<td class="number" style="">2 → 1</td>' in text
    assert "none" in html_table(frame, ["none"], Sheet(label="x", day=day))


def test_cells_read_as_people_write_them() -> None:
    values: dict[str, object] = {
        "count": 12345,
        "change": 3.0,
        "known": True,
        "at": pd.Timestamp(datetime(2026, 10, 5, tzinfo=UTC)),
        "link": "https://github.example/o/r/blob/main/x.yml#L3",
        "bad": "javascript:alert(1)",
    }
    frame = pd.DataFrame([values]).assign(bad=lambda f: f["bad"])
    sheet = Sheet(label="x", day=day, configured={"change": {"type_config": {"format": "%+.1f"}}})
    text = html_table(frame, list(values), sheet)
    for words in (">12,345<", ">+3.0<", ">yes<", ">05 Oct<", 'target="_blank"'):
        assert words in text
    same = html_table(frame.assign(change=0.0), ["change"], sheet)
    assert ">0<" in same
    whole = Sheet(label="x", day=day, configured={"count": {"type_config": {"format": "%d"}}})
    assert ">12,345<" in html_table(frame, ["count"], whole)
    other = html_table(frame.assign(link=frame["bad"]), ["link"], sheet)
    assert "href" not in other


def test_the_grid_of_findings_is_printed_whole(opened: Opened) -> None:
    app = opened("findings", "many")
    assert len(app.dataframe) == 1
    bodies = [element.proto.body for element in app.get("html")]
    (text,) = [body for body in bodies if "<table" in body and "on-paper" in body]
    assert ">sorrel</td>" in text
    assert "owner=" not in text
