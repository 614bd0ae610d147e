"""Shows the login gate before anything is read from the store."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from audits.login import Login, LoginError
from dashboard.access import BROKEN, REFUSED_BIND, Decision, Visit, decide
from dashboard.login import ADMITTED, configured, report

_VIEWS = Path(__file__).parents[1] / "views"


def admit() -> None:
    """Stop the page unless this viewer may see it."""
    try:
        login = configured()
    except LoginError as error:
        report(str(error))
        _close("Closed", BROKEN)
        return
    viewer = st.user.to_dict()
    decision = decide(login=login, viewer=viewer, visit=_visit())
    if decision is Decision.ALLOWED:
        _remember(admitted=True)
        if viewer.get("is_logged_in") is True:
            st.sidebar.button("Log out", icon=":material/logout:", on_click=st.logout)
        return
    _turn_away(decision, login)


def _turn_away(decision: Decision, login: Login | None) -> None:
    match decision:
        case Decision.LOG_IN if login is not None:
            _gate_page("Log in", "This dashboard is open to members of your team.")
            for provider in login.providers:
                _log_in_button(provider)
        case Decision.REFUSED:
            _gate_page("Not on the list", "You are logged in, but not on this dashboard's list.")
            st.markdown(
                "Ask whoever runs it to add your address, your domain or a claim of yours to "
                "`[access]` in `.streamlit/secrets.toml`. An address counts only when your "
                "provider says that it has verified it."
            )
            st.button("Log out", icon=":material/logout:", on_click=st.logout)
        case _:
            _gate_page("Not open here", REFUSED_BIND)
    _remember(admitted=False)
    st.stop()


def _close(title: str, sentence: str) -> None:
    _remember(admitted=False)
    _gate_page(title, sentence)
    st.stop()


def _log_in_button(provider: str) -> None:
    st.button(
        f"Log in with {provider}" if provider else "Log in",
        type="primary",
        icon=":material/login:",
        on_click=st.login,
        args=(provider,) if provider else (),
    )


def _visit() -> Visit:
    headers = tuple(
        (name, value) for name in st.context.headers for value in st.context.headers.get_all(name)
    )
    return Visit(
        address=str(st.get_option("server.address") or ""),
        peer=str(st.context.ip_address or "") if headers else "",
        headers=headers,
    )


def _remember(*, admitted: bool) -> None:
    context = get_script_run_ctx()
    if context is not None:
        (ADMITTED.add if admitted else ADMITTED.discard)(context.session_id)


def _gate_page(title: str, sentence: str) -> None:
    # Every view's address leads here: one that is not known opens a dialog over the page.
    views = sorted(path.stem for path in _VIEWS.glob("[!_]*.py"))
    pages = [st.Page(_nothing, title=title, url_path=view.replace("_", "-")) for view in views]
    st.navigation([st.Page(_nothing, title=title, default=True), *pages], position="hidden")
    st.title(title, anchor=False)
    st.markdown(sentence)


def _nothing() -> None:
    """The one page of a closed dashboard."""
