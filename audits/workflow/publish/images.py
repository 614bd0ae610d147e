"""Finds the container registries that an upload names, and whether Docker Hub is among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.model.command import Command
from audits.model.location import Scalar
from audits.model.registry import DOCKER_HUB, Registry, RegistryInfo
from audits.workflow.publish.site import Site
from audits.workflow.uploaders.uploader import Uploader

_STEP_OUTPUT = re.compile(r"\$\{\{\s*steps\.([\w-]+)\.outputs\.(?:tags|images?)\b")
_NAME = re.compile(r"(?:^|[,\s])name=[\"']?([^,\s\"']+)")
_METADATA = "docker/metadata-action"
_LOGIN = "docker/login-action"
_DOCKER_IO = ""


def image_names(uploader: Uploader, site: Site, command: Command | None) -> tuple[str | None, ...]:
    """All texts that the names of the images can be; None for one that is open."""
    key = ("images", uploader, id(command))
    return site.once(key, lambda: tuple(_image_names(uploader, site, command)))


def _image_names(uploader: Uploader, site: Site, command: Command | None) -> Iterator[str | None]:
    if command is not None:
        words = [site.expand(word, command) for word in command.words[1:]]
        for word in words:
            yield from _texts(site, word)
        return
    for name in (*uploader.target.image_inputs, "outputs"):
        if (scalar := site.input(name)) is not None:
            yield from _of_input(site, name, scalar)


def _of_input(site: Site, name: str, scalar: Scalar) -> Iterator[str | None]:
    if name == "outputs":
        for found in _NAME.finditer(scalar.value):
            yield from _texts(site, found[1])
        return
    if match := _STEP_OUTPUT.search(scalar.value):
        owner, step = site.step_before(match[1]) or (site, None)
        images = step.input("images") if step is not None else None
        if step is not None and step.uses is not None and images is not None:
            for word in re.split(r"[\s,]+", images.value):
                yield from _texts(owner, word.removeprefix("name="))
            return
    for word in _split(scalar.value):
        yield from _texts(site, word)


def _split(text: str) -> list[str]:
    """The entries of a list of images: on lines, or between commas, expressions kept whole."""
    return re.findall(r"(?:\$\{\{.*?\}\}|[^\s,$]|\$(?!\{\{))+", text)


def _texts(site: Site, word: str) -> Iterator[str | None]:
    bare = word.strip().removeprefix("docker://").removeprefix("oci://")
    if not bare:
        return
    texts = site.texts(bare)
    if texts is not None:
        yield from texts
        return
    host = re.match(r"[\w.:-]+/", bare)
    yield host[0] if host else None


def host_of(name: str) -> str | None:
    """The host of an image's name; "" where it names none, which means Docker Hub to most tools;
    None where an open part may be one.
    """
    first, slash, _ = name.partition("/")
    if "$" in first or "{" in first:
        return None
    is_host = "." in first or ":" in first or first == "localhost"
    return first.lower() if slash and is_host and not first.startswith(".") else _DOCKER_IO


def instance_of(uploader: Uploader, site: Site, command: Command | None) -> RegistryInfo | None:
    """Docker Hub's row for an upload of images that goes there; None for other places."""
    if uploader.registry is not Registry.CONTAINER or not uploader.target.images:
        return None
    logs_in = site.once("hub login", lambda: any(_is_hub(host) for host in _logins(site)))
    named = image_names(uploader, site, command)
    hosts = {host_of(name) if name is not None else None for name in named}
    if command is not None:
        # Words without a host may be anything: options' values, files, names that were built.
        hosts = {host for host in hosts if host} or {None}
    known = {host for host in hosts if host is not None}
    if any(_is_hub(host) for host in known if host) or (_DOCKER_IO in known and logs_in):
        return DOCKER_HUB
    return DOCKER_HUB if logs_in and (None in hosts or not hosts) else None


def _is_hub(host: str) -> bool:
    host = re.sub(r"^https?://", "", host).partition("/")[0]
    return not host or host.rpartition(".")[0] in DOCKER_HUB.hosts


def _logins(site: Site) -> Iterator[str]:
    """The hosts that steps before log in to; "" is Docker Hub's."""
    for owner, step in site.steps_before():
        if step.uses is not None and step.uses.action == _LOGIN:
            registry = step.input("registry")
            texts = ("",) if registry is None else owner.texts(registry.value) or ()
            yield from texts
        elif step.run is not None and "docker login" in step.run.value:
            for match in re.finditer(r"docker login\b([^\n|;&]*)", step.run.value):
                plain = [word for word in match[1].split() if not word.startswith("-")]
                yield next((w.strip("'\"") for w in plain if "." in w and "$" not in w), "")


def logins_elsewhere(uploader: Uploader, site: Site, command: Command | None, host: str) -> bool:
    """Whether a login to a host is surely not one for this upload: every image that it names
    is of another host.
    """
    if not uploader.target.images:
        return False
    named = image_names(uploader, site, command)
    hosts = {host_of(name) if name is not None else None for name in named}
    if command is not None:
        hosts = {found for found in hosts if found}
    if not hosts or None in hosts:
        return False
    wanted = re.sub(r"^https?://", "", host).partition("/")[0].lower()
    if _is_hub(wanted):
        return not any(found is not None and _is_hub(found) for found in hosts)
    return wanted not in hosts
