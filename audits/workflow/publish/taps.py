"""Finds pushes into other repositories that people install from, such as Homebrew taps."""

from __future__ import annotations

import re

from audits.model.command import Command, plain_words
from audits.workflow.publish.site import Site

_OWNER_NAME = re.compile(r"[/:]([^/:\s@]+/[^/\s]+?)(?:\.git)?/?$")
_CLONED = re.compile(
    r"\b(?:git\s+clone\b[^\n]{0,300}?(?:://[^/\s]{1,200}/|@[^/:\s]{1,100}[:/]|\$\{?\w{1,60}\}?/)"
    r"|gh\s+repo\s+clone\s+)([^/:\s@]{1,100}/[\w.${}-]+)[\"']?(?:[ \t]+([\w./-]+))?"
)
_REMOTE = re.compile(r"\bgit\s+(?:[^\n]{0,60}\s)?remote\s+(?:add|set-url)\s+([^\n]{1,300})")
_ENTERS = r"(?:\b(?:cd|pushd)|-C)[ \t]+[\"']?(?:\./)?"
_OWN_REMOTES = frozenset({"origin", "upstream", "HEAD"})
_PUSH_VALUES = frozenset({"-o", "--push-option", "--repo", "--receive-pack", "--exec"})
_LONGEST = 300
_ANY = r"[^/\s]+/[\w.-]+"


_GIT_VALUES = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace"})
"""Options of git itself that take a value: https://git-scm.com/docs/git#_options"""


def push_words(command: Command) -> tuple[str, ...] | None:
    """The words behind ``git push``, git's own options left out; None for another command."""
    if command.program != "git":
        return None
    words = command.words[1:]
    index = next((i for i, _ in plain_words(words, _GIT_VALUES)), len(words))
    return words[index + 1 :] if words[index : index + 1] == ("push",) else None


def pushes_into(site: Site, command: Command, pattern: str) -> bool:
    """Whether a ``git push`` goes to a repository whose ``owner/name`` fits the pattern: one
    that it names by address, or that a step before checked out or cloned, and in whose folder
    the command runs.
    """
    remote = _remote(site, command)
    if remote and (named := _OWNER_NAME.search(remote[-_LONGEST:])) is not None:
        return re.fullmatch(pattern, named[1], re.IGNORECASE) is not None
    folders = site.once(("checkouts", pattern), lambda: tuple(_folders(site, pattern)))
    return bool(_at_work(site, folders))


def other_repository(site: Site, command: Command) -> str:
    """The other repository, as its address or ``owner/name``, that a ``git push`` goes to; ""
    where it goes to the one of the workflow, or where that is not known.
    """
    remote = _remote(site, command)
    if remote:
        return "" if "github.repository" in remote or "GITHUB_REPOSITORY" in remote else remote
    found = site.once(("checkouts", _ANY), lambda: tuple(_folders(site, _ANY)))
    return _at_work(site, found, enters=True)


def _remote(site: Site, command: Command) -> str:
    """The address that a push names, itself or by a remote that a script sets, or else the name
    of the remote; "" for the usual one.
    """
    words = [site.expand(word, command) for word in push_words(command) or ()]
    plain = [
        word
        for number, word in enumerate(words)
        if not word.startswith("-") and (number == 0 or words[number - 1] not in _PUSH_VALUES)
    ]
    name = plain[0] if plain else "origin"
    if "://" in name or "@" in name or name.endswith(".git"):
        return name
    scripts = [step.run.value for _, step in site.steps_before() if step.run is not None]
    scripts += [site.step.run.value] if site.step is not None and site.step.run is not None else []
    for script in scripts:
        for match in _REMOTE.finditer(script):
            given = match[1].split()
            if given[:1] == [name] and len(given) > 1:
                return given[1].strip("\"'")
    return name if name not in _OWN_REMOTES else ""


def _at_work(site: Site, folders: tuple[tuple[str, str], ...], *, enters: bool = False) -> str:
    """The repository in whose folder the step works, of these with their folders: where it
    names the folder, or only where it ``enters`` it.
    """
    step = site.step
    if step is None or step.run is None:
        return ""
    where = f"cd {step.working_directory}\n{step.run.value}"
    for folder, name in folders:
        before = _ENTERS if enters else r"(?<![\w-])"
        if not folder or re.search(rf"{before}{re.escape(folder)}(?![\w-])", where):
            return name
    return ""


def _folders(site: Site, pattern: str) -> list[tuple[str, str]]:
    """The folders into which repositories of such a name are checked out, "" for the root, with
    the names.
    """
    found: list[tuple[str, str]] = []
    for owner, step in site.steps_before():
        if step.uses is not None and step.uses.slug == "actions/checkout":
            name, path = step.input("repository"), step.input("path")
            texts = (owner.texts(name.value) or (name.value,)) if name is not None else ()
            fitting = [t for t in texts if re.fullmatch(pattern, t.strip(), re.IGNORECASE)]
            if fitting:
                found.append((path.value.strip("./") if path is not None else "", fitting[0]))
        elif step.run is not None:
            for match in _CLONED.finditer(step.run.value):
                slug = match[1].removesuffix(".git")
                if re.fullmatch(pattern, slug, re.IGNORECASE):
                    found.append((match[2] or slug.rpartition("/")[2], slug))
    return found
