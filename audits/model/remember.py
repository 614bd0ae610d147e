"""Remembers what a function makes of a text, for the next file that holds the same text.

Repositories of an owner share workflows and scripts word for word, as they come from one template,
and a repository's states from week to week differ in one file of many. Only what hangs on the text
alone may be remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

LONGEST = 32 * 1024
"""Characters of a text that is remembered: longer than the workflows that people write, so that
files made to fill the memory are not kept.
"""


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Remember the results of a function for the last ``most`` texts (or tuples of texts).

    Texts longer than `LONGEST` are worked out each time, and so is what raised an error.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        kept = cast("Callable[P, T]", lru_cache(maxsize=most)(function))

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            size = 0
            for arg in args:
                size += len(arg) if isinstance(arg, str) else 0
            return function(*args, **kwargs) if size > LONGEST else kept(*args, **kwargs)

        return call

    return decorate
