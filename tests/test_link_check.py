"""The weekly link check finds pages that are gone and fragments that no element has."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from pytest_httpserver import HTTPServer

from audits.checks import all_checks
from tests.link_check import fault_of, links_of, main


def test_links_of_checks_and_pages_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "See [a](https://docs.orchard.test/a#b), https://docs.orchard.test/c.\n"
        "Not https://lumen.example/x nor https://docs.orchard.test/{name} nor http://plain.test\n",
        "utf-8",
    )
    assert links_of((), [page]) == ["https://docs.orchard.test/a#b", "https://docs.orchard.test/c"]
    assert set(all_checks()[0].links) <= set(links_of(all_checks(), ()))


@pytest.mark.parametrize(
    ("path", "is_broken", "fault"),
    [
        ("/here", False, ""),
        ("/here#part", False, ""),
        ("/here#written", False, ""),
        ("/here#nowhere", True, "no element with the id nowhere"),
        ("/gone", True, "status 404"),
        ("/refused", False, "status 403"),
    ],
)
def test_what_is_broken(httpserver: HTTPServer, path: str, is_broken: bool, fault: str) -> None:
    text = '<h2 id="part">x</h2><a id="user-content-written"></a>'
    httpserver.expect_request("/here").respond_with_data(text, content_type="text/html")
    httpserver.expect_request("/gone").respond_with_data("", 404)
    httpserver.expect_request("/refused").respond_with_data("", 403)
    assert fault_of(httpserver.url_for(path), requests.Session()) == (is_broken, fault)


def test_one_broken_link_fails_the_run(
    httpserver: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    httpserver.expect_request("/here").respond_with_data("", content_type="text/html")
    httpserver.expect_request("/gone").respond_with_data("", 410)
    here, gone = httpserver.url_for("/here"), httpserver.url_for("/gone")
    assert main([here]) == 0
    assert main([here, gone]) == 1
    assert f"broken: {gone}: status 410" in capsys.readouterr().out
