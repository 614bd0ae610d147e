"""Pushes into another repository that is a place to install from, such as a Homebrew tap."""

from __future__ import annotations

import re

from audits.model.command import Command
from audits.workflow.publish.site import Site


def pushes_into(site: Site, command: Command, pattern: str) -> bool:
    """Whether a ``git push`` goes to a repository whose ``owner/name`` fits the pattern: one
    that a step before checked out or cloned, and in whose folder the command runs.
    """
    folders = site.once(("checkouts", pattern), lambda: _folders(site, pattern))
    step = site.step
    if not folders or step is None or step.run is None:
        return False
    where = f"{step.working_directory}\n{step.run.value}"
    return any(
        not folder or re.search(rf"(?<![\w-]){re.escape(folder)}(?![\w-])", where)
        for folder in folders
    )


def _folders(site: Site, pattern: str) -> list[str]:
    """The folders into which repositories of such a name are checked out; "" is the root."""
    found: list[str] = []
    cloned = re.compile(rf"\bgit\s+clone\b[^\n]{{0,300}}?[/:]{pattern}", re.IGNORECASE)
    for owner, step in site.steps_before():
        if step.uses is not None and step.uses.slug == "actions/checkout":
            name, path = step.input("repository"), step.input("path")
            texts = (owner.texts(name.value) or (name.value,)) if name is not None else ()
            if any(re.fullmatch(pattern, text.strip(), re.IGNORECASE) for text in texts):
                found.append(path.value.strip("./") if path is not None else "")
        elif step.run is not None and (match := cloned.search(step.run.value)):
            found.append(match[0].rpartition("/")[2].removesuffix(".git"))
    return found
