"""How much processor time ``release-audit check`` takes as a whole process, engine included.

Run by hand: ``python -m tests.benchmarks.check_cpu CHECKOUT…``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.whole_process import program, run

ROUNDS = 7


def main() -> None:
    """Check each checkout several times and print the median."""
    with TemporaryDirectory() as temporary:
        work = Path(temporary)
        for place in sys.argv[1:]:
            words = [program("release-audit"), "check", place]
            used = [run(words, work) for _ in range(ROUNDS + 1)][1:]
            print(
                f"{Path(place).resolve().name}: CPU {median(u.cpu for u in used):.2f} s (bar: 0.60), "
                f"wall {median(u.wall for u in used):.2f} s, "
                f"largest process {max(u.peak_mib for u in used):.0f} MiB"
            )


if __name__ == "__main__":
    main()
