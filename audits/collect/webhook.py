"""Posts a message to a webhook that the operator names."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from urllib3.exceptions import HTTPError

from audits.collect.bounds import TooSlowError, within
from audits.collect.errors import CollectError

_SECONDS = 10.0
MOST_SECONDS = 30.0
"""The longest that a webhook is waited for, seconds, however it trickles."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class WebhookError(CollectError):
    """The message did not arrive. The address is a credential: only its host is said."""


class WebhookAddressError(WebhookError):
    """What was given is no address of a webhook."""

    wrong_use = True


def check_webhook(url: str) -> None:
    """WebhookAddressError unless the address can be posted to without anybody reading along."""
    parts = _parts(url)
    plain = parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts is None or not parts.hostname or not (parts.scheme == "https" or plain):
        raise WebhookAddressError(
            "The webhook's address is no https:// address.", "Give the one that your chat shows."
        )


def _parts(url: str) -> SplitResult | None:
    """The parts of an address, None where it is none: the error would say the address."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def post(url: str, message: dict[str, Any]) -> None:
    """Post a message as JSON, once: one that got no answer may have arrived, and a repetition
    would be a second message. Redirects are not followed, nothing of the answer is read, and no
    credential is sent along, whatever ``.netrc`` holds.

    WebhookError where it is not accepted.
    """
    check_webhook(url)
    host = urlsplit(url).hostname or ""
    try:
        status = within(MOST_SECONDS, lambda: _status(url, message))
    # What the libraries raise may quote the address, which is the secret.
    except (requests.RequestException, HTTPError, TooSlowError, ValueError) as error:
        said = f"The webhook at {host} was not reached ({type(error).__name__})."
        raise WebhookError(said, "Check its address, and the way to it.") from None
    if not 200 <= status < 300:
        what = "sends elsewhere" if 300 <= status < 400 else "refused the message"
        raise WebhookError(
            f"The webhook at {host} {what} (status {status}).", "Check its address in your chat."
        )


def _status(url: str, message: dict[str, Any]) -> int:
    """The status that a message is answered with."""
    with requests.Session() as session:
        session.auth = _without_credential
        with session.post(
            url,
            data=json.dumps(message, ensure_ascii=False).encode("utf-8"),
            headers={"Content-Type": "application/json; charset=utf-8"},
            timeout=_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as answer:
            return answer.status_code


def _without_credential(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
