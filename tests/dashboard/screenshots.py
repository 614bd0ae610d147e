"""Pictures of every view, light, dark and narrow: ``python -m tests.dashboard.screenshots DIR``.

They are for looking at: what jars is fixed in the views.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from audits.sample.demo import scan_sample
from audits.sample.organization import INDEX_URL
from audits.store.open import open_store
from tests.dashboard.browser import FLAGS, VIEWS, chromium, path_of, served
from tests.patience import PATIENCE

STYLES = {"light": (1280, 900), "dark": (1280, 900), "narrow": (390, 844)}
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
    paths = {view: path_of(view) for view in VIEWS} | EXTRA
    for style, (width, height) in STYLES.items():
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if style == "dark" else "light",
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
    """Scan the sample organization and picture its dashboard."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        database = f"sqlite:///{Path(temporary) / 'sample.sqlite'}"
        store = open_store(database)
        scan_sample(store, lambda name: None)
        store.close()
        environment = {"RELEASE_AUDIT_INDEX_URL": INDEX_URL}
        with (
            served(database, Path(temporary), **environment) as address,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            shoot(browser, address, folder, only)
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), set(sys.argv[2:]))
