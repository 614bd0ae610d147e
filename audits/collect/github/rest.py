"""Reads REST endpoints with conditional requests; unchanged answers cost no quota."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from msgspec import Struct, field

from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError, Json
from audits.model.cache import Memory

TRUSTED_FOR = timedelta(days=7)
"""How long an App goes by GraphQL's word that nothing changed (design section 13)."""

_PER_PAGE = 100
_PAGES = 50

Reduce = Callable[[Json], Json]
"""Keeps of a body only what is needed, so that nothing else reaches the memory."""


def path_of(*parts: str | int) -> str:
    """A path of quoted parts: an environment's name may hold slashes."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


class Answers(Struct, kw_only=True):
    """Stored answers of one batch: loaded before, written after, never while threads work.

    With ``memory`` they are loaded as they are needed, for work in one thread.
    """

    memory: Memory | None = None
    stored: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    written: dict[str, tuple[str, str]] = field(default_factory=dict)

    def load(self, memory: Memory, keys: Iterable[str]) -> None:
        """Take these from the memory."""
        self.stored.update(memory.answers(keys))

    def get(self, key: str) -> tuple[str, str, datetime] | None:
        """A stored answer: its ETag, reduced body and time."""
        if key not in self.stored and self.memory is not None:
            self.load(self.memory, (key,))
        return self.stored.get(key)

    def flush(self, memory: Memory) -> None:
        """Write what is new."""
        if self.written:
            memory.keep_answers(self.written)
            self.written.clear()


class RestReader:
    """Reads resources conditionally, through stored answers."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def key(self, path: str) -> str:
        """The memory's key of a resource; GitHub's names differ by more than their case."""
        return f"github:{self._client.api_url}{path}".lower()

    def one(
        self,
        answers: Answers,
        path: str,
        reduce: Reduce,
        *,
        unchanged: bool = False,
        parameters: Mapping[str, Json] | None = None,
    ) -> Json:
        """A resource, reduced. ``unchanged``: GitHub said otherwise that nothing changed, so
        a stored answer of the last seven days is used unasked. GitHubError if it is refused.
        """
        key = self.key(path)
        stored = answers.get(key)
        if stored is not None and unchanged and datetime.now(UTC) - stored[2] < TRUSTED_FOR:
            return json.loads(stored[1])
        etag = stored[0] if stored else ""
        answer = self._client.get(path, parameters, etag=etag)
        if answer.status == 304 and stored is not None:
            return json.loads(stored[1])
        return self._keep(answers, key, answer.etag, _reduced(reduce, answer.body))

    def listed(
        self,
        answers: Answers,
        path: str,
        field_name: str,
        reduce: Reduce,
        *,
        unchanged: bool = False,
    ) -> list[Json]:
        """All items of a counted list, each reduced.

        GitHub's redirection after a rename loses ``per_page``: the count says if any lack.
        """
        key = self.key(path)
        stored = answers.get(key)
        if stored is not None and unchanged and datetime.now(UTC) - stored[2] < TRUSTED_FOR:
            return list(json.loads(stored[1]))
        items: list[Json] = []
        total, etag = 1, ""
        for page in range(1, _PAGES + 1):
            sent = stored[0] if stored and page == 1 else ""
            parameters = {"per_page": _PER_PAGE} | ({"page": page} if page > 1 else {})
            answer = self._client.get(path, parameters, etag=sent)
            if answer.status == 304 and stored is not None:
                return list(json.loads(stored[1]))
            found = _reduced(lambda body: [reduce(i) for i in body[field_name]], answer.body)
            total = _reduced(lambda body: int(body["total_count"]), answer.body)
            new = [item for item in found if item not in items]
            items += new
            etag = answer.etag if page == 1 else ""
            if len(items) >= total or not new:
                break
        if len(items) < total:
            raise GitHubError("GitHub's list came back incomplete.", "Scan again later.")
        return list(self._keep(answers, key, etag, items))

    @staticmethod
    def _keep(answers: Answers, key: str, etag: str, value: Json) -> Json:
        answers.written[key] = (etag, json.dumps(value, sort_keys=True))
        return value


def _reduced(reduce: Reduce, body: Json) -> Json:
    try:
        return reduce(body)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise GitHubError("GitHub's answer had an unexpected form.", "Scan again later.") from None
