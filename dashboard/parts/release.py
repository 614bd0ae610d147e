"""Shows how a repository releases: the drawing and the lesson's checklist."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from audits.model.query import FindingFilter
from audits.model.rows import FindingRow, RepositoryRow
from audits.report.phrases import step_words
from dashboard import data
from dashboard.charts.release_graph import drawing
from dashboard.frames.cells import frame_of, safe_url, visible
from dashboard.parts import page
from dashboard.parts.tables import table
from dashboard.reaudit import Reaudit
from dashboard.release_graph import Pipeline, pipelines
from dashboard.scope import ScanScope
from dashboard.theme import BADGES, signed


def release(scope: ScanScope, row: RepositoryRow) -> None:
    """One drawing for each workflow that a trigger starts and that leads to an upload."""
    found = data.findings(scope, FindingFilter(repository=row.repository))
    drawings(data.reading(scope, row.repository), found)


def drawings(reading: Reaudit, rows: Sequence[FindingRow]) -> None:
    """Draw what was read, with these findings where they lie."""
    drawn = pipelines(reading.audit.repository, rows) if reading.audit else ()
    if not drawn:
        page.empty(reading.why_not or "No workflow of this repository leads to an upload.")
        return
    page.note(
        "From the trigger to the upload. A box with a coloured edge has open findings; the "
        "stripe on its left tells triggers (grey), publishing jobs (dark blue), producing jobs "
        "(light blue) and uploads (green) apart."
    )
    for pipeline in drawn:
        st.text(visible(pipeline.path))
        st.altair_chart(
            drawing(pipeline, page.ink()), alt=f"Release drawn: {pipeline.path}", theme=None
        )
        with st.expander("The same as a table"):
            table(
                _boxes(pipeline),
                name=f"release {pipeline.path}",
                download=False,
                alt="Jobs of the release, what they hold and where they are weak",
                nothing="",
            )


def _boxes(pipeline: Pipeline) -> pd.DataFrame:
    names = {node.id: node.title for node in pipeline.nodes}
    return frame_of(
        (
            {
                "name": node.title,
                "role": node.kind,
                "holds": " · ".join(node.lines),
                "follows": ", ".join(names[a] for a, b in pipeline.edges if b == node.id),
                "open findings": node.faults,
            }
            for node in pipeline.nodes
        ),
        ("name", "role", "holds", "follows", "open findings"),
    )


def lesson(scope: ScanScope, row: RepositoryRow) -> None:
    """The lesson's steps, with how far this repository is."""
    steps = data.lessons(scope, row.repository)
    if not steps:
        page.empty("The lesson is about publishing to PyPI, which no workflow here does.")
        return
    page.note("The pyOpenSci lesson on trusted publishing, step by step.")
    for step in sorted(steps, key=lambda step: step.position):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(signed(step.state), color=BADGES.get(step.state, "gray"), width=96)
            st.text(f"{step.position}. {visible(step.title)}")
            if url := safe_url(step.url):
                st.link_button(
                    "Read",
                    url,
                    type="tertiary",
                    icon=":material/school:",
                    key=f"lesson {step.position}",
                )
            if step.checks:
                st.text(step_words(step.state, step.checks))
