"""GitHub Apps of the loopback: installations found, tokens exchanged, expired and counted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.collect.github.world import Token


@cache
def app_key() -> tuple[str, str]:
    """A private key in PEM, made for this run, and its public half."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@dataclass
class Apps:
    """``installations`` by the login they belong to; ``lifetime`` of a token in seconds."""

    installations: dict[str, int] = field(default_factory=dict)
    tier: int = 1
    lifetime: float = 3600.0
    issued: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._live: dict[str, Token] = {}

    def token(self, text: str) -> Token | None:
        return self._live.get(text)

    def expire(self) -> None:
        """GitHub forgets every token that it issued."""
        self._live.clear()

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, Any]]:
        try:
            jwt.decode(authorization.partition(" ")[2], app_key()[1], algorithms=["RS256"])
        except jwt.InvalidTokenError:
            return 401, {"message": "A JSON web token could not be decoded"}
        if match := re.fullmatch(r"/(orgs|users)/([^/]+)/installation", path):
            number = self.installations.get(match.group(2).lower())
            found = number is not None and match.group(1) == "orgs"
            return (200, {"id": number}) if found else (404, {"message": "Not Found"})
        text = f"ghs_planted{len(self.issued):04d}secret"
        self.issued.append(text)
        self._live[text] = Token(text, tier=self.tier, role=None)
        end = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        return 201, {"token": text, "expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
