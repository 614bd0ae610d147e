"""The base class of errors shown to users: what went wrong, and a piece of advice."""

from __future__ import annotations


class AuditError(Exception):
    """Something cannot be done: ``message`` is one sentence, ``advice`` one piece of advice.

    Neither ever holds a credential or a server's answer.
    """

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message = message
        self.advice = advice
