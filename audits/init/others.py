"""Reads how packages of npm, crates, RubyGems and NuGet are built."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from posixpath import basename, dirname
from urllib.parse import urlsplit

import rtoml

from audits.init.project import NoWorkflow, Project, Recipe, VersionFrom
from audits.model.registry import Registry
from audits.model.source import RepositoryRef

_TOOL = re.compile(r"(?P<name>npm|pnpm|yarn)@(?P<version>\d+\.\d+\.\d+[A-Za-z0-9.-]*)(?:\+.*)?")
_VERSIONERS = re.compile(
    r"PackageReference[^>]*\b(?:Include|Update)\s*=\s*[\"'](?:MinVer|GitVersion\.MsBuild|Nerdbank\.GitVersioning|GitInfo|Verlite\.MsBuild)[\"']",
    re.IGNORECASE,
)
_PROJECT_VERSION = re.compile(r"<(?:Package)?Version(?:Prefix)?>\s*[^<\s$]")


def npm_project(
    name: str, path: str, texts: Mapping[str, str], names: frozenset[str], ref: RepositoryRef
) -> Project | NoWorkflow:
    """What is known of an npm package; ``names`` are the repository's files."""
    data = json.loads(texts["package.json"])
    folder = dirname(path)
    tool = _node_tool(data, folder, names)
    if isinstance(tool, NoWorkflow):
        return tool
    install, pack = tool
    scripts = data.get("scripts") if isinstance(data.get("scripts"), dict) else {}
    build = [install] if install else []
    if not {"prepack", "prepare"} & scripts.keys():
        wanted = next((word for word in ("build", "prepublishOnly") if word in scripts), "")
        build += [f"npm run {wanted}"] if wanted else []
    return Project(
        registry=Registry.NPM,
        name=name,
        directory=folder,
        metadata=path,
        backend="npm",
        recipe=Recipe.NPM,
        version=VersionFrom.METADATA,
        build=(*build, pack),
        locked=bool(install),
        toolchain=_node_version(folder, names),
        remarks=_npm_remarks(name, data, ref),
    )


def _node_tool(
    data: Mapping[str, object], folder: str, names: frozenset[str]
) -> tuple[str, str] | NoWorkflow:
    """The commands that install what a build needs, "" where it needs nothing, and that pack."""
    if not any(data.get(key) for key in ("dependencies", "devDependencies", "workspaces")):
        return "", "npm pack"
    above = (folder, "")
    locks = {name for at in above for name in _LOCKS if _joined(at, name) in names}
    if locks & {"package-lock.json", "npm-shrinkwrap.json"}:
        return "npm ci --ignore-scripts", "npm pack"
    named = _TOOL.fullmatch(str(data.get("packageManager", "")))
    tool = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn"}.get(next(iter(sorted(locks)), ""), "")
    if tool == "pnpm" and named and named["name"] == tool:
        run = f"npx --yes pnpm@{named['version']}"
        return f"{run} install --frozen-lockfile --ignore-scripts", f"{run} pack"
    if tool == "yarn" and named and named["name"] == tool and named["version"].startswith("1."):
        run = f"npx --yes yarn@{named['version']}"
        return f"{run} install --frozen-lockfile --ignore-scripts", "npm pack"
    if tool:
        return NoWorkflow(
            reason=f"It is built with {tool}, and package.json does not say with which version.",
            advice=f'Name it, as in "packageManager": "{tool}@<version>" (pnpm, or yarn 1), or '
            "commit a package-lock.json.",
        )
    return NoWorkflow(
        reason="No lock file says with which packages it is built.",
        advice="Commit the package-lock.json that 'npm install' makes.",
    )


_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock")


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _node_version(folder: str, names: frozenset[str]) -> str:
    """The file that says with which Node.js the package is built, "" for none."""
    places = [_joined(at, name) for at in (folder, "") for name in (".nvmrc", ".node-version")]
    return next((place for place in places if place in names), "")


def _npm_remarks(name: str, data: Mapping[str, object], ref: RepositoryRef) -> tuple[str, ...]:
    """What npm holds against a release: https://docs.npmjs.com/trusted-publishers."""
    remarks = []
    given = data.get("repository")
    url = given.get("url") if isinstance(given, dict) else given
    if not (_leads_to(str(url or ""), ref) if ref.is_known else url):
        own = f"be https://{ref.host}/{ref}" if ref.is_known else "name this repository"
        remarks.append(
            f'Let "repository" in package.json of {name} {own}: npm compares it with the repository that '
            "publishes."
        )
    publish = data.get("publishConfig")
    access = publish.get("access") if isinstance(publish, dict) else None
    if name.startswith("@") and access is None:
        remarks.append(
            f'Say in "publishConfig" whether {name} is public: {{"access": "public"}}; npm takes '
            "packages with a scope as restricted otherwise."
        )
    return tuple(remarks)


def _leads_to(url: str, ref: RepositoryRef) -> bool:
    """Whether an address of package.json is the repository's."""
    slug = str(ref).lower()
    text = url.strip().lower().removeprefix("git+").removesuffix(".git")
    if text in {slug, f"github:{slug}"}:
        return True
    parts = urlsplit(text.replace("git@github.com:", "ssh://git@github.com/"))
    return parts.hostname == ref.host and parts.path.strip("/").removesuffix(".git") == slug


def crate_project(name: str, path: str, texts: Mapping[str, str], names: frozenset[str]) -> Project:
    """What is known of a crate."""
    rtoml.loads(texts["Cargo.toml"])
    folder = dirname(path)
    locked = any(_joined(at, "Cargo.lock") in names for at in (folder, ""))
    return Project(
        registry=Registry.CRATES,
        name=name,
        directory=folder,
        metadata=path,
        backend="cargo",
        recipe=Recipe.CRATE,
        version=VersionFrom.METADATA,
        locked=locked,
        remarks=(
            "Publish the first version of a new crate by hand: its page, where the publisher is "
            "registered, is not there before.",
        ),
    )


def gem_project(name: str, path: str, text: str, names: frozenset[str]) -> Project:
    """What is known of a gem; ``text`` is its gemspec."""
    folder = dirname(path)
    written = re.search(r"\.version\s*=\s*[\"']", text)
    by_git = re.search(r"git\s+describe", text)
    version = VersionFrom.METADATA if written else VersionFrom.CODE
    ruby = next((at for at in (folder, "") if _joined(at, ".ruby-version") in names), None)
    return Project(
        registry=Registry.RUBYGEMS,
        name=name,
        directory=folder,
        metadata=path,
        backend="gem",
        recipe=Recipe.GEM,
        version=VersionFrom.TAGS if by_git else version,
        toolchain="" if ruby is None else _joined(ruby, ".ruby-version"),
    )


def nuget_project(name: str, path: str, text: str, names: frozenset[str]) -> Project:
    """What is known of a package of .NET; ``text`` is its project file."""
    folder = dirname(path)
    if _VERSIONERS.search(text):
        version = VersionFrom.TAGS
    else:
        version = VersionFrom.METADATA if _PROJECT_VERSION.search(text) else VersionFrom.BUILD
    return Project(
        registry=Registry.NUGET,
        name=name,
        directory=folder,
        metadata=path,
        backend=basename(path),
        recipe=Recipe.NUGET,
        version=version,
        locked=_joined(folder, "packages.lock.json") in names,
        toolchain="global.json" if "global.json" in names else "",
        remarks=(
            "Set the variable NUGET_USER of the environment to the name of the account that "
            "registers the publisher; it is no secret.",
        ),
    )
