"""Decides which instance of a registry an upload goes to: production, test or private."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import dirname
from urllib.parse import urlsplit

from audits.model.command import Command
from audits.model.publication import Channel
from audits.model.registry import Registry
from audits.workflow.publish.images import host_of, image_names
from audits.workflow.publish.package_names import directories_of, packages_of
from audits.workflow.publish.site import Site
from audits.workflow.uploaders.uploader import Uploader

_PRIVATE_HOSTS = re.compile(r".*\.dkr\.ecr\..*|.*\.azurecr|.*\.jfrog|nuget\.pkg\.github")
_FIXED_HOST = re.compile(r"https?://(?:\[[\da-fA-F:]+\]|[\w.-]+)(?=[:/?#])")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0)(?::\d+)?")
_FOLDER = re.compile(
    r"\.{0,2}[/\\]|~[/\\]|file:|[A-Za-z]:[/\\]"
    r"|\$(?:env:)?\{?(?:GITHUB_WORKSPACE|RUNNER_TEMP|HOME|PWD)\}?[/\\]"
)
"""A feed of packages may be a folder: https://learn.microsoft.com/nuget/hosting-packages/local-feeds"""
_PRODUCTION_NAMES = frozenset({"main", "release"}).union(*(r.info.names for r in Registry))
_TEST_NAME = re.compile(r"test|staging|sandbox", re.IGNORECASE)
# Labels of Anaconda; an account is named after its owner, who may well end in "-dev".
_MAIN_LABELS = frozenset({"main", "release", "stable", "latest"})
_TEST_LABEL = re.compile(
    r"(?<![a-z])(?:alpha|beta|canary|ci|dev|devel|development|experimental|nightl(?:y|ies)|pre"
    r"|prerelease|preview|rc|sandbox|snapshots?|staging|tests?|testing|unstable)(?![a-z])",
    re.IGNORECASE,
)
_TEST_ACCOUNT = re.compile(r"(?<![a-z])(?:canary|nightl(?:y|ies)|staging)(?![a-z])", re.IGNORECASE)


def channel_of(uploader: Uploader, site: Site, command: Command | None) -> Channel:
    """The channel of an upload; unknown where an expression that is open decides."""
    if uploader.only_channel is not None:
        return uploader.only_channel
    found = {_by_address(uploader, site, text) for text in _addresses(uploader, site, command)}
    if not found:
        found = {_by_name(site, text) for text in _names(uploader, site, command)}
    if not found and uploader.target.in_files:
        files = _of_files(uploader, site, command)
        found = {_by_address(uploader, site, text) for text in files}
    if not found and uploader.target.setup_names:
        names = site.once(("set up by name", uploader), lambda: _set_up_names(uploader, site))
        found = {_by_name(site, text) for text in names}
    if not found and uploader.target.images:
        found = set(_images(uploader, site, command))
    if found <= {Channel.PRODUCTION} and uploader.registry is Registry.ANACONDA:
        return _by_label(uploader, site, command)
    if not found:
        return Channel.PRODUCTION
    if Channel.PRODUCTION in found and uploader.target.images:
        return Channel.PRODUCTION
    return found.pop() if len(found) == 1 else Channel.UNKNOWN


_NAMED_ADDRESS = re.compile(r"^\s*[\w.-]{1,200}::(?:\w{1,60}::)?(?=\w{1,20}://)")
"""What stands before an address in Maven's ``id::layout::url``:
https://maven.apache.org/plugins/maven-deploy-plugin/deploy-mojo.html#altDeploymentRepository
"""


def _texts(site: Site, text: str) -> tuple[str | None, ...]:
    text = _NAMED_ADDRESS.sub("", text)
    texts = site.texts(text.strip())
    if texts is not None:
        return texts
    # The host decides, so a path that is open does not matter.
    host = _FIXED_HOST.match(text.strip())
    return (host[0],) if host else (None,)


def is_local(uploader: Uploader, site: Site, command: Command | None) -> bool:
    """Whether an upload goes to a server of the run itself: on this machine, or one of the job's
    ``services:``, or to a folder. That is a try-out and no registry.
    """
    services = {image.service for image in site.job.images if image.service}
    addresses = _addresses(uploader, site, command)
    if addresses and all(text is not None and _FOLDER.match(text) for text in addresses):
        return True
    hosts = [_host(text) for text in addresses]
    if not hosts and uploader.target.images:
        names = image_names(uploader, site, command)
        found = [host_of(name) if name is not None else None for name in names]
        hosts = [host for host in found if host] if command is not None else found
    return bool(hosts) and all(
        host is not None and (_LOOPBACK.fullmatch(host) or host.partition(":")[0] in services)
        for host in hosts
    )


def _host(text: str | None) -> str | None:
    """The host of an address, with its port; None where it may be any."""
    if text is None or text.startswith("$") or "://" not in text:
        return None
    try:
        return urlsplit(text).netloc.rpartition("@")[2].lower()
    except ValueError:
        return None


def _given(
    site: Site,
    command: Command | None,
    inputs: tuple[str, ...],
    options: tuple[str, ...],
    env: tuple[str, ...],
) -> Iterator[str | None]:
    """All that these inputs, options or variables say: the most specific that is given."""
    if command is None:
        for name in inputs:
            scalar = site.input(name)
            if scalar is not None and not scalar.is_null and scalar.value:
                yield from _texts(site, scalar.value)
                return
    elif (word := command.option(*options) if options else None) is not None:
        yield from _texts(site, site.expand(word, command))
        return
    for name in env:
        if command is not None and name in command.env:
            yield from _texts(site, site.expand(command.env[name], command))
            return
    for _, scalar, _, owner in site.variable(*env):
        yield from _texts(owner, scalar.value)
        return
    if command is not None:
        for name in env:
            if (text := site.shell_value(name, command)) is not None:
                yield from _texts(site, site.expand(text, command))
                return


def _addresses(uploader: Uploader, site: Site, command: Command | None) -> list[str | None]:
    """The addresses that an upload goes to, as far as words and settings give them."""
    return site.once_of(
        command, ("addresses", uploader), lambda: _addresses_given(uploader, site, command)
    )


def _addresses_given(uploader: Uploader, site: Site, command: Command | None) -> list[str | None]:
    target = uploader.target
    if command is not None and target.url_options:
        # Only the command's own options outweigh the package's own configuration.
        given = list(_given(site, command, (), target.url_options, ()))
        if given and command.option(*target.url_options) is not None:
            return [text for text in given if text != ""]
    if uploader.registry is Registry.NPM and (own := _of_npm(uploader, site, command)):
        return own
    found = list(_given(site, command, target.url_inputs, target.url_options, target.url_env))
    if not found and target.setup_actions:
        found = site.once(("set up", uploader), lambda: list(_set_up(target.setup_actions, site)))
    return [text for text in found if text != ""]


def _of_npm(uploader: Uploader, site: Site, command: Command | None) -> list[str | None]:
    """The addresses that the repository's files give for the packages of npm that are uploaded."""
    known, registry = site.library.addresses, uploader.registry
    names = packages_of(uploader, site, command)
    found: list[str | None] = []
    for name in names:
        scope = name.partition("/")[0]
        if address := known.packages.get((registry, name)) or known.scopes.get(scope):
            found.append(address)
    folders = directories_of(uploader, site, command)
    if not found and not (names and folders == [""] and len(site.library.declared) > 1):
        found = [known.folders[registry, f] for f in folders if (registry, f) in known.folders]
    return list(dict.fromkeys(found or _set_by_npm(names, site)))


_NPM_CONFIG = re.compile(
    r"""\b(?:npm|pnpm|yarn)[ \t]+(?:config[ \t]+)?set[ \t]+(?:-\S+[ \t]+)*["']?(?:(@[\w.-]+):)?"""
    r"""(?:registry|npmRegistryServer|npmPublishRegistry)(?:[ \t]+|=)["']?(https?://[^\s"';&]+)"""
    r"""|(?:echo|printf)[ \t]+["']?(?:(@[\w.-]+):)?registry=(https?://[^\s"';&\\]+)[^\n]{0,40}\.npmrc"""
)
"""A script's line that sets npm's registry, of all packages or of a scope."""


def _set_by_npm(names: tuple[str, ...], site: Site) -> list[str | None]:
    """The last registry that scripts set before the upload, in this job."""
    found: list[str | None] = []
    for owner, scope, address in site.once("set by npm", lambda: list(_settings_of_npm(site))):
        if not scope or any(name.startswith(f"{scope}/") for name in names):
            found = list(_texts(owner, address))
    return found


def _settings_of_npm(site: Site) -> Iterator[tuple[Site, str, str]]:
    """Each registry that a script of the job sets before the upload: the step's site, the scope
    ("" is every package), the address.
    """
    for owner, step in (*site.steps_before(), (site, site.step)):
        if step is None or step.run is None or "egistry" not in step.run.value:
            continue
        for one, address, other, echoed in _NPM_CONFIG.findall(step.run.value):
            yield owner, one or other, address or echoed


def _of_files(uploader: Uploader, site: Site, command: Command | None) -> list[str | None]:
    """The addresses that the repository's files give for what is uploaded: of the package itself,
    or of the nearest folder above it. None counts where a word of the command chooses the place.
    """
    known, registry = site.library.addresses, uploader.registry
    chosen = uploader.target.place_words
    if command is not None and chosen and any(re.search(chosen, w) for w in command.words[1:]):
        return []
    names = packages_of(uploader, site, command)
    found: list[str | None] = [
        known.packages[registry, name] for name in names if (registry, name) in known.packages
    ]
    if not found:
        for folder in directories_of(uploader, site, command):
            places = (folder, *_above(folder))
            place = next((p for p in places if (registry, p) in known.folders), None)
            found += [known.folders[registry, place]] if place is not None else []
    return list(dict.fromkeys(found))


def _above(folder: str) -> Iterator[str]:
    """The folders that hold this one, the nearest first, down to the root ("")."""
    while folder:
        folder = dirname(folder)
        yield folder


def _set_up(inputs: Mapping[str, tuple[str, ...]], site: Site) -> Iterator[str | None]:
    """What steps before give in these inputs of actions that set an uploader up."""
    for owner, step in site.steps_before():
        action = step.uses.action if step.uses is not None else ""
        for name in inputs.get(action, ()):
            if (scalar := step.input(name)) is not None:
                yield from _texts(owner, scalar.value)


def _by_address(uploader: Uploader, site: Site, text: str | None) -> Channel:
    if text is None or text.startswith("$"):
        return Channel.UNKNOWN
    if uploader.registry is Registry.PYPI:
        return site.library.channel(text)
    if address := site.library.addresses.named.get((uploader.registry, text)):
        return host_channel(uploader.registry, address)
    if "://" not in text and "." not in text and ":" not in text:
        return _by_name(site, text)
    return host_channel(uploader.registry, text)


def host_channel(registry: Registry, address: str) -> Channel:
    """The channel of an address of a registry other than PyPI, by the labels of its host."""
    try:
        host = urlsplit(address if "://" in address else f"https://{address}").netloc
    except ValueError:
        return Channel.UNKNOWN
    host = host.rpartition("@")[2].lower().removeprefix("www.")
    if _LOOPBACK.fullmatch(host):
        return Channel.TEST
    stem = host.partition(":")[0].rpartition(".")[0]
    if not stem or "$" in host or "{" in host:
        return Channel.UNKNOWN
    if stem in registry.info.hosts or stem.endswith(".gcr"):
        return Channel.PRODUCTION
    if registry is Registry.CONTAINER and not _PRIVATE_HOSTS.fullmatch(stem):
        return Channel.UNKNOWN
    first = stem.partition(".")[0]
    return Channel.TEST if first in {"test", "staging", "int"} else Channel.PRIVATE


def _names(uploader: Uploader, site: Site, command: Command | None) -> list[str | None]:
    target = uploader.target
    given = _given(site, command, target.name_inputs, target.name_options, target.name_env)
    return [text for text in given if text != ""]


def _set_up_names(uploader: Uploader, site: Site) -> list[str | None]:
    return list(_set_up(uploader.target.setup_names, site))


def _by_name(site: Site, name: str | None) -> Channel:
    """The channel of a configured name, by the address that the metadata gives for it."""
    if name is None or name.startswith("$"):
        return Channel.UNKNOWN
    named = site.library.addresses.named.get((Registry.PYPI, name))
    if address := site.library.indexes.get(name) or named or _configured(site, name):
        return site.library.channel(address)
    if "://" in name:
        return site.library.channel(name)
    if name.lower() in _PRODUCTION_NAMES:
        return Channel.PRODUCTION
    return Channel.TEST if _TEST_NAME.search(name) else Channel.PRIVATE


def _configured(site: Site, name: str) -> str:
    """The address that a step before gives a repository of this name."""
    pattern = re.compile(
        rf"repositories\.{re.escape(name)}(?:\.url)?[ \t]+[\"']?(https?://[^\s\"']{{1,500}})"
    )
    for owner, step in site.steps_before():
        if step.run is not None and (match := pattern.search(step.run.value)):
            return next(iter(owner.texts(match[1]) or ()), "")
    return ""


def _by_label(uploader: Uploader, site: Site, command: Command | None) -> Channel:
    """The channel on the public host, which the label tells, and an account for nightlies.

    What is given several labels is as good as the best of them; one whose name tells nothing
    may be what people install from.
    """
    target = uploader.target
    accounts = list(_given(site, command, target.account_inputs, target.account_options, ()))
    if any(_TEST_ACCOUNT.search(text or "") for text in accounts or [target.account]):
        return Channel.TEST
    given: list[str | None] = []
    if command is None:
        given += _given(site, command, target.label_inputs, (), ())
    else:
        for word in command.options(*target.label_options):
            given += _texts(site, site.expand(word, command))
    labels = {label for text in given for label in ([None] if text is None else text.split(","))}
    found = {_of_label(label) for label in labels if label is None or label.strip()}
    if not found or Channel.PRODUCTION in found:
        return Channel.PRODUCTION
    return found.pop() if len(found) == 1 else Channel.UNKNOWN


def _of_label(label: str | None) -> Channel:
    if label is None or "$" in label:
        return Channel.UNKNOWN
    if label.strip().lower() in _MAIN_LABELS:
        return Channel.PRODUCTION
    return Channel.TEST if _TEST_LABEL.search(label) else Channel.UNKNOWN


def _images(uploader: Uploader, site: Site, command: Command | None) -> Iterator[Channel]:
    """The channels of the images that are named; none where they come from elsewhere."""
    for name in image_names(uploader, site, command):
        host = host_of(name) if name is not None else None
        if host:
            yield host_channel(Registry.CONTAINER, host)
