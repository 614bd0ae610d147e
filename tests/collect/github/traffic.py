"""What goes over the loopback's wire: limits, replies, and the record of requests."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Bucket:
    """One hourly limit; ``window`` is its length in seconds."""

    limit: int = 5000
    window: float = 3600.0
    used: int = 0
    started: float = field(default_factory=time.time)

    def roll(self) -> None:
        if time.time() >= self.started + self.window:
            self.used, self.started = 0, time.time()

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def reset(self) -> int:
        return int(self.started + self.window)


@dataclass
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; of its credential only the last letter, to tell two apart."""

    kind: str
    path: str
    status: int
    query: str = ""
    size: int = 0
    verb: str = "GET"
    sender: str = ""


def json_reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(body).encode(), dict(headers or {}))


def query_name(content: bytes) -> str:
    try:
        query = str(json.loads(content)["query"])
    except (ValueError, KeyError):
        return ""
    return query.partition("query ")[2].split("(")[0].split("{")[0].strip()
