"""Every view through the router, in every state: what is said, not only that nothing breaks."""

from __future__ import annotations

import json
import re
from contextlib import closing
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
import streamlit as st
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from audits.model.exposure import Actor
from audits.store.open import open_store
from tests.dashboard import browser, sample
from tests.dashboard.browser import ROOT
from tests.dashboard.conftest import Opened
from tests.patience import PATIENCE
from tests.store.recorded import counted, scan
from tests.store.samples import audit, fault, score
from tests.store.test_between_scans import exposed

VIEWS = {address.replace("-", "_"): title for address, title in browser.VIEWS.items()}
"""Titles by the names of the views' files."""
WITHOUT_DATABASE = {"method", "self_check"}


def words(app: AppTest, kind: str) -> list[str]:
    """The texts of all elements of a kind."""
    return [str(getattr(element, "value", "")) for element in app.get(kind)]


def as_shown(cell: object) -> object:
    """A cell as the grid shows it: of the address of a view, the name that it leads to."""
    if isinstance(cell, str) and re.match(r"(home|repository|incident|findings|method)\?", cell):
        return unquote(re.split("[=#]", cell)[-1].replace("+", " "))
    return cell


def without_tags(html: str) -> str:
    """The words of a table, a cell a line; nothing of a style."""
    return "" if html.startswith("<style>") else unescape(re.sub(r"(<[^>]*>)+", "\n", html))


def column(html: str, heading: str) -> list[str]:
    """The cells under a heading of a table, as they read."""
    place = re.findall(r"<th [^>]*>(.*?)</th>", html).index(heading)
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    return [without_tags(cells[place]).strip() for cells in rows if cells]


def tables(app: AppTest) -> list[str]:
    """The tables that a view shows on the screen, as HTML."""
    bodies = [element.proto.body for element in app.get("html")]
    return [body for body in bodies if 'class="rows"' in body]


def said(app: AppTest) -> str:
    """Everything that a view says, its tables' cells included."""
    parts = []
    for kind in (
        "title",
        "header",
        "subheader",
        "markdown",
        "text",
        "caption",
        "info",
        "error",
        "warning",
        "code",
    ):
        parts += words(app, kind)
    parts += [f"{metric.label}: {metric.value}" for metric in app.metric]
    parts += [element.value.map(as_shown).to_csv(na_rep="") for element in app.dataframe]
    parts += [without_tags(element.proto.body) for element in app.get("html")]
    parts += [expander.label for expander in app.expander]
    return "\n".join(parts)


def columns_fit(app: AppTest) -> None:
    """Columns are configured by the type of their values: a number column over texts shows "The
    value cannot be interpreted as a number".
    """
    for element in app.dataframe:
        frame = element.value
        configured = json.loads(element.proto.columns or "{}")
        for name, config in configured.items():
            kind = (config.get("type_config") or {}).get("type")
            if name not in frame or kind is None:
                continue
            numeric = pd.api.types.is_numeric_dtype(frame[name].dtype)
            assert kind not in {"number", "progress"} or numeric, (name, frame[name].dtype)
            assert kind != "text" or not numeric, (name, frame[name].dtype)


def sound(app: AppTest, title: str) -> str:
    """What a view says, once it is sure that it broke nowhere, has one heading, and that its
    columns fit.
    """
    assert not app.exception, app.exception
    assert [element.value for element in app.title] == [title]
    columns_fit(app)
    text = said(app)
    for bad in ("Traceback", "None", "NaN", r"\bnan,", "<NA>"):
        assert not re.search(bad, text), f"{bad!r} in {text}"
    return text


@pytest.mark.parametrize("view", VIEWS)
def test_without_a_database_every_view_says_what_to_run(view: str, opened: Opened) -> None:
    text = sound(opened(view, "none"), VIEWS[view])
    if view not in WITHOUT_DATABASE:
        assert "Nothing to show yet" in text
        assert "release-audit demo" in text
        assert "release-audit scan --folder DIR" in text
        assert "There is no database at" in text


@pytest.mark.parametrize(
    ("view", "sentences"),
    {
        "home": (
            "5 repositories publish packages, of 6 scanned",
            "One scan so far: the next one shows",
        ),
        "trends": ("One scan so far, 7 Sep 2026", "on stored tokens"),
        "repositories": ("6 repositories.", "fennel"),
        "repository": ("Steps to A", "Last seen 7 Sep 2026"),
        "findings": ("long-lived-token", "Choose rows"),
        "waivers": ("Nothing is accepted in this scope", "Name the waiver file"),
        "incident": ("actions/checkout", "If commit pins were enforced"),
        "packages": ("▲ token", "PYPI_TOKEN"),
        "coverage": ("Unknown for want of a permission", "There is no gap"),
        "method": ("unpinned-action", "an open critical finding 39"),
        "self_check": ("The result appears here",),
        "reports": ("repositories.csv", "SARIF"),
    }.items(),
)
def test_after_one_scan(view: str, sentences: tuple[str, ...], opened: Opened) -> None:
    text = sound(opened(view, "one"), VIEWS[view])
    for sentence in sentences:
        assert sentence in text, f"{sentence!r} not in {text}"


@pytest.mark.parametrize(
    ("view", "sentences"),
    {
        "home": (
            "5 repositories publish packages, of 6 scanned",
            "new finding",
            "the rest is unknown, not safe",
            "long-lived-token",
        ),
        "trends": ("4 scans shown, from 7 Sep 2026 to 28 Sep 2026", "Who can publish", "Grades"),
        "repositories": ("sorrel", "6 repositories"),
        "repository": ("updates-not-automated",),
        "findings": ("persisted-checkout-credentials",),
        "incident": ("If commit pins were enforced", "What runs here"),
        "packages": ("● oidc", "▲ token"),
        "coverage": ("What a permission would answer",),
        "method": ("How a score comes about",),
        "self_check": ("Nothing is stored or sent",),
        "reports": ("repositories.csv", "One row per repository"),
    }.items(),
)
def test_after_many_scans(view: str, sentences: tuple[str, ...], opened: Opened) -> None:
    text = sound(opened(view, "many"), VIEWS[view])
    for sentence in sentences:
        assert sentence in text, f"{sentence!r} not in {text}"


@pytest.mark.parametrize("view", VIEWS)
def test_gaps_reach_the_page(view: str, opened: Opened) -> None:
    text = sound(opened(view, "gaps"), VIEWS[view])
    if view == "coverage":
        assert "(the owner)" in text
        assert "forbidden" in text
        assert "Actions: read" in text
        assert "invalid" in text
        assert "release.yml" in text
    if view == "repository":
        assert "1 part could not be read" in text
        assert "Nothing is known of how it releases" in text


@pytest.mark.parametrize("view", VIEWS)
def test_a_hostile_organization_is_shown_by_safe_elements_only(view: str, opened: Opened) -> None:
    app = opened(view, "hostile")
    assert not app.exception, app.exception
    for kind in ("title", "subheader", "header", "markdown", "caption", "info", "error", "warning"):
        for text in words(app, kind):
            assert "evil.example" not in text, (kind, text)
    labels = [element.label for element in (*app.expander, *app.metric, *app.tabs, *app.button)]
    assert not any("evil.example" in label for label in labels)


def test_a_database_that_fails_is_reported_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = tmp_path / "stranger.sqlite"
    stranger.write_text("this is no database, but long enough to be taken for one " * 40)
    monkeypatch.setenv("RELEASE_AUDIT_DATABASE", f"sqlite:///{stranger}")
    text = sound(AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE).run(), "Home")
    assert "is not a SQLite database" in text


def test_a_database_that_goes_away_under_a_view_is_reported_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gone.sqlite"
    url = sample.write(path, "orchard-labs", [sample.gappy()])
    monkeypatch.setenv("RELEASE_AUDIT_DATABASE", url)
    app = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE).run()
    path.unlink()
    app.switch_page("views/incident.py").run()
    text = sound(app, "Incident")
    assert "The database did not answer" in text
    assert "gone.sqlite" in text


def test_the_chosen_owner_and_scan_stay_when_another_view_opens(opened: Opened) -> None:
    app = opened("home", "two")
    assert "of 8 scanned" in sound(app, "Home")
    app.sidebar.selectbox[0].select("orchard-labs").run()
    app.sidebar.selectbox[2].select_index(1).run()
    assert "of 6 scanned" in sound(app, "Home")
    app.switch_page("views/trends.py").run()
    assert "One scan so far" in sound(app, "Trends")
    assert [box.value for box in app.sidebar.selectbox] == [
        "orchard-labs",
        "7",
        "1",
        "all",
    ]


def test_an_address_names_owner_and_scan(opened: Opened) -> None:
    app = opened("trends", "two")
    other = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
    other.query_params["owner"] = "orchard-labs"
    other.query_params["scan"] = "1"
    assert "of 6 scanned" in sound(other.run(), "Home")
    assert not app.exception


def test_an_unknown_owner_or_scan_is_named_and_not_replaced(opened: Opened) -> None:
    opened("home", "two")
    for name, wanted, sentence in (
        ("owner", "orchard-lab", "The owner 'orchard-lab' is not here. Did you mean orchard-labs?"),
        ("scan", "999", "The scan '999' is not here."),
    ):
        app = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        app.query_params[name] = wanted
        text = sound(app.run(), "Home")
        assert sentence in text
        assert "scanned" not in text
        box = next(box for box in app.sidebar.selectbox if box.key == f"{name} box")
        assert box.value is None
        box.select_index(0).run()
        assert "scanned" in sound(app, "Home")
        assert app.query_params[name] == app.session_state[f"{name} held"]


def test_owner_scan_and_repository_are_always_in_the_address(opened: Opened) -> None:
    app = opened("repository", "two")
    repository = app.query_params["repository"]
    assert app.query_params["owner"] == "*"
    assert app.query_params["scan"] == "newest"
    assert repository == app.session_state["repository held"]


def test_all_safe_edits_of_a_repository_are_one_patch(opened: Opened) -> None:
    app = opened("repository", "many", repository="fennel")
    assert "git apply" not in said(app)
    (toggle,) = [each for each in app.toggle if "patch" in each.label]
    toggle.set_value(True).run()
    text = sound(app, "Repository")
    assert "git apply" in text
    assert "+++ b/.github/dependabot.yml" in text


def test_an_unknown_repository_is_named_with_near_ones(opened: Opened) -> None:
    app = opened("repository", "many", repository="fenel")
    text = sound(app, "Repository")
    assert "repository 'fenel' is not here. Did you mean fennel?" in text
    assert "Last seen" not in text


def test_who_can_publish_is_drawn_with_its_cut(opened: Opened) -> None:
    app = opened("repository", "many", repository="fennel", tab="Who can publish")
    text = sound(app, "Repository")
    assert "The least privileged who alone can get a package released." in text
    assert "✂ To close it: " in text
    assert "what was not seen decides" in text


def test_back_to_another_address_shows_what_that_address_names(opened: Opened) -> None:
    app = opened("repository", "many", repository="fennel")
    assert app.session_state["repository held"] == "fennel"
    app.query_params["repository"] = "sorrel"
    app.run()
    assert app.session_state["repository held"] == "sorrel"
    assert not app.exception


def test_who_comes_for_one_check_reads_it_first(opened: Opened) -> None:
    for name, words in (
        ("long-lived-token", "Why it matters"),
        ("zizmor/github-env", "LD_PRELOAD"),
    ):
        app = opened("method", "none", check=name)
        text = sound(app, "Method")
        assert words in text
        assert app.subheader[0].value == name
        kinds = [element.type for element in app.main]
        assert kinds.index("subheader") < kinds.index("header")
    usual = [element.type for element in opened("method", "none").main]
    assert usual.index("header") < usual.index("subheader")


def test_what_home_counts_is_what_its_links_list(opened: Opened, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'moved.sqlite'}"
    names = [f"lumen{number}" for number in range(8)]
    with closing(open_store(url)) as store:
        for number, (points, level) in enumerate(((90.0, Actor.ANYONE), (60.0, Actor.TWO_PEOPLE))):
            found = (exposed(name, level) for name in names)
            scan(store, number, *(replace(each, score=score(points)) for each in found))
    links = [link.proto.label for link in opened("home", url).get("page_link")]
    assert {"and 3 more that fell", "and 3 more that are closed"} <= {*links}
    assert "8 packages" in sound(opened("packages", url, became="closed"), "Packages")
    assert "0 packages" in sound(opened("packages", url, became="opened"), "Packages")
    fell = opened("trends", url, show=COMPARED, before="1", after="2", moved="fell")
    assert "8 repositories." in sound(fell, "Trends")


def test_an_unknown_filter_is_named(opened: Opened) -> None:
    text = sound(opened("findings", "many", severity="hihg"), "Findings")
    assert "severity: 'hihg'. Did you mean high?" in text


def test_owners_and_groups_side_by_side_are_named(opened: Opened) -> None:
    bodies = [body for body in tables(opened("home", "two")) if "With tokens" in body]
    shown = {without_tags(body).split()[0]: body for body in bodies}
    assert set(shown) == {"Owner", "Group"}
    assert "orchard-labs" in shown["Owner"]


def test_an_incident_is_looked_for_over_all_owners(opened: Opened) -> None:
    text = sound(opened("incident", "two", name="actions/checkout"), "Incident")
    assert "orchard-labs" in text
    assert "tinroof" in text
    assert "repositories of 2 owners" in text
    text = sound(opened("incident", "two", name="nobody/knows-this"), "Incident")
    assert "is used by no job that was seen in the 8 repositories of 2 owners" in text
    links = [link.proto.label for link in opened("incident", "two", name="x").main.get("page_link")]
    assert "1 part in scope could not be read: not counted here" in links


@pytest.mark.parametrize("view", sorted(set(VIEWS) - {"method", "self_check"}))
def test_every_view_shows_all_owners_and_one_group(view: str, opened: Opened) -> None:
    whole = opened(view, "two")
    assert whole.query_params["owner"] == "*"
    sound(whole, VIEWS[view])
    assert "8 repositories ·" in said(whole)
    group = opened(view, "two", group="topic:python")
    text = sound(group, VIEWS[view])
    assert group.query_params["group"] == "topic:python"
    assert "4 repositories ·" in text
    assert not {name for name in ("quince", "pith", "notes", "broken") if name in text}


@pytest.mark.parametrize("view", ["home", "packages", "findings"])
def test_more_owners_take_no_more_statements(view: str, opened: Opened, tmp_path: Path) -> None:
    asked = []
    for owners in (2, 12):
        url = f"sqlite:///{tmp_path / str(owners)}"
        with closing(open_store(url)) as store:
            for number in range(2 * owners):
                scan(store, number, audit("lumen", fault("a")), owner=f"orchard-{number % owners}")
        st.cache_data.clear()
        st.cache_resource.clear()
        with counted() as statements:
            sound(opened(view, url), VIEWS[view])
        asked.append(len([each for each in statements if each.startswith("SELECT")]))
    # What is kept for some seconds may be asked again meanwhile.
    assert abs(asked[1] - asked[0]) < 10


def test_code_owners_are_asked_and_their_teams_are_groups(opened: Opened) -> None:
    team = "@orchard-labs/team_a"
    assert " · ask \\@orchard-labs\\/team_a" in sound(opened("home", "many"), "Home")
    (table,) = tables(opened("repositories", "many", name="sorrel"))
    assert column(table, "Ask") == [team]
    card = sound(opened("repository", "many", repository="sorrel"), "Repository")
    assert f"Ask {team}, as CODEOWNERS says" in card
    other = sound(opened("repository", "many", repository="quince"), "Repository")
    assert "there is no CODEOWNERS" in other
    group = opened("home", "many", group=f"owners:{team}")
    assert "1 repository ·" in sound(group, "Home")


def test_a_group_of_the_file_has_a_contact_and_a_faulty_file_is_named(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "groups.toml"
    monkeypatch.setenv("RELEASE_AUDIT_GROUPS", str(file))
    file.write_text(
        '[[group]]\nname = "Fruit"\nrepositories = ["Orchard-Labs/*in*"]\ncontact = "#fruit"\n'
    )
    app = opened("repositories", "many", group="group:Fruit")
    text = sound(app, "Repositories")
    assert "1 repository." in text
    assert "quince" in text
    assert "Contact: \\#fruit" in text
    file.write_text('[[group]]\nname = "Fruit"\nrepositories = "orchard-labs/*"\n')
    st.cache_resource.clear()
    text = sound(opened("home", "many"), "Home")
    assert "The file of groups is left out." in text
    assert "$.group[0].repositories" in text


@pytest.mark.parametrize(
    ("period", "since"),
    {"7": "21 Sep", "last": "21 Sep", "30": "7 Sep", "2026-09-15": "14 Sep"}.items(),
)
def test_a_period_says_since_when_something_is_new(period: str, since: str, opened: Opened) -> None:
    app = opened("home", "many", period=period)
    text = sound(app, "Home")
    assert f"Since {since} 2026: " in text
    assert app.query_params["period"] == period


COMPARED = "two dates compared"


def test_two_dates_are_compared_down_to_repositories_and_packages(opened: Opened) -> None:
    app = opened("trends", "many", show=COMPARED, before="1", after="3")
    text = sound(app, "Trends")
    assert "Of the repositories, 2 rose." in text
    moved, packages = tables(app)[:2]
    assert column(moved, "Repository") == ["fennel", "quince"]
    assert set(column(moved, "Grade")) == {"D → A"}
    assert set(column(moved, "Cause")) == {"the repository changed"}
    assert column(packages, "Package") == ["fennel", "quince"]
    assert set(column(packages, "Status")) == {"▲ token → ● oidc"}
    assert {"show", "before", "after"} <= set(app.query_params)
    fell = opened("trends", "many", show=COMPARED, before="1", after="3", moved="fell")
    assert "No repository's score is different." in sound(fell, "Trends")


def test_the_comparison_begins_with_the_period_and_groups_stand_side_by_side(
    opened: Opened,
) -> None:
    app = opened("trends", "many", show=COMPARED, period="30")
    text = sound(app, "Trends")
    assert (app.query_params["before"], app.query_params["after"]) == ("1", "4")
    assert "topic python" in text


@pytest.mark.parametrize("period", ["last", "7", "30"])
def test_home_counts_what_moved_in_the_period_as_the_comparison_does(
    period: str, opened: Opened
) -> None:
    pattern = re.compile(r"\d+ new findings?, \d+ fixed(?:, \d+ [-a-z ]+)*")
    home = sound(opened("home", "many", period=period), "Home")
    compared = opened("trends", "many", show=COMPARED, period=period)
    said_there = pattern.search(sound(compared, "Trends"))
    assert said_there is not None
    assert f": {said_there[0]}." in home


def test_scans_of_all_owners_on_one_day_are_one_day_of_scans(
    opened: Opened, tmp_path: Path
) -> None:
    path = tmp_path / "day.sqlite"
    for owner in ("orchard-labs", "tinroof"):
        url = sample.write(path, owner, [sample.orchard(0)])
    assert "One day of scans so far: the next one shows" in sound(opened("home", url), "Home")
    assert "One day of scans so far, 7 Sep 2026:" in sound(opened("trends", url), "Trends")
    text = sound(opened("trends", url, show=COMPARED), "Trends")
    assert "There is one day of scans so far" in text
    one = opened("trends", url, owner="orchard-labs")
    assert "One scan so far, 7 Sep 2026:" in sound(one, "Trends")


def test_scans_of_a_clock_that_was_set_back_are_compared_in_their_order(
    opened: Opened, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'clock.sqlite'}"
    with closing(open_store(url)) as store:
        for number, letter in ((40, "a"), (3, "b"), (4, "c")):
            scan(store, number, audit("lumen", fault(letter)))
    app = opened("trends", url, show=COMPARED, after="2")
    assert "Repositories that moved" in sound(app, "Trends")
    assert (app.query_params["before"], app.query_params["after"]) == ("1", "2")


def test_one_scan_has_nothing_to_be_compared_with(opened: Opened) -> None:
    assert "There is one scan so far" in sound(opened("trends", "one", show=COMPARED), "Trends")


def test_a_scan_to_compare_that_is_not_here_is_named(opened: Opened) -> None:
    for name, words in (("before", "The earlier scan '99'"), ("after", "The scan '99'")):
        text = sound(opened("trends", "many", show=COMPARED, **{name: "99"}), "Trends")
        assert f"{words} is not here." in text
        assert "Repositories that moved" not in text


def test_time_to_fix_counts_what_is_still_open(opened: Opened) -> None:
    assert "Oldest open" in sound(opened("trends", "many", show="time to fix"), "Trends")


def test_an_unknown_period_or_group_is_named(opened: Opened) -> None:
    for name, sentence in (
        ("period", "The period 'ages' is not here."),
        ("group", "The group 'ages' is not here."),
    ):
        text = sound(opened("home", "many", **{name: "ages"}), "Home")
        assert sentence in text
        assert "scanned" not in text


def test_what_only_the_waiver_file_says_is_shown_where_there_is_one(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "waivers.toml"
    monkeypatch.setenv("RELEASE_AUDIT_WAIVERS", str(file))
    assert "cannot be read" in sound(opened("waivers", "many"), "Waivers")
    entry = (
        '[[waiver]]\nrepository = "orchard-labs/*"\ncheck = "{check}"\nresponsible = "me"\n'
        'reason = "soon"\nexpires = {day}\n'
    )
    file.write_text(
        entry.format(check="long-lived-token", day="2026-10-20")
        + entry.format(check="unpinned-action", day="2026-09-01")
        + entry.format(check="unpined-action", day="2026-10-20")
    )
    text = sound(opened("waivers", "many"), "Waivers")
    accepts_nothing = ("1", "long-lived-token", "orchard-labs/*", "every file", "me", "soon")
    assert "\n".join(("", *accepts_nothing, "2026-10-20", "")) in text
    assert "Expired entries" in text
    assert "\n7\nunpinned-action\norchard-labs/*\n" in text
    assert "did you mean 'unpinned-action'" in text


def test_what_could_not_be_read_comes_before_the_worst(opened: Opened) -> None:
    app = opened("repositories", "two")
    names = column(tables(app)[0], "Repository")
    assert names[0] == "broken"
    assert names.index("sorrel") < names.index("fennel") < names.index("notes")
