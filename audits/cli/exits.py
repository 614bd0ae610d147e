"""Exit codes of the commands, and the error for wrong use of a command."""

from __future__ import annotations

from audits.model.errors import AuditError

CLEAN = 0
FINDINGS = 1
WRONG_USE = 2
CANNOT_READ = 3
FAULT = 4
"""The program failed; 4 comes before 3, and 3 before 1."""


def end_code(*, crashed: bool, unread: bool, findings: bool = False) -> int:
    """What a command ends with: a fault of ours before what was not read, and both before
    findings.
    """
    if crashed:
        return FAULT
    if unread:
        return CANNOT_READ
    return FINDINGS if findings else CLEAN


class UsageError(AuditError):
    """What was asked makes no sense; exit code 2."""

    wrong_use = True


class FaultError(AuditError):
    """A fault of this program, on an owner as a whole, say; exit code 4."""

    is_fault = True


def exit_code(error: AuditError) -> int:
    """The exit code that an error ends the program with."""
    if error.is_fault:
        return FAULT
    return WRONG_USE if error.wrong_use else CANNOT_READ
