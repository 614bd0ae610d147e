"""The heading of every view, and its text where there is no data yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from audits.report.escape import element
from audits.report.phrases import count
from dashboard import data
from dashboard.frames.cells import visible
from dashboard.scope import ScanScope
from dashboard.theme import BADGES, DARK, LIGHT, Ink, plain, signed

SCOPE = "chosen scope"
PROBLEM = "trouble with the database"
UNKNOWN = "an owner or a scan that is not here"

BY_LEVEL = "Packages, by who can release them alone"
"""What stands above the bars of who can publish: they count a package by its lowest hurdle."""


def opening(title: str, lead: str = "") -> ScanScope:
    """The heading of a view that needs a scan, and that scan; without one, what to run."""
    heading(title, lead)
    scope = st.session_state.get(SCOPE)
    if isinstance(scope, ScanScope):
        # The sidebar, which says it on the screen, is not printed.
        words = f"{scope_name(scope)}, as of {moment(scope.at)}. By release-audit."
        st.html(str(element("p", words, class_="on-paper")))
        return scope
    if unknown := st.session_state.get(UNKNOWN):
        not_here(str(unknown))
    else:
        nothing_yet()
    st.stop()
    raise AssertionError("a view without a scan has ended")


def heading(title: str, lead: str) -> None:
    """The one first-level heading of a view and a sentence of what it shows; our words only."""
    st.title(title, anchor=False)
    if lead:
        st.markdown(lead)


def scope_name(scope: ScanScope) -> str:
    """Whose repositories are in scope, and which of them."""
    owner = visible(scope.owner) if scope.owner else count(len(data.owners()), "owner")
    if not scope.is_narrowed:
        return owner
    return f"{visible(data.groups(scope.owner, scope.scan)[scope.group].label)} of {owner}"


def nothing_yet() -> None:
    """The empty state: why there is nothing to see, and the commands that change that."""
    problem = st.session_state.get(PROBLEM)
    with st.container(border=True):
        st.header("Nothing to show yet", anchor=False, icon=":material/inbox:")
        if problem:
            st.text(str(problem))
        st.markdown("Scan your own repositories from a folder of checkouts, with no token:")
        st.code("release-audit scan --folder DIR", language=None)
        st.markdown(
            "Then reload this page. An invented organization comes with the program, in a "
            "database of its own, which this command shows:"
        )
        st.code("release-audit demo", language=None)
        st.markdown("A single workflow can be tried at once:")
        st.page_link("views/self_check.py", label="Open the self-check", icon=":material/task_alt:")


@contextmanager
def trouble_shown() -> Iterator[None]:
    """Show the store's error in place of the rest of a view."""
    try:
        yield
    except data.Trouble as trouble:
        st.error("The database did not answer.", icon=":material/error:")
        st.text(str(trouble))


def repository_address(scope: ScanScope, owner: str, name: str) -> dict[str, str]:
    """The parameters that lead to a repository's view from a wider scope."""
    return {**data.of_owner(scope, owner).address, "repository": name}


def not_here(sentence: str) -> None:
    """What is said where the address names something that this store does not hold."""
    st.warning("The address names something that is not here.", icon=":material/link_off:")
    st.text(sentence)
    note("Choose another one in the box, or check the link: it may have been renamed or deleted.")


def empty(sentence: str) -> None:
    """What is said in place of a table or chart that has no rows; our words only."""
    st.markdown(f":gray[{sentence}]")


def filters(number: int = 3) -> list[DeltaGenerator]:
    """Columns for the boxes above a list; two beside each other on a phone."""
    with st.container(key="filters"):
        return list(st.columns(number))


def section(title: str, words: str = "") -> None:
    """A second-level heading with an optional explanation; our words only."""
    st.header(title, anchor=False)
    if words:
        note(words)


def note(words: str) -> None:
    """A remark in small print; our words only. (`st.caption` is too faint to read: 3.3 to 1.)"""
    st.markdown(f":small[:gray[{words}]]")


def badge(word: str) -> None:
    """A status as word with sign; words outside the visual language are shown as plain text."""
    if word in BADGES:
        st.badge(signed(plain(word)) if len(word) > 1 else f"Grade {word}", color=BADGES[word])
    else:
        st.text(signed(word))


def ink() -> Ink:
    """The colours of chart text that fit the viewer's theme."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def zone() -> str:
    """The viewer's time zone, UTC where the browser does not tell."""
    name = st.context.timezone or "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
    return name


def moment(at: datetime | None) -> str:
    """A moment in the viewer's zone, as ``3 Nov 2026, 04:00``."""
    if at is None:
        return "not known"
    local = at.astimezone(ZoneInfo(zone()))
    return f"{local.day} {local:%b %Y, %H:%M}"


def day(at: datetime | None) -> str:
    """The day of a moment in the viewer's zone."""
    return moment(at).partition(",")[0]
