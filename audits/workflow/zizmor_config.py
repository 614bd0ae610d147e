"""What a repository's ``zizmor.yml`` ignores; the rest of it is zizmor's own business."""

from __future__ import annotations

from dataclasses import dataclass

from audits.model.source import SourceFile
from audits.workflow.nodes import child, items, pairs
from audits.workflow.parse import RefusedError, compose


@dataclass(frozen=True, slots=True, kw_only=True)
class ZizmorIgnore:
    """One entry: a whole rule, or a file (by its name alone) and perhaps its line."""

    rule: str
    whole_rule: bool = False
    file: str = ""
    line: int | None = None


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
            found.append(
                ZizmorIgnore(rule=rule, file=file, line=int(line) if line.isdigit() else None)
            )
    return tuple(found)
