"""Groups findings for reading, and formats them as text to paste."""

from __future__ import annotations

import difflib
import glob
import re
from collections.abc import Mapping, Sequence
from functools import cache
from urllib.parse import urlsplit

from audits.checks import all_checks
from audits.engines.zizmor_rules import ZIZMOR_RULES
from audits.model.rows import FindingRow
from audits.report.phrases import count
from dashboard.frames.cells import link_of, span, visible
from dashboard.theme import LINK_LABELS, SEVERITIES, signed

_CHECK = re.compile(r"[a-z0-9]+([-/][a-z0-9]+)*")
_CONTEXT = 2


def by_check(rows: Sequence[FindingRow]) -> list[tuple[str, list[FindingRow]]]:
    """Findings grouped by check, the worst and most numerous first."""
    groups: dict[str, list[FindingRow]] = {}
    for row in rows:
        groups.setdefault(row.check, []).append(row)
    return sorted(
        groups.items(),
        key=lambda item: (min(map(rank, item[1])), -len(item[1]), item[0]),
    )


def rank(row: FindingRow) -> int:
    """The place of a finding's severity, 0 for critical."""
    return SEVERITIES.index(row.severity) if row.severity in SEVERITIES else len(SEVERITIES)


def check_name(check: str) -> str:
    """A check's id as it may be in a label; ids have letters, digits, ``-`` and ``/`` only."""
    return check if _CHECK.fullmatch(check) else "unnamed check"


def label(check: str, rows: Sequence[FindingRow]) -> str:
    """The heading of a group of findings."""
    worst = min(rows, key=rank).severity
    word = signed(worst) if worst in SEVERITIES else "finding"
    return f"{word} · {title_of(check)} · {count(len(rows), 'place')}"


@cache
def _titles() -> Mapping[str, str]:
    of_engine = {f"zizmor/{rule.id}": rule.heading for rule in ZIZMOR_RULES.values()}
    return of_engine | {check.id: check.title for check in all_checks()}


def title_of(check: str) -> str:
    """What a check or a rule of the engine finds, as a sentence begins; the id of one that this
    version does not have.
    """
    return _titles().get(check) or check_name(check)


def link_label(kind: str, url: str) -> str:
    """The label of a link; of documentation, with the site that it is on."""
    site = f" on {urlsplit(url).hostname}" if kind == "documentation" else ""
    return f"{LINK_LABELS[kind]}{site}"


def place(row: FindingRow) -> str:
    """Where a finding is, in one line."""
    where = f"{row.path}:{row.line}" if row.line else row.path
    return visible(f"{where} · job {row.job}" if row.job else where)


def lines_of(row: FindingRow, text: str) -> str:
    """The lines of a finding in the text of its file, or the line that was stored with it.

    A finding that was not re-checked is of an older text: its line number means nothing now.
    """
    lines = text.splitlines()
    here = lines[row.line - 1].strip() if 0 < row.line <= len(lines) else ""
    if here and (not row.excerpt or row.excerpt.strip() in here):
        return lines_around(text, row.line, row.end_line)
    return row.excerpt


def lines_around(text: str, line: int, end: int | None = None) -> str:
    """The lines of a file around a finding, numbered, those at fault marked with ``>``."""
    lines = text.splitlines()
    last = min(max(end or line, line), line + 20)
    first = max(1, line - _CONTEXT)
    return "\n".join(
        f"{'>' if line <= number <= last else ' '} {number:>4}  {lines[number - 1][:240]}"
        for number in range(first, min(len(lines), last + _CONTEXT) + 1)
    )


def difference(before: str, after: str) -> str:
    """What an edit changes, as a unified diff without its file names."""
    changes = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return "\n".join(list(changes)[2:])


def issue_text(rows: Sequence[FindingRow]) -> str:
    """The chosen findings as the body of an issue, one list for each repository.

    Repository text is in code spans, so that pasting it calls nobody and links nowhere.
    """
    lines: list[str] = ["Findings of release-audit:", ""]
    for repository in dict.fromkeys(row.repository for row in rows):
        lines += [f"**{span(repository)}**", ""]
        for row in (row for row in rows if row.repository == repository):
            url = link_of(row.links, "permalink")
            where = span(f"{row.path}:{row.line}") + (f" ([line]({url}))" if url else "")
            lines.append(f"- [ ] {row.severity}: `{check_name(row.check)}` at {where}")
            lines.append(f"  {span(row.message)}")
        lines.append("")
    return "\n".join(lines)


def waiver_text(rows: Sequence[FindingRow], expires: str) -> str:
    """The chosen findings as entries of the waiver file, to be completed and reviewed; one
    entry accepts a check in a file.
    """
    blocks = []
    places = ((f"{r.owner}/{r.repository}", glob.escape(r.path), r.check) for r in rows)
    for repository, path, check in dict.fromkeys(places):
        fields = (
            ("repository", repository),
            *((("path", path),) if path else ()),
            ("check", check),
            ("responsible", ""),
            ("reason", ""),
            ("expires", expires),
        )
        lines = [f"{name} = {_toml(value)}" for name, value in fields]
        blocks.append("\n".join(["[[waiver]]", *lines]))
    return "\n\n".join(blocks) + "\n"


def _toml(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    shown = "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped)
    return f'"{shown}"'
