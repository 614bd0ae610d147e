"""Tables on paper: HTML in which no cell is markup, with a stated number of rows."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from dashboard.parts.paper import MOST
from tests.dashboard.conftest import Opened
from tests.dashboard.rows import HOSTILE


def _printed(app: AppTest) -> list[str]:
    bodies = [element.proto.body for element in app.get("html")]
    return [body for body in bodies if "<table>" in body]


def many_rows() -> None:
    import pandas as pd

    from dashboard.parts.paper import on_paper
    from tests.dashboard.rows import HOSTILE

    frame = pd.DataFrame({"name": [HOSTILE] * 250, "points": [None] * 250, "link": ["x"] * 250})
    on_paper(frame, ["name", "points", "link"], {"name": {"label": "Name"}})


def test_a_long_table_says_how_much_of_it_is_printed() -> None:
    app = AppTest.from_function(many_rows).run()
    assert not app.exception
    (text,) = [element.proto.body for element in app.get("html")]
    assert text.count("<tr>") == MOST + 1
    assert "200 of 250 rows" in text
    assert "<th>Name</th><th>points</th></tr>" in text
    assert "<td>–</td>" in text
    assert "<img" not in text
    assert "<script" not in text
    assert HOSTILE not in text


def test_every_table_of_a_view_is_printed_with_names_instead_of_addresses(opened: Opened) -> None:
    app = opened("repositories", "many")
    assert len(app.dataframe) == 1
    (text,) = _printed(app)
    assert "<td>fennel</td>" in text
    assert "owner=" not in text
