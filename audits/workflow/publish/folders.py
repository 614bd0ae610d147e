"""Works out the folders in which the commands of a step run, seen from the repository's root."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath

from audits.model.command import Command
from audits.workflow.publish.site import Site


def changed_to(site: Site, command: Command) -> str:
    """The folder that ``cd`` changed to before the command, in the same script."""
    folders = site.once("folders", lambda: dict(_folders(site)))
    return folders.get(id(command), "")


def _folders(site: Site) -> Iterator[tuple[int, str]]:
    """The folder in which each command of the script runs, by the command's identity."""
    folder = ""
    for other in site.commands:
        yield id(other), folder
        if other.program in {"cd", "pushd"} and len(other.words) > 1:
            texts = site.texts(site.expand(other.words[1], other))
            folder = joined(folder, texts[0]) if texts and len(texts) == 1 else folder
        elif other.program == "popd":
            folder = ""


def joined(base: str, folder: str) -> str:
    """A folder within another; "" is the root."""
    path = normpath(f"{base}/{folder}").strip("/") if folder else base
    return "" if path == "." else path.removeprefix("./")
