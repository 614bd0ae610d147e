"""Entry point of the dashboard: page, login gate, navigation."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.parts import address
from dashboard.parts.gate import admit
from dashboard.parts.page import trouble_shown
from dashboard.parts.scope import choose_scope, menu
from dashboard.parts.style import apply_style

st.set_page_config(
    page_title="release-audit",
    page_icon=str(Path(__file__).with_name("icon.svg")),
    layout="wide",
    menu_items={"Get help": None, "Report a bug": None, "About": None},
)
apply_style()
st.logo(
    str(Path(__file__).with_name("logo.svg")), icon_image=str(Path(__file__).with_name("icon.svg"))
)
admit()
SECTIONS = {
    "Review": [
        st.Page("views/home.py", title="Home", icon=":material/speed:", url_path="home"),
        st.Page("views/repositories.py", title="Repositories", icon=":material/grid_view:"),
        st.Page("views/findings.py", title="Findings", icon=":material/flag:"),
        st.Page("views/packages.py", title="Packages", icon=":material/verified:"),
    ],
    "Respond": [
        st.Page("views/incident.py", title="Incident", icon=":material/e911_emergency:"),
        st.Page("views/waivers.py", title="Waivers", icon=":material/assignment_turned_in:"),
    ],
    "Evidence": [
        st.Page("views/trends.py", title="Trends", icon=":material/trending_up:"),
        st.Page("views/coverage.py", title="Coverage", icon=":material/visibility:"),
        st.Page("views/reports.py", title="Reports", icon=":material/description:"),
    ],
    "Help": [
        st.Page(
            "views/self_check.py",
            title="Self-check",
            icon=":material/task_alt:",
            url_path="self-check",
        ),
        st.Page("views/method.py", title="Method", icon=":material/menu_book:"),
    ],
}
# The bare address shows Home too. It is no link of the menu: a relative address without a
# path would stay on the view where it is opened in a new tab.
HOME = st.Page(
    "views/home.py",
    title="Home",
    icon=":material/speed:",
    url_path="start",
    default=True,
)
# Reached from the names in tables and lists, so that the menu has one entry for repositories.
REPOSITORY = st.Page("views/repository.py", title="Repository", icon=":material/folder_open:")
# Drawn by hand: Streamlit's own menu drops owner and scan from the address, and writing them
# back would be a step of its own in the browser's history.
page = st.navigation({"": [HOME, REPOSITORY], **SECTIONS}, position="hidden")
address.begin()
with trouble_shown():
    choose_scope()
    menu(SECTIONS, HOME if page.url_path == HOME.url_path else None)
    page.run()
    # Not where the view stopped, or opened another one: that one writes an address of its own.
    address.write()
