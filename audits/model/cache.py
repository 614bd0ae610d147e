"""The interface of what a collector caches between scans; the store implements it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from audits.model.source import Snapshot


class Memory(Protocol):
    """Texts and answers of earlier scans. Nothing in it is a credential."""

    def known_blobs(self, oids: Iterable[str]) -> set[str]:
        """Which of these git blob ids have their text stored."""

    def text(self, oid: str) -> str | None:
        """The stored text of a blob."""

    def texts(self, oids: Iterable[str]) -> Mapping[str, str]:
        """The stored texts among these blobs, all at once."""

    def keep_text(self, oid: str, text: str) -> None:
        """Store a blob's text."""

    def keep_texts(self, texts: Mapping[str, str]) -> None:
        """Store texts by blob id, all at once."""

    def answer(self, key: str) -> tuple[str, str, datetime] | None:
        """A stored answer: (ETag, body as JSON text, when it was read)."""

    def answers(self, keys: Iterable[str]) -> Mapping[str, tuple[str, str, datetime]]:
        """The stored answers among these keys, all at once."""

    def keep_answer(self, key: str, etag: str, body: str) -> None:
        """Store an answer under a key that holds no credential."""

    def keep_answers(self, answers: Mapping[str, tuple[str, str]]) -> None:
        """Store (ETag, body) by key, all at once."""

    def snapshot(self, owner: str, name: str) -> Snapshot | None:
        """The snapshot of the last finished scan, for what did not change since."""
