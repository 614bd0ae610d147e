"""What a repository's ``zizmor.yml`` ignores; the rest of it is zizmor's own business."""

from __future__ import annotations

from collections.abc import Set

from msgspec import Struct

from audits.model.source import SourceFile
from audits.workflow.nodes import child, items, pairs
from audits.workflow.parse import RefusedError, compose

PATHS = (".github/zizmor.yml", ".github/zizmor.yaml", "zizmor.yml", "zizmor.yaml")
"""Where zizmor looks for its configuration; the first that is there holds alone."""

_WORKFLOWS = ".github/workflows/"
_LONGEST_NUMBER = 10


class ZizmorIgnore(Struct, frozen=True, kw_only=True):
    """One entry: a whole rule, or a workflow (by its file name) and perhaps a line of it."""

    rule: str
    whole_rule: bool = False
    file: str = ""
    line: int | None = None

    def covers(self, path: str, lines: Set[int]) -> bool:
        """Whether it is about a finding in this file that is shown from one of these lines."""
        if self.whole_rule:
            return True
        folder, _, name = path.rpartition("/")
        here = f"{folder}/" == _WORKFLOWS and name == self.file
        return here and (self.line is None or self.line in lines)


def read_ignores(source: SourceFile) -> tuple[ZizmorIgnore, ...]:
    """The entries of ``rules: <rule>: ignore:`` and ``disable:``; () for a broken file.

    Format: https://docs.zizmor.sh/configuration/
    """
    try:
        _, root = compose(source)
    except RefusedError:
        return ()
    found = []
    for key, value in pairs(child(root, "rules")):
        rule = str(key.value)
        disabled = child(value, "disable")
        if disabled is not None and str(disabled.value) == "true":
            found.append(ZizmorIgnore(rule=rule, whole_rule=True))
        for item in items(child(value, "ignore")):
            file, _, rest = str(item.value).partition(":")
            line = rest.partition(":")[0]
            found.append(ZizmorIgnore(rule=rule, file=file, line=_line(line)))
    return tuple(found)


def _line(text: str) -> int | None:
    """A line's number; None where the text is none that a file can have."""
    return int(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER else None
