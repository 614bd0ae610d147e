"""Errors of the store, with a piece of advice."""

from __future__ import annotations

from audits.model.errors import AuditError


class StoreError(AuditError):
    """The store cannot do what was asked; ``advice`` says what to do about it."""
