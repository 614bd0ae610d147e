"""Reports view: tables as CSV with their columns, and SARIF of one repository."""

from __future__ import annotations

from functools import partial

import streamlit as st

from audits.report.export import TABLES
from audits.report.phrases import count
from dashboard import data
from dashboard.frames.cells import visible
from dashboard.frames.reports import dictionary
from dashboard.parts import address, page
from dashboard.parts.tables import table

SCOPE = page.opening(
    "Reports", "The tables of `release-audit export`, each with the meaning of its columns."
)
page.note(
    "UTF-8, one record a line. A cell that a spreadsheet would run gets a leading apostrophe; "
    "take the first apostrophe off such a cell to have it unaltered."
)
for report in TABLES:
    with st.container(
        key=f"card {report.name}", border=True, horizontal=True, vertical_alignment="center"
    ):
        with st.container(gap=None):
            st.header(f"{report.name}.csv", anchor=False)
            page.note(report.description)
        with st.popover(count(len(report.columns), "column"), width=160):
            table(
                dictionary(report),
                name=f"{report.name} columns",
                download=False,
                alt=f"Columns of {report.name}.csv and their meaning",
                nothing="No column.",
            )
        st.download_button(
            "Download CSV",
            data=partial(data.report, SCOPE, report.name),
            file_name=f"{report.name}.csv",
            mime="text/csv",
            on_click="ignore",
            key=f"report {report.name}",
            icon=":material/download:",
            width=160,
        )

page.section("SARIF", "Findings of one repository, for code scanning.")
NAMES = data.repository_names(SCOPE)
if NAMES:
    NAME = address.select("Repository", "repository", NAMES, format_func=visible)
    st.download_button(
        "Download SARIF",
        data=partial(data.sarif, *data.one_repository(SCOPE, NAME)),
        file_name="release-audit.sarif",
        mime="application/json",
        on_click="ignore",
        key="sarif",
        icon=":material/download:",
    )
else:
    page.empty("This scan holds no repository.")
