"""Reads the ignored rules of a repository's ``zizmor.yml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from msgspec import Struct

from audits.model.source import Gap, GapReason, SourceFile
from audits.workflow.parse.nodes import Node, child, is_list, is_map, is_scalar, items, pairs
from audits.workflow.parse.parse import RefusedError, compose

PATHS = (".github/zizmor.yml", ".github/zizmor.yaml", "zizmor.yml", "zizmor.yaml")
"""Where zizmor looks for its configuration; the first that is there holds alone."""

_WORKFLOWS = ".github/workflows/"
_ENTRY = re.compile(r"(?P<file>[^:]+)(?::(?P<line>[1-9][0-9]{0,8})(?::[1-9][0-9]{0,8})?)?")


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


class ZizmorConfig(Struct, frozen=True, kw_only=True):
    """What was read of the file, and what of it could not be.

    zizmor refuses a file with any mistake in it, so that with a gap nothing is ignored.
    """

    ignores: tuple[ZizmorIgnore, ...] = ()
    gaps: tuple[Gap, ...] = ()


def read_config(source: SourceFile) -> ZizmorConfig:
    """The entries of ``rules: <rule>: ignore:`` and ``disable:``.

    A gap for a file that cannot be read and for each entry that says something else than the
    format allows: https://docs.zizmor.sh/configuration/
    """
    if all(line.strip()[:1] in {"", "#"} for line in source.text.split("\n")):
        return ZizmorConfig()
    try:
        text, root = compose(source)
    except RefusedError as refused:
        why = refused.gap.detail.partition(": ")[2].partition(";")[0]
        return ZizmorConfig(gaps=(_gap(source, refused.gap.line, why, refused.gap.reason),))
    ignores: list[ZizmorIgnore] = []
    gaps: list[Gap] = []
    for found in _entries(root):
        if isinstance(found, ZizmorIgnore):
            ignores.append(found)
        else:
            node, why = found
            gaps.append(_gap(source, text.location(node).line, why))
    return ZizmorConfig(ignores=() if gaps else tuple(ignores), gaps=tuple(gaps))


def _entries(root: Node) -> Iterator[ZizmorIgnore | tuple[Node, str]]:
    """The entries, and the places of what is none with what is wrong there."""
    rules = child(root, "rules")
    if rules is not None and not (is_map(rules) or _is_null(rules)):
        yield rules, "'rules' is no mapping of keys"
    for key, value in pairs(rules):
        rule = str(key.value)
        disabled, ignored = child(value, "disable"), child(value, "ignore")
        if not (is_map(value) or _is_null(value)):
            yield value, f"the rule {rule[:60]!r} is no mapping of keys"
        if disabled is not None and _plain(disabled) == "true":
            yield ZizmorIgnore(rule=rule, whole_rule=True)
        elif disabled is not None and _plain(disabled) != "false":
            yield disabled, "'disable' is neither true nor false"
        if ignored is not None and not (is_list(ignored) or _is_null(ignored)):
            yield ignored, "'ignore' is no list"
        for item in items(ignored):
            found = _ENTRY.fullmatch(item.value) if is_scalar(item) else None
            if found is None:
                yield item, "an ignored place is not written as file.yml:line:column"
            else:
                line = int(found["line"]) if found["line"] else None
                yield ZizmorIgnore(rule=rule, file=found["file"], line=line)


def _plain(node: Node) -> str | None:
    """What a scalar says that stands without quotes; None for anything else."""
    return str(node.value) if is_scalar(node) and not node.style else None


def _is_null(node: Node) -> bool:
    return _plain(node) in {"", "~", "null"}


def _gap(
    source: SourceFile, line: int | None, why: str, reason: GapReason = GapReason.INVALID
) -> Gap:
    place = f"{source.path}, line {line}" if line else source.path
    detail = f"{place}: {why}; nothing is ignored by it: fix it"
    return Gap(subject=source.path, reason=reason, line=line, detail=detail)
