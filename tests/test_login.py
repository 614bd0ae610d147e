"""The login's configuration: every way to get it wrong keeps the dashboard closed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from audits.login import LoginError, is_loopback, login_of, read_login, secrets_file
from tests.patience import PATIENCE

README = Path(__file__).parent.parent / "README.md"
SECRET = "AZ3fVt1YkP0mJ8wQhRr2dg"
AUTH = f"""[auth]
redirect_uri = "https://audit.example/oauth2callback"
cookie_secret = "{SECRET}"
client_id = "release-audit"
client_secret = "s3cret-of-the-client"
server_metadata_url = "https://login.example/.well-known/openid-configuration"
"""
ACCESS = """[access]
addresses = ["Rowan@orchard.example"]
domains = ["@Team.example"]
[access.claims]
groups = ["security"]
"""
NAMED = f"""[auth]
redirect_uri = "https://audit.example/oauth2callback"
cookie_secret = "{SECRET}"
[auth.keycloak]
client_id = "release-audit"
client_secret = "s3cret-of-the-client"
server_metadata_url = "https://login.example/.well-known/openid-configuration"
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "secrets.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def without(key: str, text: str = AUTH) -> str:
    kept = [line for line in text.split("\n") if not line.startswith(f"{key} =")]
    assert len(kept) < len(text.split("\n"))
    return "\n".join(kept)


def put(key: str, value: str, text: str = AUTH) -> str:
    """The text with another value of a key."""
    return "\n".join(
        f"{key} = {value}" if line.startswith(f"{key} =") else line for line in text.split("\n")
    )


def test_a_login_that_works_is_read(tmp_path: Path) -> None:
    login = read_login([written(tmp_path, AUTH + ACCESS)])
    assert login is not None
    assert login.providers == ("",)
    assert login.host == "audit.example"
    assert login.access.addresses == {"rowan@orchard.example"}
    assert login.access.domains == {"team.example"}
    assert login.access.claims == {"groups": frozenset({"security"})}


def test_named_providers_are_read(tmp_path: Path) -> None:
    login = read_login(
        [
            written(
                tmp_path,
                NAMED + NAMED.partition("[auth.keycloak]")[2].join(["[auth.dex]", ""]) + ACCESS,
            )
        ]
    )
    assert login is not None
    assert login.providers == ("keycloak", "dex")
    both = AUTH + "[auth.dex]\n" + NAMED.partition("[auth.keycloak]\n")[2] + ACCESS
    assert login_of(tomllib.loads(both), "here") is not None


def test_a_file_of_another_program_configures_no_login(tmp_path: Path) -> None:
    other = written(tmp_path, '[connections.store]\nurl = "x"\n[api]\nkey = "y"\n')
    assert read_login([other]) is None
    with pytest.raises(LoginError, match=r"no \[auth\]"):
        read_login([other], required=True)


MALFORMED: dict[str, tuple[str | bytes, int, str]] = {
    # what is no TOML
    "slip": (AUTH.replace("[auth]", "[auth") + ACCESS, 1, "not TOML"),
    "slip below": (AUTH + ACCESS.replace("[access]", "[access"), 7, "not TOML"),
    "no quotes": (put("client_id", "release-audit") + ACCESS, 4, "not TOML"),
    "open list": (AUTH + '[access]\ndomains = ["x"\n', 9, "not TOML"),
    "twice": (AUTH + ACCESS + "[auth]\n", 12, "not TOML"),
    "key twice": (AUTH + 'client_id = "x"\n' + ACCESS, 7, "not TOML"),
    "yaml": ("auth:\n  client_id: x\n", 1, "not TOML"),
    "byte-order mark": (b"\xef\xbb\xbf" + (AUTH + ACCESS).encode(), 1, "not TOML"),
    "nul": (AUTH + "\0" + ACCESS, 7, "not TOML"),
    "deep": (AUTH + "x = " + "[" * 20_000 + "\n", 8, "not TOML"),
    "latin-1": (AUTH.encode() + b'[access]\ndomains = ["caf\xe9.example"]\n', 8, "not UTF-8"),
    "utf-16": ((AUTH + ACCESS).encode("utf-16"), 1, "not UTF-8"),
    "empty": ("", 0, "empty"),
    "comments only": ("# [auth]\n", 0, "empty"),
    # tables that are missing, or are something else
    "no [access]": (AUTH, 1, "no [access] says who may"),
    "no [auth]": (ACCESS, 1, "no [auth] lets them"),
    "auth is text": (f'auth = "x"\n{ACCESS}', 1, "auth is not a table"),
    "auth is several": (AUTH.replace("[auth]", "[[auth]]") + ACCESS, 1, "auth is not a table"),
    "access is a list": (f'access = ["a@b.example"]\n{AUTH}', 1, "access is not a table"),
    "capital": (AUTH.replace("[auth]", "[Auth]"), 1, "'Auth' is not known"),
    "misspelt access": (AUTH + ACCESS.replace("access", "acess"), 7, "'acess' is not known"),
    "auth is empty": ("[auth]\n" + ACCESS, 1, "no redirect_uri"),
    "access is empty": (AUTH + "[access]\n", 7, "names nobody"),
    # [auth]
    **{
        f"no {key}": (without(key) + ACCESS, 1, f"no {key}")
        for key in (
            "redirect_uri",
            "cookie_secret",
            "client_id",
            "client_secret",
            "server_metadata_url",
        )
    },
    "number": (put("client_id", "7") + ACCESS, 4, "client_id is not a text"),
    "blank": (put("client_secret", '"  "') + ACCESS, 5, "client_secret is not a text"),
    "unknown key": (AUTH + 'client_idd = "x"\n' + ACCESS, 7, "'client_idd' is not known"),
    "tokens": (AUTH + 'expose_tokens = "id"\n' + ACCESS, 7, "expose_tokens"),
    "placeholder": (put("cookie_secret", '"a long random text"') + ACCESS, 3, "README's example"),
    "short secret": (put("cookie_secret", f'"{SECRET[:21]}"') + ACCESS, 3, "shorter than 22"),
    "client's placeholder": (put("client_secret", '"From the provider"') + ACCESS, 5, "README's"),
    "another callback": (
        put("redirect_uri", '"https://audit.example/"') + ACCESS,
        2,
        "/oauth2call",
    ),
    "relative": (put("redirect_uri", '"/oauth2callback"') + ACCESS, 2, "no address of a web page"),
    "scheme": (put("redirect_uri", '"ftp://x.example/oauth2callback"') + ACCESS, 2, "no address"),
    "port": (put("redirect_uri", '"https://x.example:y/oauth2callback"') + ACCESS, 2, "no address"),
    "plain": (put("server_metadata_url", '"http://login.example/x"') + ACCESS, 6, "https://"),
    "kwargs": (AUTH + 'client_kwargs = "openid"\n' + ACCESS, 7, "client_kwargs is not a table"),
    # named providers
    "no key": (without("client_id", NAMED) + ACCESS, 4, "[auth.keycloak] has no client_id"),
    "underscore": (NAMED.replace("keycloak", "key_cloak") + ACCESS, 4, "cannot be called"),
    "provider's key": (NAMED + 'scope = "x"\n' + ACCESS, 8, "'scope' is not known"),
    "half a default": (
        NAMED.replace("[auth.", 'client_id = "x"\n[auth.') + ACCESS,
        1,
        "no client_s",
    ),
    # [access]
    "text for a list": (AUTH + '[access]\naddresses = "a@b.example"\n', 8, "list of texts"),
    "empty list": (AUTH + "[access]\ndomains = []\n", 8, "list of texts"),
    "one of two empty": (AUTH + '[access]\ndomains = []\naddresses = ["a@b.example"]\n', 8, "list"),
    "list of numbers": (AUTH + "[access]\ndomains = [7]\n", 8, "list of texts"),
    "empty text": (AUTH + '[access]\ndomains = [""]\n', 8, "list of texts"),
    "domain as address": (AUTH + '[access]\naddresses = ["b.example"]\n', 8, "no address"),
    "address as domain": (AUTH + '[access]\ndomains = ["a@b.example"]\n', 8, "no domain"),
    "wildcard": (AUTH + '[access]\ndomains = ["*.b.example"]\n', 8, "no domain"),
    "any": (AUTH + '[access]\ndomains = ["*"]\n', 8, "no domain"),
    "at alone": (AUTH + '[access]\ndomains = ["@"]\n', 8, "no domain"),
    "unknown list": (AUTH + '[access]\nadresses = ["a@b.example"]\n', 8, "'adresses' is not known"),
    "unknown table": (AUTH + '[access.claim]\ngroups = ["x"]\n', 7, "'claim' is not known"),
    "claims as a list": (AUTH + '[access]\nclaims = ["groups"]\n', 8, "not a table of claims"),
    "claims empty": (AUTH + "[access.claims]\n", 7, "not a table of claims"),
    "claim as text": (AUTH + '[access.claims]\ngroups = "x"\n', 8, "groups is not a list"),
    "claim empty": (AUTH + "[access.claims]\ngroups = []\n", 8, "groups is not a list"),
    "claim true": (AUTH + "[access.claims]\nadmin = [true]\n", 8, "admin is not a list"),
    "claim of an address": (AUTH + '[access.claims]\nemail = ["a@b.example"]\n', 8, "cannot be"),
    "claim of everybody": (AUTH + '[access.claims]\nprovider = ["default"]\n', 8, "cannot be"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_every_slip_is_refused_with_its_place_and_without_its_values(
    name: str, tmp_path: Path
) -> None:
    text, line, words = MALFORMED[name]
    path = written(tmp_path, text)
    with pytest.raises(LoginError) as raised:
        read_login([path])
    message = raised.value.message
    assert words in message
    assert message.startswith(f"{path}, line {line}: " if line else str(path))
    assert raised.value.advice
    for secret in (SECRET, "s3cret-of-the-client"):
        assert secret not in str(raised.value)


def test_what_is_no_readable_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    dangling = tmp_path / "dangling.toml"
    dangling.symlink_to("nowhere")
    loop = tmp_path / "loop.toml"
    loop.symlink_to("loop.toml")
    fifo = tmp_path / "fifo.toml"
    os.mkfifo(fifo)
    huge = tmp_path / "huge.toml"
    huge.write_text("#" * 1_000_001)
    unnamed = tmp_path / "secrets"
    unnamed.write_text(AUTH + ACCESS)
    for path in (folder, dangling, loop, fifo, huge, unnamed, tmp_path / "none.toml"):
        with pytest.raises(LoginError) as raised:
            read_login([path])
        assert str(path) in raised.value.message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another user's place")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, AUTH + ACCESS)
    path.chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    child = os.fork()
    if child == 0:  # pragma: no cover - in another process
        os.setuid(65534)
        try:
            read_login([path])
        except LoginError as error:
            os._exit(7 if "Permission denied" in error.message else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_later_file_replaces_a_table_as_in_streamlit(tmp_path: Path) -> None:
    first = written(tmp_path, AUTH + ACCESS)
    (tmp_path / "second").mkdir()
    second = written(tmp_path / "second", '[access]\ndomains = ["other.example"]\n')
    login = read_login([first, second])
    assert login is not None
    assert login.access.domains == {"other.example"}
    assert not login.access.addresses
    with pytest.raises(LoginError, match="second"):
        read_login([first, written(tmp_path / "second", "[access]\n")])


def test_the_file_is_looked_for_where_the_command_is_started_and_then_at_home(
    tmp_path: Path,
) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    for folder in (here, home):
        (folder / ".streamlit").mkdir(parents=True)
    mine, general = (folder / ".streamlit" / "secrets.toml" for folder in (here, home))
    assert secrets_file(None, here, home) is None
    general.write_text("x")
    assert secrets_file(None, here, home) == general
    mine.symlink_to("nowhere")  # there, so that it is read, and refused
    assert secrets_file(None, here, home) == mine
    assert secrets_file("other.toml", here, home) == here / "other.toml"
    assert secrets_file(None, here, None) == mine


def test_readmes_example_is_refused_until_its_secrets_are_written(tmp_path: Path) -> None:
    example = README.read_text("utf-8").partition("<!-- login -->\n```toml\n")[2]
    example = example.partition("```")[0]
    with pytest.raises(LoginError, match="cookie_secret is still the text of README's example"):
        read_login([written(tmp_path, example)])
    filled = put("cookie_secret", f'"{SECRET}"', example)
    with pytest.raises(LoginError, match="client_secret is still"):
        read_login([written(tmp_path, filled)])
    login = read_login([written(tmp_path, put("client_secret", '"x"', filled))])
    assert login is not None
    assert login.host == "audit.my-organization.example"


def test_loopback_is_known_in_every_spelling() -> None:
    for host in (
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "[::1]",
        "localhost",
        "LocalHost.",
        "::ffff:127.0.0.1",
    ):
        assert is_loopback(host), host
    for host in (
        "",
        "0.0.0.0",  # noqa: S104 - what is refused
        "::",
        "192.0.2.1",
        "localhost.example",
        "127.0.0.1.example",
        "::ffff:192.0.2.1",
        "127.1",
        "2130706433",
    ):
        assert not is_loopback(host), host


def test_a_login_needs_its_packages(tmp_path: Path) -> None:
    """In a process where Authlib cannot be imported, as without the extra `auth`."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.machinery, sys\n"
        "find = importlib.machinery.PathFinder.find_spec\n"
        "class Finder:\n"
        "    @staticmethod\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        return None if name == 'authlib' else find(name, path, target)\n"
        "sys.meta_path[:] = [Finder if f is importlib.machinery.PathFinder else f"
        " for f in sys.meta_path]\n"
    )
    path = written(tmp_path, AUTH + ACCESS)
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from audits.cli import main; main()",
            "dashboard",
            "--secrets",
            str(path),
            "--no-browser",
        ],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{README.parent}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 3, ran.stderr
    assert "needs authlib" in ran.stderr
    assert "release-audit[auth]" in ran.stderr
