"""Shows the progress of a GitHub scan, and why it waits."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from audits.cli.output import is_terminal, say

_SAY_AGAIN = 30.0
_SHORT = 3.0

Show = Callable[[str, int], None]
"""Shows a text, and adds a number to the repositories that were read."""


class Watch:
    """Shows every finished repository, and why the scan waits, by ``show``."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._expected: dict[str, int] = {}

    @property
    def total(self) -> int | None:
        """How many repositories there are to read, as far as that is known."""
        return sum(self._expected.values()) or None

    def expect(self, source: str, count: int) -> None:
        """So many repositories of a source are to be read in all; a later number replaces it."""
        self._expected[source] = count

    def done(self, name: str) -> None:
        """One more repository is done."""
        self._show(name, 1)

    def waiting(self, seconds: float, why: str) -> None:
        """The scan waits for ``seconds`` more."""
        self._show(waiting_line(seconds, why), 0)


class PlainWatch(Watch):
    """Where no terminal is: lines on waits that are worth it and on how far it is, each at most
    twice a minute.
    """

    def __init__(self) -> None:
        super().__init__(lambda _text, _count: None)
        self._said = -math.inf
        self._counted = time.monotonic()
        self._done = 0
        self._lock = threading.Lock()

    def done(self, name: str) -> None:
        """Count a repository, and now and then say how many were read."""
        with self._lock:
            self._done += 1
            if time.monotonic() - self._counted < _SAY_AGAIN:
                return
            self._counted = time.monotonic()
        of = f" of {self.total}" if self.total is not None else ""
        say(f"{self._done}{of} repositories read", error=True)

    def waiting(self, seconds: float, why: str) -> None:
        """Say once that the scan waits."""
        with self._lock:
            if seconds < _SHORT or time.monotonic() - self._said < _SAY_AGAIN:
                return
            self._said = time.monotonic()
        say(waiting_line(seconds, why), error=True)


def waiting_line(seconds: float, why: str) -> str:
    """Why the scan stands still: ``waiting 42 s: GitHub's hourly limit (Ctrl-C keeps …)``."""
    return f"waiting {math.ceil(seconds)} s: {why} (Ctrl-C keeps what was read)"


@contextmanager
def watching(task: str) -> Iterator[Watch]:
    """A watch with a moving line on a terminal, and plain lines elsewhere."""
    if not is_terminal(sys.stderr):
        yield PlainWatch()
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:.0f}{task.fields[of]} repositories", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        number = shown.add_task(task, total=None, of="")

        def show(text: str, count: int) -> None:
            of = f" of {watch.total}" if watch.total is not None else ""
            shown.update(number, advance=count, description=text, of=of)

        watch = Watch(show)
        yield watch
