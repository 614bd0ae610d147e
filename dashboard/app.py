"""Entry point of the dashboard: page, login gate, navigation."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.parts.gate import admit
from dashboard.parts.page import trouble_told
from dashboard.parts.scope import choose_scope

st.set_page_config(
    page_title="release-audit",
    page_icon=str(Path(__file__).with_name("icon.svg")),
    layout="wide",
    menu_items={"Get help": None, "Report a bug": None, "About": None},
)
# Streamlit leaves 5 rem on either side; tables need the room. Our own text, no data in it.
st.html(
    "<style>[data-testid=stMainBlockContainer] {padding-inline: clamp(1rem, 3vw, 3rem)}</style>"
)
admit()
page = st.navigation(
    [
        st.Page("views/overview.py", title="Overview", icon=":material/speed:", default=True),
        st.Page("views/repositories.py", title="Repositories", icon=":material/grid_view:"),
        st.Page("views/repository.py", title="Repository", icon=":material/folder_open:"),
        st.Page("views/findings.py", title="Findings", icon=":material/flag:"),
        st.Page("views/actions.py", title="Actions", icon=":material/deployed_code:"),
        st.Page("views/publishers.py", title="Publishers", icon=":material/verified:"),
        st.Page("views/trends.py", title="Trends", icon=":material/trending_up:"),
        st.Page("views/reports.py", title="Reports", icon=":material/description:"),
        st.Page(
            "views/self_check.py",
            title="Self-check",
            icon=":material/task_alt:",
            url_path="self-check",
        ),
        st.Page("views/coverage.py", title="Coverage", icon=":material/visibility:"),
        st.Page("views/method.py", title="Method", icon=":material/menu_book:"),
    ],
    expanded=True,
)
with trouble_told():
    choose_scope()
    page.run()
