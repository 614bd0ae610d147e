"""Decides whether the manifest of what a step uploads keeps it from being published."""

from __future__ import annotations

import re
from functools import lru_cache

from audits.model.command import Command, plain_words
from audits.model.publication import Channel
from audits.model.registry import Registry
from audits.model.working_folders import runs_anywhere, wrapping
from audits.workflow.publish.channel import channel_of
from audits.workflow.publish.package_names import (
    directories_of,
    is_of_all,
    named_packages,
)
from audits.workflow.publish.site import Site
from audits.workflow.shell.commands import MAX_GRAMMAR_LENGTH
from audits.workflow.uploaders.uploader import Uploader

_WRITES = re.compile(
    r"\b(?:npm|pnpm)[ \t]+pkg[ \t]+(?:delete|set)\b|\bcargo[ \t]+set-version\b"
    r"|\b(?:sed|perl|awk|jq|yq|node|mv|cp|ed|dasel|tomlq|json)\b[^\n]{0,300}"
    r"(?:package\.json|Cargo\.toml|pubspec\.yaml|pyproject\.toml)"
    r"|(?:>|tee)[ \t]*[\"']?\S{0,80}(?:package\.json|Cargo\.toml|pubspec\.yaml|pyproject\.toml)"
)
"""What changes a manifest before the upload, so that the one in the repository tells nothing."""


def is_withheld(uploader: Uploader, site: Site, command: Command | None) -> bool:
    """Whether an upload takes nothing but packages that say of themselves that they are not
    published: then its client refuses them, or leaves them out.

    Only what is surely so counts: the repository is checked out where the step works, and
    nothing that the job ran before writes another manifest.
    """
    registry = uploader.registry
    tool = uploader.mechanism.removesuffix(" action")
    if registry is Registry.NPM and tool in site.library.without_npm and site.directories == ("",):
        return True
    withheld = [package for package in site.library.withheld if package.registry is registry]
    if (
        not withheld
        or uploader.only_channel
        or site.step is None
        or not site.once("as committed", lambda: _is_own(site))
    ):
        return False
    elsewhere = {Channel.PRIVATE, Channel.UNKNOWN}
    by_registry = all(package.by_registry for package in withheld)
    if by_registry and channel_of(uploader, site, command) in elsewhere:
        return False
    if is_of_all(uploader, command):
        # Other tools also find packages that no workspace names, where nothing was read.
        known = uploader.mechanism in _OF_WORKSPACES or (command and command.program in _CHANGESETS)
        members = site.library.names.get(registry.value) or site.library.has_members
        return bool(known) and not members
    if named := named_packages(uploader, site, command):
        return set(named) <= {package.name for package in withheld}
    if command is not None and not _takes_folder(uploader, command):
        return False
    if command is not None and not _runs_surely(site, command):
        return False
    folders = directories_of(uploader, site, command)
    return bool(folders) and set(folders) <= {package.directory for package in withheld}


_CHANGES_FOLDER = re.compile(
    r"\b(?:cd|pushd|popd|chdir|sl|(?:set|push|pop)-location|chroot|eval|source)\b|(?m:^|;)[ \t]*\. ",
    re.IGNORECASE,
)
"""What may lead to another folder, in any shell and wherever it stands."""
_PLAIN_CHANGE = re.compile(
    r"(?m)^[ \t]*(?:cd|pushd)[ \t]+(?:\./)?[\w@-][\w@./-]*[ \t]*(?:$|&&[ \t]*(?=[\w./@-]+ ))"
    r"|^[ \t]*\([ \t]*cd[ \t]+(?:\./)?[\w@-][\w@./-]*[ \t]*(?:&&|;)[^()$`|&;\n]*\)[ \t]*$"
)
"""``cd docs``, ``cd docs && make`` and ``(cd docs; make)``: what leads to one folder for sure."""
_UNSURE = re.compile(r"[$`(){}|]|(?<!&)&(?!&)|\b(?:if|case|while|until|for|function|exit)\b")
"""What makes a change of the folder hold elsewhere, at times, or not at all."""


def _runs_surely(site: Site, command: Command) -> bool:
    """Whether it is sure in which folder a command runs: where it may be another one, the manifest
    of the one that was taken must not make an upload silent.
    """
    if command.wrappers and any("/" in word for word in wrapping(command)):
        return False
    text = site.script_of(command)[0]
    if len(text) > MAX_GRAMMAR_LENGTH:  # split line by line, without its subshells
        return False
    if not _CHANGES_FOLDER.search(text):
        return not runs_anywhere(command)
    rest = _PLAIN_CHANGE.sub("", text)
    return not (".." in text or _CHANGES_FOLDER.search(rest) or _UNSURE.search(rest))


_CHANGESETS = frozenset({"changeset", "changesets", "@changesets/cli"})
_OF_WORKSPACES = frozenset({"changesets/action", "changesets/action/publish"})
"""What publishes the packages of a workspace, and without one that at the root."""

_POSITIONAL = {Registry.NPM: frozenset({".", "./"}), Registry.CRATES: frozenset[str]()}
"""The only words behind the command that leave it in the folder where it runs: others name a
folder or an archive that a build may have made.
"""


def _takes_folder(uploader: Uploader, command: Command) -> bool:
    """Whether a command uploads from the folder in which it runs."""
    allowed = _POSITIONAL.get(uploader.registry)
    if allowed is None:
        return True
    subcommands = {word for text in uploader.commands for word in text.split()}
    plain = plain_words(command.words[1:], uploader.value_options)
    return all(word in subcommands or word in allowed for _, word in plain)


def _is_own(site: Site) -> bool:
    """Whether the job works on the repository as it is committed."""
    steps = [step for _, step in site.steps_before()]
    checkouts = [s for s in steps if s.uses is not None and s.uses.slug == "actions/checkout"]
    if not checkouts or any(step.input("repository") is not None for step in checkouts):
        return False
    if any(step.input("path") is not None for step in checkouts):
        return False
    scripts = [step.run.value for step in steps if step.run is not None]
    scripts += [each.hop.written for each in site.led()] if site.script is None else []
    return not any(map(_writes_manifest, scripts))


@lru_cache(maxsize=512)
def _writes_manifest(script: str) -> bool:
    """Whether a script changes a manifest; cached, as every later upload asks."""
    return _WRITES.search(script) is not None
