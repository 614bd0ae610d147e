"""Databases and apps of the dashboard's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from tests.dashboard import sample
from tests.dashboard.browser import ROOT
from tests.patience import PATIENCE

Opened = Callable[..., AppTest]


@pytest.fixture(autouse=True, scope="session")
def _streamlit_at_leisure() -> Iterator[None]:
    """Leave out what Streamlit does for each page that a test opens, and a server once or at
    leisure: to look for components in the metadata of all that is installed, and for garbage in
    the whole process. Both take longer than the page itself.
    """
    with pytest.MonkeyPatch.context() as patch:
        scanned = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scanned)
        before = st.config.get_option("runner.postScriptGC")
        st.config.set_option("runner.postScriptGC", False)
        yield
        st.config.set_option("runner.postScriptGC", before)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Streamlit's caches live as long as the process: one test must not see another's."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of databases by the state that they put the dashboard into."""
    folder = tmp_path_factory.mktemp("databases")
    states = [sample.orchard(state) for state in range(4)]
    return {
        "none": f"sqlite:///{folder / 'none.sqlite'}",
        "one": sample.write(folder / "one.sqlite", "orchard-labs", states[:1]),
        "many": sample.write(folder / "many.sqlite", "orchard-labs", states),
        "gaps": sample.write(folder / "gaps.sqlite", "orchard-labs", [sample.gappy()], gaps=True),
        "two": _two(folder),
        "hostile": sample.write(folder / "hostile.sqlite", "evil-labs", [sample.hostile()]),
    }


def _two(folder: Path) -> str:
    """A database of two owners."""
    path = folder / "two.sqlite"
    sample.write(path, "orchard-labs", [sample.orchard(0), sample.orchard(1)])
    return sample.write(path, "tinroof", [sample.gappy()])


@pytest.fixture
def opened(databases: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens a view of a database, by its name or its address, through the router."""

    def open_view(view: str, database: str, **query: str) -> AppTest:
        monkeypatch.setenv("RELEASE_AUDIT_DATABASE", databases.get(database, database))
        app = AppTest.from_file(Path(ROOT / "app.py"), default_timeout=PATIENCE)
        if view == "self_check" or "tab" in query:
            # AppTest learns by a run which address is not its file's name and which parameters
            # a view's own elements hold.
            app.run()
        for name, value in query.items():
            app.query_params[name] = value
        if view != "home":
            app.switch_page(f"views/{view}.py")
        return app.run()

    return open_view
