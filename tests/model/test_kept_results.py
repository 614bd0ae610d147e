"""Results that are kept with a value are not copied to changed copies of it."""

from __future__ import annotations

from msgspec.structs import replace

from audits.model.location import Scalar
from audits.model.repository import Repository
from audits.model.source import RepositoryRef, Snapshot
from audits.model.uses import Uses, UsesKind


def test_a_changed_use_has_a_name_of_its_own() -> None:
    raw = Scalar("Orchard-Labs/Peel@v1", 1, 1, 0, 20)
    uses = Uses(kind=UsesKind.REMOTE, raw=raw, owner="Orchard-Labs", repo="Peel", ref="v1")
    assert (uses.slug, uses.action) == ("orchard-labs/peel",) * 2
    moved = replace(uses, repo="Core", path="sub/Dir")
    assert (moved.slug, moved.action) == ("orchard-labs/core", "orchard-labs/core/sub/dir")


def test_a_changed_repository_is_worked_out_again() -> None:
    def name(repository: Repository) -> str:
        asked.append(repository.ref.name)
        return repository.ref.name

    asked: list[str] = []
    first = Repository(snapshot=Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen")))
    assert [first.once(name), first.once(name)] == ["lumen", "lumen"]
    other = replace(first, snapshot=Snapshot(ref=RepositoryRef(owner="orchard-labs", name="quill")))
    assert other.once(name) == "quill"
    assert asked == ["lumen", "quill"]
