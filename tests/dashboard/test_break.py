"""What a hostile or outdated address, name or number does to a view: it is said, never replaced."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from audits.report.export import TABLES
from dashboard import data
from tests.dashboard import sample
from tests.dashboard.conftest import Opened
from tests.dashboard.test_views import COMPARED, VIEWS, said, sound, tables, words


@pytest.mark.parametrize(
    ("view", "query", "sentence"),
    [
        ("findings", {"page": "99"}, "page: '99'."),
        ("packages", {"uploads": "0"}, "uploads: '0'."),
        ("repositories", {"coverage": "abc"}, "coverage: 'abc'."),
        ("reports", {"repository": "lumenn"}, "repository: 'lumenn'. Did you mean lumen?"),
        ("method", {"check": "unpined-action"}, "check: 'unpined-action'. Did you mean unpinned"),
        ("method", {"area": "pining"}, "area: 'pining'. Did you mean pinning?"),
        ("trends", {"check": "long-lived-tokn"}, "Did you mean long-lived-token?"),
        ("incident", {"exact": "maybe"}, "exact: 'maybe'."),
        ("incident", {"name": "x" * 300}, "The name of the address is cut after 200 characters."),
        ("repository", {"tab": "Scores"}, "tab: 'Scores'. Did you mean Score?"),
        ("home", {"period": "2031-01-01"}, "A period cannot begin after the scan"),
        ("findings", {"state": "new", "since": "99"}, "since: '99'."),
    ],
)
def test_a_value_of_the_address_that_is_replaced_is_named(
    view: str, query: dict[str, str], sentence: str, opened: Opened
) -> None:
    assert sentence in sound(opened(view, "many", **query), VIEWS[view])


@pytest.mark.parametrize(
    ("view", "name", "values"),
    [
        ("home", "owner", ["tinroof", "orchard-labs"]),
        ("findings", "state", ["new", "accepted"]),
        ("incident", "name", ["a", "b"]),
        ("method", "area", ["pinning", "permissions"]),
    ],
)
def test_of_two_values_of_one_choice_it_is_said_that_one_is_left_out(
    view: str, name: str, values: list[str], opened: Opened
) -> None:
    app = opened(view, "two", **{name: values})
    assert f"The address has more than one {name}" in sound(app, VIEWS[view])


def test_a_period_that_begins_after_an_earlier_scan_is_said(opened: Opened) -> None:
    app = opened("home", "many", period="2026-09-20")
    next(box for box in app.sidebar.selectbox if box.key == "scan box").select("1").run()
    assert "A period cannot begin after the scan" in sound(app, "Home")


def _links(app: AppTest) -> set[str]:
    found = {unescape(link) for html in tables(app) for link in re.findall(r'href="([^"]*)"', html)}
    return {link for link in found if not link.startswith("https:")}


def test_links_of_names_that_are_shown_with_escapes_lead_to_what_they_name(
    opened: Opened, tmp_path: Path
) -> None:
    path = tmp_path / "names.sqlite"
    sample.write(path, "evil\u202eowner", [{"a\u202eb": sample.released("p", sample.TOKEN)}])
    url = sample.write(path, "nl\nowner", [{"c\nd": sample.released("q", sample.TOKEN)}])
    seen = set()
    for view in ("home", "repositories", "packages", "incident", "findings"):
        query = {"name": "actions/checkout"} if view == "incident" else {}
        app = opened(view, url, **query)
        sound(app, VIEWS[view])
        seen |= _links(app)
    assert any(link.startswith("repository?") for link in seen)
    for link in seen:
        query = {name: each[-1] for name, each in parse_qs(urlsplit(link).query).items()}
        text = sound(opened(urlsplit(link).path, url, **query), VIEWS[urlsplit(link).path])
        assert "not here" not in text, link


def _listed(app: AppTest) -> int:
    notes = [text for text in words(app, "markdown") if "Choose rows" in text]
    if not notes:
        assert "No finding matches these filters." in said(app)
        return 0
    (note,) = notes
    return int(re.findall(r"[\d,]+", note)[0].replace(",", ""))


@pytest.mark.parametrize("period", ["7", "90", "2026-09-07", "last"])
def test_new_findings_on_home_are_those_of_the_list(period: str, opened: Opened) -> None:
    home = opened("home", "many", period=period)
    labels = [link.proto.label for link in home.main.get("page_link")]
    number = sum(int(re.findall(r"\d+", each)[-1]) for each in labels if "new finding" in each)
    assert number == _listed(opened("findings", "many", period=period, state="new"))


@pytest.mark.parametrize("before", ["1", "2"])
def test_new_findings_between_two_scans_are_those_of_the_list(before: str, opened: Opened) -> None:
    app = opened("trends", "many", show=COMPARED, before=before, after="4")
    number = int(re.findall(r"(\d+) new finding", said(app))[0])
    (link,) = [each for each in app.main.get("page_link") if "new findings" in each.proto.label]
    query = {name: each[-1] for name, each in parse_qs(link.proto.query_string).items()}
    assert query["since"] == before
    assert _listed(opened("findings", "many", **query)) == number


def test_every_check_of_a_finding_is_one_to_filter_by(opened: Opened) -> None:
    app = opened("findings", "many")
    whole = _rows(data.report(app.session_state["chosen scope"], "findings"))
    (box,) = [each for each in app.multiselect if each.label == "Check"]
    assert {row["check"] for row in whole} == set(box.options)


def test_a_repository_may_be_named_any(opened: Opened, tmp_path: Path) -> None:
    two = {name: sample.released(name, sample.TOKEN) for name in ("any", "lumen")}
    url = sample.write(tmp_path / "any.sqlite", "orchard-labs", [two])
    every = _listed(opened("findings", url))
    assert 0 < _listed(opened("findings", url, repository="any")) < every


def _rows(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode())))


def test_what_a_repository_downloads_are_its_rows_of_the_export(opened: Opened) -> None:
    app = opened("repository", "gaps", repository="broken", tab="Checks and gaps")
    scope = app.session_state["chosen scope"]
    for name in ("publications", "packages", "paths", "gaps", "settings"):
        mine = _rows(data.report(scope, name, None, "broken"))
        every = _rows(data.report(scope, name))
        assert mine == [row for row in every if row["repository"] == "broken"]
        if name == "gaps":
            assert mine
            assert len(mine) < len(every)


@pytest.mark.parametrize("view", VIEWS)
def test_a_file_named_as_a_table_of_the_export_is_that_table(view: str, opened: Opened) -> None:
    """`download NAME` is the button of a table's own columns."""
    own = {f"download {table.name}" for table in TABLES}
    tabs = ("Publications", "Who can publish", "Checks and gaps", "History")
    queries = [{"tab": tab} for tab in tabs] if view == "repository" else [{}]
    for query in queries:
        for button in opened(view, "many", **query).get("download_button"):
            key = button.proto.id.rpartition("-download ")[2]
            assert f"download {key}" not in own
