"""What ``who`` says above the paths to each package."""

from __future__ import annotations

from audits.pipeline.audit import Rules, audit
from audits.report.exposure import who_lines
from tests.checks.harness import INDEX
from tests.engines.test_zizmor import repository
from tests.workflow.publish.uploads import RELEASE, job_of

UPLOAD = job_of("- uses: pypa/gh-action-pypi-publish@release/v1")
NAMED = {"pyproject.toml": '[project]\nname = "lumen"\n'}


def _heads(files: dict[str, str]) -> list[str]:
    lines = who_lines(audit(repository(files), Rules(index=INDEX)), lambda text, _: text)
    return [line for line in lines if line.startswith("  pypi")]


def test_of_several_jobs_with_one_package_each_is_named() -> None:
    (alone,) = _heads({**NAMED, RELEASE: UPLOAD})
    assert alone.split() == ["pypi", "lumen", "third-party"]
    second = ".github/workflows/second.yml"
    both = _heads({**NAMED, RELEASE: UPLOAD, second: UPLOAD})
    assert {head.removeprefix(alone).strip() for head in both} == {
        f"{RELEASE}, job publish",
        f"{second}, job publish",
    }
