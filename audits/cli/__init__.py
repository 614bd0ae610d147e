"""The command line: thin, and the only place where errors become sentences and exit codes."""

from __future__ import annotations

import gc
import sys

from audits.cli.exits import CANNOT_READ, INTERRUPTED, WRONG_USE
from audits.model.errors import AuditError

GARBAGE = 300_000
"""Objects made between two collections of garbage, where Python's default is 700."""


def main() -> None:
    """Run the command line; exit codes are those of `audits.cli.exits`."""
    # Next to nothing here refers to itself, and looking for it takes a fifth of the time.
    gc.set_threshold(GARBAGE, 50, 50)
    from audits.cli.app import application

    try:
        application("".join(sys.argv[1:2]))()
    except AuditError as error:
        sys.stderr.write(f"error: {error.message}\n")
        if error.advice:
            sys.stderr.write(f"advice: {error.advice}\n")
        sys.exit(WRONG_USE if getattr(error, "wrong_use", False) else CANNOT_READ)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was recorded is kept.\n")
        sys.exit(INTERRUPTED)
    finally:
        # Else Python takes all of it apart, one by one, before it ends: a tenth of a scan.
        gc.freeze()
