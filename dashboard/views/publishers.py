"""Publishers view: packages with repository, workflow, environment and evidence."""

from __future__ import annotations

import streamlit as st

from audits.report.words import count
from dashboard import data
from dashboard.charts import bars
from dashboard.frames import tables
from dashboard.parts import page
from dashboard.parts.tables import table
from dashboard.theme import LADDER, LADDER_MEANING

SCOPE = page.opening(
    "Publishers",
    "Package, repository, workflow, environment, and the evidence as served by the index, which "
    "verified it at upload.",
)
ROWS = data.packages(SCOPE)
COUNTS = data.trend(SCOPE)[-1].ladders

LEFT, RIGHT = st.columns([3, 2], gap="large")
with LEFT:
    page.section("The ladder", "Packages by trusted-publisher status")
    if ROWS:
        st.altair_chart(bars.ladder(COUNTS, page.ink()), alt="Packages by trusted-publisher status")
    else:
        page.empty("No package was found.")
with RIGHT, st.expander("Glossary", expanded=True):
    st.markdown("\n".join(f"- **{word}**: {said}" for word, said in LADDER_MEANING.items()))

FIRST, SECOND = st.columns(2)
STATES = FIRST.multiselect("Status", LADDER, key="ladder", bind="query-params")
REGISTRIES = SECOND.multiselect(
    "Registry", sorted({row.registry for row in ROWS}), key="registry", bind="query-params"
)
SHOWN = [
    row
    for row in ROWS
    if (not STATES or row.state in STATES) and (not REGISTRIES or row.registry in REGISTRIES)
]
page.note(f"{count(len(SHOWN), 'package')} shown.")
table(
    tables.packages(SHOWN),
    name="publishers",
    height=440,
    alt="Packages with repository, workflow, environment and evidence",
    nothing="No package matches. Take a filter away to see more.",
)

page.section("Publications", "Every upload with its credential, as the workflows declare it.")
table(
    tables.publications(data.publications(SCOPE)),
    name="publications",
    height=380,
    alt="Publications: package, registry, credential, environment, workflow",
    nothing="No workflow publishes anything.",
)
