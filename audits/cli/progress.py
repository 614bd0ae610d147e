"""Shows progress: a moving line on a terminal, a line from time to time elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from audits.cli.output import is_terminal
from audits.cli.waiting import PlainWatch

Advance = Callable[[str], None]


@contextmanager
def progress(task: str) -> Iterator[Advance]:
    """Yields a function that counts one more thing done and shows its name."""
    if not is_terminal(sys.stderr):
        yield PlainWatch().done
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:.0f} repositories", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        number = shown.add_task(task, total=None)
        yield lambda name: shown.update(number, advance=1, description=name)
