"""SARIF as GitHub's code scanning reads it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from audits import __version__
from audits.checks import all_checks
from audits.model.outcome import Acceptance, AcceptanceKind, Finding
from audits.model.repository import Repository
from audits.pipeline.audit import Rules, audit
from audits.report.sarif import sarif
from tests.generated import INDEX
from tests.scoring.test_score import LESSON, lesson_repository

CHECKS = {check.id: check for check in all_checks()}
LOOSE = (
    LESSON.replace("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7")
    .replace("permissions: {}\n", "permissions: write-all\n")
    .replace("    environment:\n      name: pypi\n      url: https://pypi.example/p/lumen\n", "")
)
# What GitHub asks for, of the parts that we write; the whole schema is not ours to ship.
# https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1}},
}
SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["tool", "results", "automationDetails"],
                "properties": {
                    "tool": {
                        "properties": {
                            "driver": {
                                "required": ["name", "rules", "version"],
                                "properties": {
                                    "rules": {
                                        "items": {
                                            "required": [
                                                "id",
                                                "shortDescription",
                                                "fullDescription",
                                                "help",
                                            ],
                                            "properties": {
                                                "shortDescription": TEXT,
                                                "fullDescription": {
                                                    **TEXT,
                                                    "properties": {
                                                        "text": {"minLength": 1, "maxLength": 1024}
                                                    },
                                                },
                                                "help": {**TEXT, "required": ["text", "markdown"]},
                                                "properties": {
                                                    "required": ["security-severity", "tags"],
                                                    "properties": {
                                                        "security-severity": {
                                                            "pattern": r"^\d+\.\d$"
                                                        },
                                                        "tags": {"maxItems": 20},
                                                    },
                                                },
                                            },
                                        }
                                    }
                                },
                            }
                        }
                    },
                    "results": {
                        "items": {
                            "required": [
                                "ruleId",
                                "message",
                                "locations",
                                "partialFingerprints",
                                "level",
                            ],
                            "properties": {
                                "level": {"enum": ["error", "warning", "note"]},
                                "message": TEXT,
                                "locations": {"minItems": 1},
                            },
                        }
                    },
                },
            },
        },
    },
}


def log(text: str, accept: bool = False) -> dict[str, Any]:
    def accepts(check: str, finding: Finding, repository: Repository) -> Acceptance | None:
        known = Acceptance(kind=AcceptanceKind.WAIVER, reason="moving")
        return known if accept and check == "unpinned-action" else None

    audited = audit(lesson_repository(None, text), Rules(index=INDEX, accept=accepts))
    made: dict[str, Any] = json.loads(json.dumps(sarif(audited, CHECKS, __version__)))
    return made


def test_it_has_the_shape_that_github_reads() -> None:
    jsonschema.validate(log(LOOSE), SHAPE)


def test_results_refer_to_their_rules_and_places() -> None:
    run = log(LOOSE)["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert not place["artifactLocation"]["uri"].startswith("/")
        assert place["region"]["startLine"] >= 1
    assert "unpinned-action" in rules


def test_severities_become_levels() -> None:
    levels = {r["ruleId"]: r["level"] for r in log(LOOSE)["runs"][0]["results"]}
    assert levels["unpinned-action"] == "error"
    assert levels["unpinned-build-tool"] == "note"


@pytest.mark.parametrize("accept", [True, False])
def test_accepted_findings_are_suppressed(accept: bool) -> None:
    results = log(LOOSE, accept)["runs"][0]["results"]
    pins = [r for r in results if r["ruleId"] == "unpinned-action"]
    assert pins
    assert all(("suppressions" in r) is accept for r in pins)


def test_every_check_has_a_rule_text_that_github_takes() -> None:
    from audits.report.sarif import _rule

    for check in CHECKS.values():
        rule = _rule(check.id, check, check.severity)
        assert 1 <= len(rule["fullDescription"]["text"]) <= 1024
