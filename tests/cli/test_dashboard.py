"""``dashboard`` and ``demo`` as processes: what they refuse to open, and how they end."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from audits.store.errors import StoreError
from audits.store.open import absolute_address
from dashboard.__main__ import is_worth_a_line
from tests.cli.runner import Ran, release_audit
from tests.dashboard.browser import ROOT, commanded, free_port
from tests.patience import PATIENCE
from tests.test_login import ACCESS, AUTH, MALFORMED

PLAIN = ("dashboard", "--no-browser", "--database", "history.sqlite")


def ran(*words: str, folder: Path, **environment: str) -> Ran:
    """The command in this process, started in a folder: it has to end by itself."""

    def stuck(*_: object) -> None:
        raise TimeoutError("the command goes on instead of refusing")

    before = signal.signal(signal.SIGALRM, stuck)
    signal.alarm(PATIENCE)
    try:
        with chdir(folder):
            return release_audit(*words, **{"HOME": str(folder), **environment})
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def ran_apart(*words: str, folder: Path, **environment: str) -> Ran:
    """The same in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", "from audits.cli import main; main()", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT.parent), "HOME": str(folder), **environment},
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


def configured(folder: Path, text: str | bytes) -> Path:
    path = folder / ".streamlit" / "secrets.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def sentence(done: Ran, code: int) -> str:
    """What a refused command says: one error, one piece of advice, nothing else."""
    assert done.code == code, done
    assert done.out == ""
    lines = done.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "advice"], done.err
    return done.err


def status(port: int, path: str = "/", **headers: str) -> tuple[int, str]:
    """The status and text of an answer over loopback."""
    asked = Request(
        f"http://127.0.0.1:{port}{path}",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.mark.parametrize(
    "words",
    [
        ("--host", "0.0.0.0"),  # noqa: S104 - what is refused
        ("--host", "192.0.2.1"),
        ("--host", "::"),
        ("--allow-host", "audit.example"),
        ("--allow-host", "localhost", "--allow-host", "audit.example"),
        ("--host", "127.0.0.1", "--allow-host", "localhost.example"),
    ],
)
def test_without_a_login_nothing_is_opened_to_others(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    assert "no login" in sentence(ran(*PLAIN, *words, folder=tmp_path), 2)
    configured(tmp_path, '[connections.other]\nurl = "x"\n')
    assert "no login" in sentence(ran(*PLAIN, *words, folder=tmp_path), 2)


@pytest.mark.parametrize(
    "name", ["*", "*.example", "https://audit.example", "audit.example:443", "", "a b"]
)
def test_what_is_no_host_name_is_refused(name: str, tmp_path: Path) -> None:
    path = configured(tmp_path, AUTH + ACCESS)
    words = ("--secrets", str(path), "--allow-host", name)
    assert "no host name" in sentence(ran(*PLAIN, *words, folder=tmp_path), 2)


@pytest.mark.parametrize("command", ["dashboard", "demo"])
@pytest.mark.parametrize("name", ["slip", "no [access]", "no [auth]", "empty", "placeholder"])
def test_a_broken_login_refuses_to_start(name: str, command: str, tmp_path: Path) -> None:
    text, line, words = MALFORMED[name]
    path = configured(tmp_path, text)
    printed = sentence(ran(command, folder=tmp_path), 3)
    assert words in printed
    assert (f"{path}, line {line}" if line else str(path)) in printed


def test_the_file_is_the_one_where_the_command_is_started(tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    general, mine = configured(home, "[auth"), configured(here, "[access")

    def started(*words: str, **environment: str) -> str:
        return sentence(ran(*PLAIN, *words, folder=here, HOME=str(home), **environment), 3)

    assert str(mine) in started()
    mine.unlink()
    assert str(general) in started()
    other = here / "other.toml"
    assert f"{other} cannot be read" in started("--secrets", "other.toml")
    other.write_text("[x]\ny = 1\n")
    assert "no [auth] and no [access]" in started(RELEASE_AUDIT_SECRETS=str(other))


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in ("dashboard", "demo"):
            printed = sentence(ran_apart(command, "--port", str(port), folder=tmp_path), 3)
            assert f"Port {port} of 127.0.0.1 is in use already" in printed
            assert "--port" in printed


def test_an_address_of_another_machine_cannot_be_listened_on(tmp_path: Path) -> None:
    configured(tmp_path, AUTH + ACCESS)
    assert "cannot be listened on" in sentence(
        ran(*PLAIN, "--host", "192.0.2.1", folder=tmp_path), 3
    )


@contextmanager
def crowd(port: int) -> Iterator[None]:
    """Hundreds of connections, one after the other, on which nobody says anything."""
    kept: list[socket.socket] = []

    def come() -> None:
        with suppress(OSError):  # once the server has ended
            kept.extend(
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(600)
            )

    coming = threading.Thread(target=come)
    coming.start()
    try:
        yield
    finally:
        coming.join()
        for each in kept:
            each.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_dashboard_and_frees_its_port(
    number: signal.Signals, tmp_path: Path
) -> None:
    port = free_port()
    with commanded(*PLAIN, folder=tmp_path, port=port) as process:
        assert status(port)[0] == 200
        # A browser's connections stay open, and some come as the server ends, when nobody closes
        # them; they must not keep it alive.
        with crowd(port):
            process.send_signal(number)
            assert process.wait(timeout=PATIENCE) == 0
        assert is_free(port)
    said = (tmp_path / f"dashboard-{port}.log").read_text()
    assert said == f"The dashboard listens on http://127.0.0.1:{port}; Ctrl-C stops it.\n"


def test_of_the_server_warnings_are_shown_also_where_the_message_is_an_exception() -> None:
    def shown(message: object, level: int = logging.ERROR) -> bool:
        return is_worth_a_line(logging.LogRecord("x", level, "x", 1, message, (), None))

    assert shown(OSError("address already in use"))
    assert shown("Unsupported upgrade request.", logging.WARNING)
    assert not shown("Started server process", logging.INFO)
    assert not shown("Cancel %s running task(s), timeout graceful shutdown exceeded")


def test_a_signal_that_comes_early_ends_it_too(tmp_path: Path) -> None:
    for delay in (0.0, 0.3, 0.8, 1.5):
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-c", "from audits.cli import main; main()", *PLAIN, f"--port={port}"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT.parent), "HOME": str(tmp_path)},
        )
        time.sleep(delay)
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode in {0, -signal.SIGTERM, 128 + signal.SIGTERM, 130}, err
        assert b"Traceback" not in err
        assert is_free(port)


def test_without_a_login_only_this_machine_is_answered_and_nothing_is_left_of_what_is_killed(
    tmp_path: Path,
) -> None:
    port = free_port()
    strange = {
        "STREAMLIT_SERVER_ENABLE_STATIC_SERVING": "true",
        "STREAMLIT_SERVER_ENABLE_AGENT_API": "true",
        "STREAMLIT_SERVER_TRUSTED_USER_HEADERS": '{"X-User": "email"}',
    }
    tokens = dict.fromkeys(("GITHUB_TOKEN", "RELEASE_AUDIT_WRITE_TOKEN"), "planted")
    with commanded(*PLAIN, folder=tmp_path, port=port, **strange, **tokens) as process:
        assert status(port)[0] == 200
        variables = Path(f"/proc/{process.pid}/environ")
        assert not variables.exists() or b"planted" not in variables.read_bytes()
        for headers in (
            {"Host": "audit.example"},
            {"X_Forwarded_For": "192.0.2.7"},
            {"X_Real_IP": "127.0.0.1"},
            {"Forwarded": "for=192.0.2.7"},
            {"Origin": "https://audit.example"},
        ):
            for path in ("/", "/findings", "/_stcore/health", "/static/index.html"):
                code, text = status(port, path, **headers)
                assert (code, "Not open here" in text) == (403, True), (headers, path)
        for path in ("metrics", "agent/openapi.json", "agent/mcp", "script-health-check"):
            assert status(port, f"/_stcore/{path}")[0] == 404
        process.kill()
        process.wait(timeout=PATIENCE)
        with pytest.raises(URLError):
            status(port)


def test_the_demo_ends_with_its_server_and_names_its_own_store(tmp_path: Path) -> None:
    port = free_port()
    data = tmp_path / "my data"
    with commanded(
        "demo", "--no-engine", folder=tmp_path, port=port, XDG_DATA_HOME=str(data), BROWSER="true"
    ) as process:
        assert status(port)[0] == 200
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0
        assert is_free(port)
    said = (tmp_path / f"dashboard-{port}.log").read_text()
    store = data / "release-audit" / "sample.sqlite"
    assert f"release-audit dashboard --database '{store}' --index-url" in said
    assert f"release-audit report --database '{store}'" in said
    report = release_audit("report", "--database", str(store))
    assert report.code == 0
    assert "orchard-sample" in report.out


def test_a_database_that_is_not_there_sends_nobody_to_the_demo(tmp_path: Path) -> None:
    for words in (("report",), ("export", str(tmp_path / "out"))):
        done = release_audit(*words, "--database", str(tmp_path / "none.sqlite"))
        assert done.code == 3
        assert "release-audit scan" in done.err
        assert "demo" not in done.err


def test_a_demo_without_a_place_for_its_data_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "release-audit" / "sample.sqlite").mkdir(parents=True)
    for data in (tmp_path / "file", tmp_path):
        done = ran("demo", "--no-browser", folder=tmp_path, XDG_DATA_HOME=str(data))
        assert "cannot be recreated" in sentence(done, 3)
        assert "--database" in done.err


def test_a_database_is_the_same_in_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("a.sqlite", "sqlite:///a.sqlite", "./a.sqlite", str(tmp_path / "a.sqlite")):
        assert absolute_address(text) == str(tmp_path / "a.sqlite")
    server = "postgresql://rowan:secret@db.example/audits"
    assert absolute_address(server) == server
    with pytest.raises(StoreError):
        absolute_address("mysql://x")
