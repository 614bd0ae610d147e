"""The check that CONTRIBUTING shows is complete: it loads, and its examples hold."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from audits.checks import load_checks
from audits.pipeline.run_checks import judge
from tests.checks.harness import INDEX, marked_lines, repository_of, texts

PAGE = Path(__file__).parents[2] / ".github" / "CONTRIBUTING.md"


def test_the_first_check_works_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = re.search(
        r"<!-- first check -->\n```python\n(.*?)\n```\n", PAGE.read_text("utf-8"), re.DOTALL
    )
    assert block is not None
    package = tmp_path / "first_check"
    package.mkdir()
    (package / "__init__.py").write_text('"""One check."""\n', "utf-8")
    (package / "unbounded_publish_job.py").write_text(block[1] + "\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    (check,) = load_checks(importlib.import_module("first_check"))
    assert check.id == "unbounded-publish-job"
    for example in check.examples:
        judged = judge(check, repository_of(example), INDEX)
        found = {(f.finding.at.path, f.finding.at.line) for f in judged.findings}
        assert judged.outcome is example.expected
        assert found == marked_lines(texts(example))
