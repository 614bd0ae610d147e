"""Finds credentials in the environment or a file; they are never stored, logged or printed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from github import Auth
from msgspec import Struct
from msgspec.structs import replace

from audits.collect.errors import CollectError
from audits.collect.github import log_redaction

TOKEN_VARIABLES = ("RELEASE_AUDIT_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")
APP_ID_VARIABLE = "RELEASE_AUDIT_APP_ID"
APP_KEY_VARIABLE = "RELEASE_AUDIT_APP_KEY_FILE"

_REFRESH_BEFORE = 120.0
"""Seconds before its end at which an installation's token is exchanged for a new one."""

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")

_PREFIXES = {
    "github_pat_": "fine-grained token",
    "ghp_": "classic token",
    "gho_": "OAuth token",
    "ghu_": "user token of an App",
    "ghs_": "installation token",
}


class CredentialKind(StrEnum):
    """How requests are authorized."""

    NONE = "no token"
    TOKEN = "token"
    APP = "GitHub App"


class Secret:
    """A text that shows itself to nobody: not by repr, str, format, copy or pickle."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        log_redaction.install().hide(value)
        self.__value = value

    def reveal(self) -> str:
        """The text, for the one place that sends it."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a credential is never pickled or copied")


class GitHubCredential(Struct, frozen=True, kw_only=True):
    """What authorizes requests. ``found_in`` names the variable or file, for people; ``owner``
    is the only account that it is to be used for, "" for any.
    """

    kind: CredentialKind = CredentialKind.NONE
    secret: Secret | None = None
    app_id: str = ""
    found_in: str = ""
    owner: str = ""

    @property
    def description(self) -> str:
        """What kind of credential it is and where it was found, nothing of itself."""
        if self.secret is None:
            return "no token"
        what = "GitHub App" if self.kind is CredentialKind.APP else self._token_kind
        return f"{what} from {self.found_in}" if self.found_in else what

    @property
    def _token_kind(self) -> str:
        text = self.secret.reveal() if self.secret else ""
        return next((kind for p, kind in _PREFIXES.items() if text.startswith(p)), "token")

    def digest(self, owner: str = "") -> str:
        """What stands for the credential where it must not be written, "" without one: another
        token has another digest, and an App one for each owner that installed it.
        """
        if self.secret is None:
            return ""
        text = f"{self.app_id} {owner.lower()}" if self.app_id else self.secret.reveal()
        return sha256(f"release-audit {text}".encode()).hexdigest()[:16]

    @property
    def is_installation(self) -> bool:
        """Whether answers' ETags change with a token that is exchanged every hour.

        https://github.com/github/docs/issues/34689
        """
        return self.kind is CredentialKind.APP or self._token_kind == "installation token"

    @property
    def is_classic(self) -> bool:
        """Whether rights follow the person's role, so that they differ by repository."""
        return self._token_kind in ("classic token", "OAuth token")


def _read_secret(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CollectError(
            f"The {what} in {path} cannot be read ({type(error).__name__}).",
            "Check the path and its permissions.",
        ) from None


def _token(text: str, found_in: str) -> GitHubCredential:
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise _no_token(found_in)
    return GitHubCredential(kind=CredentialKind.TOKEN, secret=Secret(text), found_in=found_in)


def _no_token(found_in: str) -> CollectError:
    return CollectError(
        f"What {found_in} holds is no token: it is empty or has spaces or other characters.",
        "Put the token alone there, on one line; in a file also OWNER TOKEN, one a line.",
    )


def _app(app_id: str, key_file: str) -> GitHubCredential:
    if not app_id.isdigit() and not re.fullmatch(r"Iv[\w.]+", app_id):
        raise CollectError(
            f"{APP_ID_VARIABLE} is no App id.", "It is a number, or a client id (Iv…)."
        )
    if not key_file:
        raise CollectError(
            f"{APP_ID_VARIABLE} is set, but no key.",
            f"Put the path of the App's private key (PEM) into {APP_KEY_VARIABLE}.",
        )
    key = _read_secret(Path(key_file), "App's key").strip()
    if "PRIVATE KEY-----" not in key:
        raise CollectError(
            f"{key_file} holds no private key.", "Download it from the App's page; it ends in .pem."
        )
    found = f"{APP_ID_VARIABLE} and {key_file}"
    return GitHubCredential(
        kind=CredentialKind.APP, secret=Secret(key), app_id=app_id, found_in=found
    )


def find_credential(environment: Mapping[str, str]) -> GitHubCredential:
    """The credential that variables name: a GitHub App, else a token.

    Variables are ``RELEASE_AUDIT_APP_ID`` with ``RELEASE_AUDIT_APP_KEY_FILE``, then
    ``RELEASE_AUDIT_TOKEN``, ``GITHUB_TOKEN`` and ``GH_TOKEN``, in this order. CollectError where
    what is there cannot be one.
    """
    if app_id := environment.get(APP_ID_VARIABLE, "").strip():
        return _app(app_id, environment.get(APP_KEY_VARIABLE, ""))
    for name in TOKEN_VARIABLES:
        if text := environment.get(name, "").strip():
            return _token(text, name)
    return GitHubCredential()


def find_credentials(
    environment: Mapping[str, str], *, token_files: Sequence[Path] = ()
) -> tuple[GitHubCredential, ...]:
    """All credentials of a scan: those of the files, each line ``TOKEN`` or ``OWNER TOKEN``, or
    else the one of `find_credential`. CollectError where a line is neither.
    """
    if not token_files:
        return (find_credential(environment),)
    found: dict[tuple[str, str], GitHubCredential] = {}
    for path in dict.fromkeys(token_files):
        for credential in _tokens_of(path):
            found.setdefault((credential.digest(), credential.owner.lower()), credential)
    return tuple(found.values())


def _tokens_of(path: Path) -> list[GitHubCredential]:
    lines = [
        (number, words)
        for number, line in enumerate(_read_secret(path, "token").splitlines(), 1)
        if (words := line.split()) and not words[0].startswith("#")
    ]
    if len(lines) <= 1:
        lines = [(0, words) for _, words in lines] or [(0, [""])]
    return [_token_of_line(path, number, words) for number, words in lines]


def _token_of_line(path: Path, number: int, words: Sequence[str]) -> GitHubCredential:
    found_in = f"{path}, line {number}" if number else str(path)
    *owner, text = words
    if len(owner) > 1 or any(not _is_owner(name) for name in owner):
        raise _no_token(found_in)
    return replace(_token(text, found_in), owner="".join(owner))


def _is_owner(text: str) -> bool:
    """Whether it may name an account; what begins like a token is never taken for one."""
    return _OWNER.fullmatch(text) is not None and not text.startswith(tuple(_PREFIXES))


class InstallationAuth(Auth.Auth):
    """The token of an App's installation, exchanged for a new one before it ends.

    PyGithub's own class guards its state by ``assert`` alone and refreshes without a lock.
    """

    def __init__(self, exchange: Callable[[], tuple[str, datetime]]) -> None:
        self._exchange = exchange
        self._lock = threading.Lock()
        self._held: tuple[Secret, datetime] | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When the held token ends; None before the first request."""
        return self._held[1] if self._held else None

    def forget(self) -> None:
        """Drop the held token: GitHub refused it."""
        with self._lock:
            self._held = None

    @property
    def token_type(self) -> str:
        """The scheme of the Authorization header."""
        return "token"

    @property
    def token(self) -> str:
        """The token, a new one where the held one is about to end."""
        with self._lock:
            if self._held is not None:
                left = (self._held[1] - datetime.now(UTC)).total_seconds()
                if left < _REFRESH_BEFORE:
                    self._held = None
            if self._held is None:
                text, end = self._exchange()
                self._held = (Secret(text), end)
            return self._held[0].reveal()

    def authentication(self, headers: dict[str, Any]) -> None:
        """Add the token to a request's headers."""
        headers["Authorization"] = f"{self.token_type} {self.token}"

    def mask_authentication(self, headers: dict[str, Any]) -> None:
        """Take the token out of headers that are logged."""
        headers["Authorization"] = log_redaction.REDACTED

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a credential is never pickled or copied")


def app_auth(credential: GitHubCredential) -> Auth.AppAuth:
    """What speaks for the App itself; CollectError where its key does not sign."""
    key = credential.secret.reveal() if credential.secret else ""
    auth = Auth.AppAuth(credential.app_id, key)
    try:
        auth.create_jwt()
    except Exception:  # the signer's classes are many, and their texts may hold the key
        raise CollectError(
            "The App's private key cannot sign.", "Download a new one from the App's page."
        ) from None
    return auth
