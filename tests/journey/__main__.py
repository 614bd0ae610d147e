"""Walk the whole way of a user: build the wheel, install it, run README's commands, upgrade.

Run by hand and weekly: ``python -m tests.journey [--python PYTHON] [--lowest]``. It takes a package
index to install from. The commands are those of README's shell blocks, as they stand there; the
ones that take GitHub, a token or another program are listed as left out.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
FIRST_STATE = ROOT / "audits" / "sample" / "states" / "2026-06-01"
OWNER = "orchard-labs"
CHECKOUT = "tidepool"
PATIENCE = 900
"""Seconds after which a command counts as stuck: no bound on how quick it is."""

_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_LEFT_OUT = re.compile(r"\bOWNER(/REPOSITORY)?(?=\s|$)|--online|--pull-request|\| (psql|git) ")
"""What takes GitHub, a token, or a program that is not ours."""
_ANSWERS = (0, 1)
"""Everything was read; some commands end with 1 where something is found."""
_SENTENCES = (*_ANSWERS, 2, 3)
"""README's commands may also refuse, as init does where a workflow publishes, or lack an index."""


class JourneyError(Exception):
    """A step did not end as it must."""


class Journey(Struct):
    """An installed program, the folder it is run in, and the store that it fills."""

    program: Path
    place: Path
    environment: dict[str, str]

    def run(self, line: str, *codes: int, folder: Path | None = None) -> str:
        """Run a line of README or one like it; JourneyError where it ends otherwise."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder or self.place,
            env=self.environment,
            input="",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        print(f"  {done.returncode}  {line}", flush=True)
        said = done.stdout + done.stderr
        if done.returncode not in (codes or _ANSWERS) or "Traceback" in said:
            raise JourneyError(f"{line} ended with {done.returncode}:\n{said}")
        return done.stdout


def main() -> None:
    """Make the journey; the exit code is 1 where a step fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.journey", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="The interpreter to install for.")
    parser.add_argument("--lowest", action="store_true", help="Install the lowest versions.")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="journey-") as folder:
        try:
            travel(Path(folder), words.python, lowest=words.lowest)
        except (JourneyError, subprocess.SubprocessError) as error:
            sys.exit(f"The journey ended early: {error}")
    print("The journey ended well.")


def travel(folder: Path, python: str, *, lowest: bool) -> None:
    """Make the journey in a folder."""
    journey = installed(folder, python, lowest=lowest)
    journey.run("release-audit --version", 0)
    scan_twice(journey)
    read_readme(journey)
    upgrade(journey)
    answer(journey)
    repair(journey)


def installed(folder: Path, python: str, *, lowest: bool) -> Journey:
    """Build the wheel and install it, and nothing else, into an empty environment."""
    wheels, environment = folder / "wheels", folder / "venv"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    shell(*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
    (wheel,) = wheels.glob("*.whl")
    shell(python, "-m", "venv", str(environment))
    constraints = folder / "constraints"
    constraints.write_text("\n".join(lowest_versions()) if lowest else "")
    inside = [str(environment / "bin" / "python"), "-m", "pip", "--quiet"]
    shell(*inside, "install", "--constraint", str(constraints), str(wheel))
    place = folder / "home"
    place.mkdir()
    variables = {
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "HOME": str(place),
        "XDG_DATA_HOME": str(place / "data"),
        "XDG_STATE_HOME": str(place / "state"),
        "XDG_CACHE_HOME": str(place / "cache"),
        "LANG": "C.UTF-8",
    }
    return Journey(
        program=environment / "bin" / "release-audit", place=place, environment=variables
    )


def lowest_versions() -> Iterator[str]:
    """The lowest version of each dependency that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for line in project["dependencies"]:
        if found := re.match(r"([\w.-]+)[^>]*>=([\w.]+)", line):
            yield f"{found[1]}=={found[2]}"


def shell(*words: str) -> None:
    """Run a command that prepares the journey."""
    print(f"  {' '.join(words)}", flush=True)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise JourneyError(f"{words[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def scan_twice(journey: Journey) -> None:
    """Scan the sample, and once more after one workflow was edited."""
    shutil.copytree(FIRST_STATE, journey.place / OWNER)
    said = [journey.run(f"release-audit scan --folder {OWNER} --offline", 0)]
    with next(workflows(journey)).open("a", encoding="utf-8") as workflow:
        workflow.write("# edited\n")
    said.append(journey.run(f"release-audit scan --folder {OWNER} --offline", 0))
    if not all(f"{OWNER}: " in each for each in said):
        raise JourneyError(f"A scan says nothing of {OWNER}:\n{said}")


def workflows(journey: Journey) -> Iterator[Path]:
    """The workflows of the checkout that README's commands are run in."""
    yield from sorted((journey.place / OWNER / CHECKOUT / ".github" / "workflows").iterdir())


def read_readme(journey: Journey) -> None:
    """Run README's commands as they stand there, in a checkout."""
    checkout = journey.place / OWNER / CHECKOUT
    shutil.copy(next(workflows(journey)), checkout / "release.yml")
    left_out, ran = [], 0
    for line in commands():
        if _LEFT_OUT.search(line):
            left_out.append(line)
            continue
        journey.run(filled(line), *_SENTENCES, folder=checkout)
        ran += 1
    for line in left_out:
        print(f"  -  {line}")
    if ran < 10:
        raise JourneyError(f"README has only {ran} commands that can be run.")


def commands() -> Iterator[str]:
    """The lines of README's shell blocks that run the program, without those that serve."""
    for block in _BLOCK.findall((ROOT / "README.md").read_text("utf-8")):
        for line in block.splitlines():
            words = line.partition("  #")[0].strip()
            if words.startswith("release-audit ") and words != "release-audit dashboard":
                yield words


def filled(line: str) -> str:
    """A line with its placeholders filled in."""
    names = {"OWNER/NAME": f"{OWNER}/{CHECKOUT}", "export DIR": "export ../../tables", "DIR": ".."}
    for placeholder, value in names.items():
        line = line.replace(placeholder, value)
    return line


def upgrade(journey: Journey) -> None:
    """Upgrade the store, check it, and see that the tables hold the scanned repositories."""
    if "The schema is at revision " not in journey.run("release-audit db upgrade", 0):
        raise JourneyError("The upgrade names no revision.")
    journey.run("release-audit db check", 0)
    journey.run("release-audit export tables", 0)
    if CHECKOUT not in (journey.place / "tables" / "repositories.csv").read_text("utf-8"):
        raise JourneyError(f"repositories.csv does not name {CHECKOUT}.")


def answer(journey: Journey) -> None:
    """See that the dashboard answers over HTTP, and that it ends in order."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(journey.program), "dashboard", "--port", str(port), "--no-browser"]
    serving = subprocess.Popen(words, cwd=journey.place, env=journey.environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/", serving)
    finally:
        serving.terminate()
        code = serving.wait(PATIENCE)
    print(f"  {code}  {' '.join(words[1:])}")
    if code:
        raise JourneyError(f"The dashboard ended with {code}.")


def wait_for(address: str, serving: subprocess.Popen[bytes]) -> None:
    """Ask until the dashboard answers with its page."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and serving.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10) as page:  # noqa: S310 - loopback
                if page.status == 200 and b"<html" in page.read().lower():
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    raise JourneyError(f"The dashboard does not answer at {address}.")


def repair(journey: Journey) -> None:
    """Fix a checkout, write the release workflow of another, and read the reports."""
    checkout = journey.place / OWNER / CHECKOUT
    journey.run("release-audit fix --diff --offline", 0, 1, folder=checkout)
    new = journey.place / "new" / "lantern"
    new.mkdir(parents=True)
    (new / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "lantern"\nversion = "1.0"\n'
    )
    journey.run("release-audit init --write", 0, folder=new)
    if not list((new / ".github" / "workflows").glob("*.y*ml")):
        raise JourneyError("init wrote no workflow.")
    journey.run("release-audit check", 0, 1, folder=new)
    page = journey.run("release-audit report --format html", 0)
    if "<html" not in page or OWNER not in page:
        raise JourneyError("The report is no page about the owner.")


if __name__ == "__main__":
    main()
