"""The login gate of the pages: what a viewer sees, and what every broken login keeps closed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1 import AppTest

from dashboard.access import BROKEN, REFUSED_BIND
from tests.dashboard.browser import ROOT
from tests.dashboard.test_views import said, sound
from tests.patience import PATIENCE
from tests.test_login import ACCESS, AUTH, MALFORMED, NAMED, SECRET, put, written

MEMBER: dict[str, object] = {
    "is_logged_in": True,
    "email": "kim@team.example",
    "email_verified": True,
}
STRANGER: dict[str, object] = {
    "is_logged_in": True,
    "email": "eve@elsewhere.example",
    "email_verified": True,
}
Secret = Callable[[str | bytes | None], Path]


@pytest.fixture
def secrets(tmp_path: Path) -> Iterator[Secret]:
    """Writes the secrets that Streamlit and the gate read, as a new process does."""
    path = tmp_path / "secrets.toml"
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(path)])

    def write(text: str | bytes | None) -> Path:
        path.unlink(missing_ok=True)
        if text is not None:
            written(tmp_path, text)
        secrets_singleton._reset()
        return path

    write(None)
    yield write
    config.set_option("secrets.files", before)
    secrets_singleton._reset()


@pytest.fixture
def gate(databases: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """The overview as somebody sees it."""
    monkeypatch.setenv("RELEASE_AUDIT_DATABASE", databases["many"])

    def visit(user: dict[str, object], **given: object) -> AppTest:
        app = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
        for name, value in given.items():
            app.secrets[name] = value
        app.user = user
        return app.run()

    return visit


def draws_nothing(app: AppTest) -> str:
    """What is said, once it is sure that nothing of the store is shown."""
    assert not app.exception
    text = said(app)
    for word in ("orchard", "lumen", "repositories"):
        assert word not in text
    assert not app.dataframe
    assert not app.selectbox
    assert not app.metric
    return text


def test_whoever_is_not_logged_in_sees_a_button_and_nothing_else(
    gate: Callable[..., AppTest], secrets: Secret
) -> None:
    for text, labels in ((AUTH, ["Log in"]), (NAMED, ["Log in with keycloak"])):
        secrets(text + ACCESS)
        app = gate({"is_logged_in": False})
        draws_nothing(app)
        assert [button.label for button in app.button] == labels


def test_whoever_is_not_on_the_list_reads_whom_to_ask(
    gate: Callable[..., AppTest], secrets: Secret
) -> None:
    secrets(AUTH + ACCESS)
    for viewer in (
        STRANGER,
        {**MEMBER, "email_verified": "true"},
        {**MEMBER, "email_verified": [True]},
    ):
        assert "not on this dashboard's list" in draws_nothing(gate(viewer))


def test_a_member_sees_the_dashboard_and_can_log_out(
    gate: Callable[..., AppTest], secrets: Secret
) -> None:
    secrets(AUTH + ACCESS)
    app = gate(MEMBER)
    assert "5 repositories publish" in sound(app, "Home")
    assert "Log out" in [button.label for button in app.button]


def test_secrets_that_only_streamlit_holds_count_too(
    gate: Callable[..., AppTest], secrets: Secret
) -> None:
    secrets(None)
    given = tomllib.loads(AUTH + ACCESS)
    assert "5 repositories publish" in said(gate(MEMBER, **given))
    assert "not on this dashboard's list" in draws_nothing(gate(STRANGER, **given))
    for part in ("auth", "access"):
        assert BROKEN in draws_nothing(gate(MEMBER, **{part: given[part]}))


@pytest.mark.parametrize(
    "name",
    [
        "slip",
        "slip below",
        "no quotes",
        "latin-1",
        "deep",
        "empty",
        "no [access]",
        "no [auth]",
        "auth is text",
        "capital",
        "misspelt access",
        "no client_id",
        "placeholder",
        "short secret",
        "another callback",
        "text for a list",
        "empty list",
        "unknown list",
        "claims as a list",
        "claim of everybody",
    ],
)
def test_a_broken_login_closes_every_page_to_everybody(
    name: str, gate: Callable[..., AppTest], secrets: Secret
) -> None:
    secrets(MALFORMED[name][0])
    for viewer in ({}, MEMBER):
        text = draws_nothing(gate(viewer))
        assert BROKEN in text
        assert SECRET not in text


def test_what_is_no_file_closes_too(gate: Callable[..., AppTest], secrets: Secret) -> None:
    path = secrets(None)
    path.mkdir()
    assert BROKEN in draws_nothing(gate({}))
    path.rmdir()
    path.symlink_to("nowhere")
    assert BROKEN in draws_nothing(gate({}))


def test_a_login_that_breaks_or_goes_while_it_is_used_closes(
    gate: Callable[..., AppTest], secrets: Secret
) -> None:
    path = secrets(AUTH + ACCESS)
    assert "5 repositories publish" in said(gate(MEMBER))
    path.write_text(AUTH + ACCESS.replace("[access]", "[access"))
    assert BROKEN in draws_nothing(gate(MEMBER))
    path.write_text("# nothing\n")
    assert BROKEN in draws_nothing(gate(MEMBER))
    path.write_text('[other]\nkey = "x"\n')
    assert BROKEN in draws_nothing(gate(MEMBER))
    path.unlink()  # Streamlit may still have what it read, or may have seen that it is gone
    draws_nothing(gate(STRANGER))
    secrets(None)  # and now it has nothing
    assert BROKEN in draws_nothing(gate(MEMBER))
    assert BROKEN in draws_nothing(gate({}))
    secrets(AUTH + put("domains", '["other.example"]', ACCESS))
    assert "not on this dashboard's list" in draws_nothing(gate(MEMBER))


def test_a_file_that_is_named_must_be_the_one_that_is_read(
    gate: Callable[..., AppTest], secrets: Secret, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secrets(AUTH + ACCESS)
    monkeypatch.setenv("RELEASE_AUDIT_SECRETS", str(path))
    assert "5 repositories publish" in said(gate(MEMBER))
    monkeypatch.setenv("RELEASE_AUDIT_SECRETS", str(tmp_path / "other.toml"))
    assert BROKEN in draws_nothing(gate(MEMBER))
    st.cache_resource.clear()
    secrets(None)
    monkeypatch.setenv("RELEASE_AUDIT_SECRETS", str(path))
    assert BROKEN in draws_nothing(gate({}))


def test_without_login_another_address_is_refused(
    gate: Callable[..., AppTest], secrets: Secret
) -> None:
    secrets(None)
    assert "5 repositories publish" in said(gate({}))
    before = config.get_option("server.address")
    for address in ("0.0.0.0", "", "192.0.2.1"):  # noqa: S104 - what is refused
        config.set_option("server.address", address)
        try:
            app = gate({})
        finally:
            config.set_option("server.address", before)
        assert REFUSED_BIND in draws_nothing(app)
