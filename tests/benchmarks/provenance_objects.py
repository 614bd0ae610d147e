"""Read real provenance objects and check what is said of them; run by hand.

``python -m tests.benchmarks.provenance_objects FOLDER``, with a folder that holds the two
objects which the public index's own tests use.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from audits.collect.index.provenance import read_provenance
from audits.model.evidence import Provenance, PublisherKind

_CHECKED = ("kind", "repository", "workflow", "environment", "ref", "event", "runner", "commit")
_EXPECTED = {
    "sampleproject-4.0.0.tar.gz.provenance.json": (
        PublisherKind.GITHUB,
        "pypa/sampleproject",
        "release.yml",
        "",
        "refs/heads/main",
        "push",
        "github-hosted",
        "621e4974ca25ce531773def586ba3ed8e736b3fc",
    ),
    "pep740-sampleproject-1.0.0.tar.gz.provenance.json": (
        PublisherKind.GITLAB,
        "pep740-example/sampleproject",
        ".gitlab-ci.yml",
        "",
        "refs/heads/main",
        "push",
        "gitlab-hosted",
        "0b706bbf1b50e7266b33762568566d6ec0f76d69",
    ),
}
_IDS = {
    "sampleproject-4.0.0.tar.gz.provenance.json": ("14899596", "647025"),
    "pep740-sampleproject-1.0.0.tar.gz.provenance.json": ("64895736", "98134409"),
}


def wrong(name: str, provenance: tuple[Provenance, ...], problems: tuple[str, ...]) -> list[str]:
    """What was read otherwise than these objects are known to be."""
    if len(provenance) != 1 or problems:
        return [f"{len(provenance)} publishers, problems: {problems}"]
    (one,) = provenance
    pairs = zip(_CHECKED, _EXPECTED[name], strict=True)
    found = [f"{key}: {getattr(one, key)!r}" for key, value in pairs if getattr(one, key) != value]
    if (one.repository_id, one.owner_id) != _IDS[name]:
        found.append(f"ids: {one.repository_id}, {one.owner_id}")
    if f"/{one.repository}/" not in one.run_url or not one.build_config.endswith(one.ref):
        found.append(f"run or build: {one.run_url}, {one.build_config}")
    return found


def main() -> int:
    """Print one line an object; 1 where one was read wrong, 2 where none is there."""
    folder = Path(sys.argv[1])
    failures = 0
    for name in _EXPECTED:
        path = folder / name
        if not path.is_file():
            print(f"{path} is not there: give the folder that holds it.")
            return 2
        data = json.loads(path.read_text("utf-8"))
        read_provenance(data)  # the first reading imports the library
        started = time.perf_counter()
        read = read_provenance(data)
        spent = (time.perf_counter() - started) * 1000
        faults = wrong(name, read.provenance, read.problems)
        failures += bool(faults)
        print(f"{name}: {'; '.join(faults) or 'read right'} in {spent:.1f} ms")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
