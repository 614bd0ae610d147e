"""Holds every workflow that init writes against GitHub's own parser, which is on npm.

Run as ``python -m tests.init.parser.check``; ``--write`` records the verdicts as facts, which
the suite compares with what is written. The package goes into a temporary directory; without
npm, or without its registry, a loud line says that nothing was checked.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.init.test_workflows import VERDICTS, workflows_written

PACKAGE = "@actions/workflow-parser"
_BROKEN = "on: push\njobs:\n  a:\n    runs-on: x\n    permission: {}\n    steps: [{run: make}]\n"
"""The parser must refuse this one: a parser that takes everything says nothing."""


def _installed(folder: str) -> str:
    """The parser's name and version, installed; "" where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return ""
    command = [npm, "install", "--prefix", folder, "--ignore-scripts", "--no-audit", PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return ""
    about = Path(folder, "node_modules", *PACKAGE.split("/"), "package.json")
    if done.returncode or not about.is_file():
        return ""
    return f"{PACKAGE}@{json.loads(about.read_text('utf-8'))['version']}"


def _verdicts(folder: str, texts: dict[str, str]) -> dict[str, list[str]]:
    """What the parser says against each text, by its key."""
    paths = {}
    for key, text in texts.items():
        path = Path(folder, f"{key}.yml")
        path.write_text(text, "utf-8")
        paths[str(path)] = key
    script = Path(__file__).with_name("verdicts.mjs")
    done = subprocess.run(
        ["node", "--no-warnings", str(script), folder, *paths],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return {paths[path]: errors for path, errors in json.loads(done.stdout).items()}


def main(words: list[str]) -> int:
    """0 where the parser takes every workflow, or could not be had; 1 otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        parser = _installed(folder)
        if not parser:
            print(f"!!! PARSER CHECK SKIPPED: {PACKAGE} could not be had. NOTHING was checked. !!!")
            return 0
        texts = workflows_written()
        found = _verdicts(folder, {**texts, "broken": _BROKEN})
    if not found.pop("broken"):
        print("parser check: the parser takes a broken workflow")
        return 1
    for key, errors in found.items():
        for error in errors:
            print(f"parser check: {error}\n{texts[key]}")
    accepted = sorted(key for key, errors in found.items() if not errors)
    if "--write" in words:
        facts = {"parser": parser, "accepted": accepted}
        VERDICTS.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    print(f"parser check: {parser} takes {len(accepted)} of {len(texts)} workflows")
    return 0 if len(accepted) == len(texts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
