"""The file of waivers that a command is given."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import typer

from audits.cli.exits import UsageError
from audits.waivers import Waivers, read_waivers

_MOST_BYTES = 1024 * 1024


def load_waivers(path: Path | None) -> Waivers:
    """The waivers of a file as of today, once it is said what is wrong with them; UsageError
    where it cannot be read at all.
    """
    today = date.today()
    if path is None:
        return Waivers(today=today)
    try:
        text = path.read_bytes()[:_MOST_BYTES].decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read as a file of waivers.", "Give a TOML file in UTF-8."
        ) from error
    # All checks are imported to know their names.
    from audits.unheeded import known_checks

    loaded = read_waivers(text, today, known_checks())
    for problem in loaded.problems:
        typer.echo(f"warning: {path}, {problem.detail}", err=True)
    return loaded
