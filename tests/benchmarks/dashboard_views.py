"""Time every view of the dashboard over a large database, on the server and in a browser.

Run by hand: ``python -m tests.benchmarks.dashboard_views [DATABASE_URL]``; without an address
10,000 repositories over 100 scans are recorded first, in a temporary folder: three minutes of a
processor.

Server seconds are the processor's, of one run of a view's script through the router, as a
viewer who opens it causes: "cold" with nothing kept (Streamlit's caches cleared, the database
opened freshly), "warm" the run after it. A busy machine makes them a little longer, not many
times as wall time. First paint is what Chromium reports of Home, then the
moment its heading stands, and the moment nothing runs any more (0.4 s of watching included):
for the first viewer of a fresh process, then for a second one.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from playwright.sync_api import Browser, sync_playwright
from streamlit.testing.v1 import AppTest

from tests.benchmarks.large_database import build
from tests.dashboard.browser import FLAGS, ROOT, VIEWS, chromium, served
from tests.dashboard.sample import TOKEN
from tests.dashboard.screenshots import settle

LIMIT = 1.0
"""Seconds of a processor that the server may take for a view."""

OTHERWISE: tuple[tuple[str, dict[str, str]], ...] = (
    ("home", {"scan": "50"}),
    ("trends", {"scan": "50"}),
    ("trends", {"show": "two dates compared", "before": "1"}),
    ("trends", {"show": "time to fix"}),
    ("repositories", {"scan": "50", "order": "by name"}),
    ("repository", {"repository": "project-00007", "tab": "Release"}),
    ("repository", {"repository": "project-00007", "tab": "History"}),
    ("findings", {"scan": "50"}),
    ("incident", {"scan": "50"}),
    ("incident", {"name": "action-1"}),
    ("packages", {"scan": "1"}),
    ("coverage", {"scan": "1"}),
)
"""Views opened by an address with a filter, or as of an older scan."""

PATIENCE = 120
PAINT = "performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)[0]"


def main() -> None:
    """Time the views of the named database, or of one made for it."""
    # Outside a server Streamlit warns whenever a cache is made.
    logging.disable(logging.WARNING)
    with _database(sys.argv[1:]) as url:
        os.environ["RELEASE_AUDIT_DATABASE"] = url
        slow = _on_the_server()
        _in_a_browser(url)
    print(f"Over {LIMIT:.0f} s: {', '.join(slow)}" if slow else f"All views within {LIMIT:.0f} s")


@contextmanager
def _database(words: list[str]) -> Iterator[str]:
    if words:
        yield words[0]
        return
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'large.sqlite'}"
        for scan in build(url):
            print(f"recorded scan {scan}", flush=True)
        yield url


def _on_the_server() -> list[str]:
    """Print a line for each view; the names of those that took too long."""
    print(f"{'cold':>7} {'warm':>7}  view")
    slow = []
    for name, cold, warm in server_seconds():
        print(f"{cold:6.2f}s {warm:6.2f}s  {name}", flush=True)
        if max(cold, warm) > LIMIT:
            slow.append(name)
    return slow


def server_seconds() -> Iterator[tuple[str, float, float]]:
    """Each view over the database of the environment, with its seconds cold and warm."""
    _server_seconds("home", {})  # what the process imports is not the view's doing
    for view, query in (*((view, {}) for view in VIEWS), *OTHERWISE):
        name = " ".join((view, *(f"{key}={value}" for key, value in query.items())))
        yield name, *_server_seconds(view, query)
    yield "self-check of a workflow", *self_check_seconds(TOKEN)


def self_check_seconds(workflow: str) -> tuple[float, float]:
    """Processor seconds of a check of a pasted workflow, and of a second one."""
    app = _opened("self-check", {}).run()
    spans = []
    for text in (workflow, f"{workflow}\n"):
        app.text_area(key="workflow").set_value(text)
        app.button[0].click()
        begun = time.process_time()
        app.run()
        spans.append(time.process_time() - begun)
    if app.exception or "Findings" not in [header.value for header in app.header]:
        raise SystemExit("The self-check of a workflow broke.")
    return spans[0], spans[1]


def _opened(view: str, query: dict[str, str]) -> AppTest:
    app = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE).run()
    for name, value in query.items():
        app.query_params[name] = value
    if view != "home":
        app.switch_page(f"views/{view.replace('-', '_')}.py")
    st.cache_data.clear()
    st.cache_resource.clear()
    return app


def _server_seconds(view: str, query: dict[str, str]) -> tuple[float, float]:
    """Processor seconds of a view's script with nothing kept, and once more."""
    app = _opened(view, query)
    spans = []
    for _ in range(2):
        begun = time.process_time()
        app.run()
        spans.append(time.process_time() - begun)
    if app.exception or [title.value for title in app.title] != [VIEWS[view]]:
        raise SystemExit(f"The view {view} broke: {[e.message for e in app.exception]}")
    return spans[0], spans[1]


def _in_a_browser(url: str) -> None:
    """Print when Home stands for the first and the second viewer of a process."""
    path = chromium()
    if not path:
        print("No Chromium on this machine: no first paint was measured.")
        return
    print(f"{'Home':14} {'paint':>7} {'heading':>7} {'whole':>7}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        with served(url, Path(folder)) as address:
            for viewer in ("first viewer", "second viewer"):
                spans = " ".join(f"{span:6.2f}s" for span in _seen(browser, address))
                print(f"{viewer:14} {spans}", flush=True)
        browser.close()


def _seen(browser: Browser, address: str) -> tuple[float, float, float]:
    """Seconds from the request to the first paint, to the heading, to the whole view."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("heading", level=1, name=VIEWS["home"]).wait_for(timeout=60_000)
    headed = time.perf_counter() - begun
    settle(page)
    whole = time.perf_counter() - begun
    painted = float(page.evaluate(PAINT)) / 1000
    context.close()
    return painted, headed, whole


if __name__ == "__main__":
    main()
