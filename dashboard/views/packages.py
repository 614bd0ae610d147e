"""Packages view: each package's rung, who can publish it, its workflow, and its evidence."""

from __future__ import annotations

import streamlit as st
from msgspec.structs import replace

from audits.model.query import ExposureMove, PackageFilter, PublicationFilter
from dashboard import data
from dashboard.charts import bars
from dashboard.frames import tables
from dashboard.frames.exposure import MEANING, shared_cuts, without_level
from dashboard.parts import address, page
from dashboard.parts.bar_links import bars_of
from dashboard.parts.tables import download_rows, paged, shown, table
from dashboard.scope import ScanScope
from dashboard.theme import LADDER, LADDER_MEANING

PAGE = 200
BECAME = {
    "any": "any",
    ExposureMove.OPENED.value: "opened to anyone",
    ExposureMove.CLOSED.value: "closed to anyone",
}
COLUMNS = (
    "package",
    "registry",
    "repository",
    "state",
    "who can publish",
    "cut",
    "why",
    "writers",
    "workflow",
    "environment",
    "last release",
    "released",
    "before",
    "attested",
    "event",
    "asked",
)


def _filters(scope: ScanScope) -> PackageFilter:
    registries = data.package_registries(scope)
    address.tell_unknown(ladder=LADDER, exposure=MEANING, registry=registries)
    earlier = data.then(scope)
    first, second, third, *fourth = page.filters(3 if earlier is None else 4)
    found = PackageFilter(
        states=address.select_many("Trusted-publisher status", "ladder", LADDER, where=first),
        levels=address.select_many("Who can publish", "exposure", list(MEANING), where=second),
        registries=address.select_many("Registry", "registry", registries, where=third),
    )
    if earlier is None:
        address.tell_unknown(became=BECAME)
        return found
    became = address.select(
        "In the period", "became", list(BECAME), where=fourth[0], format_func=BECAME.__getitem__
    )
    moved = None if became == "any" else ExposureMove(became)
    return replace(found, moved=moved, since=None if moved is None else earlier.scan)


def _packages(scope: ScanScope, found: PackageFilter) -> None:
    total = data.count_packages(scope, found)
    start = paged(total, PAGE)
    rows = data.packages(scope, "", found, start, PAGE)
    page.note(f"{shown(total, start, len(rows), 'package')}, worst first.")
    table(
        tables.packages(rows),
        name="packages",
        height=440,
        alt="Packages with status, who can publish, repository, workflow and evidence",
        nothing="No package matches. Take a filter away to see more.",
        order=COLUMNS,
        config={"package": st.column_config.TextColumn("Package", pinned=True)},
        download=False,
    )
    if total:
        download_rows(scope, "packages", found, total)


def _cuts(scope: ScanScope, found: PackageFilter) -> None:
    """The changes that several packages need."""
    page.section("One change, many packages", "What closes the paths of several packages.")
    table(
        shared_cuts(data.shared_cuts(scope, found)),
        name="shared-cuts",
        height=240,
        alt="Changes with the number of packages whose paths they close",
        nothing="No two packages need the same change.",
    )


def _distributions(scope: ScanScope) -> None:
    now = data.trend(scope)[-1]
    left, right = st.columns(2, gap="large")
    with left:
        page.section("Trusted-publisher ladder", "Packages, from proven to token")
        if any(now.ladders.values()):
            bars_of(
                "ladder",
                bars.ladder(now.ladders, page.ink()),
                key="rungs",
                alt="Packages by trusted-publisher status",
            )
        else:
            page.empty("No package was found.")
        with st.expander("Glossary"):
            st.markdown("\n".join(f"- **{word}**: {said}" for word, said in LADDER_MEANING.items()))
    with right:
        page.section("Who can publish", page.BY_LEVEL)
        if any(now.levels.values()):
            bars_of(
                "exposure",
                bars.levels(now.levels, page.ink()),
                key="levels",
                alt="Packages by who can publish",
            )
            if beside := without_level(now):
                page.note(beside)
        else:
            page.empty("No package was found.")
        with st.expander("Levels"):
            st.markdown("\n".join(f"- **{word}**: {said}" for word, said in MEANING.items()))


def _publications(scope: ScanScope, registries: tuple[str, ...]) -> None:
    page.section("Publications", "Every upload with its credential, as the workflows declare it.")
    uploads = PublicationFilter(registries=registries)
    total = data.count_publications(scope, uploads)
    start = paged(total, PAGE, key="uploads")
    rows = data.publications(scope, "", uploads, start, PAGE)
    page.note(f"{shown(total, start, len(rows), 'publication')}.")
    table(
        tables.publications(rows),
        name="publications",
        height=380,
        alt="Publications: package, registry, credential, environment, workflow",
        nothing="No workflow publishes anything." if not registries else "None matches.",
        download=False,
    )
    if total:
        download_rows(scope, "publications", uploads, total)


SCOPE = page.opening(
    "Packages",
    "Package, repository, workflow, environment, who can publish it, and the evidence as the "
    "index serves it.",
)
FOUND = _filters(SCOPE)
_packages(SCOPE, FOUND)
_cuts(SCOPE, FOUND)
_distributions(SCOPE)
_publications(SCOPE, FOUND.registries)
