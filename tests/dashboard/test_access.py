"""Who is let in: every way in, and every near miss."""

from __future__ import annotations

import pytest

from dashboard.access import AllowList, Decision, decide

TEAM = AllowList.read({
    "addresses": ["Rowan@orchard.example"],
    "domains": ["@team.example"],
    "claims": {"groups": ["security"]},
})  # fmt: skip


@pytest.mark.parametrize("viewer", [
    {"email": "rowan@ORCHARD.example"},
    {"email": "kim@team.example", "email_verified": True},
    {"email": "kim@elsewhere.example", "groups": ["staff", "security"]},
    {"groups": "security"},
])  # fmt: skip
def test_a_match_of_address_domain_or_claim_is_let_in(viewer: dict[str, object]) -> None:
    assert TEAM.admits(viewer)


@pytest.mark.parametrize("viewer", [
    {},
    {"email": None},
    {"email": "kim@elsewhere.example"},
    {"email": "kim@sub.team.example"},
    {"email": "kim@team.example.evil.example"},
    {"email": "kim@evil.example@team.example"},
    {"email": "rowan@orchard.example", "email_verified": False},
    {"email": "rowan@orchard.example", "email_verified": "false"},
    {"groups": ["Security"]},
    {"groups": {"security": True}},
])  # fmt: skip
def test_a_near_miss_is_not(viewer: dict[str, object]) -> None:
    assert not TEAM.admits(viewer)


def test_an_empty_list_admits_nobody() -> None:
    nobody = AllowList.read({})
    assert nobody.is_empty
    assert not nobody.admits({"email": "rowan@orchard.example"})
    assert AllowList.read({"claims": "groups", "addresses": 3}).is_empty


def test_without_login_only_loopback_is_served() -> None:
    for address, decision in (
        ("127.0.0.1", Decision.ALLOWED),
        ("LOCALHOST", Decision.ALLOWED),
        ("", Decision.CLOSED),
        ("0.0.0.0", Decision.CLOSED),  # noqa: S104 - what is refused
    ):
        assert decide(auth=False, access=TEAM, viewer={}, address=address) is decision


def test_with_login_the_list_decides_wherever_it_is_served() -> None:
    def visit(viewer: dict[str, object]) -> Decision:
        return decide(auth=True, access=TEAM, viewer=viewer, address="")

    assert visit({"is_logged_in": False}) is Decision.LOG_IN
    assert visit({"email": "rowan@orchard.example"}) is Decision.LOG_IN
    assert visit({"is_logged_in": True, "email": "x@y.example"}) is Decision.REFUSED
    assert visit({"is_logged_in": True, "email": "rowan@orchard.example"}) is Decision.ALLOWED
