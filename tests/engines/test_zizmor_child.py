"""Zizmor's process: nothing of a scanned repository is run by it, or given to it but copies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audits.engines.zizmor import Zizmor, _program
from audits.model.source import GapReason, RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX
from tests.cli.conftest import TOKEN, write
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs of POSIX")

MAIN = "from audits.cli import main; main()"
WORKFLOW = ".github/workflows/release.yml"
SECRETS = {
    "GITHUB_TOKEN": "ghp_secret1",
    "GH_TOKEN": "ghp_secret2",
    "RELEASE_AUDIT_TOKEN": "ghp_secret3",
    "ZIZMOR_GITHUB_TOKEN": "ghp_secret4",
    "HTTPS_PROXY": "http://user:secret5@127.0.0.1:9",
    "GIT_DIR": "/secret6",
    "PYTHONSTARTUP": "/secret7",
    "ZIZMOR_CONFIG": "/secret8",
}


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def hostile(root: Path) -> tuple[Path, Path]:
    """A checkout that names programs wherever somebody might look, and the mark they leave."""
    mark = root / "mark"
    leave = f"open({str(mark)!r}, 'a').write(__file__)\n"
    checkout = root / "lumen"
    config = "rules: {unpinned-uses: {disable: true}, misfeature: {disable: true}}\n"
    files = {WORKFLOW: TOKEN, "zizmor.yml": config, ".github/zizmor.yml": config}
    files |= dict.fromkeys(("sitecustomize.py", "usercustomize.py", "zizmor.py"), leave)
    files["pyproject.toml"] = '[project]\nname = "lumen"\n'
    write(checkout, files)
    for name in ("zizmor", "zizmor.exe", "bin/zizmor", ".venv/bin/zizmor", "git", "python3"):
        program(checkout / name, leave)
    return checkout, mark


def read(path: str = WORKFLOW, text: str = TOKEN) -> Snapshot:
    file = SourceFile.of(path, text.encode())
    return Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=(file,))


@pytest.mark.parametrize("words", [("check", "."), ("check", ".", "--all"), ("scan",)])
def test_no_program_of_a_checkout_is_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    checkout, mark = hostile(tmp_path)
    if words == ("scan",):
        words = ("scan", "--folder", "..", "--database", str(tmp_path / "history.sqlite"))
    paths = [".", "", "bin", str(checkout), str(checkout / ".venv" / "bin"), os.environ["PATH"]]
    done = subprocess.run(
        [sys.executable, "-P", "-c", MAIN, *words, "--offline"],
        cwd=checkout,
        env={**os.environ, **SECRETS, "PATH": os.pathsep.join(paths), "PYTHONSTARTUP": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1, 3}, done.stderr
    assert not mark.exists(), mark.read_text()


def test_its_rules_are_judged_whatever_a_repository_configures(tmp_path: Path) -> None:
    text = TOKEN.replace(
        "actions/checkout@v4", "actions/setup-python@v5\n        with: {pip-install: x}"
    )
    snapshot = read(text=text)
    extra = SourceFile.of("zizmor.yml", b"rules: {misfeature: {disable: true}}\n")
    configured = Snapshot(ref=snapshot.ref, files=(*snapshot.files, extra))
    plain, other = Zizmor().run(
        [read_repository(each, channel=INDEX.channel_of) for each in (snapshot, configured)]
    )
    assert plain.ran
    assert [f.rule for f in plain.findings] == [f.rule for f in other.findings] != []


def test_it_gets_copies_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = tmp_path / "told.json"
    recorder = program(
        tmp_path / "recorder",
        "import json, os, sys\n"
        "if '--version' in sys.argv: sys.exit(print('zizmor 1.0.0'))\n"
        "print('[]')\n"
        f"json.dump([os.getcwd(), dict(os.environ), sys.argv], open({str(printed)!r}, 'w'))\n",
    )
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (report,) = Zizmor(program=str(recorder)).run(
        [read_repository(read(), channel=INDEX.channel_of)]
    )
    assert report.ran
    place, environment, words = json.loads(printed.read_text())
    assert not set(environment) & (set(SECRETS) | {"PATH"})
    assert "secret" not in json.dumps([environment, words])
    assert environment["HOME"] == place
    assert not Path(place).exists()
    assert words[words.index("--") + 1 :] == [f"0/{WORKFLOW}"]


def test_only_the_program_that_was_installed_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "zizmor", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = _program()
    assert found is not None
    assert Path(found).parent != tmp_path


def test_a_name_that_no_disk_takes_costs_that_file() -> None:
    long = f".github/workflows/{'x' * 300}.yml"
    snapshot = Snapshot(ref=read().ref, files=(*read().files, *read(long).files))
    (report,) = Zizmor().run([read_repository(snapshot, channel=INDEX.channel_of)])
    assert report.ran
    assert [(gap.subject, gap.reason) for gap in report.gaps] == [(long, GapReason.UNSUPPORTED)]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of processes are Linux's")
def test_one_that_never_ends_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    number = tmp_path / "number"
    endless = program(
        tmp_path / "endless",
        f"import os\nopen({str(number)!r}, 'w').write(str(os.getpid()))\nwhile True: pass\n",
    )
    start = (
        "from audits.engines import zizmor\n"
        "zizmor._SECONDS = 0.5\n"
        "zizmor.Zizmor(program={!r})._call((), 0.5, {!r})\n"
    )
    # The parent is stopped at once, so that its own bound on the time does nothing.
    parent = subprocess.Popen([sys.executable, "-c", start.format(str(endless), str(tmp_path))])
    end = time.monotonic() + PATIENCE
    while not (number.exists() and number.read_text()) and time.monotonic() < end:
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    child = int(number.read_text())
    while time.monotonic() < end and runs(child):
        time.sleep(0.05)
    assert not runs(child)


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
