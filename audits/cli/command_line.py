"""Runs the command that the words name, and turns errors into sentences and exit codes."""

from __future__ import annotations

import errno
import gc
import logging
import sys

from audits.cli.exits import FAULT, WRONG_USE, exit_code
from audits.cli.output import (
    OutputError,
    ReaderGoneError,
    leave_broken_pipe,
    leave_unwritten,
    say,
    unwritten,
)
from audits.faults import fault_log, log_fault
from audits.interrupts import ending_in_order, exit_status, interruption
from audits.model.errors import AuditError

GARBAGE = 300_000
"""Objects made between two collections of garbage, where Python's default is 700."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""What the system says where there is no room, or none to be written to: no fault of ours."""


def run() -> None:
    """Run the command line; exit codes are those of `audits.cli.exits`."""
    # Next to nothing here refers to itself, and looking for it takes a fifth of the time.
    gc.set_threshold(GARBAGE, 50, 50)
    # Warnings of libraries go to the log too: without a handler Python prints them.
    logging.getLogger().addHandler(fault_log())
    with ending_in_order():
        try:
            _run()
        finally:
            # Else Python takes all of it apart, one by one, before it ends: a tenth of a scan.
            gc.freeze()


def _run() -> None:
    """Run the command that the words name; SystemExit with its exit code."""
    try:
        from audits.cli.app import application

        code = application("".join(sys.argv[1:2]))(standalone_mode=False, prog_name="release-audit")
        sys.exit(code if isinstance(code, int) else 0)
    except ReaderGoneError:
        leave_broken_pipe()
    except OutputError as error:
        leave_unwritten(error)
    except AuditError as error:
        say(f"error: {error.message}", error=True)
        if error.advice:
            say(f"advice: {error.advice}", error=True)
        sys.exit(exit_code(error))
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # Click's own, of a help text
            leave_broken_pipe()
        raise
    except (KeyboardInterrupt, Exception) as error:
        if stopped := interruption(error):
            say("Stopped. What was recorded is kept.", error=True)
            sys.exit(exit_status(stopped))
        if _is_usage(error):
            sys.exit(WRONG_USE)
        if isinstance(error, OSError) and error.errno in _FULL:
            leave_unwritten(unwritten(error))
        place = log_fault(error, "running a command")
        say(f"error: release-audit failed ({type(error).__name__}): {place}.", error=True)
        say("advice: Please report it; what was recorded is kept.", error=True)
        sys.exit(FAULT)


def _is_usage(error: BaseException) -> bool:
    """Whether it is Typer's error for wrong use of a command, which is then printed
    as ours are; without any word, the help is printed.
    """
    from click.exceptions import ClickException, NoArgsIsHelpError, UsageError

    if not isinstance(error, ClickException):
        return False
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        return True
    context = error.ctx if isinstance(error, UsageError) else None
    command = context.command_path if context else "release-audit"
    say(f"error: {' '.join(error.format_message().split())}", error=True)
    say(f"advice: '{command} --help' lists its options.", error=True)
    return True
