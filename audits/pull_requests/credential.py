"""Finds the one token that may write; it is never stored, printed, or used to scan."""

from __future__ import annotations

import re
from collections.abc import Mapping

from audits.collect.errors import CollectError
from audits.collect.github.auth import Secret

WRITE_VARIABLE = "RELEASE_AUDIT_WRITE_TOKEN"
"""The only place that a token for writing is taken from."""

RIGHTS = "Contents: write, Pull requests: write, Workflows: write, Metadata: read"


def write_token(environment: Mapping[str, str]) -> Secret | None:
    """The token; None where the variable is not set, CollectError where it holds none."""
    text = environment.get(WRITE_VARIABLE)
    if text is None:
        return None
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise CollectError(
            f"What {WRITE_VARIABLE} holds is no token: it is empty or has spaces or other "
            "characters.",
            "Put the token alone there, on one line.",
        )
    return Secret(text)
