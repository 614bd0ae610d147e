"""Messages to a webhook over loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from audits.collect import webhook
from audits.collect.webhook import WebhookAddressError, WebhookError, check_webhook, post

MESSAGE = {"text": "orchard-labs: 80.0 mean points – ünï"}


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as running:
        yield running


def test_a_message_arrives_as_json(
    server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password planted\n", "utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.expect_oneshot_request("/hook", method="POST", json=MESSAGE).respond_with_data("ok")
    post(server.url_for("/hook"), MESSAGE)
    request, _ = server.log[0]
    assert request.headers["Content-Type"].startswith("application/json")
    assert "Authorization" not in request.headers


def test_redirects_are_not_followed(server: HTTPServer) -> None:
    there = server.url_for("/elsewhere")
    server.expect_request("/hook").respond_with_response(
        Response(status=307, headers={"Location": there})
    )
    with pytest.raises(WebhookError, match="sends elsewhere"):
        post(server.url_for("/hook"), MESSAGE)
    assert [request.path for request, _ in server.log] == ["/hook"]


def test_a_refusal_names_the_host_and_not_the_secret_path(server: HTTPServer) -> None:
    server.expect_request("/services/SECRET").respond_with_data("no", status=403)
    with pytest.raises(WebhookError) as caught:
        post(server.url_for("/services/SECRET"), MESSAGE)
    assert "127.0.0.1" in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_nobody_there() -> None:
    with pytest.raises(WebhookError) as caught:
        post("http://127.0.0.1:9/services/SECRET", MESSAGE)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "http://chat.example/x", "ftp://chat.example/x", "file:///etc/passwd", "https://"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(WebhookAddressError):
        check_webhook(url)


@pytest.mark.parametrize("url", ["https://SECRET[x", "https://u:SECRET@\u2100/x"])
def test_what_no_library_can_split_is_no_address(url: str) -> None:
    with pytest.raises(WebhookAddressError) as caught:
        check_webhook(url)
    assert "SECRET" not in str(caught.value)


def test_a_host_that_no_library_can_ask_is_named_without_the_path() -> None:
    with pytest.raises(WebhookError) as caught:
        post(f"https://{'a' * 300}.example/SECRET", MESSAGE)
    assert "SECRET" not in str(caught.value)


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "MOST_SECONDS", 0.5)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def trickle() -> None:
            peer, _ = listening.accept()
            with peer, suppress(OSError):
                peer.recv(65_536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not done.wait(0.05):
                    peer.sendall(b"x")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            with pytest.raises(WebhookError, match="TooSlow"):
                post(f"http://127.0.0.1:{listening.getsockname()[1]}/SECRET", MESSAGE)
        finally:
            done.set()
            thread.join()
