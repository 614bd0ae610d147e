"""Writes the generated pages: the checks, the export's columns, and the examples in README.

``python -m tests.generate`` writes them; the tests fail while one of them is stale.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from audits.check import Check
from audits.checks import all_checks
from audits.report.export import TABLES, column_table

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CHECKS = ROOT / "audits" / "checks" / "README.md"
COLUMNS = ROOT / "audits" / "report" / "README.md"
COMMAND = "written by `python -m tests.generate`"
EXAMPLE = "audits/sample/states/2026-06-01/tidepool"
"""The checkout that README's examples audit: a release with a stored token."""
_EXAMPLE_LINES = 16

_CHECKS = """# Checks

Severity holds in jobs that take part in a release; a finding may be milder and then says why.
*Needs* is the evidence without which the outcome is unknown, never passed. *Fix* says whether the
check offers an edit: safe, for review, or none (by hand). `release-audit explain CHECK` prints the
whole text of one, with an example before and after.
"""
_COLUMNS = """# Tables of an export

`release-audit export DIR` writes each table as CSV and as JSON Lines, and `datapackage.json`, which
describes them as a [Frictionless Data Package](https://specs.frictionlessdata.io/data-package/).
In CSV, a cell that a spreadsheet would run has one leading apostrophe. An empty cell is unknown or
does not apply.

Spreadsheets guess: import the files as UTF-8 (`--bom` is how Excel recognizes it), and columns of
names as text, since a repository called `007` would become the number 7. Programs that read CSV take
the types from `datapackage.json`.
"""


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
        f"## `{table.name}.csv`\n\n{table.description}\n\n{column_table(table)}" for table in TABLES
    )


def example(*words: str) -> str:
    """An example of README: a command and the first lines that it prints."""
    command = ["release-audit", *words, EXAMPLE]
    run = subprocess.run(
        [sys.executable, "-c", "from audits.cli import main; main()", *command[1:]],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = run.stdout.splitlines()
    rest = len(lines) - _EXAMPLE_LINES
    shown = [line.rstrip() for line in lines[:_EXAMPLE_LINES]]
    more = [f"… {rest} more lines"] if rest > 0 else []
    return "\n".join(["```console", f"$ {' '.join(command)}", *shown, *more, "```"])


def _with_block(text: str, name: str, body: str) -> str:
    """The text with the body between the two comments that name a generated block."""
    start, end = f"<!-- {name}: {COMMAND} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    block = f"{start}\n\n{body}\n\n{end}"
    return pattern.sub(block.replace("\\", r"\\"), text)


def files() -> dict[Path, str]:
    """What each generated file, or file with a generated block, should hold."""
    note = f"<!-- {COMMAND} -->"
    readme = _with_block(README.read_text("utf-8"), "example", example("check", "--no-engine"))
    readme = _with_block(readme, "fix", example("fix", "--no-engine", "--offline"))
    return {
        README: _with_block(readme, "who", example("who", "--offline")),
        CHECKS: f"{note}\n\n{_CHECKS}\n{check_table()}\n",
        COLUMNS: f"{note}\n\n{_COLUMNS}\n{columns()}\n",
    }


def stale() -> list[str]:
    """The files that hold something else, by their path from the root."""
    return [
        str(path.relative_to(ROOT))
        for path, text in files().items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]


def main() -> None:
    """Write them, or with ``--check`` end with 1 if that would change one."""
    if "--check" in sys.argv[1:]:
        names = ", ".join(stale())
        sys.exit(f"stale: {names}; run python -m tests.generate" if names else 0)
    for path, text in files().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
