"""Scripts are sorted before they are read: no upload may be missed."""

from __future__ import annotations

import pytest

from audits.workflow.uploaders.catalog import ALL
from audits.workflow.uploaders.lookup import KNOWN

COMMANDS = sorted({text.replace("*", "core") for uploader in ALL for text in uploader.commands})


def quoted(text: str) -> str:
    first, *rest = text.split()
    half = len(first) // 2
    words = " ".join(f"'{word[:1]}'{word[1:]}" for word in rest)
    return f'"{first[:half]}"{first[half:]} \\\n  {words}'


@pytest.mark.parametrize(
    "script",
    ["{}", "cd dist && {} x", "if true; then\n  {}\nfi", "sudo -E {}", "./{}", "/usr/bin/{}"],
)
def test_every_upload_is_read(script: str) -> None:
    assert len(COMMANDS) > 200
    assert [text for text in COMMANDS if not KNOWN.may_upload(script.format(text))] == []


def test_an_upload_is_read_however_it_is_quoted() -> None:
    assert [text for text in COMMANDS if not KNOWN.may_upload(quoted(text))] == []


@pytest.mark.parametrize(
    "script",
    ["uv sync --frozen", "gh pr list", "docker run image", "npm ci", "pip install twine", "make"],
)
def test_what_uploads_nothing_is_not_read(script: str) -> None:
    assert not KNOWN.may_upload(script)
