"""The interface of what a collector caches between scans; the store implements it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Protocol, TypeVar, cast

import msgspec

from audits.model.source import Snapshot

Form = TypeVar("Form")


def kept_text(form: type[Form], value: Form) -> str:
    """A value as it is kept, with the version of its form."""
    return f"{_version(cast(Hashable, form))} {msgspec.json.encode(value, order='sorted').decode()}"


def kept_as(form: type[Form], text: str) -> Form | None:
    """What `kept_text` wrote; None where the form was another then, or the text is damaged.

    A form that only gained a field with a default would still be read, and the default be taken
    for what the server said.
    """
    version, _, body = text.partition(" ")
    if version != _version(cast(Hashable, form)):
        return None
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, RecursionError):
        return None


@cache
def _version(form: Hashable) -> str:
    """What changes whenever the fields of a form, or of what it holds, do."""
    schema = msgspec.json.encode(msgspec.json.schema(form), order="sorted")
    return sha256(schema).hexdigest()[:16]


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
