"""Finds the packages that an upload contains."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from audits.model.command import Command, plain_words
from audits.model.publication import Channel
from audits.model.registry import Registry
from audits.model.working_folders import wrapping
from audits.workflow.publish.built_packages import as_declared, built_packages, is_in
from audits.workflow.publish.folders import folders_of, joined
from audits.workflow.publish.site import Site
from audits.workflow.uploaders.uploader import Contents, Uploader

_FOLDERS_OF_BUILDS = frozenset({"dist", "wheelhouse", "target/wheels", "pkg", "."})
_PROJECT_PAGE = re.compile(r"https?://[^/]+/(?:p|project)/([A-Za-z0-9][A-Za-z0-9._-]*)")
_METADATA = re.compile(r"pyproject\.toml|setup\.(?:py|cfg)|package\.json|Cargo\.toml")
_WRITES_METADATA = re.compile(
    rf"\b(?:sed|perl|awk|yq|jq|toml|dasel|tomlq|mv|cp)\b[^\n]{{0,500}}(?:{_METADATA.pattern})"
)
_NAME_KEY = re.compile(r"(?<![-\w])name(?![-\w])|\b(?:mv|cp)\b")
_BUILD_BY_THEMSELVES = frozenset({"flit", "maturin", "pdm", "setup.py"})
"""Programs that upload what they have just built themselves."""
_WORKSPACES = "-ws"
_EVERYWHERE = ("-r", "--recursive", _WORKSPACES, "--workspaces", "--workspaces=true", "--all")
_OF_ALL = frozenset(
    {"changesets/action", "changesets/action/publish", "changeset publish", "lerna publish"}
    | {"nx release", "rush publish", "beachball publish", "release-plz", "release-plz release"}
    | {"multi-semantic-release", "auto", "melos publish"}
)
"""Uploaders that publish whatever package of a workspace is new."""

_MOST_WORDS = 100
"""Words of one command that are looked at for what is uploaded."""

_SCOPED = re.compile(r"@[\w.-]+/[\w.-]+")
_GLOB = re.compile(r"[*?\[{]")


def packages_of(uploader: Uploader, site: Site, command: Command | None) -> tuple[str, ...]:
    """The names of what is uploaded; () where they are unknown.

    A name that is given counts; then the folder it is taken from; then the project that the
    environment links to, if the metadata knows it or a script renames the package; then those
    that a build on the way names, the only name that the metadata declares for the registry, or
    those at the root.
    """
    return site.once_of(command, ("packages", uploader), lambda: _packages(uploader, site, command))


def _packages(uploader: Uploader, site: Site, command: Command | None) -> tuple[str, ...]:
    registry = uploader.registry
    known = site.library.names.get(registry.value, ())
    if not registry.has_trusted_publishing:
        return ()
    named = as_declared(registry, named_packages(uploader, site, command), known)
    if command is not None and uploader.contents.name_options:
        chosen = _chosen_folders(uploader, site, command)
        named += tuple(name for folder in chosen for name in _in(registry, site, folder))
    if named:
        return tuple(name for name in dict.fromkeys(named) if not known or name in known) or named
    if len(known) > 1 and is_of_all(uploader, command):
        return known
    directories = list(dict.fromkeys(_directories(uploader, site, command)))
    inside = [name for directory in directories for name in _in(registry, site, directory)]
    if inside and directories != [""]:
        return tuple(dict.fromkeys(inside))
    asked = _takes_builds(uploader, command)
    built = site.once(("built", registry), lambda: built_packages(site, registry)) if asked else ()
    return _likely(site, registry, known, inside, built)


def _takes_builds(uploader: Uploader, command: Command | None) -> bool:
    """Whether what is uploaded was built before: an upload that builds by itself takes its own."""
    if uploader.registry is Registry.NPM:
        return command is not None and any(".tgz" in word for word in command.words)
    if uploader.registry is Registry.PYPI:
        builds = command is not None and command.program in _BUILD_BY_THEMSELVES
        return not builds and (command is None or not command.has("--build"))
    return command is not None


def _likely(
    site: Site,
    registry: Registry,
    known: tuple[str, ...],
    inside: list[str],
    built: tuple[str, ...],
) -> tuple[str, ...]:
    """The packages where no folder says which; ``inside`` are those at the root."""
    page = _project_of_page(site) if registry is Registry.PYPI else ""
    if listed := tuple(n for n in as_declared(registry, (page,), known) if n in known):
        return listed
    if _is_renamed(site, known):
        return (page,) if page else ()
    likely: tuple[str, ...] = built or (known if len(known) == 1 else ())
    if not likely and _checks_out(site):
        likely = tuple(dict.fromkeys(inside))
    if page and (not likely or _runs_scripts(site)):
        return (page,)
    return likely


def is_of_all(uploader: Uploader, command: Command | None) -> bool:
    """Whether every package of a workspace is uploaded: always with this uploader, or by an option."""
    if uploader.mechanism in _OF_ALL:
        return True
    return command is not None and (
        command.has(*_EVERYWHERE)
        or command.words[1:2] in (("workspaces",), ("recursive",))
        or (uploader.registry is Registry.CRATES and command.has("--workspace"))
    )


def _project_of_page(site: Site) -> str:
    """The project whose page the job's environment links to: what people say they publish.

    It decides where the metadata does not, and where a job may have renamed the package: one
    repository can build several from one file.
    """
    environment = site.job.environment
    if environment is None or environment.url is None:
        return ""
    texts = site.texts(environment.url.value) or ()
    match = _PROJECT_PAGE.match(texts[0].strip()) if len(texts) == 1 else None
    known = match is not None and site.library.channel(match[0]) is not Channel.PRIVATE
    return match[1] if match is not None and known else ""


def _is_renamed(site: Site, known: tuple[str, ...]) -> bool:
    """Whether a script of the workflow writes another name into the metadata before it builds."""
    found, key = site.library.renamed, (site.workflow, known)
    if key not in found:
        found[key] = any(
            _WRITES_METADATA.search(line)
            and (_NAME_KEY.search(line) or any(name in line for name in known))
            for job in site.workflow.live_jobs
            for step in job.live_steps
            if step.run is not None and _METADATA.search(step.run.value)
            for line in step.run.value.splitlines()
        )
    return found[key]


def _checks_out(site: Site) -> bool:
    """Whether the folder that the job works in is the repository, and no artifact's."""
    slugs = {step.uses.slug for step in site.job.live_steps if step.uses is not None}
    return "actions/checkout" in slugs


def _runs_scripts(site: Site) -> bool:
    return any(step.run is not None for step in site.job.live_steps if step is not site.step)


def named_packages(uploader: Uploader, site: Site, command: Command | None) -> tuple[str, ...]:
    """The packages that inputs or options name, () for none."""
    contents = uploader.contents
    found: list[str] = []
    if command is None:
        for name in contents.name_inputs:
            if (scalar := site.input(name)) is not None:
                found += site.texts(scalar.value) or ()
    elif contents.name_options:
        words = [word for word in _options(contents, command) if word]
        if command.words[1:2] == ("workspace",):
            words += command.words[2:3]
        for word in dict.fromkeys(words[:_MOST_WORDS]):
            found += site.meanings(word, command)
    names = (name.strip() for name in found)
    return tuple(dict.fromkeys(n for n in names if n and _may_be_name(uploader.registry, n)))


def _options(contents: Contents, command: Command) -> Iterator[str]:
    """The values of the options with names, those of what runs the command included."""
    words = (*wrapping(command), *command.words)
    # Else ``-ws`` is taken for ``-w s``.
    plain = replace(command, words=tuple(w for w in words if w != _WORKSPACES))
    return plain.options(*contents.name_options)


def _may_be_name(registry: Registry, text: str) -> bool:
    """Whether a text can be a package's name, and is no folder and no pattern."""
    if registry is Registry.NPM and _SCOPED.fullmatch(text):
        return True
    if registry is Registry.NUGET:
        return not re.search(r"[\s*$/\\]|\.nupkg$", text)
    return not re.search(r"[\s*$./]", text)


def directories_of(uploader: Uploader, site: Site, command: Command | None) -> list[str]:
    """The folders that what is uploaded comes from; "" is the root."""
    return [joined("", folder) for folder in _directories(uploader, site, command)]


def _directories(uploader: Uploader, site: Site, command: Command | None) -> Iterator[str]:
    """The folders that what is uploaded comes from; "" is the root."""
    contents = uploader.contents
    base = [""]
    if site.step is not None and command is not None:
        base = folders_of(site, command)
    if command is None:
        for name in contents.directory_inputs:
            if (scalar := site.input(name)) is not None and scalar.value:
                yield from (_source(text) for text in site.texts(scalar.value) or ())
                return
    elif contents.directory_options and (word := command.option(*contents.directory_options)):
        for text in site.meanings(word, command):
            folder = text.rpartition("/")[0] if text.endswith(".toml") else text
            yield from (joined(start, folder) for start in base)
        return
    elif contents.name_options and (folders := _chosen_folders(uploader, site, command)):
        yield from (joined(start, folder) for start in base for folder in folders)
        return
    elif contents.files:
        words = [w for w in command.words[1:] if "/" in w and "://" not in w]
        for word in dict.fromkeys(words[:_MOST_WORDS]):
            texts = site.meanings(word, command)
            yield from (_source(joined(start, text)) for text in texts for start in base)
        if words:
            return
    yield from base


def _chosen_folders(uploader: Uploader, site: Site, command: Command) -> list[str]:
    """The folders that a filter names, ``--filter ./packages/x``, or ``npm publish ./x`` does."""
    given = [w.removesuffix("...") for w in _options(uploader.contents, command)]
    if uploader.registry is Registry.NPM:
        given += [w for _, w in plain_words(command.words[2:], uploader.value_options)]
    words = dict.fromkeys(given[:_MOST_WORDS])
    meant = dict.fromkeys(text for word in words for text in site.meanings(word, command))
    known = {package.directory for package in site.library.declared if package.directory}
    return [
        text
        for text in meant
        if text != "*"  # a token, maybe
        and (text.startswith((".", "packages/")) or any(is_in(k, text.strip("/")) for k in known))
    ]


def _source(path: str) -> str:
    """The folder of a package whose build lies at ``path``: ``sub/dist/*`` is of ``sub``."""
    parts = path.strip("/").removeprefix("./").split("/")
    kept = []
    for part in parts:
        if _GLOB.search(part) or part in _FOLDERS_OF_BUILDS:
            break
        kept.append(part)
    return "/".join(kept)


def _in(registry: Registry, site: Site, directory: str) -> tuple[str, ...]:
    """The names that the metadata in a folder declares."""
    folder = joined("", directory)
    return tuple(
        package.name
        for package in site.library.declared
        if package.registry is registry and is_in(package.directory, folder)
    )
