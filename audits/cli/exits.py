"""Exit codes (design section 10) and the error of someone who used the command wrongly."""

from __future__ import annotations

from audits.model.errors import AuditError

CLEAN = 0
FINDINGS = 1
WRONG_USE = 2
CANNOT_READ = 3
FAULT = 4
"""The program failed; 4 comes before 3, and 3 before 1."""
INTERRUPTED = 130
"""What shells report for a program that Ctrl-C ended."""


class UsageError(AuditError):
    """What was asked makes no sense; exit code 2."""

    wrong_use = True


def exit_code(error: AuditError) -> int:
    """The exit code that an error ends the program with."""
    if getattr(error, "is_fault", False):
        return FAULT
    return WRONG_USE if getattr(error, "wrong_use", False) else CANNOT_READ
