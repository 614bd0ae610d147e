"""The dated table of what GitHub and the registries do, and the day that audits stand for."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from audits.model import platform_facts as facts
from audits.model.platform_facts import FACTS, RETIRED_IMAGES, begun, holds, retired_image
from audits.scoring.policy import policy_digest
from tests.generated import INDEX

_DAY = timedelta(days=1)
_TODAY = date(2026, 11, 29)


def test_every_row_is_named_once_and_has_its_source() -> None:
    names = [fact.id for fact in FACTS]
    assert len(set(names)) == len(names)
    assert len({image.label for image in RETIRED_IMAGES}) == len(RETIRED_IMAGES)
    assert all(fact.source.startswith("https://") and fact.text for fact in FACTS)
    assert all(image.source.startswith("https://") for image in RETIRED_IMAGES)
    declared = {made for made in vars(facts).values() if isinstance(made, facts.Fact)}
    assert declared == set(FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.id)
def test_a_fact_holds_from_its_day_on(fact: facts.Fact) -> None:
    assert holds(fact, fact.since - _DAY, public=True) is False
    assert holds(fact, fact.since, public=True) is True


def test_what_github_does_is_not_what_an_enterprise_server_does() -> None:
    day = date(2026, 12, 2)
    for host, public, expected in (
        ("github.com", True, True),
        ("github.com", False, False),
        ("github.com", None, None),
        ("orchard.ghe.com", True, True),
        ("", None, None),
        ("github.orchard.example", True, False),
        ("github.orchard.example", None, False),
    ):
        fact = facts.BLOCKED_PULL_REQUEST_TARGET
        assert holds(fact, day, host=host, public=public) is expected, host
    assert holds(facts.READ_ONLY_CACHES, day, host="github.orchard.example") is False
    assert holds(facts.PYPI_OLD_RELEASES, day, host="github.orchard.example") is True


@pytest.mark.parametrize(
    ("version", "refuses"),
    [
        ((7, 0, 0), True),
        ((7, 0, 1), True),
        ((8, 0, 0), True),
        ((6, 1, 0), True),
        ((6, 0, 3), False),
        ((5, 1, 0), True),
        ((5, 0, 1), False),
        ((4, 4, 0), True),
        ((4, 3, 1), False),
        ((3, 7, 0), True),
        ((3, 6, 0), False),
        ((2, 8, 0), True),
        ((2, 7, 0), False),
        ((1, 9, 9), False),
    ],
)
def test_checkout_refuses_from_these_versions_on(
    version: tuple[int, int, int], refuses: bool
) -> None:
    assert facts.CHECKOUT_REFUSES.covers(version) is refuses


@pytest.mark.parametrize(
    ("major", "day", "refuses"),
    [
        (4, _TODAY, True),
        (6, _TODAY, True),
        (1, _TODAY, False),
        (9, _TODAY, True),
        (4, date(2026, 7, 15), False),
        (4, date(2026, 7, 16), True),
    ],
)
def test_the_tag_of_a_major_version_moved(major: int, day: date, refuses: bool) -> None:
    assert facts.CHECKOUT_REFUSES.covers_major(major, day) is refuses


def test_an_image_is_there_until_its_day() -> None:
    for label in ("macOS-14-xlarge", "ubuntu-20.04"):
        assert retired_image(label, _TODAY) is not None
    assert retired_image("macos-14", date(2026, 11, 1)) is None
    assert retired_image("ubuntu-22.04", _TODAY) is None
    assert retired_image("ubuntu-22.04", date(2027, 4, 17)) is not None
    newest = {image.newer for image in RETIRED_IMAGES}
    assert all(retired_image(label, date(2099, 1, 1)) is None for label in newest)


def test_days_between_the_same_facts_have_the_same_rules() -> None:
    def digest(day: date) -> str:
        return policy_digest((), index=INDEX.base, begun=begun(day))

    assert digest(_TODAY) == digest(_TODAY - _DAY)
    assert digest(_TODAY) != digest(date(2026, 12, 2))
    assert digest(date(2026, 12, 2)) == digest(date(2026, 12, 3))
