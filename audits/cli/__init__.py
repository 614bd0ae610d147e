"""The command line."""

from __future__ import annotations

import sys

from audits.pipeline.worker_context import start_early

_PLANNER = "audits.cli.planner"
"""The module with what workers are sent, which they are to import."""


def main() -> None:
    """Run the command line; exit codes are those of `audits.cli.exits`."""
    # First of all: what workers need takes longer to import than all that is imported here.
    start_early(sys.argv[1:], _PLANNER)
    from audits.cli.command_line import run

    run()
