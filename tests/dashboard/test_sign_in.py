"""Logging in behind a reverse proxy, as README describes it, with a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_httpserver import HTTPServer

from tests.dashboard.browser import FLAGS, ROOT, chromium, commanded, free_port
from tests.dashboard.openid import Provider, reverse_proxy
from tests.patience import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)

NAME = "audit.my-organization.example"
MEMBER = {"email": "kim@my-organization.example", "email_verified": True}
STRANGERS: dict[str, dict[str, object]] = {
    "another domain": {"email": "eve@elsewhere.example", "email_verified": True},
    "an address that was not verified": {"email": "kim@my-organization.example"},
    "a domain that only ends alike": {
        "email": "eve@not-my-organization.example",
        "email_verified": True,
    },
}


def readme_secrets(provider: str, port: int) -> str:
    """README's own file, with what it says to replace replaced."""
    text = (ROOT.parent / "README.md").read_text("utf-8")
    example = re.search(r"<!-- login -->\n```toml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    configured = example[1]
    for ours, others in {
        "https://audit.my-organization.example/": f"http://{NAME}:{port}/",
        "a long random text": "fits-the-length-of-a-cookie-secret",
        "from the provider": "of-the-stub",
        "https://login.my-organization.example": provider,
    }.items():
        assert ours in configured
        configured = configured.replace(ours, others)
    return configured


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if not path:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: logging in was not tried")
        pytest.skip("NO CHROMIUM ON THIS MACHINE: logging in is not tried")
    flags = [*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=flags)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with HTTPServer(host="127.0.0.1") as server:
        yield Provider(server)


@pytest.fixture(scope="module")
def address(
    databases: dict[str, str], provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where people reach the dashboard; its login lies where the command is started."""
    folder: Path = tmp_path_factory.mktemp("started-here")
    port = free_port()
    with reverse_proxy(port) as outside:
        secrets = folder / ".streamlit" / "secrets.toml"
        secrets.parent.mkdir()
        secrets.write_text(readme_secrets(provider.issuer, outside), "utf-8")
        words = ("dashboard", "--no-browser", "--allow-host", NAME, "--database", databases["many"])
        with commanded(*words, folder=folder, port=port):
            yield f"http://{NAME}:{outside}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE * 1000)
    yield opened
    context.close()


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/repositories")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    expect(page.get_by_text("quince")).to_have_count(0)
    page.get_by_role("button", name="Log in").click()


def test_a_member_logs_in_and_sees_the_views(page: Page, address: str, provider: Provider) -> None:
    provider.claims = dict(MEMBER)
    log_in(page, address)
    expect(page.get_by_text("6 repositories").first).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def sees_nothing(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Not on the list")
    expect(page.get_by_text("quince")).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)


@pytest.mark.parametrize("who", STRANGERS)
def test_others_log_in_and_see_nothing(
    who: str, page: Page, address: str, provider: Provider
) -> None:
    provider.claims = STRANGERS[who]
    log_in(page, address)
    sees_nothing(page)
    # Every page is behind the one gate, so that one stranger tries them for all.
    addresses = ("", "findings", "repository?repository=quince", "reports")
    for view in addresses if who == "another domain" else ():
        page.goto(f"{address}/{view}")
        sees_nothing(page)
