"""Actions of others that a policy for commits refuses: each file is read once, whatever leads to it."""

from __future__ import annotations

from msgspec.structs import replace

from audits.analysis.required_pins import refused_uses, unread_actions
from audits.model.repository import OpenedFile, Repository
from audits.model.source import SourceFile
from audits.workflow.opened_files import open_files
from tests.analysis.test_conditions import repository

STEPS = 40
ACTIONS = 30


class Counted(dict[str, OpenedFile]):
    """Opened files that count how often one is looked at."""

    looks = 0

    def get(self, key: str, default: OpenedFile | None = None) -> OpenedFile | None:  # type: ignore[override]
        self.looks += 1
        return super().get(key, default)

    def __getitem__(self, key: str) -> OpenedFile:
        self.looks += 1
        return super().__getitem__(key)


def _opening(text: str, files: dict[str, str]) -> tuple[Repository, Counted]:
    opened = Counted(
        open_files(
            {
                name: SourceFile(
                    path="action.yml",
                    text=f"runs: {{using: composite, steps: [{uses}]}}",
                    oid=name,
                )
                for name, uses in files.items()
            }
        )
    )
    return replace(repository(text), opened=opened), opened


def test_actions_that_all_use_each_other_are_read_once() -> None:
    names = [f"evil/a{number}@v1" for number in range(ACTIONS)]
    everything = ", ".join(f"{{uses: {name}}}" for name in names)
    steps = ", ".join(f"{{uses: {name}}}" for name in names[:2] * (STEPS // 2))
    text = f"on: push\njobs: {{a: {{runs-on: x, steps: [{steps}]}}}}"
    repo, opened = _opening(text, dict.fromkeys(names, everything))
    found = refused_uses(repo)
    assert len(found) == STEPS + ACTIONS * ACTIONS
    assert opened.looks <= 3 * ACTIONS
    assert len({use.used_at.path for use in found}) == 1
    assert unread_actions(repo) == ()
