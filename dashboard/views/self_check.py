"""Self-check view: audits a pasted workflow; nothing is stored."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboard import data
from dashboard.charts import bars
from dashboard.frames import findings, self_check
from dashboard.parts import page
from dashboard.parts.finding import one_finding
from dashboard.parts.release import drawings
from dashboard.parts.tables import table
from dashboard.reaudit import SelfCheck
from dashboard.theme import percent

_EXAMPLE = """\
name: Release
on:
  release:
    types: [published]
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI_TOKEN }}
"""


def _form() -> tuple[str, str, str]:
    """What is to be checked: the texts of a workflow, pyproject.toml and dependabot.yml."""
    with st.form("self-check", border=False):
        uploaded = st.file_uploader(
            "Upload a workflow, or paste it below", type=["yml", "yaml"], max_upload_size=1
        )
        workflow = st.text_area(
            "Workflow", key="workflow", height=320, placeholder=_EXAMPLE, max_chars=200_000
        )
        with st.expander("pyproject.toml and dependabot.yml, if you have them"):
            pyproject = st.text_area(
                "pyproject.toml", key="pyproject", height=140, max_chars=100_000
            )
            dependabot = st.text_area(
                "dependabot.yml", key="dependabot", height=140, max_chars=100_000
            )
        st.form_submit_button("Check it", type="primary", icon=":material/task_alt:")
    if uploaded is not None:
        workflow = uploaded.getvalue().decode("utf-8", errors="replace")
    return workflow or "", pyproject or "", dependabot or ""


def _verdict(checked: SelfCheck) -> None:
    audit = checked.audit
    score = audit.score
    with st.container(border=True), st.container(horizontal=True, gap="large"):
        st.metric("Grade", score.grade.value, width="content")
        st.metric(
            "Points of 100",
            "none" if score.points is None else f"{score.points:.0f}",
            width="content",
        )
        st.metric("Coverage", percent(score.coverage), width="content")
        st.metric("Findings", len(audit.findings), width="content")
    if score.cap:
        st.text(f"The score is {score.cap}.")
    if score.grade.value == "-":
        page.empty("No step of this workflow uploads a package, so there is nothing to grade.")
    for gap in audit.repository.gaps:
        st.warning("A file could not be read:", icon=":material/visibility_off:")
        st.text(f"{gap.subject}: {gap.detail}" + (f" (line {gap.line})" if gap.line else ""))


def _result(checked: SelfCheck) -> None:
    audit = checked.audit
    rows = self_check.finding_rows(audit, datetime.now(UTC))
    _verdict(checked)
    if audit.publications:
        left, right = st.columns(2, gap="large")
        with left:
            page.section("Areas")
            st.altair_chart(
                bars.areas(self_check.areas_of(audit), page.ink(), mean=False),
                alt="Points of each area",
            )
        with right:
            page.section("What was deducted")
            table(
                self_check.deduction_table(audit),
                name="deductions",
                download=False,
                alt="Deductions",
                nothing="Nothing was deducted.",
                order=["check", "area", "points lost"],
            )
    page.section("Findings")
    if not rows:
        page.empty("No finding. Some checks need more than the text: see below.")
    for number, (check, group) in enumerate(findings.by_check(rows)):
        with st.expander(findings.label(check, group), expanded=number == 0):
            for row in group:
                with st.container(border=True):
                    one_finding(row, checked.reading)
    if unknown := self_check.unknown_sentence(audit):
        st.text(unknown)
    if audit.publications:
        page.section("The release, drawn")
        drawings(checked.reading, rows)


page.heading(
    "Self-check",
    "Paste a release workflow to see its findings. Nothing is stored or sent.",
)
WORKFLOW, PYPROJECT, DEPENDABOT = _form()
if WORKFLOW.strip():
    _result(data.self_check(WORKFLOW, PYPROJECT, DEPENDABOT))
else:
    page.empty("The result appears here once a workflow is given.")
