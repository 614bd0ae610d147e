"""Repositories view: heat map of areas with filters."""

from __future__ import annotations

import streamlit as st
from msgspec.structs import replace

from audits.model.query import RepositoryFilter
from audits.report.words import count
from dashboard import data
from dashboard.frames import tables
from dashboard.frames.cells import visible
from dashboard.frames.heat import heat_map
from dashboard.parts import page
from dashboard.parts.tables import choose, download_csv
from dashboard.scope import Scope
from dashboard.theme import AREAS, GRADES, LADDER

PAGE = 100
SORTS = {
    "worst first": "points",
    "best first": "-points",
    "least coverage first": "coverage",
    "most open findings first": "-open",
    "by name": "repository",
    "last changed first": "-changed",
}
PUBLISHING = {"all": None, "publishing": True, "publishing nothing": False}
FIRM = 75.0
"""Under so many points, an area is no longer a B."""


def _filters(scope: Scope) -> tuple[RepositoryFilter, str]:
    """The boxes above the table, each a parameter of the address; and the order."""
    first, second, third = st.columns(3)
    text = first.text_input("Name contains", key="name", bind="query-params", max_chars=100)
    grades = second.multiselect("Grade", GRADES, key="grade", bind="query-params")
    order = third.selectbox("Order", list(SORTS), key="order", bind="query-params")
    found = _more_filters(scope)
    return replace(found, text=text or "", grades=tuple(grades)), SORTS[order]


def _more_filters(scope: Scope) -> RepositoryFilter:
    words = data.words(scope)
    with st.expander("More filters", key="more", bind="query-params", on_change="rerun"):
        left, middle, right = st.columns(3)
        area = left.selectbox(
            "Area under 75 points", ["any", *AREAS], key="area", bind="query-params"
        )
        ladder = middle.multiselect("Ladder", LADDER, key="ladder", bind="query-params")
        registry = right.multiselect(
            "Registry", words["registries"], key="registry", bind="query-params"
        )
        topic = left.multiselect(
            "Topic", words["topics"], key="topic", bind="query-params", format_func=visible
        )
        least = middle.number_input(
            "Coverage under, %",
            1,
            101,
            101,
            step=5,
            key="coverage",
            bind="query-params",
            help="101 shows all.",
        )
        kind = right.selectbox("Show", list(PUBLISHING), key="show", bind="query-params")
    return RepositoryFilter(
        area="" if area == "any" else area,
        below=None if area == "any" else FIRM,
        ladders=tuple(ladder),
        registries=tuple(registry),
        topics=tuple(topic),
        coverage_below=None if least > 100 else least / 100,
        publishing=PUBLISHING[kind],
    )


def _heat(scope: Scope, filters: RepositoryFilter, order: str) -> None:
    total = data.count_repositories(scope, filters)
    if not total:
        page.empty("No repository matches these filters. Take one away to see more.")
        return
    pages = -(-total // PAGE)
    number = 1
    if pages > 1:
        number = st.pagination(pages, key="page", bind="query-params")
    rows = data.repositories(scope, filters, order, (number - 1) * PAGE, PAGE)
    frame = tables.repositories(rows)
    first = (number - 1) * PAGE + 1
    page.note(
        f"{count(total, 'repository', 'repositories')}, lines {first:,} to "
        f"{first + len(rows) - 1:,}. Choose a line to open the repository."
    )
    chosen = choose(
        frame, key="heat", styled=heat_map(frame), height=720,
        order=["repository", "grade", "points", "coverage", *tables.AREA_COLUMNS, "high or worse",
               "open", "ladder", "registries", "gaps", "changed"],
        config={"coverage": st.column_config.ProgressColumn(
            "Coverage", min_value=0, max_value=100, format="%d %%", width="small")},
        alt="Heat map of repositories: points of each area, 0 to 100",
    )  # fmt: skip
    if chosen:
        page.open_repository(rows[chosen[0]].repository)
    download_csv(frame, "repositories", "Download this page as CSV")


SCOPE = page.opening(
    "Repositories",
    "Points of each area, 0 to 100: blue is good, orange and red are bad.",
)
_heat(SCOPE, *_filters(SCOPE))
