"""Finds and validates the dashboard's login in secrets.toml.

The command and the dashboard itself both read it here, so that neither opens what the other
keeps closed. No value of the file is ever part of a message.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from audits.model.errors import AuditError

LARGEST = 1_000_000
"""Bytes of a secrets file; more is no configuration that somebody wrote."""

SHORTEST_SECRET = 22
"""Characters of a cookie secret: 16 random bytes, written in Base64, take as many."""

PLACEHOLDERS = frozenset({"a long random text", "from the provider"})
"""What README's example writes where a secret belongs."""

_SHARED = ("redirect_uri", "cookie_secret")
_PROVIDER = ("client_id", "client_secret", "server_metadata_url")
_OPTIONAL = ("client_kwargs", "expose_tokens")
_ACCESS = ("addresses", "domains", "claims")
_CALLBACK = "/oauth2callback"
_CLAIMS_OF_NOBODY = {
    "email": "Write addresses or domains instead: they count only when the address is verified.",
    **dict.fromkeys(
        ("email_verified", "is_logged_in", "origin", "provider", "tokens"),
        "Name a claim that only your team has: this one says nothing about a person.",
    ),
}
_HEADER = re.compile(r"^\s*\[+\s*([^\]#]+?)\s*\]+")


class LoginError(AuditError):
    """The login's configuration cannot be used; the dashboard stays closed."""


class AllowList(Struct, frozen=True, kw_only=True):
    """Who may see everything; a viewer who matches any entry may.

    ``addresses`` and ``domains`` are in lower case; domains are what follows the ``@`` of a
    verified address. ``claims`` maps a claim of the identity token (``groups``, ``hd`` …) to
    the values that admit, compared exactly.
    """

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    claims: Mapping[str, frozenset[str]]

    def admits(self, viewer: Mapping[str, object]) -> bool:
        """Whether a logged-in viewer with these claims may look.

        An address counts only where the provider says that it verified it: anybody can type
        somebody else's into a profile.
        """
        email = viewer.get("email")
        if (
            viewer.get("email_verified") is True
            and isinstance(email, str)
            and email.count("@") == 1
        ):
            address = email.casefold()
            if address in self.addresses or address.partition("@")[2] in self.domains:
                return True
        return any(values & _texts(viewer.get(claim)) for claim, values in self.claims.items())


class Login(Struct, frozen=True, kw_only=True):
    """A login that can be used. ``providers`` are the names after ``auth.``, "" for the one
    that [auth] itself configures; ``host`` is the name that people type, from redirect_uri.
    """

    access: AllowList
    providers: tuple[str, ...]
    host: str


class _Table(Struct, frozen=True, kw_only=True):
    """A table of the file, and how to say where in the file something stands."""

    name: str
    values: Mapping[str, object]
    file: str
    text: str

    def error(self, key: str, what: str, advice: str) -> LoginError:
        line = _line_of(self.text, self.name, key)
        place = f"{self.file}, line {line}" if line else self.file
        return LoginError(f"{place}: {what}.", advice)


def secrets_file(named: str | None, folder: Path, home: Path | None) -> Path | None:
    """The file that configures the login: the one that is named, or the first that is there of
    ``.streamlit/secrets.toml`` in the folder where the command is started and in the home.

    A link that leads nowhere is there, and is refused when it is read.
    """
    if named is not None:
        return (folder / Path(named).expanduser()).absolute()
    places = [place / ".streamlit" / "secrets.toml" for place in (folder, home) if place]
    return next((place.absolute() for place in places if _is_there(place)), None)


def read_login(files: Sequence[Path], *, required: bool = False) -> Login | None:
    """The login that the files configure, as Streamlit reads them: a table of a later file
    replaces that of an earlier one. None where they configure none and none is ``required``.

    LoginError for a file that cannot be read or parsed, and for a login that cannot work.
    """
    tables: dict[str, _Table] = {}
    for file in files:
        text = _text(file)
        data = _parsed(file, text)
        if not data:
            raise LoginError(f"{file}: the file is empty.", _ADVICE)
        _refuse_misspelt(data, file, text)
        for name in ("auth", "access"):
            if name in data:
                tables[name] = _table(name, data[name], str(file), text)
    login = _login(tables)
    if login is None and required:
        named = ", ".join(map(str, files)) or "the configuration"
        raise LoginError(f"{named}: there is no [auth] and no [access].", _ADVICE)
    return login


def login_of(data: Mapping[str, object], where: str) -> Login | None:
    """The login that parsed secrets configure, None for none; ``where`` names them in errors."""
    named = (name for name in ("auth", "access") if name in data)
    return _login({name: _table(name, data[name], where, "") for name in named})


def missing_packages() -> tuple[str, ...]:
    """What a login needs and the extra `auth` brings, where it is not installed."""
    return tuple(name for name in ("authlib", "httpx") if find_spec(name) is None)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine as seen from itself: an address or a name."""
    name = host.strip("[]").casefold().removesuffix(".")
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


_ADVICE = "Write [auth] and [access] as README shows under “Serving a team”."
_FIX = "Correct the file, or take it away to use the dashboard on this machine alone."


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # reading it says what is wrong
    return True


def _text(file: Path) -> str:
    """The text of a secrets file; only a regular file is opened, as reading others may wait."""
    if file.suffix != ".toml":
        raise LoginError(f"{file} is not named .toml.", "Name a file that ends with .toml.")
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            raise LoginError(f"{file} is not a file.", _FIX)
        if found.st_size > LARGEST:
            raise LoginError(f"{file} is larger than {LARGEST:,} bytes.", _FIX)
        return file.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise LoginError(f"{file}, line {line}: the text is not UTF-8.", _FIX) from error
    except OSError as error:
        raise LoginError(f"{file} cannot be read: {error.strerror}.", _FIX) from error


def _parsed(file: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # tomllib says "What (at line 3, column 5)"; it quotes a character, never a value.
        found = re.fullmatch(r"(.+) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(found[2]) if found and found[2] else text.count("\n") + 1
        what = found[1] if found else "a value is too large or nested too deeply"
        raise LoginError(f"{file}, line {line}: this is not TOML: {what}.", _FIX) from error


def _refuse_misspelt(data: Mapping[str, object], file: Path, text: str) -> None:
    """Refuse a table that was probably meant to be [auth] or [access]."""
    for name in data:
        if name in {"auth", "access"} or not name.strip().casefold().startswith("a"):
            continue
        meant = get_close_matches(name.strip().casefold(), ("auth", "access"), 1, 0.7)
        if meant:
            table = _Table(name="", values={}, file=str(file), text=text)
            raise table.error(name, f"{name!r} is not known", f"Write [{meant[0]}], or rename it.")


def _table(name: str, value: object, file: str, text: str) -> _Table:
    if isinstance(value, Mapping):
        return _Table(name=name, values=value, file=file, text=text)
    nothing = _Table(name="", values={}, file=file, text=text)
    raise nothing.error(name, f"{name} is not a table", f"Write one [{name}]. {_ADVICE}")


def _login(tables: Mapping[str, _Table]) -> Login | None:
    auth, access = tables.get("auth"), tables.get("access")
    if auth is None:
        if access is None:
            return None
        raise access.error("", "[access] names people, but no [auth] lets them log in", _ADVICE)
    if access is None:
        raise auth.error("", "[auth] lets people log in, but no [access] says who may", _ADVICE)
    host = _shared(auth)
    return Login(access=_allow_list(access), providers=_providers(auth), host=host)


def _shared(auth: _Table) -> str:
    """Check what all providers share, and return the host that people type."""
    _refuse_unknown(auth, (*_SHARED, *_PROVIDER, *_OPTIONAL), tables_too=False)
    for key in _SHARED:
        _word(auth, key)
    _check_secret(auth, "cookie_secret")
    secret = str(auth.values["cookie_secret"])
    if len(secret) < SHORTEST_SECRET:
        what = f"cookie_secret is shorter than {SHORTEST_SECRET} characters"
        raise auth.error("cookie_secret", what, _SECRET_ADVICE)
    tokens = auth.values.get("expose_tokens", [])
    if tokens != []:
        raise auth.error("expose_tokens", "expose_tokens is of no use here", "Leave it out.")
    address = str(auth.values["redirect_uri"])
    host = _host(auth, "redirect_uri", address)
    if not urlsplit(address).path.endswith(_CALLBACK):
        what = f"redirect_uri does not end with {_CALLBACK}"
        raise auth.error("redirect_uri", what, f"Write https://NAME{_CALLBACK}.")
    return host


_SECRET_ADVICE = "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'."


def _providers(auth: _Table) -> tuple[str, ...]:
    """The names of the providers, each of them checked."""
    named = {
        name: value
        for name, value in auth.values.items()
        if isinstance(value, Mapping) and name not in _OPTIONAL
    }
    found = []
    if not named or any(key in auth.values for key in _PROVIDER):
        _check_provider(auth)
        found.append("")
    for name, value in named.items():
        where = f"auth.{name}"
        table = _Table(name=where, values=value, file=auth.file, text=auth.text)
        if "_" in name or not name.strip():
            what = f"a provider cannot be called {name!r}"
            raise table.error("", what, "Streamlit takes names without underscores.")
        _refuse_unknown(table, (*_PROVIDER, "client_kwargs"), tables_too=True)
        _check_provider(table)
        found.append(name)
    return tuple(found)


def _check_provider(table: _Table) -> None:
    for key in _PROVIDER:
        _word(table, key)
    _check_secret(table, "client_secret")
    address = str(table.values["server_metadata_url"])
    host = _host(table, "server_metadata_url", address)
    if urlsplit(address).scheme != "https" and not is_loopback(host):
        what = "server_metadata_url does not begin with https://"
        advice = "Over plain HTTP, whoever is on the way can log in as anybody."
        raise table.error("server_metadata_url", what, advice)
    if not isinstance(table.values.get("client_kwargs", {}), Mapping):
        raise table.error("client_kwargs", "client_kwargs is not a table", "Write a table.")


def _check_secret(table: _Table, key: str) -> None:
    if str(table.values[key]).strip().casefold() in PLACEHOLDERS:
        advice = _SECRET_ADVICE if key == "cookie_secret" else "Write what the provider gave you."
        raise table.error(key, f"{key} is still the text of README's example", advice)


def _allow_list(access: _Table) -> AllowList:
    _refuse_unknown(access, _ACCESS, tables_too=True)
    if not access.values:
        raise access.error("", "[access] names nobody", "Write addresses, domains or claims.")
    addresses = _words(access, "addresses", required=False)
    domains = frozenset(
        word.removeprefix("@") for word in _words(access, "domains", required=False)
    )
    for word in addresses:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", word):
            advice = "Write addresses as name@host; whole hosts belong in domains."
            raise access.error("addresses", "addresses holds what is no address", advice)
    for word in domains:
        if not re.fullmatch(r"[^@\s*/:.]+(\.[^@\s*/:.]+)*", word):
            advice = "Write what follows the @, without wildcards: each domain counts exactly."
            raise access.error("domains", "domains holds what is no domain", advice)
    return AllowList(addresses=addresses, domains=domains, claims=_claims(access))


def _claims(access: _Table) -> dict[str, frozenset[str]]:
    if "claims" not in access.values:
        return {}
    value = access.values["claims"]
    if not isinstance(value, Mapping) or not value:
        advice = 'Write [access.claims] and below it, say, groups = ["security"].'
        raise access.error("claims", "claims is not a table of claims", advice)
    table = _Table(name="access.claims", values=value, file=access.file, text=access.text)
    for name in value:
        if name in _CLAIMS_OF_NOBODY:
            raise table.error(name, f"{name} cannot be a claim here", _CLAIMS_OF_NOBODY[name])
    return {name: _words(table, name, fold=False) for name in value}


def _words(table: _Table, key: str, *, required: bool = True, fold: bool = True) -> frozenset[str]:
    """A list of texts, in lower case where case does not count; never an empty one."""
    if not required and key not in table.values:
        return frozenset()
    value = table.values[key]
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or not value
        or not all(isinstance(word, str) and word.strip() for word in value)
    ):
        advice = f'Write a list of texts: {key} = ["…"], or leave {key} out.'
        raise table.error(key, f"{key} is not a list of texts", advice)
    return frozenset(word.strip().casefold() if fold else word for word in value)


def _word(table: _Table, key: str) -> None:
    """Refuse a key that is missing, or is no text."""
    if key not in table.values:
        raise table.error("", f"[{table.name}] has no {key}", _ADVICE)
    value = table.values[key]
    if not isinstance(value, str) or not value.strip():
        raise table.error(key, f"{key} is not a text", f'Write {key} = "…". {_ADVICE}')


def _host(table: _Table, key: str, address: str) -> str:
    """The host of an absolute web address."""
    advice = "Write an absolute address that begins with https://."
    try:
        parts = urlsplit(address.replace("{port}", "8501"))
        host = parts.hostname or ""
        _ = parts.port  # raises where it is no number
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"} or re.search(r"\s|\\", address):
        raise table.error(key, f"{key} is no address of a web page", advice)
    return host


def _refuse_unknown(table: _Table, known: Iterable[str], *, tables_too: bool) -> None:
    for key, value in table.values.items():
        if key in known or (isinstance(value, Mapping) and not tables_too):
            continue
        near = get_close_matches(key, known, 1)
        advice = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
        raise table.error(key, f"{key!r} is not known in [{table.name}]", advice)


def _texts(value: object) -> frozenset[str]:
    """The texts of a claim: one, or those of a list."""
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, (list, tuple)):
        return frozenset(item for item in value if isinstance(item, str))
    return frozenset()


def _line_of(text: str, table: str, key: str) -> int:
    """The line of a key of a table, else of the table's header, else 0; good enough to look at."""
    here, header = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        found = _HEADER.match(line)
        if found:
            here = re.sub(r"[\s\"']", "", found[1])
            if here in {key, f"{table}.{key}"} - {table}:
                return number
            if f"{here}.".startswith(f"{table}."):
                header = header or number
        elif here == table and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return number
    return header
