"""Joins words as an English sentence does: ``a, b and c``."""

from __future__ import annotations

from collections.abc import Iterable


def and_list(words: Iterable[str]) -> str:
    """Words with commas between them and "and" before the last; "" for none."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} and {last}" if most else last
