"""Makes what is generated: parts of README; CI fails when stale."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from audits.check import Check
from audits.checks import all_checks
from audits.report.export import TABLES, column_table

README = Path(__file__).parent.parent / "README.md"
COMMAND = "made by `python -m audits.generate`"


def check_table() -> str:
    """The table of checks, in the order in which they run."""
    lines = ["| check | severity | area | needs | fix | fails when |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_row, all_checks())])


def _row(check: Check) -> str:
    severity = check.severity.label if check.scored else f"{check.severity.label}, not scored"
    needs = ", ".join(sorted(check.needs))
    return (
        f"| `{check.id}` | {severity} | {check.area} | {needs} | {check.fix or 'by hand'} "
        f"| {check.title} |"
    )


def columns() -> str:
    """The columns of every table of the export."""
    return "\n\n".join(
        f"<details><summary><code>{table.name}.csv</code>: {table.description}</summary>\n\n"
        f"{column_table(table)}\n\n</details>"
        for table in TABLES
    )


def generated(text: str) -> str:
    """README's text with its generated parts made anew."""
    for name, body in (("checks", check_table()), ("columns", columns())):
        start, end = f"<!-- {name}: {COMMAND} -->", f"<!-- end of {name} -->"
        pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        block = f"{start}\n\n{body}\n\n{end}"
        text = pattern.sub(block.replace("\\", r"\\"), text)
    return text


def files() -> dict[Path, str]:
    """What each file with generated parts should hold."""
    return {README: generated(README.read_text("utf-8"))}


def stale() -> list[str]:
    """The names of those that hold something else."""
    return [
        path.name
        for path, text in files().items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]


def main() -> None:
    """Write them, or with ``--check`` end with 1 if that would change one."""
    if "--check" in sys.argv[1:]:
        names = ", ".join(stale())
        sys.exit(f"stale: {names}; run python -m audits.generate" if names else 0)
    for path, text in files().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
