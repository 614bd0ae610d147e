"""Incident view: every job that runs one action or holds one secret, over all owners."""

from __future__ import annotations

from functools import partial

import streamlit as st

from audits.model.query import ActionFilter, GapFilter, JobFilter, RepositoryFilter
from audits.model.rows import JobRow
from audits.report.phrases import count
from dashboard import data
from dashboard.frames import actions, incident
from dashboard.frames.cells import visible
from dashboard.frames.html_table import MOST
from dashboard.parts import address, page
from dashboard.parts.tables import table
from dashboard.scope import ScanScope

KINDS = ("action", "secret", "runner")
HINTS = {
    "action": "owner/repository, or part of it",
    "secret": "PYPI_TOKEN",
    "runner": "self-hosted",
}


def _asked() -> tuple[str, str, str, bool]:
    """What to look for: the kind, its name, the versions, and whether the name is whole."""
    first, second, third = st.columns([2, 3, 2])
    address.tell_unknown(what=KINDS)
    kind = address.segmented("Look for", "what", KINDS, where=first)
    name = address.text(
        "Name", "name", where=second, placeholder=HINTS[kind], icon=":material/search:"
    ).strip()
    name, _, ref = name.partition("@") if kind == "action" else (name, "", "")
    versions = ""
    if kind == "action":
        versions = address.text(
            "Versions",
            "versions",
            where=third,
            placeholder="all, or >=4.1,<4.2.1",
            help="A range, one ref such as v4, or a commit.",
        ).strip()
    whole = kind == "action" and address.switch("Exactly this name", "exact", where=second)
    return kind, name, versions or ref, whole


def _found(scope: ScanScope, kind: str, name: str, versions: str, whole: bool) -> None:
    where = {
        "action": JobFilter(action=name, exact=whole),
        "secret": JobFilter(reads=name),
        "runner": JobFilter(runner=name),
    }[kind]
    found = incident.concerned(data.jobs(scope, where), versions)
    what = f"{name} {versions}".strip() if kind == "action" else f"{kind.capitalize()} {name}"
    number = data.count_repositories(scope, RepositoryFilter())
    sentence = incident.verdict(found, what, page.scope_name(scope), number)
    with st.container(border=True):
        st.text(sentence)
        _unseen(scope)
        page.note(f"As of {page.moment(scope.at)}; what ran before may have been other.")
    if not found.every:
        return
    with st.container(horizontal=True):
        st.download_button(
            f"Download {count(len(found.every), 'row')} as CSV",
            data=partial(data.incident_csv, found.every),
            file_name="incident.csv",
            mime="text/csv",
            on_click="ignore",
            type="primary",
            icon=":material/download:",
        )
        concerned = incident.by_repository(found.every)
        st.download_button(
            f"Download {count(len(concerned), 'issue text')}",
            data=partial(incident.issues_file, concerned, what),
            file_name="incident.md",
            mime="text/markdown",
            on_click="ignore",
            icon=":material/description:",
        )
    _table("Concerned", found.sure, "jobs")
    _table("Perhaps concerned: the version is not known for sure", found.perhaps, "perhaps")
    _issues(concerned, what)


def _unseen(scope: ScanScope) -> None:
    """What could not be read, as an incident is not over there."""
    missing = data.count_gaps(scope, GapFilter(optional=False))
    if missing:
        st.page_link(
            "views/coverage.py",
            label=f"{count(missing, 'part')} in scope could not be read: not counted here",
            icon=":material/visibility_off:",
            query_params=scope.address,
        )


def _table(title: str, rows: tuple[JobRow, ...], name: str) -> None:
    if not rows:
        return
    page.section(title)
    frame = incident.table(rows, MOST)
    table(
        frame,
        name=name,
        alt=f"{title}: repository, job, ref, what starts it, rights, secrets, what it publishes",
        nothing="",
        height=420,
        order=[column for column in incident.COLUMNS if frame[column].astype(bool).any()],
        config={"permissions": st.column_config.TextColumn("Permissions", width="medium")},
        download=False,
        total=len(rows),
    )


def _issues(concerned: dict[tuple[str, str], list[JobRow]], what: str) -> None:
    page.section(
        "An issue for each repository", "Names stand in code spans, so nobody is notified."
    )
    chosen = st.selectbox(
        "Repository",
        list(concerned),
        format_func=lambda key: visible("/".join(key)),
        key="issue of",
    )
    st.code(incident.issue(concerned[chosen], what), language=None, wrap_lines=True)


def _names(scope: ScanScope, kind: str) -> None:
    """What can be looked for, as nothing was asked yet."""
    if kind == "action":
        _actions(scope)
        return
    words = data.job_words(scope)[f"{kind}s"]
    if not words:
        page.empty(f"No job in scope names a {kind}.")
        return
    page.section(f"{len(words):,} {kind}s that jobs name", "Look one up to see which jobs do.")
    table(
        actions.names(kind, words),
        name=f"{kind}s",
        alt=f"The {kind}s that jobs name",
        nothing="",
        height=420,
    )


def _actions(scope: ScanScope) -> None:
    page.section("What runs here", "The most used first; look one up to see who runs it.")
    rows = data.action_summaries(scope, ActionFilter())
    pinned = st.column_config.ProgressColumn(
        "Pinned", min_value=0, max_value=100, format="%d %%", width="small"
    )
    table(
        actions.summary(rows),
        name="action-summary",
        alt="Actions: uses, refs, pins, advisories",
        nothing="No workflow in scope uses an action.",
        height=400,
        config={"pinned": pinned},
    )
    page.section(
        "If commit pins were enforced",
        "GitHub can require that every action is pinned to a full commit. These uses would stop.",
    )
    table(
        actions.broken_by_pinning(rows),
        name="broken-by-pinning",
        alt="Uses of actions that enforced commit pins would stop",
        height=400,
        nothing="Nothing would stop: every action is pinned to a full commit.",
    )


SCOPE = page.opening(
    "Incident", "Which jobs run a bad action, read a leaked secret or use a machine, in scope."
)
KIND, NAME, VERSIONS, WHOLE = _asked()
if NAME:
    _found(SCOPE, KIND, NAME, VERSIONS, WHOLE)
else:
    _names(SCOPE, KIND)
