"""The login gate: nothing is read from the store before the viewer is let in."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from dashboard.access import REFUSED_BIND, AllowList, Decision, decide


def admit() -> None:
    """Stop the page unless this viewer may see it."""
    decision = decide(
        auth=bool(_secrets("auth")),
        access=AllowList.read(_secrets("access")),
        viewer=st.user.to_dict(),
        address=str(st.get_option("server.address") or ""),
    )
    match decision:
        case Decision.ALLOWED:
            if st.user.to_dict().get("is_logged_in") is True:
                st.sidebar.button("Log out", icon=":material/logout:", on_click=st.logout)
            return
        case Decision.LOG_IN:
            _gate_page("Log in", "This dashboard is open to members of your team.")
            st.button("Log in", type="primary", icon=":material/login:", on_click=st.login)
        case Decision.REFUSED:
            _gate_page("Not on the list", "You are logged in, but not on this dashboard's list.")
            st.markdown(
                "Ask whoever runs it to add your address, your domain or a claim of yours to "
                "`[access]` in `.streamlit/secrets.toml`."
            )
            st.button("Log out", icon=":material/logout:", on_click=st.logout)
        case Decision.CLOSED:
            _gate_page("Not open here", REFUSED_BIND)
    st.stop()


def _gate_page(title: str, sentence: str) -> None:
    st.navigation([st.Page(_nothing, title=title)], position="hidden")
    st.title(title, anchor=False)
    st.markdown(sentence)


def _nothing() -> None:
    """The one page of a closed dashboard."""


def _secrets(section: str) -> Mapping[str, object]:
    try:
        value = st.secrets.get(section)
    except StreamlitSecretNotFoundError:
        return {}
    return value if isinstance(value, Mapping) else {}
