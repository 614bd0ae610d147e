"""A cache that lasts as long as the process, for scans without a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from audits.model.source import Snapshot


class TransientMemory:
    """Keeps texts and answers in dictionaries; knows no earlier scan's snapshots."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._answers: dict[str, tuple[str, str, datetime]] = {}

    def known_blobs(self, oids: Iterable[str]) -> set[str]:
        """Which of these git blob ids have their text here."""
        return self._texts.keys() & set(oids)

    def text(self, oid: str) -> str | None:
        """The text of a blob."""
        return self._texts.get(oid)

    def texts(self, oids: Iterable[str]) -> Mapping[str, str]:
        """The texts among these blobs."""
        return {oid: self._texts[oid] for oid in oids if oid in self._texts}

    def keep_texts(self, texts: Mapping[str, str]) -> None:
        """Keep texts by blob id."""
        self._texts.update(texts)

    def keep_text(self, oid: str, text: str) -> None:
        """Keep a blob's text."""
        self._texts[oid] = text

    def answer(self, key: str) -> tuple[str, str, datetime] | None:
        """A kept answer: ETag, body, when."""
        return self._answers.get(key)

    def keep_answer(self, key: str, etag: str, body: str) -> None:
        """Keep an answer."""
        self._answers[key] = (etag, body, datetime.now(UTC))

    def answers(self, keys: Iterable[str]) -> Mapping[str, tuple[str, str, datetime]]:
        """The kept answers among these keys."""
        return {key: self._answers[key] for key in keys if key in self._answers}

    def keep_answers(self, answers: Mapping[str, tuple[str, str]]) -> None:
        """Keep (ETag, body) by key."""
        now = datetime.now(UTC)
        self._answers.update({key: (etag, body, now) for key, (etag, body) in answers.items()})

    def snapshot(self, owner: str, name: str) -> Snapshot | None:
        """None: there is no earlier scan."""
        return None
