"""The real dashboard in a real browser: journeys, the address bar, and hostile names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.cli.runner import release_audit
from tests.dashboard.browser import FLAGS, VIEWS, chromium, path_of, served
from tests.dashboard.screenshots import settle
from tests.patience import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if not path:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: the browser journeys were not tried")
        pytest.skip("NO CHROMIUM ON THIS MACHINE: the browser journeys are not tried")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def address(databases: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(databases["many"], tmp_path_factory.mktemp("served")) as url:
        yield url


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """One profile, so that the browser loads and compiles Streamlit's scripts once."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    made.set_default_timeout(PATIENCE * 1000)
    yield made
    made.close()


@pytest.fixture(scope="module")
def lenient_profile(browser: Browser) -> Iterator[BrowserContext]:
    """One whose pages may be given scripts, as axe is one."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    made.set_default_timeout(PATIENCE * 1000)
    yield made
    made.close()


def _left_as_found(profile: BrowserContext) -> Iterator[BrowserContext]:
    yield profile
    profile.clear_cookies()
    for page in profile.pages:
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear()")
        page.close()


@pytest.fixture
def context(profile: BrowserContext) -> Iterator[BrowserContext]:
    """A browser without pages, which keeps nothing of the test before."""
    yield from _left_as_found(profile)


@pytest.fixture
def lenient(lenient_profile: BrowserContext) -> Iterator[BrowserContext]:
    """The same for pages that are given scripts."""
    yield from _left_as_found(lenient_profile)


def heading(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    drawn(page)


def drawn(page: Page) -> None:
    """Wait until the page is drawn to its end: before, what a click opens may be replaced."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")


def watched(page: Page) -> list[str]:
    """The addresses that a page asks of anybody but this machine."""
    asked: list[str] = []
    page.on(
        "request",
        lambda request: (
            asked.append(request.url)
            if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:"))
            else None
        ),
    )
    return asked


def hosts(page: Page) -> set[str | None]:
    """The hosts that links, images and forms of a page lead to."""
    found = page.locator("[href], [src], [action]").evaluate_all(
        "all => all.flatMap(e => [e.href, e.src, e.action].filter(u => typeof u === 'string'))"
    )
    return {urlsplit(url).hostname for url in found}


def test_three_tabs_at_once(context: BrowserContext, address: str) -> None:
    pages = [context.new_page() for _ in range(3)]
    views = ("home", "repositories", "findings")
    for page, view in zip(pages, views, strict=True):
        page.goto(address + path_of(view), wait_until="commit")
    for page, view in zip(pages, views, strict=True):
        heading(page, VIEWS[view])
        expect(page.get_by_text("6 repositories").first).to_be_visible()
        expect(page.get_by_text("did not answer")).to_have_count(0)


def test_a_filter_is_in_the_address_and_the_address_opens_it_again(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/repositories")
    heading(page, "Repositories")
    box = page.get_by_label("Name contains")
    box.fill("pit")
    box.press("Enter")
    expect(page.get_by_text("1 repository.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"[?&]name=pit"))
    second = context.new_page()
    second.goto(page.url)
    expect(second.get_by_text("1 repository.")).to_be_visible()
    expect(second.get_by_label("Name contains")).to_have_value("pit")


def test_back_returns_to_the_same_repository_and_to_the_same_filter(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/repository?repository=quince")
    chosen = page.get_by_role("combobox", name="Repository")
    expect(chosen).to_have_value("quince")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Method", exact=True).click()
    heading(page, "Method")
    page.go_back()
    heading(page, "Repository")
    expect(chosen).to_have_value("quince")
    page.goto(f"{address}/findings?severity=high")
    expect(page.get_by_text("Choose rows to read")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Reports", exact=True).click()
    heading(page, "Reports")
    page.go_back()
    heading(page, "Findings")
    expect(page).to_have_url(re.compile("severity=high"))
    expect(page.get_by_test_id("stMain").get_by_text("high", exact=True).first).to_be_visible()


def test_a_deep_link_opens_one_repository_at_one_tab_as_of_one_scan(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/repository?repository=quince&tab=Release&scan=1")
    heading(page, "Repository")
    expect(page.get_by_role("tab", name="Release")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("Last seen 7 Sep 2026")).to_be_visible()
    drawing = page.locator("[data-testid=stVegaLiteChart]").last
    expect(drawing).to_contain_text("with a stored token")
    expect(page).to_have_url(re.compile("owner="))
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_monday_review_needs_no_click_and_no_scroll(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{address}/?scan=2")
    heading(page, "Home")
    settle(page)
    main = page.get_by_test_id("stMain")
    for words in (
        "orchard-labs stands at",
        "of 100 points, up",
        "5 repositories publish packages, of 6 scanned",
        "Since 7 Sep 2026:",
        "Critical · ▲ high",
        "Packages on tokens",
        "No score fell, and nothing opened to anyone.",
        "Do next",
    ):
        expect(main.get_by_text(words).first).to_be_in_viewport()
    fix = main.get_by_role("link", name="Fix").first
    expect(fix).to_be_in_viewport()
    fix.click()
    heading(page, "Findings")
    expect(page).to_have_url(re.compile("scan=2&check=[a-z-]+&repository=pith"))
    expect(page.get_by_text("Choose rows to read them")).to_be_visible()


def test_an_incident_over_all_owners_is_a_file_after_three_steps(
    context: BrowserContext, databases: dict[str, str], tmp_path: Path
) -> None:
    import pandas as pd

    with served(databases["two"], tmp_path) as url:
        page = context.new_page()
        page.goto(url)
        heading(page, "Home")
        page.get_by_test_id("stSidebar").get_by_role("link", name="Incident", exact=True).click()
        heading(page, "Incident")
        box = page.get_by_label("Name", exact=True)
        box.fill("actions/checkout@v4")
        box.press("Enter")
        verdict = page.get_by_text("actions/checkout v4: 3 jobs in 3 of 8 repositories of 2 owners")
        expect(verdict).to_be_visible()
        with page.expect_download() as downloading:
            page.get_by_role("button", name="Download 3 rows as CSV").click()
        downloading.value.save_as(tmp_path / "incident.csv")
        frame = pd.read_csv(tmp_path / "incident.csv")
        assert sorted(frame["repository"]) == ["pith", "quince", "sorrel"]
        assert set(frame["secrets"]) == {"pypi_token"}
        shared = context.new_page()
        shared.goto(page.url)
        expect(shared.get_by_text("actions/checkout v4: 3 jobs in 3 of 8")).to_be_visible()


def test_a_name_in_a_table_and_a_bar_open_in_the_same_tab_and_back_returns(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/repositories?order=by+name&scan=2")
    heading(page, "Repositories")
    settle(page)
    page.get_by_role("table").get_by_role("link", name="lumen", exact=True).click()
    heading(page, "Repository")
    expect(page.get_by_role("combobox", name="Repository")).to_have_value("lumen")
    expect(page.get_by_text("Last seen 14 Sep 2026")).to_be_visible()
    expect(page).to_have_url(re.compile("repository=lumen"))
    expect(page).to_have_url(re.compile("scan=2"))
    page.go_back()
    heading(page, "Repositories")
    expect(page).to_have_url(re.compile("order=by"))
    page.goto(address)
    heading(page, "Home")
    settle(page)
    groups = page.get_by_role("table", name=re.compile("^Groups with grade"))
    groups.get_by_role("link", name="topic python").click()
    expect(page.get_by_text("topic python of orchard-labs stands at")).to_be_visible()
    expect(page).to_have_url(re.compile("group=topic%3Apython"))
    page.go_back()
    expect(page.get_by_text(re.compile("^orchard-labs stands at"))).to_be_visible()
    settle(page)
    rungs = page.get_by_test_id("stVegaLiteChart").filter(has_text="token").first
    rungs.locator("path[aria-roledescription=bar]").last.click()
    heading(page, "Packages")
    expect(page).to_have_url(re.compile("ladder="))
    page.go_back()
    heading(page, "Home")
    assert len(context.pages) == 1


def test_a_click_on_a_scan_compares_it_and_back_reload_and_a_link_show_the_same(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/trends")
    heading(page, "Trends")
    settle(page)
    chart = page.get_by_test_id("stVegaLiteChart").first
    scans = chart.locator("path[aria-roledescription=point][opacity='0']")
    places = {round(box["x"]) for dot in scans.all() if (box := dot.bounding_box())}
    assert len(places) > 2, "all scans stand at one place of the axis"
    scans.last.click()
    expect(page.get_by_text("Repositories that moved")).to_be_visible()
    expect(page).to_have_url(re.compile("before=3&after=4"))
    page.get_by_role("combobox", name="Before").click()
    page.get_by_role("option", name="7 Sep 2026").click()
    expect(page.get_by_text("Of the repositories, 2 rose.")).to_be_visible()
    expect(page).to_have_url(re.compile("before=1&after=4"))
    shared = context.new_page()
    shared.goto(page.url)
    expect(shared.get_by_text("Of the repositories, 2 rose.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Of the repositories, 2 rose.")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Method", exact=True).click()
    heading(page, "Method")
    page.go_back()
    expect(page.get_by_text("Of the repositories, 2 rose.")).to_be_visible()


def test_a_print_has_whole_tables_and_no_sidebar(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.goto(f"{address}/findings")
    heading(page, "Findings")
    settle(page)
    paper = page.locator(".on-paper tbody tr")
    expect(paper.first).to_be_hidden()
    listed = page.get_by_text(re.compile(r"^\d+ findings\. Choose")).inner_text()
    page.emulate_media(media="print")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_test_id("stDataFrame").first).to_be_hidden()
    expect(paper).to_have_count(int(listed.split()[0]))
    expect(paper.last).to_be_visible()
    assert len(page.pdf(prefer_css_page_size=True)) > 10_000


def test_a_maintainer_pastes_a_workflow(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.goto(f"{address}/self-check")
    heading(page, "Self-check")
    page.get_by_label("Workflow", exact=True).fill(
        "on: push\njobs:\n  out:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/checkout@v4\n      - run: twine upload dist/*\n"
        "        env:\n          TWINE_PASSWORD: ${{ secrets.PYPI }}\n"
    )
    page.get_by_role("button", name="Check it").click()
    expect(
        page.get_by_text("▲ high · Release is uploaded with a stored token").first
    ).to_be_visible()
    expect(page.get_by_text("The release, drawn")).to_be_visible()


def test_what_is_filtered_is_downloaded_as_the_rows_that_the_export_has(
    context: BrowserContext, address: str, databases: dict[str, str], tmp_path: Path
) -> None:
    import pandas as pd

    page = context.new_page()
    page.goto(f"{address}/findings?severity=high&check=unpinned-action")
    heading(page, "Findings")
    with page.expect_download() as downloading:
        page.get_by_role("button", name=re.compile(r"Download all \d+ rows as CSV")).click()
    assert downloading.value.suggested_filename == "findings.csv"
    target = tmp_path / "filtered.csv"
    downloading.value.save_as(target)
    shown = pd.read_csv(target)
    assert release_audit("export", str(tmp_path), "--database", databases["many"]).code == 0
    whole = pd.read_csv(tmp_path / "findings.csv")
    wanted = whole[(whole["severity"] == "high") & (whole["check"] == "unpinned-action")]
    assert len(shown) == len(wanted) > 3
    assert set(map(str, shown.to_dict("records"))) == set(map(str, wanted.to_dict("records")))


def test_from_a_grade_to_why_to_the_patch_to_the_link_to_a_waiver_for_the_line(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/repositories")
    heading(page, "Repositories")
    page.get_by_role("table").get_by_role("link", name="pith", exact=True).click()
    heading(page, "Repository")
    expect(page.get_by_text(re.compile("^The score is capped at"))).to_be_visible()
    page.get_by_role("button", name="Why it matters and how to fix it").first.click()
    expect(page.get_by_role("heading", name="Why it matters").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_text("Show all safe edits as one patch").click()
    expect(page.get_by_text(re.compile("Apply it by git apply"))).to_be_visible()
    expect(page.get_by_text("+++ b/.github/dependabot.yml").first).to_be_visible()
    line = page.get_by_role("link", name="The line on GitHub").first
    expect(line).to_have_attribute(
        "href", re.compile(r"^https://github\.com/.*/blob/c0ffee.*#L\d+")
    )
    page.get_by_role("link", name="This finding's own page").first.click()
    heading(page, "Findings")
    expect(page).to_have_url(re.compile("finding=[0-9a-f]+"))
    page.get_by_role("tab", name="As waivers").click()
    waiver = page.get_by_test_id("stCode").filter(has_text="[[waiver]]")
    expect(waiver).to_contain_text('path = ".github/workflows/release.yml"')
    page.go_back()
    heading(page, "Repository")
    expect(page.get_by_role("combobox", name="Repository")).to_have_value("pith")


def test_the_server_sends_its_headers_and_knows_its_hosts(address: str) -> None:
    import requests

    answer = requests.get(address, timeout=PATIENCE)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    socket = requests.get(
        f"{address}/_stcore/stream",
        timeout=PATIENCE,
        headers={
            "Host": "evil.example",
            "Origin": "http://evil.example",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
    )
    assert socket.status_code == 403


def walk(page: Page) -> Iterator[str]:
    """Go from view to view by the navigation, as a person does."""
    links = page.get_by_test_id("stSidebar")
    start = page.url
    for view, title in VIEWS.items():
        if view == "repository":  # it has no link of its own: names in lists lead there
            page.goto(urljoin(start, "/repository"))
        else:
            links.get_by_role("link", name=title, exact=True).click()
        heading(page, title)
        settle(page)
        yield view


def faults_of(page: Page, view: str, *, only: tuple[str, ...] = ()) -> set[tuple[str, str, str]]:
    """What axe finds: (view, rule, element); with ``only`` by these rules alone."""
    # Streamlit gives its own upload box a role that does not go with its label.
    rules = {"presentation-role-conflict": {"enabled": view != "self-check"}}
    asked = {"runOnly": list(only)} if only else {"rules": rules}
    # What passes is not written out, which takes longer than all the rules.
    found = Axe().run(page, options={**asked, "resultTypes": ["violations"]})
    return {
        (view, fault["id"], node["html"][:200])
        for fault in found.response["violations"]
        for node in fault["nodes"]
    }


def faults_in_the_dark(page: Page, view: str) -> set[tuple[str, str, str]]:
    """What axe finds of colours once the viewer's system has become dark."""
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(16, 22, 29)")
    settle(page)
    found = faults_of(page, f"{view} in the dark", only=("color-contrast",))
    page.emulate_media(color_scheme="light")
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(255, 255, 255)")
    return found


def test_axe_reports_each_fault(context: BrowserContext) -> None:
    page = context.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img id=a><img id=b></main>")
    images = {f'<img id="{name}">' for name in "ab"}
    assert {(rule, html) for _, rule, html in faults_of(page, "")} == {
        ("image-alt", image) for image in images
    }


def test_axe_finds_nothing_and_no_view_calls_out(lenient: BrowserContext, address: str) -> None:
    page = lenient.new_page()
    asked = watched(page)
    page.goto(address)
    faults = {
        fault
        for view in walk(page)
        for fault in (*faults_of(page, view), *faults_in_the_dark(page, view))
    }
    assert not faults, faults
    assert asked == []


def test_a_narrow_screen_does_not_scroll_sideways_and_axe_finds_nothing_there(
    lenient: BrowserContext, address: str
) -> None:
    page = lenient.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    for view in ("home", "repositories", "repository"):
        page.goto(address + path_of(view))
        heading(page, VIEWS[view])
        settle(page)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1, view
        assert not faults_of(page, view)


def test_a_hostile_organization_renders_inert(
    lenient: BrowserContext, databases: dict[str, str], tmp_path: Path
) -> None:
    bad = {"evil.example", "www.evil.example"}
    with served(databases["hostile"], tmp_path) as url:
        page = lenient.new_page()
        asked = watched(page)
        page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
        page.goto(url)
        for view in walk(page):
            assert not hosts(page) & bad, view
            for tab in page.get_by_role("tab").all() if view == "repository" else ():
                tab.click()
                settle(page)
                assert not hosts(page) & bad, tab.inner_text()
        assert asked == []
