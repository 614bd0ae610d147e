"""Shows who can publish: the worst path drawn, with its cut, and all paths as a table."""

from __future__ import annotations

import streamlit as st

from audits.model.query import PackageFilter
from audits.model.rows import PathRow, RepositoryRow
from audits.model.wording import and_list
from dashboard import data
from dashboard.charts.path import path_picture
from dashboard.frames.cells import prose
from dashboard.frames.exposure import KINDS, MEANING, boxes, paths, signed_level, worst_first
from dashboard.parts import page
from dashboard.parts.tables import download_rows, table
from dashboard.scope import ScanScope


def worst_path(scope: ScanScope, row: RepositoryRow) -> None:
    """The worst path to a registry, drawn, with the cheapest cut; nothing where there is none."""
    found = worst_first(data.paths(scope, row.repository), row.level, row.may_be)
    if not found:
        return
    path = found[0]
    level = row.level or "unknown"
    page.section(f"Who can publish: {MEANING[level]}")
    if row.may_be and row.may_be not in {level, "one-writer"}:
        st.text(f"If what was not seen is at its worst: {row.may_be}.")
    shown = boxes(path)
    words = " → ".join(box.title for box in shown if not box.unseen)
    with st.container(key="path-picture"):
        st.altair_chart(path_picture(shown, page.ink()), alt=f"The worst path: {words}", theme=None)
    # In its place where a screen is too narrow for boxes side by side.
    with st.container(key="path-steps", gap="xsmall"):
        for box in shown:
            st.text(f"{'✂ ' if box.cut else ''}{box.kind}: {box.title}")
    if closing := _closing(scope, path):
        st.text(prose(f"✂ To close it: {closing}"))


def _closing(scope: ScanScope, path: PathRow) -> str:
    """What closes all ways to the path's package, and what that leaves; "" where nothing does."""
    packages = data.packages(scope, path.repository, PackageFilter(registries=(path.registry,)))
    package = next((p for p in packages if p.package == path.package and p.cut), None)
    if package is None:
        return ""
    changes = package.cut.split("; ")
    place = f" ({package.cut_path}:{package.cut_line})" if package.cut_path else ""
    return f"{and_list(changes)}{'' if changes[1:] else place}. Leaves: {package.cut_leaves}"


def exposure(scope: ScanScope, row: RepositoryRow) -> None:
    """All paths to the registries, and the steps of the worst one."""
    found = worst_first(data.paths(scope, row.repository), row.level, row.may_be)
    page.section("Who can publish", "The least privileged who alone can get a package released.")
    if not found:
        page.empty("No workflow of this repository publishes anything that was seen.")
        return
    level = row.level or "unknown"
    st.text(f"{signed_level(level, row.may_be)}: {MEANING[level]}.")
    _writers(scope, row)
    _steps_of(found[0])
    table(
        paths(found),
        name="paths",
        height=560,
        download=False,
        alt="Paths from people to the registries, worst first",
        nothing="",
    )
    download_rows(scope, "paths", None, len(found), row.repository)


def _writers(scope: ScanScope, row: RepositoryRow) -> None:
    """How many people single writers are, or why that is not known."""
    packages = data.packages(scope, row.repository, PackageFilter(), 0, 1)
    for package in packages:
        known = package.writers is not None
        number = f"{package.writers:,}" if known else f"not known ({package.writers_unseen})"
        st.text(prose(f"People who may write to the repository: {number}"))


def _steps_of(path: PathRow) -> None:
    """The steps of a path, each with its place."""
    for step in path.steps:
        kind = KINDS.get(step.kind, step.kind)
        st.text(prose(f"{kind}: {step.what} ({step.path}:{step.line})"))
    if path.state != "seen" and path.needs:
        st.text(prose(f"Not seen: {', '.join(path.needs)}"))
    if path.accepted:
        st.text("A waiver accepts it.")
