"""Agreement of the fast and the slow YAML reader on every workflow of a folder.

``python -m tests.benchmarks.yaml_readers FOLDER``
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from audits.workflow.parse import parse
from audits.workflow.parse.nodes import Node, parts
from audits.workflow.parse.pure_reader import TooMuchWorkError, compose_slowly

_DEEPEST = 100
_SUFFIXES = {".yml", ".yaml"}


def tree(node: Node | None) -> list[object]:
    """Every node with its text and place, each once, in the order of the file."""
    found: list[object] = []
    pending = [node] if node is not None else []
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        text = one.value if one.id == "scalar" else len(one.value)
        style = getattr(one, "style", "") if one.id == "scalar" else ""
        found.append((one.id, text, style or "", one.start_mark.index, one.end_mark.index))
        pending += reversed(parts(one))
    return found


def readings(text: str) -> tuple[list[object] | None, list[object] | None]:
    """What each reader makes of a text; None where it refuses it."""
    refusals: tuple[type[Exception], ...] = (*parse._errors(), TooMuchWorkError)
    both: list[list[object] | None] = []
    for read in (
        lambda: parse._loader()(text).get_single_node(),
        lambda: compose_slowly(text, _DEEPEST),
    ):
        try:
            both.append(tree(read()))
        except refusals:
            both.append(None)
    return both[0], both[1]


def main() -> int:
    """Print how the readers agree; 1 where both read a file and differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    counts: Counter[str] = Counter()
    differing = []
    for path in sorted(parser.parse_args().folder.rglob("*")):
        if path.suffix not in _SUFFIXES or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        fast, slow = readings("\n" + text[1:] if text[:1] == "\ufeff" else text)
        if fast is None or slow is None:
            both = "both refuse it" if fast is slow else "one refuses it"
            counts[f"{both}: {'fast' if fast is None else 'slow'}"] += 1
        else:
            counts["same" if fast == slow else "differs"] += 1
            differing += [] if fast == slow else [str(path)]
    for word, count in counts.most_common():
        print(f"{count:6} {word}")
    print(*differing, sep="\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
