"""The report for a meeting: one file that opens offline, prints, and holds no foreign markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from playwright.sync_api import Browser, sync_playwright

from audits.model.rows import SharedCut
from audits.report.escape import element, html, link
from audits.report.groups import GroupProgress
from audits.report.meeting import OwnerReport, html_report, owner_report
from audits.report.news import news_of
from audits.store.open import open_store
from audits.store.store import Store
from audits.suppressions.waivers import Waivers
from tests.cli.runner import release_audit
from tests.dashboard.browser import FLAGS, chromium
from tests.dashboard.rows import HOSTILE
from tests.store.recorded import begin
from tests.store.samples import night

HEADINGS = (
    "Standing",
    "What changed, and why",
    "Who can publish",
    "Top five",
    "Incidents looked for",
    "Accepted risks",
    "What was not seen",
)


@pytest.fixture(scope="module")
def database(sample_file: Path) -> str:
    return str(sample_file)


@pytest.fixture(scope="module")
def store(database: str) -> Iterator[Store]:
    with closing(open_store(database, read_only=True)) as opened:
        yield opened


@pytest.fixture(scope="module")
def sample(store: Store) -> OwnerReport:
    owner = store.owners()[0]
    first = store.scans(owner)[-1].id
    return owner_report(store, news_of(store, owner, Waivers(today=date(2026, 10, 5)), since=first))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if not path:
        pytest.skip("no chromium on the path")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


class Tags(HTMLParser):
    """The elements of a page, and what its attributes load or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.active: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            if name in {"src", "srcset", "data", "action"} or name.startswith("on"):
                self.active.append(f"{tag} {name}")


def test_it_has_all_that_a_meeting_asks_for(sample: OwnerReport) -> None:
    page = html_report([sample])
    for heading in HEADINGS:
        assert f"<h2>{heading}</h2>" in page
    assert "the repository changed" in page
    assert "gatehouse" in page
    assert "<polyline" in page


def test_one_change_for_many_packages_is_the_one_of_the_news_with_its_places(
    sample: OwnerReport,
) -> None:
    pin = "pin `acme/tidy@v1` to a commit"
    package = replace(
        sample.packages[0], cut=pin, cut_path=".github/workflows/tidy.yml", cut_line=7
    )
    two = (replace(package, package="wick"), replace(package, package="lumen", repository="lumen"))
    cut = SharedCut(
        change=pin, packages=3, alone=2, repositories=2, level="third-party", leaves="one-writer"
    )
    report = replace(sample, packages=two, news=replace(sample.news, cuts=(cut,)))
    table = html_report([report]).partition("One change, many packages")[2].partition("</table>")[0]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", table)
    places = (
        f"{package.repository} .github/workflows/tidy.yml:7, lumen .github/workflows/tidy.yml:7"
    )
    assert cells == [pin, places, "3", "2", "third-party", "one-writer"]
    without = replace(report, news=replace(sample.news, cuts=()))
    assert "One change, many" not in html_report([without])


PROGRESS = GroupProgress(
    name=HOSTILE,
    contact=HOSTILE,
    repositories=2,
    publishing=1,
    points=41.0,
    before=None,
    anyone=1,
    grave=3,
    new=0,
    fixed=0,
)


def hostile(report: OwnerReport) -> OwnerReport:
    """The report with foreign text wherever text of others can stand."""
    news = report.news
    changes = news.changes
    rows = tuple(
        replace(row, message=HOSTILE, path=HOSTILE, check=HOSTILE, repository=row.repository)
        for row in changes.new
    )
    return replace(
        report,
        rows=tuple(replace(row, repository=HOSTILE) for row in report.rows),
        packages=tuple(replace(p, package=HOSTILE, cut=HOSTILE) for p in report.packages),
        news=replace(
            news,
            scan=replace(news.scan, owner=HOSTILE),
            group=HOSTILE,
            progress=(PROGRESS,),
            cuts=(
                SharedCut(
                    change=HOSTILE, packages=2, alone=2, repositories=1, level="anyone", leaves=""
                ),
            ),
            scores=tuple(
                replace(s, repository=HOSTILE, checks=(HOSTILE,), cause=HOSTILE)
                for s in news.scores
            ),
            changes=replace(
                changes, new=tuple(replace(r, repository=HOSTILE) for r in rows) or changes.new
            ),
            gaps=tuple(replace(g, detail=HOSTILE, repository=HOSTILE) for g in news.gaps),
        ),
    )


def test_foreign_text_is_text(sample: OwnerReport) -> None:
    quiet, loud = Tags(html_report([sample])), Tags(html_report([hostile(sample)]))
    assert "<img" not in html_report([hostile(sample)])
    assert set(loud.names) <= set(quiet.names)
    assert loud.active == quiet.active == []
    assert all(url.startswith("https://") for url in loud.links)
    assert "\u202e" not in html_report([hostile(sample)])


@given(st.text(), st.text())
def test_the_sink_lets_no_markup_through(text: str, value: str) -> None:
    made = Tags(str(element("p", text, title=value)))
    assert made.names == ["p"]
    assert "<" not in html(text)


def test_only_addresses_of_the_web_are_links() -> None:
    assert str(link("x", "javascript:alert(1)")) == "x"
    assert str(link("<x>", 'https://a.example/"')).startswith('<a href="https://a.example/&#34;"')


def test_it_opens_offline_and_prints(sample: OwnerReport, browser: Browser, tmp_path: Path) -> None:
    place = tmp_path / "report.html"
    place.write_text(html_report([hostile(sample), sample]), "utf-8")
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(place.as_uri())
    assert page.title().startswith("How safely")
    assert asked == [place.as_uri()]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert len(page.pdf(format="A4")) > 10_000
    place.write_text(html_report([sample]), "utf-8")
    page.goto(place.as_uri())
    found = Axe().run(page)
    grave = [
        v["id"] for v in found.response["violations"] if v["impact"] in {"serious", "critical"}
    ]
    assert grave == []
    page.close()


def test_the_command(database: str) -> None:
    where = ("--database", database)
    ran = release_audit("report", "--format", "html", "--since", "2026-06-30", *where)
    assert ran.code == 0
    assert ran.out.startswith("<!DOCTYPE html>")
    one = release_audit("report", "--repository", "orchard-sample/gatehouse", *where)
    assert one.code == 0
    assert one.out.startswith("# Make the releases of `gatehouse` safer\n")
    assert "- [ ] **" in one.out
    unknown = release_audit("report", "--repository", "orchard-sample/nothing", *where)
    assert unknown.code != 0
    assert "nothing" in unknown.err
    assert release_audit("report", "--repository", "gatehouse", *where).code == 2


def test_a_report_says_that_no_workflow_publishes_a_package(tmp_path: Path) -> None:
    text = "on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps: [{run: make}]\n"
    root = tmp_path / "orchard-labs" / "lumen"
    (root / ".github/workflows").mkdir(parents=True)
    (root / ".github/workflows/test.yml").write_text(text, "utf-8")
    (root / "package.json").write_text('{"name": "lumen"}', "utf-8")
    where = ("--database", str(tmp_path / "history.sqlite"))
    scan = ("scan", "--folder", str(root.parent), "--offline", "--no-engine", *where)
    assert release_audit(*scan).code == 0
    ran = release_audit("report", "--repository", "orchard-labs/lumen", *where)
    assert "- npm `lumen`: **no workflow publishes it to production**" in ran.out


GROUPS = """[[group]]
name = "Data team"
repositories = ["*/*tide*", "*/lumen"]
contact = "#data-releases"

[[group]]
name = "Nobody"
repositories = ["elsewhere/*"]
"""


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("groups") / "groups.toml"
    path.write_text(GROUPS, "utf-8")
    return str(path)


def test_a_report_shows_the_progress_of_each_group(database: str, groups: str) -> None:
    words = ("report", "--since", "2026-06-30", "--database", database, "--groups", groups)
    (document,) = json.loads(release_audit(*words, "--format", "json").out)
    (team,) = document["groups"]
    assert (team["group"], team["contact"]) == ("Data team", "#data-releases")
    (alone,) = json.loads(release_audit(*words, "--format", "json", "--group", "data team").out)
    assert alone["group"] == "Data team"
    assert team["new"] == alone["new"]["count"] == len(alone["new"]["findings"])
    assert alone["new"]["count"] < document["new"]["count"]
    assert team["fixed"] == alone["fixed"]["count"]
    mine = {row["repository"] for row in (*alone["new"]["findings"], *alone["scores"])}
    assert mine
    assert all("tide" in name or name == "lumen" for name in mine)
    for form in ("text", "markdown", "html"):
        whole, part = (
            release_audit(*words, "--format", form, *more).out
            for more in ((), ("--group", "Data team"))
        )
        assert form != "html" or "#data-releases" in whole
        assert "Data team" in whole
        assert "Data team" in part.partition("## New")[0]
        assert len(part) < len(whole)


def test_a_group_that_nobody_is_in_is_wrong_use(database: str, groups: str) -> None:
    words = ("report", "--database", database)
    ran = release_audit(*words, "--groups", groups, "--group", "Data teem")
    assert (ran.code, ran.out) == (2, "")
    assert "Choose one of Data team" in ran.err
    assert release_audit(*words, "--group", "Nobody").code == 2
    ran = release_audit(*words, "--groups", groups + ".none")
    assert ran.code == 2
    assert "cannot be read" in ran.err


def test_a_first_scan_is_one_line_an_owner(tmp_path: Path) -> None:
    path = str(tmp_path / "history.sqlite")
    with closing(open_store(path)) as made:
        for login in ("orchard-labs", "harbor-works"):
            made.finish_scan(begin(made, 0, owner=login), night(0))
    lines = release_audit("report", "--database", path).out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["harbor-works", "orchard-labs"]
    assert all(line.endswith("there is nothing to compare with") for line in lines)
    # No repository is in any group, with the file and without.
    words = ("report", "--database", path, "--group", "Nobody")
    file = tmp_path / "groups.toml"
    file.write_text('[[group]]\nname = "Nobody"\nrepositories = ["elsewhere/*"]\n')
    assert "Name the file of groups by --groups" in release_audit(*words).err
    given = release_audit(*words, "--groups", str(file)).err
    assert "Compare the names in the file of groups" in given


def test_the_title_names_the_first_of_many_owners(sample: OwnerReport) -> None:
    def page(number: int) -> str:
        owners = (replace(sample.news.scan, owner=f"owner-{each}") for each in range(number))
        return html_report(
            [replace(sample, news=replace(sample.news, scan=scan)) for scan in owners]
        )

    assert "<title>How safely owner-0 publishes</title>" in page(1)
    assert "<title>How safely owner-0 and owner-1 publish</title>" in page(2)
    many = "How safely owner-0, owner-1, owner-2 and 3 more owners publish"
    assert f"<title>{many}</title>" in page(6)


def test_a_single_package_and_repository_are_one(sample: OwnerReport) -> None:
    package = replace(sample.packages[0], level="third-party")
    row = next(row for row in sample.rows if row.publications)
    page = html_report([replace(sample, packages=(package,), rows=(row,))])
    assert "<b>1</b><span>package that a third party can publish</span>" in page
    assert "<b>1</b><span>of 1 repository publishes</span>" in page
