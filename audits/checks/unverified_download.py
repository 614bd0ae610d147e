"""Download is run or unpacked without being verified.

## Why it matters
`curl … | sh` runs whatever the server sends at that moment: after a break-in there, or a name
that changed hands, your release job runs a stranger's code. The same goes for a file that is
fetched and then unpacked, installed or started. In the publishing job the stranger also has
its credential, hence the higher severity there.

## How to fix
Fetch a version, not "latest", and compare it with a checksum that stands in the workflow:

    curl -sSfLO https://downloads.example/tool-2.1.0.tar.gz
    echo "<sha256>  tool-2.1.0.tar.gz" | sha256sum --check
    tar xzf tool-2.1.0.tar.gz

A signature does as well (`gpg --verify`, `cosign verify-blob`, `gh attestation verify`,
`slsa-verifier`). A checksum that is fetched from the same place protects against broken
downloads only; nobody can tell from the workflow, so it passes. Often an action pinned to a
commit, or a package with hashes, makes the download unnecessary.

A verification counts if it stands in the same job at or after the download.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from audits.check import Example, check
from audits.checks.constants import GITHUB_SECURE_USE, SCORECARD_PINNING
from audits.model.command import Command
from audits.model.location import Location
from audits.model.outcome import Area, Clean, Finding, Outcome, Severity, Verdict
from audits.model.repository import Repository, StepSite
from audits.model.workflow import Job, Role


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FETCHERS = _words("curl wget iwr irm invoke-webrequest invoke-restmethod")
_SHELLS = _words(
    "sh bash zsh dash ash ksh fish python python3 perl ruby node pwsh php eval source . iex"
    " invoke-expression"
)
_UNPACKERS = _words("tar bsdtar unzip gunzip gzip xz unxz zstd 7z dpkg installer msiexec cpio")
_INSTALLERS = _words("apt apt-get yum dnf rpm pip pip3 npm gem chmod install")
_VERIFIERS = _words(
    "sha256sum sha512sum sha1sum shasum md5sum b2sum gpg gpgv minisign cosign slsa-verifier"
    " signify openssl rekor-cli sigstore get-filehash"
)
_INLINE = re.compile(r"(?:<\(|\$\(|`)\s*(?:sudo\s+)?(?:curl|wget)\b")
_PIPED = """\
on: release
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
          set -e
          curl -sSf https://tools.example/install.sh | sudo bash -s -- -y # !
          bash <(wget -qO- https://tools.example/setup) # !
          curl -sSfL https://tools.example/tool.tgz | tar xz # !
          curl -sSf https://api.example/version | jq -r .tag
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - run: twine upload dist/*
"""
_SAVED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -sSfL -o tool.tar.gz https://tools.example/latest # !
          tar xzf tool.tar.gz
      - run: curl -O https://tools.example/uploader && chmod +x uploader # !
      - run: curl https://tools.example/get.py > get.py  # !
      - run: python get.py
      - run: curl -o notes.md https://api.example/notes
      - shell: pwsh
        run: |
          irm https://tools.example/setup.ps1 | iex # !
          Invoke-WebRequest https://tools.example/up.exe -OutFile up.exe # !
          ./up.exe
      - run: twine upload dist/*
"""
_VERIFIED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          curl -sSfL -o tool.tar.gz https://tools.example/2.1.0
          echo "$SUM  tool.tar.gz" | sha256sum --check
          tar xzf tool.tar.gz
      - run: twine upload dist/*
"""


@check(
    area=Area.PINNING,
    severity=Severity.MEDIUM,
    links=(GITHUB_SECURE_USE, SCORECARD_PINNING),
    any_workflow=True,
    examples=(
        Example(name="piped into a shell", workflow=_PIPED, severity=Severity.MEDIUM),
        Example(
            name="saved and used, in the publishing job", workflow=_SAVED, severity=Severity.HIGH
        ),
        Example(name="verified", workflow=_VERIFIED),
        Example(
            name="no download",
            workflow="on: release\njobs:\n  publish:\n    runs-on: ubuntu-latest\n"
            "    steps:\n      - run: twine upload dist/*\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def unverified_download(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each download that is run or unpacked before anything verifies it."""
    groups: dict[tuple[str, Job | None], list[StepSite]] = {}
    for site in repo.steps():
        groups.setdefault((site.path, site.job), []).append(site)
    for (path, job), sites in groups.items():
        commands = [command for site in sites for command in repo.commands(site.step)]
        publishes = job is not None and sites[0].role is Role.PUBLISHING
        for line, verdict in sorted(_downloads(commands).items()):
            at = Location(path=path, line=line)
            if verdict == "":
                yield Clean(at=at, job=job)
                continue
            yield Finding(
                message=f"A download is {verdict} and nothing verifies it.",
                at=at,
                job=job,
                severity=Severity.HIGH if publishes else None,
                anchor=verdict,
                because="the publishing job holds the credential" if publishes else "",
            )


def _downloads(commands: Sequence[Command]) -> dict[int, str]:
    """The lines of downloads: what is done with each unverified one, ``""`` if verified."""
    found: dict[int, str] = {}
    mentions = _mentions(commands)
    verifying = max((at for at, each in enumerate(commands) if _verifies(each)), default=-1)
    for number, command in enumerate(commands):
        use = _inline(command)
        if command.program.lower() in _FETCHERS and not use:
            use = _piped(command) or _saved(command, number, commands, mentions)
        if not use:
            continue
        verified = verifying > number
        found[command.line] = "" if verified and "run as it" not in use else use
    return found


def _mentions(commands: Sequence[Command]) -> dict[str, list[int]]:
    """Which commands name each file, also as ``--option=file``."""
    found: dict[str, list[int]] = {}
    for number, command in enumerate(commands):
        words = _written(command)
        values = (
            value
            for w in words
            if "=" in w
            for value in (w.partition("=")[2], w.rpartition("=")[2])
        )
        for name in {*words, *values}:
            found.setdefault(name, []).append(number)
    return found


def _written(command: Command) -> list[str]:
    """The words as written: of programs, directories and `.exe` are gone otherwise."""
    return [word.rpartition("/")[2] for word in command.written[-len(command.words) :]]


def _verifies(command: Command) -> bool:
    words = command.words[1:3]
    attested = command.program == "gh" and words == ("attestation", "verify")
    return attested or command.program.lower() in _VERIFIERS


def _inline(command: Command) -> str:
    """``bash <(curl …)`` and ``sh -c "$(curl …)"``."""
    runs = command.program in _SHELLS and any(map(_INLINE.match, command.words[1:]))
    return "run as it comes in" if runs else ""


def _piped(command: Command) -> str:
    reader = command.piped_into.lower()
    if reader in _SHELLS or reader.startswith("python"):
        return "run as it comes in"
    return "unpacked as it comes in" if reader in _UNPACKERS else ""


def _saved(
    command: Command, number: int, commands: Sequence[Command], mentions: dict[str, list[int]]
) -> str:
    """What later commands do with the file that a download is saved to."""
    name = _file(command).rpartition("/")[2]
    if not name or "$" in name:
        return ""
    naming = mentions.get(name, [])
    for each in (commands[at] for at in naming[bisect_right(naming, number) :]):
        if _written(each)[0] == name or each.program in _SHELLS:
            return f"saved as `{name}` and run"
        if each.program in _UNPACKERS | _INSTALLERS:
            return f"saved as `{name}` and unpacked or installed"
    return ""


def _file(command: Command) -> str:
    """The file that a download is saved to; empty where it goes to the output."""
    for redirect in command.redirects:
        match = re.fullmatch(r"1?>>?\s*(?P<name>[^&\s]+)", redirect)
        if match is not None:
            return match["name"].strip("\"'")
    if command.program not in {"curl", "wget"}:
        return command.option("-OutFile", "-outfile", "-o") or ""
    option = "-o" if command.program == "curl" else "-O"
    long = "--output" if command.program == "curl" else "--output-document"
    named = command.option(long, option) or _bundled(command, option[1])
    if named:
        return "" if named == "-" else named
    if command.program == "curl" and not any(
        word == "--remote-name" or re.fullmatch(r"-[a-zA-NP-Z]*O[a-zA-Z]*", word)
        for word in command.words
    ):
        return ""
    address = next((w for w in command.words[1:] if "://" in w), "")
    return address.partition("?")[0].rstrip("/") if address else ""


def _bundled(command: Command, letter: str) -> str:
    """The value of an option at the end of a bundle of letters: ``-sSLo file``."""
    for index, word in enumerate(command.words[:-1]):
        if re.fullmatch(rf"-[a-zA-Z]+{letter}", word):
            return command.words[index + 1]
    return ""
