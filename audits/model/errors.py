"""The one class of errors that people are told of: what went wrong, and what to do."""

from __future__ import annotations


class AuditError(Exception):
    """Something cannot be done: ``message`` is one sentence, ``advice`` one piece of advice.

    Neither ever holds a credential or a server's answer.
    """

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message = message
        self.advice = advice
