"""Reads the configuration file that a command is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audits.cli.exits import UsageError
from audits.cli.text_file import read_text_file
from audits.report.escape import printable
from audits.report.phrases import count

if TYPE_CHECKING:
    from audits.workflow.uploaders.uploader import Uploader


def load_uploaders(path: Path | None) -> tuple[Uploader, ...]:
    """The uploaders of a configuration file; UsageError where it cannot be read, and for one
    with mistakes, which it lists all: a release that goes unseen must not depend on a slip.
    """
    if path is None:
        return ()
    text = read_text_file(path, "configuration")
    # Slow to import, and not needed without such a file.
    from audits.workflow.uploaders.configured import read_configuration

    loaded = read_configuration(text)
    if loaded.problems:
        lines = "".join(f"\n  {printable(problem)}" for problem in loaded.problems)
        raise UsageError(
            f"The configuration {path} has {count(len(loaded.problems), 'mistake')}:{lines}",
            "Correct them all; until then nothing runs.",
        )
    return loaded.uploaders
