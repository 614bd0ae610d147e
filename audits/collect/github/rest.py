"""Reads REST endpoints with conditional requests; unchanged answers cost no quota."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct, field

from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError, Json, unexpected
from audits.collect.github.responses import Number, read_as
from audits.model.cache import Memory, kept_as, kept_text

TRUSTED_FOR = timedelta(days=7)
"""How long an App goes by GraphQL's word that nothing changed, before it reads all again."""

FLUSH_SECONDS = 4.0
"""How long an answer may wait to be kept: a killed scan loses ten seconds of them at most."""

_PER_PAGE = 100
_PAGES = 50

Form = TypeVar("Form")


def path_of(*parts: str | int) -> str:
    """A path of quoted parts: an environment's name may hold slashes."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


class Answers(Struct, kw_only=True):
    """Stored answers of one batch: loaded before threads work, and written by the one thread
    that they were loaded by.

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
        """Write what is new; other threads may add to it meanwhile."""
        ready: dict[str, tuple[str, str]] = {}
        while self.written:
            key, answer = self.written.popitem()
            ready[key] = answer
        if ready:
            memory.keep_answers(ready)


class _Stored(Struct, frozen=True):
    """What an earlier answer said, and how to ask whether it still holds."""

    value: Any
    etag: str
    is_trusted: bool


class RestReader:
    """Reads resources conditionally, through answers stored for the same credential."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def key(self, path: str) -> str:
        """The memory's key of a resource; GitHub's names differ by more than their case."""
        return self._client.memory_key(path).lower()

    def stored(self, answers: Answers, path: str, form: type[Form]) -> Form | None:
        """What an earlier answer said, without asking."""
        found = answers.get(self.key(path))
        return None if found is None else kept_as(form, found[1])

    def one(
        self,
        answers: Answers,
        path: str,
        form: type[Form],
        *,
        unchanged: bool = False,
        parameters: Mapping[str, Json] | None = None,
    ) -> Form:
        """A resource. ``unchanged``: GitHub said otherwise that nothing changed, so a stored
        answer of the last seven days is used unasked. GitHubError if it is refused.
        """
        stored = self._recalled(answers, path, form)
        if stored is not None and unchanged and stored.is_trusted:
            return stored.value  # type: ignore[no-any-return]
        answer = self._client.get(path, parameters, etag=stored.etag if stored else "")
        if answer.status == 304:
            return self._unchanged(stored)  # type: ignore[no-any-return]
        value = read_as(form, answer.body)
        self._keep(answers, path, form, answer.etag, value)
        return value

    def listed(
        self,
        answers: Answers,
        path: str,
        field_name: str,
        form: type[Form],
        *,
        unchanged: bool = False,
        parameters: Mapping[str, Json] | None = None,
    ) -> list[Form]:
        """All items of a counted list; the count says if any lack."""
        form_of_all = list[form]  # type: ignore[valid-type]
        place = "?".join(filter(None, (path, urlencode(parameters or {}))))
        stored = self._recalled(answers, place, form_of_all)
        if stored is not None and unchanged and stored.is_trusted:
            return stored.value  # type: ignore[no-any-return]
        items: dict[str, Form] = {}
        total, etag = 1, ""
        for page in range(1, _PAGES + 1):
            sent = stored.etag if stored and page == 1 else ""
            asked = {
                **(parameters or {}),
                "per_page": _PER_PAGE,
                **({"page": page} if page > 1 else {}),
            }
            answer = self._client.get(path, asked, etag=sent)
            if answer.status == 304:
                return self._unchanged(stored)  # type: ignore[no-any-return]
            found, total = _page(answer.body, field_name, form)
            before = len(items)
            items |= {repr(item): item for item in found}
            etag = answer.etag if page == 1 else ""
            if len(items) >= total or len(items) == before:
                break
        if len(items) < total:
            raise GitHubError("GitHub's list came back incomplete.", "Scan again later.")
        self._keep(answers, place, form_of_all, etag, list(items.values()))
        return list(items.values())

    def _recalled(self, answers: Answers, path: str, form: type[Form]) -> _Stored | None:
        """An earlier answer, if it is of the form that is asked for."""
        found = answers.get(self.key(path))
        value = None if found is None else kept_as(form, found[1])
        if found is None or value is None:
            return None
        return _Stored(value, found[0], datetime.now(UTC) - found[2] < TRUSTED_FOR)

    @staticmethod
    def _unchanged(stored: _Stored | None) -> Any:  # noqa: ANN401 - of the form that was asked for
        if stored is None:
            raise unexpected()
        return stored.value

    def _keep(self, answers: Answers, path: str, form: type[Form], etag: str, value: Form) -> None:
        answers.written[self.key(path)] = (etag, kept_text(form, value))


def _page(body: Json, field_name: str, form: type[Form]) -> tuple[list[Form], int]:
    """The items of one page, and how many there are in all."""
    if not isinstance(body, dict) or field_name not in body:
        raise unexpected()
    items: list[Form] = read_as(list[form], body[field_name])  # type: ignore[valid-type]
    return items, read_as(Number, body.get("total_count"))
