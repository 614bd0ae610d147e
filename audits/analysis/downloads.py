"""Downloads of a script that are run or unpacked, and whether anything verifies them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from audits.model.command import Command


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


def downloads(commands: Sequence[Command]) -> dict[int, str]:
    """The lines of downloads: what is done with each unverified one, ``""`` if verified."""
    found: dict[int, str] = {}
    programs = {command.program for command in commands}
    fetches = any(program.lower() in _FETCHERS for program in programs)
    if not fetches and programs.isdisjoint(_SHELLS):
        return found
    mentions = _mentions(commands) if fetches else {}
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
    name = saved_file(command).rpartition("/")[2]
    if not name or "$" in name:
        return ""
    naming = mentions.get(name, [])
    for each in (commands[at] for at in naming[bisect_right(naming, number) :]):
        if _written(each)[0] == name or each.program in _SHELLS:
            return f"saved as `{name}` and run"
        if each.program in _UNPACKERS or each.program in _INSTALLERS:
            return f"saved as `{name}` and unpacked or installed"
    return ""


def saved_file(command: Command) -> str:
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
