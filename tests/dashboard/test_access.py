"""Who is let in: every way in, and every near miss."""

from __future__ import annotations

import pytest

from audits.login import AllowList, Login
from dashboard.access import Decision, Visit, decide, host_of, knows_host
from dashboard.server import is_answered

TEAM = AllowList(
    addresses=frozenset({"rowan@orchard.example"}),
    domains=frozenset({"team.example"}),
    claims={"groups": frozenset({"security"}), "org": frozenset({"1"})},
)
LOGIN = Login(access=TEAM, providers=("",), host="audit.example")
VERIFIED = {"email_verified": True}


@pytest.mark.parametrize(
    "viewer",
    [
        {"email": "rowan@ORCHARD.example", **VERIFIED},
        {"email": "kim@Team.example", **VERIFIED},
        {"email": "kim@elsewhere.example", "groups": ["staff", "security"]},
        {"groups": "security"},
        {"groups": ["security", 7], "email": ["x"], "email_verified": "yes"},
    ],
)
def test_a_match_of_address_domain_or_claim_is_let_in(viewer: dict[str, object]) -> None:
    assert TEAM.admits(viewer)


@pytest.mark.parametrize(
    "viewer",
    [
        {},
        {"email": None, **VERIFIED},
        {"email": "kim@elsewhere.example", **VERIFIED},
        {"email": "kim@sub.team.example", **VERIFIED},
        {"email": "kim@team.example.evil.example", **VERIFIED},
        {"email": "kim@evil.example@team.example", **VERIFIED},
        {"email": "kim@team.example@evil.example", **VERIFIED},
        {"email": "team.example", **VERIFIED},
        {"email": "@", **VERIFIED},
        {"email": ["rowan@orchard.example"], **VERIFIED},
        {"groups": ["Security"]},
        {"groups": ["security "]},
        {"groups": "security,staff"},
        {"groups": {"security": True}},
        {"groups": [["security"]]},
        {"org": 1},
        {"org": [1]},
    ],
)
def test_a_near_miss_is_not(viewer: dict[str, object]) -> None:
    assert not TEAM.admits(viewer)


@pytest.mark.parametrize(
    "verified",
    [None, False, "true", "True", 1, 1.0, [True], ["true"], {"value": True}, "", "no", b"true"],
)
@pytest.mark.parametrize("email", ["rowan@orchard.example", "kim@team.example"])
def test_an_address_counts_only_where_it_is_verified(email: str, verified: object) -> None:
    assert not TEAM.admits({"email": email, "email_verified": verified})
    assert not TEAM.admits({"email": email})
    assert TEAM.admits({"email": email, "email_verified": True})


def local(*headers: tuple[str, str], address: str = "127.0.0.1", peer: str = "") -> Visit:
    return Visit(address=address, peer=peer, headers=headers)


HOST = ("Host", "127.0.0.1:8501")


@pytest.mark.parametrize(
    "visit",
    [
        local(),
        local(HOST),
        local(HOST, ("Origin", "http://localhost:8501"), peer="127.0.0.1"),
        local(("host", "[::1]:8501"), address="::1", peer="::1"),
        local(("host", "LOCALHOST"), address="localhost"),
        local(("host", "127.0.0.2:80"), peer="::ffff:127.0.0.1"),
    ],
)
def test_without_login_this_machine_is_served(visit: Visit) -> None:
    assert decide(login=None, viewer={}, visit=visit) is Decision.ALLOWED


@pytest.mark.parametrize(
    "visit",
    [
        local(HOST, address=""),
        local(HOST, address="0.0.0.0"),  # noqa: S104 - what is refused
        local(HOST, address="192.0.2.1"),
        local(HOST, peer="192.0.2.7"),
        local(("Host", "audit.example")),
        local(("Host", "localhost.example:8501")),
        local(("Host", "localhost@audit.example")),
        local(("Host", "audit.example#localhost")),
        local(("Host", "")),
        local(HOST, ("Host", "audit.example")),
        local(("Accept", "*/*")),
        local(HOST, ("Origin", "https://audit.example")),
        local(HOST, ("Origin", "null")),
        local(HOST, ("Origin", "http://localhost.audit.example")),
        local(HOST, ("X-Forwarded-For", "127.0.0.1")),
        local(HOST, ("x-forwarded-host", "localhost")),
        local(HOST, ("X-Forwarded-Proto", "https")),
        local(HOST, ("Forwarded", "for=127.0.0.1")),
        local(HOST, ("X-Real-IP", "127.0.0.1")),
        local(HOST, ("Via", "1.1 proxy")),
        local(HOST, ("CF-Connecting-IP", "192.0.2.7")),
    ],
)
def test_without_login_whoever_comes_by_another_way_is_not(visit: Visit) -> None:
    assert decide(login=None, viewer={}, visit=visit) is Decision.CLOSED
    assert decide(login=LOGIN, viewer={}, visit=visit) is Decision.LOG_IN


def test_with_login_the_list_decides_wherever_it_is_served() -> None:
    def visit(viewer: dict[str, object]) -> Decision:
        return decide(login=LOGIN, viewer=viewer, visit=local(("Host", "audit.example")))

    rowan = {"email": "rowan@orchard.example", **VERIFIED}
    for logged_in in (None, False, "True", "true", 1, [True]):
        assert visit({**rowan, "is_logged_in": logged_in}) is Decision.LOG_IN
    assert visit(rowan) is Decision.LOG_IN
    assert visit({"is_logged_in": True, "email": "x@y.example"}) is Decision.REFUSED
    assert visit({"is_logged_in": True, **rowan}) is Decision.ALLOWED


def test_only_the_dashboards_own_names_are_answered() -> None:
    hosts = ["audit.example", "::1"]
    for host in ("audit.example", "AUDIT.example.:443", "127.0.0.1:8501", "[::1]"):
        assert knows_host(local(("Host", host)), hosts)
    for host in ("evil.example", "audit.example.evil.example", "xaudit.example", "", "*"):
        assert not knows_host(local(("Host", host)), hosts)
    assert not knows_host(local(), hosts)
    foreign = ("Origin", "https://evil.example")
    assert not knows_host(local(("Host", "audit.example"), foreign), hosts)
    assert host_of("https://audit.example:443") == "audit.example"


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics/",
        "/x/_stcore/metrics",
        "/_stcore//metrics",
        "/_stcore/agent/interact",
        "/_stcore/agent/mcp",
        "/_stcore/agent/openapi.json",
        "/_stcore/script-health-check",
        "/_stcore/upload_file/unknown/1",
        "/_stcore/health/x",
    ],
)
def test_inner_routes_that_no_page_needs_are_not_answered(path: str) -> None:
    assert not is_answered(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/findings",
        "/_stcore/health",
        "/_stcore/stream",
        "/_stcore/host-config",
        "/static/js/x.js",
        "/media/x.csv",
        "/auth/login",
        "/oauth2callback",
    ],
)
def test_what_pages_need_is_answered(path: str) -> None:
    assert is_answered(path)
