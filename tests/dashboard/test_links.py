"""Names in tables lead to the view that is about them, and a finding has an address of its own."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from dashboard.frames.tables import WHOLE_OWNER
from dashboard.frames.view_links import address_of, linked
from dashboard.scope import ScanScope
from tests.dashboard.conftest import Opened
from tests.dashboard.rows import HOSTILE, NOON
from tests.dashboard.test_views import sound, tables

ONE = ScanScope(owner="orchard-labs", scan=4, at=NOON, since=NOON)
ALL = ScanScope(owner=None, scan=4, at=NOON, since=NOON)


def of_owner(owner: str) -> ScanScope:
    return ScanScope(owner=owner, scan=3, at=NOON, since=NOON, newest=False)


@pytest.mark.parametrize("name", ["lumen", "a b", "x&owner=evil", "a#b", "100%25", HOSTILE])
def test_a_name_leads_to_its_repository(name: str) -> None:
    frame, columns = linked(pd.DataFrame({"repository": [name]}), ONE, of_owner)
    (address,) = frame["repository"]
    assert columns == ["repository"]
    parameters = parse_qs(urlsplit(address).query, keep_blank_values=True)
    assert urlsplit(address).path == "repository"
    assert parameters["repository"] == [name]
    assert parameters["owner"] == ["orchard-labs"]


def test_with_all_owners_a_name_leads_to_its_own_owner_as_of_its_own_scan() -> None:
    rows = pd.DataFrame({"owner": ["tinroof", "tinroof"], "repository": ["lumen", WHOLE_OWNER]})
    frame, _ = linked(rows, ALL, of_owner)
    first, second = frame["repository"]
    assert "owner=tinroof&" in first
    assert "scan=3&" in first
    assert second.startswith("home?owner=tinroof")
    alone, columns = linked(pd.DataFrame({"repository": ["lumen"]}), ALL, of_owner)
    assert (list(alone["repository"]), columns) == (["lumen"], [])


def test_an_address_has_no_leading_slash_as_a_server_may_have_a_base_path() -> None:
    assert address_of("home", {"owner": "*"}) == "home?owner=%2A"


@pytest.mark.parametrize("view", ["home", "repositories", "packages", "trends", "incident"])
def test_names_in_tables_are_links_that_open_in_the_same_tab(view: str, opened: Opened) -> None:
    owner = {"owner": "orchard-labs", "show": "two dates compared"} if view == "trends" else {}
    for html in tables(opened(view, "two", **owner)):
        heads = re.findall(r"<th [^>]*>(.*?)</th>", html)
        for name in {"Repository", "Owner", "Action", "Check"} & set(heads):
            for cell in re.findall(r"<tr>(.*?)</tr>", html)[1:]:
                inside = re.findall(r"<td[^>]*>(.*?)</td>", cell)[heads.index(name)]
                assert re.match(
                    r'<a href="(repository|home|incident|method)\?[^"]*" target="_self">', inside
                ), (view, name, inside)


def test_a_finding_has_an_address_of_its_own(opened: Opened) -> None:
    table = opened("findings", "many").dataframe[0].value
    # A cell of the grid holds a name, which is what a screen reader says and a copy has.
    assert table["repository"][0] in {"fennel", "lumen", "pith", "quince", "sorrel"}
    frame, _ = linked(table, ONE, of_owner)
    query = parse_qs(urlsplit(frame["check"][0]).query)
    app = opened("findings", "many", **{name: values[-1] for name, values in query.items()})
    text = sound(app, "Findings")
    assert query["check"][0] in text
    assert "[[waiver]]" in text
    assert not app.dataframe
    assert app.query_params["owner"] == "orchard-labs"


@pytest.mark.parametrize("repository", ["lumen", "nobody", ""])
def test_a_finding_that_is_not_open_is_reported(repository: str, opened: Opened) -> None:
    text = sound(opened("findings", "two", repository=repository, finding="0123abcd"), "Findings")
    assert "This finding is not open" in text
    assert "0123abcd" in text
