"""The login configuration of this process, re-read on every visit."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from audits.login import Login, LoginError, login_of, missing_packages, read_login

SECRETS_VARIABLE = "RELEASE_AUDIT_SECRETS"
"""Names the file of the login; where it is set, the dashboard never opens without one."""

ADMITTED: set[str] = set()
"""The sessions whose viewer may see everything; only these may send files."""


def configured() -> Login | None:
    """The login in force, None where none is configured; LoginError keeps everything closed.

    The files decide, as they are now, and what Streamlit has read of them must agree, because
    that is what people log in by. Once there was a login, its absence is an error.
    """
    login = _read()
    if login is not None and missing_packages():
        raise LoginError("Packages of the login are missing.", "Install release-audit[auth].")
    if login is not None:
        _memory().add("login")
    elif "login" in _memory():
        raise LoginError("The login's configuration is missing.", "Restore it, or start again.")
    return login


@lru_cache(maxsize=8)
def report(reason: str) -> None:
    """Say once in the log why the dashboard is closed."""
    logging.getLogger(__name__).error("The dashboard is closed. %s", reason)


def _read() -> Login | None:
    named = os.environ.get(SECRETS_VARIABLE)
    files = [Path(path).absolute() for path in st.get_option("secrets.files")]
    if named and files != [Path(named).absolute()]:
        raise LoginError(
            f"Streamlit does not read {named}.", "Start it as `release-audit dashboard`."
        )
    there = [path for path in files if os.path.lexists(path)]
    if not there and not named:
        return login_of(_loaded(files), "secrets.toml")
    login = read_login(there or files, required=bool(named))
    if (login_of(_loaded(files), "secrets.toml") is None) != (login is None):
        raise LoginError("The login was changed while it was in use.", "Start it again.")
    return login


def _loaded(files: list[Path]) -> Mapping[str, object]:
    """What Streamlit has read; LoginError where it could not."""
    try:
        return st.secrets.to_dict()
    except StreamlitSecretNotFoundError as error:
        if any(os.path.lexists(path) for path in files):
            raise LoginError("Streamlit cannot read the secrets.", "Correct the file.") from error
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise LoginError("Streamlit cannot read the secrets.", "Correct the file.") from error


@st.cache_resource(show_spinner=False)
def _memory() -> set[str]:
    """A set that lives as long as the process; it remembers that there was a login."""
    return set()
