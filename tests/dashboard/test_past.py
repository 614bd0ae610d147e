"""The Trends view beside a past that was rebuilt from commits, and scans that were rescored."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from audits.model.timeline import Timeline
from audits.pipeline.past import RecordedSource
from audits.pipeline.run import audits_of
from audits.pipeline.scan import Scanner
from audits.store.open import open_store
from tests.dashboard.browser import ROOT
from tests.patience import PATIENCE
from tests.store.test_rescore import NEW, NIGHTS, OLD, START, rescore, scan


def test_charts_mark_what_was_rebuilt_and_may_be_under_one_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = str(tmp_path / "history.sqlite")
    with closing(open_store(database)) as store:
        scan(store, OLD)
        rescore(store)
        at = START - timedelta(days=60)
        past = Scanner(store, NEW, started=at, timeline=Timeline.REBUILT)
        past.run(RecordedSource(source="x", found=()), audits=audits_of(NIGHTS[0], NEW))
    monkeypatch.setenv("RELEASE_AUDIT_DATABASE", database)
    # Answers are kept by scope, whichever store they came from.
    st.cache_data.clear()
    st.cache_resource.clear()
    app = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE).run()
    app.switch_page("views/trends.py").run()
    assert not app.exception
    said = " ".join(element.value for element in (*app.markdown, *app.text))
    assert "1 state rebuilt from commits before" in said
    assert "What was rebuilt from commits rests on files alone" in said
    rules = next(box for box in app.selectbox if box.label == "Policy")
    rules.select("rescored").run()
    assert not app.exception
    assert "rescored" in app.query_params["rules"]
    st.cache_data.clear()
    st.cache_resource.clear()
