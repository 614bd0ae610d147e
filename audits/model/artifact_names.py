"""Whether a download may take an artifact, where names hold expressions and wildcards."""

from __future__ import annotations

import re
from functools import lru_cache

from audits.model.expression import replace_fences

_ANY = ""
# Names of artifacts are short; what is longer is not compared.
_LONGEST = 300


def may_take(uploaded: str, name: str, pattern: str = "") -> bool:
    """Whether a download of ``name``, of ``pattern`` or (both empty) of everything may take the
    artifact; an expression may stand for any text.
    """
    given = _open(uploaded)
    if name:
        return _may_meet(_open(name), given)
    return not pattern or _may_meet(_open(pattern, wild="*?[{"), given)


def file_name(path: str) -> str:
    """The name of an artifact that is not archived: its file's, wildcards as expressions.

    https://github.com/actions/upload-artifact#inputs
    """
    name = replace_fences(path, "${{}}").strip().rpartition("/")[2]
    return re.sub(r"[*?\[]+", "${{}}", name)


def _open(text: str, *, wild: str = "") -> tuple[str, ...]:
    """The characters of a name, and `_ANY` for each expression and each of ``wild``."""
    loose = replace_fences(text.strip(), "\0")
    return tuple(_ANY if character in "\0" + wild else character for character in loose)


@lru_cache(maxsize=4096)
def _may_meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two names with open places can be the same text."""
    if max(len(one), len(other)) > _LONGEST:
        return True
    pending, seen = [(0, 0)], {(0, 0)}
    while pending:
        here, there = pending.pop()
        if here == len(one) and there == len(other):
            return True
        left = one[here] if here < len(one) else None
        right = other[there] if there < len(other) else None
        steps = []
        if _ANY in (left, right):
            # An open place stands for nothing more, or for one more character of the other.
            steps = [(here + 1, there)] if left is not None else []
            steps += [(here, there + 1)] if right is not None else []
        elif left is not None and left == right:
            steps = [(here + 1, there + 1)]
        new = [step for step in steps if step not in seen]
        seen.update(new)
        pending.extend(new)
    return False
