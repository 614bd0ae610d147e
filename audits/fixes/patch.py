"""Writes changes of files as a unified diff that ``git apply`` and ``patch -p1`` take."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from audits.model.edit_plan import ChangedFile

_CONTEXT = 3
_NO_NEWLINE = "\\ No newline at end of file"


def patch(files: Iterable[ChangedFile]) -> str:
    """The changes of some files in one patch; "" where nothing changes.

    https://git-scm.com/docs/diff-format#generate_patch_text_with_p
    """
    return "".join("".join(line + "\n" for line in file_lines(file)) for file in files)


def file_lines(file: ChangedFile) -> Iterator[str]:
    """The lines of one file's diff, header first, without line feeds."""
    before = file.before.text if file.before is not None else ""
    if before == file.text and file.before is not None:
        return
    old, new = _quoted(f"a/{file.path}"), _quoted(f"b/{file.path}")
    yield f"diff --git {old} {new}"
    if file.before is None:
        yield "new file mode 100644"
        old = "/dev/null"
    yield f"--- {old}"
    yield f"+++ {new}"
    yield from _hunks(_lines(before), _lines(file.text))


def _hunks(before: list[str], after: list[str]) -> Iterator[str]:
    # `difflib.unified_diff` takes frequent lines for noise, which makes its diffs longer.
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from _marked(" ", before[start:end])
                continue
            yield from _marked("-", before[start:end])
            yield from _marked("+", after[new_start:new_end])


def _range(start: int, end: int) -> str:
    length = end - start
    first = start + 1 if length else start
    return str(first) if length == 1 else f"{first},{length}"


def _marked(mark: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield _NO_NEWLINE


def _lines(text: str) -> list[str]:
    """The lines with their line feeds; a carriage return is part of a line."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    return lines if lines[-1] else lines[:-1]


def _quoted(path: str) -> str:
    """A path as git quotes it: https://git-scm.com/docs/git-config#Documentation/git-config.txt-corequotePath"""
    if path.isascii() and path.isprintable() and '"' not in path and "\\" not in path:
        return path
    shown = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in path.encode("utf-8", "surrogateescape")
    )
    return f'"{shown}"'
