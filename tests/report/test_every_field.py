"""Hostile text in every text of an audit, found by its types: no output lets any of it through."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from audits.checks import all_checks
from audits.cli.output import say
from audits.model.outcome import Finding
from audits.model.score import Audit
from audits.model.source import Gap, GapReason
from audits.report.json import audit_document
from audits.report.markdown import markdown_report
from audits.report.sarif import sarif
from audits.report.text import text_report
from tests.cli.conftest import TOKEN
from tests.test_hostile_files import audited

HOSTILE = (
    "\x1b]0;t\x07",
    "\x9b2J",
    "\u202egnp",
    "\u2066x",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/a)",
    "\n# head",
    "| cell |",
    "@someone",
    "\x00",
    "\ud800",
)
TEXT = " ".join(HOSTILE)
CHANGED = (Finding, Gap)
"""What is filled: their texts are made of what repositories hold."""


def filled(value: Any, inside: bool = False) -> Any:  # noqa: ANN401 - of any type
    """The same value with hostile text after every text of a finding or a gap."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return f"{value}{TEXT}" if inside else value
    if isinstance(value, tuple):
        return tuple(filled(item, inside) for item in value)
    if isinstance(value, Mapping):
        return {key: filled(item, inside) for key, item in value.items()}
    if isinstance(value, Struct) and (inside or isinstance(value, CHANGED)):
        found = {f.name: getattr(value, f.name) for f in fields(value)}
        return type(value)(**{name: filled(item, True) for name, item in found.items()})
    return value


def struck(audit: Audit) -> Audit:
    results = tuple(
        replace(result, findings=tuple(map(filled, result.findings))) for result in audit.results
    )
    gap = filled(Gap(subject="release.yml", reason=GapReason.INVALID, detail="detail"))
    repository = replace(audit.repository, gaps=(*audit.repository.gaps, gap))
    return replace(audit, results=results, repository=repository)


@pytest.fixture(scope="module")
def audit() -> Audit:
    return struck(audited(TOKEN))


def steering(text: str) -> set[str]:
    """Characters that steer a terminal, or reorder what is read."""
    odd = {c for c in text if unicodedata.category(c) in {"Cc", "Cs"} and c != "\n"}
    return odd | (set(text) & set("\u202e\u2066"))


def test_markdown(audit: Audit) -> None:
    made = markdown_report(audit)
    assert "evil" in made
    assert not steering(made)
    outside = re.sub(r"`+[^`]*`+", "", made)
    assert not re.search(r"(?<!\\)<img|(?<!\\)!\[|(?<![\w/])@someone", outside)
    assert not re.search(r"^# head", made, re.MULTILINE)


def test_sarif_and_json(audit: Audit) -> None:
    checks = {check.id: check for check in all_checks()}
    for made in (sarif(audit, checks, "1"), audit_document(audit, "1")):
        text = json.dumps(made)
        assert "evil" in text
        assert not steering(text)


def test_text_for_a_terminal(audit: Audit, capfd: pytest.CaptureFixture[str]) -> None:
    say("\n".join(text_report(audit)))
    made = capfd.readouterr().out
    assert "evil" in made
    assert not steering(made)
