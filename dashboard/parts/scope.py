"""Selects owner, group, period and scan at the top of the sidebar; all are in the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from audits.model.rows import ScanRow
from audits.report.phrases import count
from audits.sample.organization import SAMPLE
from dashboard import data
from dashboard.frames.cells import label_text, visible
from dashboard.parts import address, page
from dashboard.parts.page import PROBLEM, SCOPE, UNKNOWN, moment
from dashboard.scope import ALL_OWNERS, EVERY_REPOSITORY, ScanScope

NEWEST = "newest"
LAST, DATE = "last", "date"
PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", LAST: "the last scan", DATE: "a date"}
OLD = timedelta(days=8)
"""A weekly scan is younger than this: older data gets a warning."""


def choose_scope() -> None:
    """Draw the boxes and keep the choice for the views; nothing where nothing was scanned."""
    st.session_state[SCOPE] = st.session_state[PROBLEM] = st.session_state[UNKNOWN] = None
    try:
        owners = data.owners()
    except data.Trouble as trouble:
        st.session_state[PROBLEM] = str(trouble)
        return
    if owners:
        with st.sidebar, st.container(gap="small"):
            st.session_state[SCOPE] = _chosen(owners)


def _chosen(owners: Sequence[str]) -> ScanScope | None:
    """The chosen scope; None, with the reason kept, where the address names what is not here."""
    # Also of one owner, where a link says so: others may have been scanned elsewhere, or later.
    every = len(owners) > 1 or st.query_params.get("owner") == ALL_OWNERS
    labels = {ALL_OWNERS: "all owners"} if every else {}
    labels |= {name: visible(name) for name in owners}
    word = address.choose("Owner", "owner", labels)
    if word is None:
        return _not_here("The owner", "owner", owners)
    owner = None if word == ALL_OWNERS else word
    left, right = st.columns(2)
    scans = data.scans(owner)
    with right:
        scan, newest = _scan(scans)
    if scan is None:
        return _not_here("The scan", "scan", [str(each.id) for each in scans])
    groups = data.groups(owner, scan.id)
    names = {EVERY_REPOSITORY: "all repositories"}
    names |= {key: visible(group.label) for key, group in groups.items()}
    if len(names) > 1 or st.query_params.get("group", EVERY_REPOSITORY) != EVERY_REPOSITORY:
        group = address.choose("Group", "group", names)
        if group is None:
            return _not_here("The group", "group", names)
    else:
        group = EVERY_REPOSITORY
    with left:
        period, since = _period(scan, scans)
    if period is None or since is None:
        return _not_here("The period", "period", PERIODS)
    scope = ScanScope(
        owner=owner,
        scan=scan.id,
        at=scan.started,
        since=since,
        newest=newest,
        group=group,
        period=period,
    )
    _facts(scope, scan)
    return scope


def _not_here(what: str, name: str, known: Iterable[str]) -> ScanScope | None:
    """No scope, and why: the address names something that is not among the known ones."""
    st.session_state[UNKNOWN] = address.missing(what, name, known)
    return None


def _scan(scans: Sequence[ScanRow]) -> tuple[ScanRow | None, bool]:
    """The chosen scan, and whether it is chosen as the newest."""
    labels = {NEWEST: "newest"}
    labels |= {str(scan.id): moment(scan.started) for scan in scans[1:]}
    # The newest scan by its number too, where a link has it: it stays right when another comes.
    if st.query_params.get("scan") == str(scans[0].id):
        labels[str(scans[0].id)] = moment(scans[0].started)
    chosen = address.choose("As of", "scan", labels)
    by_id = {str(scan.id): scan for scan in scans}
    return (scans[0], True) if chosen == NEWEST else (by_id.get(chosen or ""), False)


def _period(scan: ScanRow, scans: Sequence[ScanRow]) -> tuple[str | None, datetime | None]:
    """The period's word in the address and when it begins; None where the word is none."""
    word = address.since("Changes in", "period", PERIODS, DATE, scan.started.date())
    if word is None:
        return None, None
    if word == LAST:
        before = next((each for each in scans if each.id < scan.id), scan)
        return word, before.started
    if word in PERIODS:
        return word, scan.started - timedelta(days=int(word))
    return word, datetime.combine(date.fromisoformat(word), datetime.min.time(), UTC)


def _facts(scope: ScanScope, scan: ScanRow) -> None:
    """How many repositories are in scope, of what day, and whom to ask about a group."""
    seen = data.trend(scope)[-1].repositories if scope.is_narrowed or not scope.owner else None
    number = scan.repositories if seen is None else seen
    page.note(
        f"{count(number, 'repository', 'repositories')} · evidence tier {scan.tier} · "
        f"{moment(scan.started)}"
        + (f" · {scan.not_reached:,} not reached" if scan.not_reached else "")
        + (" · an invented organization, the sample" if scan.source == SAMPLE else "")
    )
    if scope.is_narrowed:
        group = data.groups(scope.owner, scope.scan)[scope.group]
        if group.contact:
            page.note(f"Contact: {label_text(group.contact)}")
    if problem := data.groups_problem():
        st.warning("The file of groups is left out.", icon=":material/group_off:")
        st.text(problem)
    age = datetime.now(UTC) - scan.started
    if scan.source != SAMPLE and scope.newest and age > OLD:
        st.warning(f"The newest scan is {age.days} days old.", icon=":material/history:")


def menu(sections: Mapping[str, Sequence[StreamlitPage]], home: StreamlitPage | None) -> None:
    """The views, by section; each link carries the scope along. ``home`` is the
    page of the bare address where that is shown: its link stands for Home's.
    """
    scope = st.session_state.get(SCOPE)
    carried = scope.address if isinstance(scope, ScanScope) else {}
    with st.sidebar, st.container(gap="xsmall"):
        for title, pages in sections.items():
            with st.container(gap="xxsmall"):
                page.note(title)
                for view in pages:
                    link = home if home is not None and view.title == home.title else view
                    st.page_link(link, query_params=carried)
