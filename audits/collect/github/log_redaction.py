"""Keeps credentials and answers out of logs; PyGithub logs whole bodies at DEBUG.

Among them is the token of a GitHub App's installation, which is part of an answer.
"""

from __future__ import annotations

import logging
import re
import threading

REDACTED = "[redacted]"

_LOGGERS = (
    "github",
    "github.Requester",
    "github.GithubRetry",
    "github.GithubIntegration",
    "requests",
    "urllib3",
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.util.retry",
)
_TOKENS = re.compile(
    r"gh[a-z]_[A-Za-z0-9_.\-]{8,}|github_pat_\w{8,}|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
    r"|-----BEGIN[^-]*PRIVATE KEY-----.*?(?:-----END[^-]*-----|\Z)",
    re.DOTALL,
)
_REQUESTER_ARGUMENTS = 9


class RedactingFilter(logging.Filter):
    """Takes out what PyGithub and urllib3 would log of credentials, headers and bodies."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: set[str] = set()
        self._lock = threading.Lock()

    def hide(self, secret: str) -> None:
        """Never let this text through."""
        if secret:
            with self._lock:
                self._secrets.add(secret)

    def redact(self, text: str) -> str:
        """The text without credentials, those known and those that look like one."""
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        for secret in secrets:
            text = text.replace(secret, REDACTED)
        return _TOKENS.sub(REDACTED, text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it is never dropped."""
        arguments = record.args
        if isinstance(arguments, tuple) and len(arguments) == _REQUESTER_ARGUMENTS:
            # verb, scheme, host, path, headers, input, status, headers, output: see
            # https://github.com/PyGithub/PyGithub/blob/main/github/Requester.py
            verb, scheme, host, path, _, _, status, _, _ = arguments
            record.msg = self.redact(f"{verb} {scheme}://{host}{path} ==> {status}")
        else:
            record.msg = self.redact(record.getMessage())
        record.args = None
        record.exc_info = None
        record.exc_text = None
        return True


_FILTER = RedactingFilter()


def install() -> RedactingFilter:
    """Put the filter on every logger that sees requests; doing so twice changes nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
    return _FILTER
