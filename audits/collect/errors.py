"""The error of a source that could not be read at all."""

from __future__ import annotations

from audits.model.errors import AuditError


class CollectError(AuditError):
    """A source cannot be read: one sentence, and one piece of advice. Never a credential."""


class ScanCancelledError(CollectError):
    """The person or the system asked to stop; what was read so far is kept."""


class BudgetSpentError(CollectError):
    """The points or the waiting time allowed for this scan are used up."""


class WrongFolderError(CollectError):
    """The folder that was named is none, or holds no repository; exit code 2."""

    wrong_use = True
