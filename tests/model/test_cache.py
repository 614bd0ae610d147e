"""What is kept of answers is read back in the form that it was kept in, or not at all."""

from __future__ import annotations

import pytest
from msgspec import Struct, defstruct
from msgspec.structs import asdict

from audits.model.cache import kept_as, kept_text
from audits.model.evidence import ResolvedRef


class Setting(Struct, frozen=True):
    name: str
    on: bool = False


class Holder(Struct, frozen=True):
    settings: tuple[Setting, ...]


def test_what_was_kept_is_read_back() -> None:
    kept = Setting("a", on=True)
    assert kept_as(Setting, kept_text(Setting, kept)) == kept
    assert kept_as(list[Setting], kept_text(list[Setting], [kept])) == [kept]
    ref = ResolvedRef(slug="acme/peel", ref="v1", commit=None)
    assert kept_as(ResolvedRef, kept_text(ResolvedRef, ref)) == ref


@pytest.mark.parametrize(
    "other",
    [
        defstruct("Setting", [("name", str)]),
        defstruct("Setting", [("name", str), ("on", bool, False), ("since", str, "")]),
        defstruct("Setting", [("name", str), ("on", bool, True)]),
        defstruct("Setting", [("name", str), ("on", int, 0)]),
        defstruct("Setting", [("name", str), ("on", bool | None, None)]),
    ],
    ids=["lost", "gained", "another default", "another type", "may be null"],
)
def test_another_form_is_no_answer(other: type[Struct]) -> None:
    text = kept_text(other, other(name="a"))
    assert kept_as(other, text) is not None
    assert kept_as(Setting, text) is None
    held = defstruct("Holder", [("settings", tuple[other, ...])])  # type: ignore[valid-type]
    assert kept_as(Holder, kept_text(held, held(settings=(other(name="a"),)))) is None


def test_a_damaged_text_is_no_answer() -> None:
    text = kept_text(Setting, Setting("a", on=True))
    assert asdict(kept_as(Setting, text) or Setting("")) == {"name": "a", "on": True}
    for damaged in ("", "{}", text[:-1], text[:20], text.replace("true", "7"), "[" * 10**5):
        assert kept_as(Setting, damaged) is None
    version = text.partition(" ")[0]
    assert kept_as(Setting, f"{version} {'[' * 10**5}") is None
