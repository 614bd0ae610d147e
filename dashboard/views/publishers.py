"""Publishers view: packages with repository, workflow, environment and evidence."""

from __future__ import annotations

import streamlit as st

from audits.model.query import PackageFilter, PublicationFilter
from dashboard import data
from dashboard.charts import bars
from dashboard.frames import tables
from dashboard.parts import address, page
from dashboard.parts.tables import download_rows, paged, shown, table
from dashboard.theme import LADDER, LADDER_MEANING

SCOPE = page.opening(
    "Publishers",
    "Package, repository, workflow, environment, and the evidence as served by the index, which "
    "verified it at upload.",
)
COUNTS = data.trend(SCOPE)[-1].ladders
PAGE = 200

LEFT, RIGHT = st.columns([3, 2], gap="large")
with LEFT:
    page.section("The ladder", "Packages by trusted-publisher status")
    if any(COUNTS.values()):
        st.altair_chart(bars.ladder(COUNTS, page.ink()), alt="Packages by trusted-publisher status")
    else:
        page.empty("No package was found.")
with RIGHT, st.expander("Glossary", expanded=True):
    st.markdown("\n".join(f"- **{word}**: {said}" for word, said in LADDER_MEANING.items()))

address.tell_unknown(ladder=LADDER, registry=data.package_registries(SCOPE))
FIRST, SECOND = st.columns(2)
FOUND = PackageFilter(
    states=address.select_many("Status", "ladder", LADDER, where=FIRST),
    registries=address.select_many(
        "Registry", "registry", data.package_registries(SCOPE), where=SECOND
    ),
)
TOTAL = data.count_packages(SCOPE, FOUND)
START = paged(TOTAL, PAGE)
ROWS = data.packages(SCOPE, "", FOUND, START, PAGE)
page.note(f"{shown(TOTAL, START, len(ROWS), 'package')}.")
table(
    tables.packages(ROWS),
    name="publishers",
    height=440,
    alt="Packages with repository, workflow, environment and evidence",
    nothing="No package matches. Take a filter away to see more.",
    download=False,
)
if TOTAL:
    download_rows(SCOPE, "publishers", FOUND, TOTAL)

page.section("Publications", "Every upload with its credential, as the workflows declare it.")
UPLOADS = PublicationFilter(registries=FOUND.registries)
UPLOADED = data.count_publications(SCOPE, UPLOADS)
FROM = paged(UPLOADED, PAGE, key="uploads")
SHOWN = data.publications(SCOPE, "", UPLOADS, FROM, PAGE)
page.note(f"{shown(UPLOADED, FROM, len(SHOWN), 'publication')}.")
table(
    tables.publications(SHOWN),
    name="publications",
    height=380,
    alt="Publications: package, registry, credential, environment, workflow",
    nothing="No workflow publishes anything." if not FOUND.registries else "None matches.",
    download=False,
)
if UPLOADED:
    download_rows(SCOPE, "publications", UPLOADS, UPLOADED)
