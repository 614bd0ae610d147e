"""Shows progress: a moving line on a terminal, a line from time to time elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from audits.cli.waiting import watching

Advance = Callable[[str], None]


@contextmanager
def progress(task: str) -> Iterator[Advance]:
    """Yields a function that counts one more thing done and shows its name."""
    with watching(task) as watch:
        yield watch.done
