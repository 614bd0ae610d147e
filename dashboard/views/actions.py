"""Actions view: who runs what, at which ref, with which permissions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from audits.model.query import ActionFilter, ActionSummary
from audits.report.phrases import count
from dashboard import data
from dashboard.frames import actions, tables
from dashboard.frames.cells import label_text, visible
from dashboard.parts import address, page
from dashboard.parts.tables import download_rows, paged, shown, table
from dashboard.scope import ScanScope

PAGE = 200
COLUMNS = (
    "repository",
    "action",
    "ref",
    "job",
    "role",
    "permissions",
    "comment",
    "pin",
    "advisories",
    "path",
    "line",
)


def _search(scope: ScanScope) -> None:
    left, right = st.columns([2, 1])
    name = address.text(
        "Action, reusable workflow or image",
        "name",
        where=left,
        placeholder="owner/repository",
        icon=":material/search:",
        help="Part of a name is enough. Add @ref to ask for one ref.",
    )
    only = address.segmented("Show", "only", ("all", "in releases", "not pinned"), where=right)
    where = actions.search(name, only)
    rows = data.action_summaries(scope, where)
    if name:
        _elsewhere(scope, where)
    if not rows:
        owner = visible(scope.owner)
        st.info("No use matches here.", icon=":material/info:")
        st.text(f"Searched: {owner}. Try a shorter part of the name, or show all.")
        return
    _summary(rows)
    _uses(scope, where)


def _elsewhere(scope: ScanScope, where: ActionFilter) -> None:
    """The other owners of the store that match: an incident is not over for them."""
    others = data.action_owners(where)
    found = {owner: number for owner, number in others.items() if owner != scope.owner}
    if not found:
        return
    page.note("Other owners match too; choose one to see its uses.")
    with st.container(horizontal=True):
        for owner, number in found.items():
            st.page_link(
                "views/actions.py",
                label=f"{label_text(owner)}: {count(number, 'use')}",
                query_params={**st.query_params.to_dict(), "owner": owner, "scan": "newest"},
            )


def _summary(rows: Sequence[ActionSummary]) -> None:
    pinned = st.column_config.ProgressColumn(
        "Pinned", min_value=0, max_value=100, format="%d %%", width="small"
    )
    table(
        actions.summary(rows),
        name="actions",
        alt="Actions: uses, refs, pins, advisories",
        nothing="",
        height=400,
        config={"pinned": pinned},
    )


def _uses(scope: ScanScope, where: ActionFilter) -> None:
    page.section("Who runs it", "Uses of what is shown above, with the permissions of their job.")
    total = data.count_actions(scope, where)
    start = paged(total, PAGE)
    uses = data.actions(scope, where, start, PAGE)
    page.note(f"{shown(total, start, len(uses), 'use')}.")
    table(
        tables.actions(uses),
        name="uses",
        alt="Uses: repository, ref, job, permissions",
        nothing="",
        height=400,
        order=COLUMNS,
        download=False,
    )
    download_rows(scope, "actions", where, total)


def _enforced(scope: ScanScope) -> None:
    page.section(
        "If commit pins were enforced",
        "GitHub can require that every action is pinned to a full commit. These uses would stop.",
    )
    rows = data.action_summaries(scope, ActionFilter())
    table(
        actions.broken_by_pinning(rows),
        name="broken-by-pinning",
        alt="Uses of actions that enforced commit pins would stop",
        nothing="Nothing would stop: every action is pinned to a full commit.",
    )


SCOPE = page.opening(
    "Actions", "Which actions, called workflows and images run here, and what a bad one reaches."
)
_search(SCOPE)
_enforced(SCOPE)
