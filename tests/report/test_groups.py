"""A file of groups that cannot be read is one sentence, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from audits.report.groups import read_groups


@pytest.mark.parametrize(
    "text",
    [
        "group = 1",
        "a = " + "[" * 5_000,
        "a = " + "9" * 6_000,
        "[[group]]\nname = nan\nrepositories = []",
        "[[group]]\nname = '\xff'\nrepositories = []",
        "\x00",
    ],
)
def test_a_file_of_another_form_is_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "groups.toml"
    file.write_bytes(text.encode("latin-1"))
    found = read_groups(str(file))
    assert found.entries == ()
    assert found.problem.startswith(f"{file} is no file of groups: ")
