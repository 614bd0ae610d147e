"""Reads the files that options name, with one sentence for each way in which that fails."""

from __future__ import annotations

from pathlib import Path

from audits.cli.exits import UsageError

_MOST_BYTES = 1024 * 1024


def read_text_file(path: Path, what: str) -> str:
    """The text of a TOML file; UsageError, which calls it ``what``, where it cannot be read."""
    try:
        return _content(path, what).decode("utf-8")
    except OSError as error:
        raise UsageError(
            f"The {what} {path} cannot be read ({error.strerror}).", "Give a TOML file in UTF-8."
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"The {what} {path} is not UTF-8 (line {line}).", "Save the file in UTF-8."
        ) from error


def _content(path: Path, what: str) -> bytes:
    """The file's bytes; UsageError for what is no usual file, or a huge one."""
    if not path.is_file() and path.exists():
        raise UsageError(f"The {what} {path} is no file.", "Give a TOML file in UTF-8.")
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise UsageError(
            f"The {what} {path} is larger than {_MOST_BYTES // 1024} KiB.", "Split the file."
        )
    return content
