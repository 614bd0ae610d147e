"""Repository view: grade, release, findings, lesson and history."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from audits.fixes.patch import patch
from audits.model.query import RepositoryFilter
from audits.model.rows import RepositoryRow
from audits.report.fix import grade_rise
from audits.report.phrases import count, not_counted, steps_head, steps_to_a, whom_to_ask
from audits.report.tables.settings import settings_of_repository
from dashboard import data
from dashboard.charts import bars
from dashboard.frames import settings, tables, trends
from dashboard.frames.cells import label_text, repository_url, visible
from dashboard.frames.exposure import signed_level
from dashboard.parts import address, page
from dashboard.parts.exposure import exposure, worst_path
from dashboard.parts.finding import finding_groups
from dashboard.parts.release import lesson, release
from dashboard.parts.tables import download_rows, table
from dashboard.reaudit import redacted_patch
from dashboard.scope import ScanScope
from dashboard.theme import percent


def _choose(scope: ScanScope) -> tuple[ScanScope, RepositoryRow] | None:
    """The chosen repository in a scope of its owner; with all owners, names are owner/name."""
    names = data.repository_names(scope)
    if not names:
        page.empty("This scope holds no repository.")
        return None
    labels = {name: visible(name) for name in names}
    name = address.choose("Repository", "repository", labels, default=_worst(scope, names))
    if name is None:
        whose = f"{visible(scope.owner)}'s repository" if scope.owner else "The repository"
        page.not_here(address.missing(whose, "repository", names))
        return None
    own, plain = data.one_repository(scope, name)
    row = data.repository(own, plain)
    return None if row is None else (own, row)


def _worst(scope: ScanScope, names: Sequence[str]) -> str:
    """The repository that is opened where none was chosen, as the list of names has it."""
    row = data.repositories(scope, RepositoryFilter(), "worst", 0, 1)[0]
    name = row.repository if scope.owner is not None else f"{row.owner}/{row.repository}"
    return name if name in names else ""


def _grade_card(scope: ScanScope, row: RepositoryRow) -> None:
    """The grade with its reason, what is not counted, and who can publish."""
    with st.container(border=True):
        grid = st.container(key="numbers", horizontal=True, gap="large", vertical_alignment="top")
        points = "" if row.points is None else f" {row.points:.0f}"
        with grid.container(width="content", key="grade"):
            st.metric("Grade", f"{row.grade}{points}", width="content")
        grave = f"{row.open.get('critical', 0):,} · {row.open.get('high', 0):,}"
        grid.metric("⬢ Critical · ▲ high", grave, width="content")
        if row.level:
            grid.metric("Who can publish", signed_level(row.level, row.may_be), width="content")
        grid.metric("Coverage", percent(row.coverage), width="content")
        if row.strict_points is not None and row.strict_points != row.points:
            grid.metric("Without waivers", f"{row.strict_points:.0f}", width="content")
        grid.metric("Publications", f"{row.publications:,}", width="content")
        st.text(_sentence(row))
        if steps := steps_to_a(row):
            st.text(f"{steps_head(row)}: {visible(steps)}")
        _one_patch(scope, row)
        if beside := not_counted(row):
            st.text(f"Not counted, as it concerns no production upload: {beside}")
        if ask := whom_to_ask(row):
            st.text(visible(ask))
        with st.container(horizontal=True, vertical_alignment="center"):
            if url := repository_url(row.host, row.owner, row.repository):
                st.link_button("On GitHub", url, icon=":material/open_in_new:")
            if states := [state for state in row.ladders if state != "none"]:
                page.note("Trusted publisher")
            for state in states:
                page.badge(state)
            if contact := data.contact_of(scope, row.owner, row.repository):
                page.note(f"Contact: {label_text(contact)}")


def _score(scope: ScanScope, row: RepositoryRow) -> None:
    left, right = st.columns([1, 1], gap="large")
    with left:
        page.section("Areas", "Points of the worst production publication")
        st.altair_chart(bars.areas(row.areas, page.ink(), mean=False), alt="Points of each area")
    with right:
        page.section("What was deducted")
        table(
            tables.deductions(data.deductions(scope, row.repository)),
            name="deductions",
            download=False,
            alt="Deductions: area, check, points",
            nothing="Nothing was deducted."
            if row.grade in set("ABCDF")
            else "There is no score, so nothing was deducted.",
            order=["check", "area", "points lost"],
        )


def _one_patch(scope: ScanScope, row: RepositoryRow) -> None:
    """All safe edits in one patch; made on demand, since each round is another audit."""
    if not st.toggle("Show all safe edits as one patch", key="one patch"):
        return
    plan = data.safe_changes(scope, row.repository)
    if plan is None or not plan.files:
        st.text("No safe edit can be made here.")
        return
    changes = f"{count(len(plan.made), 'change')} in {count(len(plan.files), 'file')}"
    st.text(f"{grade_rise(plan)} with {changes}. Apply it by git apply.")
    st.code(redacted_patch(plan), language="diff", wrap_lines=True)
    text = patch(plan.files)
    st.download_button(
        "Download the patch", text.encode("utf-8"), f"{row.repository}.patch", "text/x-diff"
    )


def _sentence(row: RepositoryRow) -> str:
    """What holds the score down and how much of it is known."""
    parts = []
    if row.grade == "-":
        parts.append("No workflow publishes anything, so there is no grade.")
    if row.unrecognized:
        jobs = count(row.unrecognized, "release-like job")
        verb = "is" if row.unrecognized == 1 else "are"
        parts.append(f"{jobs} {verb} not understood, so there is no grade.")
    elif row.grade == "?":
        parts.append("Nothing is known of how it releases, as something could not be read.")
    if row.cap:
        parts.append(f"The score is {visible(row.cap)}.")
    if row.coverage is not None and row.coverage < 1:
        parts.append(f"{percent(row.coverage)} of what applies was seen; the rest is unknown.")
    if row.gaps:
        parts.append(f"{count(row.gaps, 'part')} could not be read.")
    if row.archived:
        parts.append("The repository is archived.")
    commit = f" at commit {row.commit[:10]}" if row.commit else ""
    parts.append(f"Last seen {page.moment(row.last_seen)}{commit}, evidence tier {row.tier}.")
    return " ".join(parts)


def _evidence(scope: ScanScope, row: RepositoryRow) -> None:
    page.section("Publications", "Every step that uploads something, and with which identity.")
    uploads = data.publications(scope, row.repository)
    table(
        tables.publications(uploads),
        name="publications",
        download=False,
        alt="Publications of the repository",
        nothing="Nothing is published by a workflow.",
        order=[
            "package",
            "registry",
            "channel",
            "auth",
            "credential",
            "environment",
            "mechanism",
            "id-token",
            "attests",
            "triggers",
            "workflow",
            "job",
            "line",
        ],
    )
    if uploads:
        download_rows(scope, "publications", None, len(uploads), row.repository)
    _packages(scope, row)


def _packages(scope: ScanScope, row: RepositoryRow) -> None:
    page.section("Evidence", "What the package index serves about the latest release.")
    known = data.packages(scope, row.repository)
    table(
        tables.packages(known),
        name="packages",
        download=False,
        alt="Packages and their evidence",
        nothing="No package is known.",
        order=[
            "package",
            "registry",
            "state",
            "why",
            "last release",
            "released",
            "attested",
            "attested repository",
            "attested workflow",
            "attested environment",
            "event",
            "runner",
            "asked",
        ],
    )
    if known:
        download_rows(scope, "packages", None, len(known), row.repository)


def _more(scope: ScanScope, row: RepositoryRow) -> None:
    page.section("All checks", "Outcome of every check that applies here.")
    table(
        tables.results(data.results(scope, row.repository)),
        name="outcomes",
        alt="Every check and its outcome",
        nothing="No check applies to this repository.",
    )
    page.section("Settings", "As the scan read them, and whose choice each is.")
    read = data.settings(scope, row.repository)
    table(
        settings.settings(read),
        name="settings",
        download=False,
        alt="Settings of the repository and who set them",
        nothing="Settings were not read: a folder or a file has none.",
    )
    if read is not None:
        exported = list(settings_of_repository(row.owner, row.repository, read))
        download_rows(scope, "settings", None, len(exported), row.repository)
    page.section("Gaps")
    gaps = data.gaps(scope, row.repository)
    table(
        tables.gaps(gaps),
        name="gaps",
        download=False,
        alt="Gaps",
        nothing="Every file and setting that was asked for was read.",
        order=["subject", "job", "reason", "detail", "line", "permission"],
    )
    if gaps:
        download_rows(scope, "gaps", None, len(gaps), row.repository)


def _history(scope: ScanScope, row: RepositoryRow) -> None:
    page.section("History", "Every change of the score, with its cause.")
    table(
        trends.score_changes(data.score_changes(scope, row.repository)),
        name="history",
        alt="Changes of the score and their causes",
        nothing="The score has not changed since the first scan.",
        order=["at", "grade", "before", "after", "change", "cause", "checks"],
        config={"change": st.column_config.NumberColumn("Change", format="%+.1f")},
    )


SCOPE = page.opening("Repository", "How one repository ships its packages, and its next step.")
CHOSEN = _choose(SCOPE)
if CHOSEN is not None:
    SCOPE, ROW = CHOSEN
    _grade_card(SCOPE, ROW)
    worst_path(SCOPE, ROW)
    VIEWS = {
        "Findings": finding_groups,
        "Score": _score,
        "Who can publish": exposure,
        "Release": release,
        "Lesson": lesson,
        "Publications": _evidence,
        "Checks and gaps": _more,
        "History": _history,
    }
    address.tell_unknown(tab=VIEWS)
    TABS = st.tabs(list(VIEWS), key="tab", bind="query-params", on_change="rerun")
    for tab, draw in zip(TABS, VIEWS.values(), strict=True):
        if tab.open:
            with tab:
                draw(SCOPE, ROW)
