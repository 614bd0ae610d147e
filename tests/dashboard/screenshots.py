"""Pictures of every view, light and dark, on three widths of screen.

``python -m tests.dashboard.screenshots DIR [VIEW | STYLE | VIEW-STYLE]…`` pictures the sample
organization, or the database that ``RELEASE_AUDIT_DATABASE`` names. The pictures are for looking
at: what jars is fixed in the views.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from audits.sample.demo import scan_sample
from audits.sample.organization import INDEX_URL
from audits.store.open import open_store
from dashboard.data import DATABASE
from tests.dashboard.browser import FLAGS, VIEWS, chromium, path_of, served
from tests.patience import PATIENCE

SCREENS = {"": (1280, 900), "wide-": (1920, 1080), "narrow-": (390, 844)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STYLES = {f"{width}{theme}": (size, theme) for width, size in SCREENS.items() for theme in THEMES}
EXTRA = {
    "repository-release": "/repository?repository=lumen&tab=Release",
    "repository-token": "/repository?repository=saltmarsh&tab=Release",
    "repository-calls": "/repository?repository=driftwood&tab=Release",
    "repository-lesson": "/repository?repository=saltmarsh&tab=Lesson",
    "repository-evidence": "/repository?repository=saltmarsh&tab=Publications",
    "repository-history": "/repository?repository=gatehouse&tab=History",
}


_FADES = "document.getAnimations().some(each => each instanceof CSSTransition)"


def settle(page: Page) -> None:
    """Wait until the script has ended, its charts are drawn, and nothing fades in or out: what an
    earlier run of the script drew is pale until the next one has drawn it again.
    """
    page.get_by_role("heading", level=1).wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    for passing in ("[data-testid=stSkeleton]", "[data-stale=true]"):
        page.locator(passing).first.wait_for(state="detached")
    page.wait_for_timeout(400)
    end = time.monotonic() + PATIENCE
    while page.evaluate(_FADES) and time.monotonic() < end:
        page.wait_for_timeout(50)


def whole(page: Page, path: Path) -> None:
    """A picture of the whole view: the window grows until nothing is cut off."""
    main = page.get_by_test_id("stMain")
    height = main.evaluate("element => element.scrollHeight")
    size = page.viewport_size or {"width": 1280, "height": 900}
    page.set_viewport_size({"width": size["width"], "height": min(int(height) + 10, 6000)})
    page.wait_for_timeout(600)
    page.screenshot(path=path)


def shoot(browser: Browser, address: str, folder: Path, only: set[str]) -> None:
    """Save a picture of every view in every style, or of those asked for."""
    paths = {view: path_of(view) for view in VIEWS} | ({} if DATABASE in os.environ else EXTRA)
    for style, ((width, height), theme) in STYLES.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme
        )
        for view, path in paths.items():
            if only and not only & {view, style, f"{view}-{style}"}:
                continue
            page = context.new_page()
            page.goto(address + path)
            settle(page)
            whole(page, folder / f"{view}-{style}.png")
            page.close()
        context.close()


def main(folder: Path, only: set[str]) -> None:
    """Picture the dashboard of the database that is named, else of the sample organization."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        database = os.environ.get(DATABASE, "")
        environment = {} if database else {"RELEASE_AUDIT_INDEX_URL": INDEX_URL}
        if not database:
            database = f"sqlite:///{Path(temporary) / 'sample.sqlite'}"
            store = open_store(database)
            scan_sample(store, lambda name: None)
            store.close()
        with (
            served(database, Path(temporary), **environment) as address,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            shoot(browser, address, folder, only)
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), set(sys.argv[2:]))
