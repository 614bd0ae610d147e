"""Repositories view: heat map of areas with filters."""

from __future__ import annotations

import streamlit as st
from msgspec.structs import replace

from audits.model.query import RepositoryFilter
from dashboard import data
from dashboard.frames import tables
from dashboard.frames.cells import visible
from dashboard.frames.heat import heat
from dashboard.parts import address, page
from dashboard.parts.tables import download_rows, paged, shown, table
from dashboard.scope import ScanScope
from dashboard.theme import AREAS, GRADES, LADDER

PAGE = 100
SORTS = {
    "worst first": "worst",
    "best first": "-points",
    "least coverage first": "coverage",
    "most open findings first": "-open",
    "by name": "repository",
    "last changed first": "-changed",
}
MORE = ("area", "ladder", "registry", "topic", "coverage", "show")
PUBLISHING = {"all": None, "publishing": True, "publishing nothing": False}
COLUMNS = (
    "repository",
    "grade",
    "points",
    "coverage",
    *tables.AREA_COLUMNS,
    "high or worse",
    "open",
    "ladder",
    "registries",
    "ask",
    "gaps",
    "changed",
)
FIRM = 75.0
"""The points from which an area is a B."""


def _filters(scope: ScanScope) -> tuple[RepositoryFilter, str]:
    """The boxes above the table, each a parameter of the address; and the order."""
    words = data.words(scope)
    address.tell_unknown(
        grade=GRADES,
        order=SORTS,
        area=("any", *AREAS),
        ladder=LADDER,
        registry=words["registries"],
        topic=(*words["topics"], *map(visible, words["topics"])),
        show=PUBLISHING,
    )
    first, second, third = page.filters()
    text = address.text("Name contains", "name", where=first)
    grades = address.select_many("Grade", "grade", GRADES, where=second)
    order = address.select("Order", "order", list(SORTS), where=third)
    found = _more_filters(scope)
    return replace(found, text=text, grades=grades), SORTS[order]


def _is_filtered() -> bool:
    return any(st.query_params.get(name) for name in MORE)


def _more_filters(scope: ScanScope) -> RepositoryFilter:
    words = data.words(scope)
    with st.expander("More filters", expanded=_is_filtered()):
        left, middle, right = st.columns(3)
        area = address.select("Area under 75 points", "area", ["any", *AREAS], where=left)
        ladder = address.select_many("Ladder", "ladder", LADDER, where=middle)
        registry = address.select_many("Registry", "registry", words["registries"], where=right)
        topic = address.select_many(
            "Topic", "topic", words["topics"], where=left, format_func=visible
        )
        least = address.number(
            "Coverage under, %", "coverage", 1, 101, where=middle, step=5, help="101 shows all."
        )
        kind = address.select("Show", "show", list(PUBLISHING), where=right)
    return RepositoryFilter(
        area="" if area == "any" else area,
        below=None if area == "any" else FIRM,
        ladders=ladder,
        registries=registry,
        topics=topic,
        coverage_below=None if least > 100 else least / 100,
        publishing=PUBLISHING[kind],
    )


def _heat(scope: ScanScope, filters: RepositoryFilter, order: str) -> None:
    total = data.count_repositories(scope, filters)
    if not total:
        page.empty("No repository matches these filters. Take one away to see more.")
        return
    start = paged(total, PAGE)
    rows = data.repositories(scope, filters, order, start, PAGE)
    page.note(f"{shown(total, start, len(rows), 'repository', 'repositories')}.")
    table(
        tables.repositories(rows),
        name="repositories",
        styled=heat,
        order=COLUMNS,
        config={"coverage": st.column_config.NumberColumn("Coverage", format="%d %%")},
        alt="Heat map of repositories: points of each area, 0 to 100",
        nothing="",
        download=False,
    )
    download_rows(scope, "repositories", filters, total)


SCOPE = page.opening(
    "Repositories",
    "Points of each area, 0 to 100: blue is good, orange and red are bad.",
)
_heat(SCOPE, *_filters(SCOPE))
