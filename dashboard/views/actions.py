"""Actions view: who runs what, at which ref, with which permissions."""

from __future__ import annotations

import streamlit as st

from audits.model.query import ActionFilter
from dashboard import data
from dashboard.frames import actions, tables
from dashboard.parts import page
from dashboard.parts.tables import table
from dashboard.scope import Scope

MOST = 500


def _search(scope: Scope) -> None:
    left, right = st.columns([2, 1])
    name = left.text_input(
        "Action, reusable workflow or image", key="name", bind="query-params", max_chars=200,
        placeholder="owner/repository", icon=":material/search:",
        help="Part of a name is enough. Add @ref to ask for one ref.",
    )  # fmt: skip
    only = right.segmented_control(
        "Show", ["all", "in releases", "not pinned"], key="only", default="all",
        required=True, bind="query-params",
    )  # fmt: skip
    where = actions.search(name or "", only)
    rows = data.action_summaries(scope, where)
    if not rows:
        page.empty("No use matches. Try a shorter part of the name, or show all.")
        return
    table(
        actions.summary(rows), name="actions", alt="Actions: uses, refs, pins, advisories",
        nothing="", height=400,
        config={"pinned": st.column_config.ProgressColumn(
            "Pinned", min_value=0, max_value=100, format="%d %%", width="small")},
    )  # fmt: skip
    page.section("Who runs it", "Uses of what is shown above, with the permissions of their job.")
    uses = data.actions(scope, where, MOST)
    if len(uses) == MOST:
        page.note(f"The first {MOST:,} uses; the Reports view has all of them.")
    table(
        tables.actions(uses), name="uses", alt="Uses: repository, ref, job, permissions",
        nothing="", height=400,
        order=["repository", "action", "ref", "comment", "pin", "advisories", "permissions",
               "role", "path", "line", "job"],
    )  # fmt: skip


def _enforced(scope: Scope) -> None:
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
