"""The base class of errors shown to users: what went wrong, and a piece of advice."""

from __future__ import annotations

from typing import ClassVar


class AuditError(Exception):
    """Something cannot be done: ``message`` is one sentence, ``advice`` one piece of advice.

    Neither ever holds a credential or a server's answer. ``wrong_use`` marks what the person who
    typed the command corrects, ``is_fault`` a fault of this program; commands end differently.
    """

    wrong_use: ClassVar[bool] = False
    is_fault: ClassVar[bool] = False

    def __init__(self, message: str, advice: str) -> None:
        # As arguments, for the error to be pickled between processes.
        super().__init__(message, advice)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()
