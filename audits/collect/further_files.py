"""Which further files the workflows of a repository lead to: scripts, task files and packages.

One list for every collector, worked out from the texts: a collector hands over what it read
and the folders it listed, and gets what to read next. Patterns, no parsers: they only say
what else to read, and to read too much does no harm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import basename, dirname, normpath

from msgspec import Struct

from audits.collect.paths import WORKFLOWS, is_workflow
from audits.model.mise_tasks import paths_of
from audits.model.remember import remembered

MOST_SCRIPTS = 40
"""Scripts and task files that are tried in one repository, likely releases first."""

MOST_PACKAGES = 60
"""Files of metadata and of registries' addresses that are read beyond those at the root."""

MOST_FOLDERS = 16
"""Folders that are listed to find them."""

MOST_BYTES = 256 * 1024
"""Of one such file; a longer one is not read: nobody writes a release script of that length."""

MOST_ROUNDS = 5
"""A task runs a script, which runs another one."""

Names = Mapping[str, bool]
"""What a folder holds: names, and whether each is a folder."""

_RELEASE = ("publish", "release", "deploy", "upload", "ship", "push", "deliver", "promote")
_CREDENTIALS = (
    "id-token",
    "secrets",
    "github.token",
    "packages: write",
    "write-all",
    "workflow_call",
)
_EXTENSION = re.compile(r"\.(?:sh|bash|py|[mc]?js|[mc]?ts|rb|ps1|cmd|bat|pl)(?![\w./-])")
_DOCKERFILE = re.compile(
    r"(?:-f|--file)[ =][\"']?(?:\./)?([\w@+./-]{0,200}(?:Docker|Container)file[\w.-]{0,80})"
)
# `go = "acme.release:main"` of a table of entry points, `script = "release:main"` of a task.
_ENTRY = re.compile(
    r"""^[ \t]*["']?([\w-]{1,80})["']?[ \t]*=[^\n"']{0,40}["']([\w.]{1,120}):\w""", re.MULTILINE
)
# What paths do not hold: splitting by it is faster than a search for a path that ends at a place.
_NO_PATH = re.compile(r"[^\w@+./-]+")
# What may not be in front of it is looked at last: patterns that begin with letters are fast.
_HERE = re.compile(r"\./(?<![\w.]\./)([\w@+-][\w@+./-]{0,200})")
_USUAL = ("scripts", "script", "bin", "tools", "tool", "ci", "hack", "eng", "dev", "build", ".ci")
"""Folders whose files are scripts also where their names have no ending."""

_HIDDEN = (".github", ".ci", ".mise", ".config/mise/")
"""Hidden folders whose files may be scripts."""

_BELOW = re.compile(r"/[\w@+-][\w@+./-]{0,200}")
_ROOTED = re.compile(
    r"\$\{\{ *github\.workspace *\}\}/|\$\{?GITHUB_WORKSPACE\}?/|\$\{?PWD\}?/|\$\(pwd\)/"
    r"|\$\(git rev-parse --show-toplevel\)/|\$\{?(?:REPO_?)?ROOT(?:_?DIR)?\}?/"
)
_BESIDE = re.compile(
    r"\$\{\{ *github\.action_path *\}\}/|\$\{?GITHUB_ACTION_PATH\}?/|\$\{?SCRIPT_?DIR\}?/"
    r"|\$\(dirname [^)\n]{1,40}\)/|\$\{?(?:here|HERE|DIR|dir|__dir)\}?/"
)
_PLACES = (
    *("context:", "file:"),
    *("path:", "dir:", "directory:", "cwd:"),  # and all keys that end so
    *("project:", "package:", "cd ", "pushd ", "-C ", "-F ", "-w ", "--prefix", "--dir", "--cwd"),
    *("--directory", "--filter", "--workspace", "--project", "--manifest-path", "--gemfile"),
)
"""What is in front of the folder in which a step works."""

_PACKAGER = re.compile(r"(?:\b(?:uv|hatch|flit|poetry|pdm|rye)\b([^\n;&|]{0,80})|-m|\bpip3?)\Z")
"""What is in front of `` build``, `` wheel`` or `` publish`` where that is of a Python package."""
_WORDS_BEHIND = re.compile(r"""(?![\w-])(?:[ \t]+["']?[\w@+./${}=:-]{1,120}["']?){0,8}""")
_LOOP = re.compile(r"""for \w{1,40} in((?:[ \t]+["']?[\w@+./*-]{1,120}["']?){1,8})""")
"""What a loop of a shell goes through: folders, maybe."""

_PLACE = re.compile(r"""[ =]*["']?(?:\./)?([\w@+.-][\w@+./${}\t -]{0,120})""")
_BUILT = frozenset({"dist", "wheelhouse", "target", "pkg", "build", "out", "artifacts", "."})
_WORDS = re.compile(r"[\w:./@-]+")

_NODE = ("npm", "pnpm", "yarn", "bun", "npx", "bunx", "turbo", "nx", "lerna", "corepack", "vlt")
_NODE_FILES = (
    *("package.json", "pnpm-workspace.yaml", "lerna.json", ".npmrc", ".yarnrc.yml"),
    *(".releaserc", ".releaserc.json", ".releaserc.yml", ".releaserc.yaml"),
    *(".release-it.json", ".release-it.yml", ".release-it.yaml", ".release-it.toml"),
    *(
        f"{name}.{ending}"
        for name in ("release.config", ".releaserc")
        for ending in ("js", "cjs", "mjs")
    ),
)
_TASK_FILES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_NODE, _NODE_FILES),
    "docker": ("Dockerfile", "Containerfile"),
    "podman": ("Dockerfile", "Containerfile"),
    "make": ("GNUmakefile", "makefile", "Makefile"),
    "gmake": ("GNUmakefile", "makefile", "Makefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"),
    "tox": ("tox.ini",),
    "nox": ("noxfile.py",),
    "rake": ("Rakefile", "rakefile", "Rakefile.rb"),
    "invoke": ("tasks.py",),
    "inv": ("tasks.py",),
    "doit": ("dodo.py",),
    "pixi": ("pixi.toml",),
    "poe": ("poe_tasks.toml",),
    "hatch": ("hatch.toml",),
    "deno": ("deno.json", "deno.jsonc"),
    "mise": ("mise.toml", ".mise.toml"),
    "cargo": ("Makefile.toml", ".cargo/config.toml", ".cargo/config"),
    "uv": ("uv.toml",),
    "twine": (".pypirc",),
    "poetry": ("poetry.toml",),
    "dotnet": (),
    "gem": (),
    "nuget": ("nuget.config", "NuGet.config", "NuGet.Config", "Nuget.config"),
    **dict.fromkeys(("dart", "flutter", "melos"), ("pubspec.yaml",)),
    **dict.fromkeys(("mvn", "mvnw", "mvnd"), ("pom.xml",)),
    **dict.fromkeys(("gradle", "gradlew"), ("build.gradle", "build.gradle.kts")),
    "sbt": ("build.sbt",),
    "mix": ("mix.exs",),
}
_ACTION_PROGRAMS = {"/build-push-action@": "docker", "semantic-release-action@": "npx"}
"""The programs that actions run, by what stands in ``uses``."""

_METADATA = frozenset({"pyproject.toml", "package.json", "Cargo.toml", "setup.cfg"})
_METADATA_ENDINGS = (".gemspec", ".csproj", ".fsproj", ".vbproj")
_BUILD_FILES = frozenset(
    {"pubspec.yaml", "pom.xml", "build.gradle", "build.gradle.kts", "build.sbt", "mix.exs"}
)
"""Files that may say where a package is uploaded to, and name no further file."""

_PROJECTS = (".csproj", ".fsproj", ".vbproj")
_SOURCES = ("src", "source", "Source", "lib")
_TASKS = frozenset(name for names in _TASK_FILES.values() for name in names)


class Further(Struct, frozen=True, kw_only=True):
    """What to do next: files to read if they are there, and folders to list."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


class Leads:
    """What the files that were read lead to, in one repository.

    `take` is given every file that was read, `listed` every folder that was listed, beginning
    with the root (""); `further` then says what is next, each file and folder once.
    """

    def __init__(self) -> None:
        self._folders: dict[str, Names] = {}
        self._scripts: dict[str, int] = {}
        self._packages: dict[str, None] = {}
        self._places: dict[str, None] = {"": None}
        self._globs: dict[tuple[str, str], None] = {}
        self._programs: set[str] = set()
        self._texts: list[str] = []
        self._given: set[str] = set()
        self._tried = 0
        self._pending: list[tuple[str, str]] = []

    def take(self, path: str, text: str) -> None:
        """A file that was read."""
        self._given.add(path)
        self._pending.append((path, text))

    def listed(self, folder: str, names: Names) -> None:
        """What a folder holds; nothing where there is no such folder."""
        self._folders[folder] = names

    def further(self) -> Further:
        """What the files since the last time lead to, as far as the bounds allow."""
        for path, text in sorted(self._pending, key=lambda item: _is_entry(item[0]), reverse=True):
            self._read(path, text)
        self._pending.clear()
        if not (self._programs or self._scripts or self._globs or self._packages):
            return Further()
        self._from_folders()
        ranked = sorted(self._scripts, key=self._scripts.__getitem__)
        scripts = [p for p in ranked if self._may_be(p)][: MOST_SCRIPTS - self._tried]
        self._tried += len(scripts)
        packages = [p for p in self._packages if self._may_be(p)][:MOST_PACKAGES]
        for path in packages:
            del self._packages[path]
        self._scripts.clear()
        self._given.update(scripts, packages)
        return Further(files=tuple(dict.fromkeys((*scripts, *packages))), folders=self._unlisted())

    def _may_be(self, path: str) -> bool:
        """Whether a file may be there, as far as the folders that were listed tell."""
        if path in self._given:
            return False
        folder, _, name = path.rpartition("/")
        if folder in self._folders:
            return self._folders[folder].get(name) is False
        top = path.partition("/")[0]
        return self._folders.get("", {}).get(top) is True

    def _unlisted(self) -> tuple[str, ...]:
        """The folders that are to be listed: where steps work, and where packages lie."""
        wanted = dict.fromkeys((*self._places, *(folder for folder, _ in self._globs)))
        left = max(0, MOST_FOLDERS - len(self._folders))
        root = self._folders.get("", {})
        new = [f for f in wanted if f not in self._folders and root.get(f.partition("/")[0])]
        return tuple(new[:left])

    def _read(self, path: str, text: str) -> None:
        if _is_entry(path):
            if not any(mark in text for mark in _CREDENTIALS):
                return
            self._texts.append(text)
            self._programs_of(text)
            self._places_of(text)
            self._scripts_of(path, text)
        elif basename(path) == "package.json":
            self._package_json(path, text)
        elif self._programs or self._scripts or self._tried:
            self._further_of(path, text)
        else:
            self._members_of(path, text)

    def _members_of(self, path: str, text: str) -> None:
        """The packages of a workspace, published or not."""
        name = basename(path)
        if name == "Cargo.toml":
            self._globs_of(path, _toml_list(text, "workspace", "members"), "Cargo.toml")
        elif name == "pyproject.toml":
            found = _toml_list(text, "tool.uv.workspace", "members")
            self._globs_of(path, found, "pyproject.toml")
        elif name == "pnpm-workspace.yaml":
            self._globs_of(path, _yaml_list(text, "packages"), "package.json")
        elif name == "lerna.json":
            self._globs_of(path, _json_list(text, "packages"), "package.json")

    def _further_of(self, path: str, text: str) -> None:
        self._members_of(path, text)
        name = basename(path)
        if name in {"Cargo.toml", "pnpm-workspace.yaml", "lerna.json"}:
            return
        if name == "pyproject.toml":
            self._leads_of(path, _lines_of_release(text))
            self._entries_of(path, text)
        elif name in _METADATA | _BUILD_FILES or name.endswith(_METADATA_ENDINGS):
            return
        elif len(text) <= MOST_BYTES:
            self._texts += [text] if name in _TASKS else []
            self._leads_of(path, text)

    def _entries_of(self, path: str, text: str) -> None:
        """The modules whose functions are entry points or tasks that the workflows name."""
        for key, module in _ENTRY.findall(text):
            if key in {"script", "call"} or any(key in text for text in self._texts):
                place = module.replace(".", "/")
                for folder in ("", "src/"):
                    self._add(normpath(f"{dirname(path)}/{folder}{place}.py").lstrip("/"))

    def _package_json(self, path: str, text: str) -> None:
        if '"workspaces"' not in text and self._programs.isdisjoint(_NODE):
            return
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(data, dict):
            return
        found = data.get("workspaces")
        found = found.get("packages") if isinstance(found, dict) else found
        self._globs_of(path, found if isinstance(found, list) else (), "package.json")
        if not self._programs.isdisjoint(_NODE):
            self._leads_of(path, "\n".join(_reached(data.get("scripts"), self._texts)))

    def _globs_of(self, path: str, globs: Iterable[object], name: str) -> None:
        """The packages of a workspace: of ``packages/*`` each folder below ``packages``."""
        for glob in globs:
            if not isinstance(glob, str) or glob.startswith("!"):
                continue
            place = normpath(f"{dirname(path)}/{glob}").strip("/")
            if "*" not in place:
                if not place.startswith("."):
                    self._packages[f"{place}/{name}"] = None
                continue
            folder = place.partition("*")[0].rpartition("/")[0]
            self._globs[(folder, name)] = None

    def _places_of(self, text: str) -> None:
        """The folders in which steps work, and those whose names a matrix completes."""
        for written in _places_in(text):
            fixed, _, _ = written.partition("$")
            words = fixed.split()
            place = words[0].rstrip("}") if words else ""
            if place.endswith((".toml", ".json")) or basename(place).startswith("Dockerfile"):
                if "docker" in self._programs and not place.endswith((".toml", ".json")):
                    self._add(normpath(place))
                place = dirname(place)
            parts = [part for part in place.strip("/").split("/") if part]
            while parts and parts[-1] in _BUILT:
                parts.pop()
            if not parts or ".." in parts:
                continue
            if "$" in written and not place.endswith("/"):
                parts.pop()
            if "$" in written and parts:
                self._globs[("/".join(parts), "")] = None
            elif parts:
                self._places["/".join(parts)] = None

    def _leads_of(self, path: str, text: str) -> None:
        """The programs, scripts and task files that a text names."""
        self._programs_of(text)
        self._scripts_of(path, text)

    def _scripts_of(self, path: str, text: str) -> None:
        """The scripts that a text names."""
        base = "" if _is_entry(path) and path.startswith(WORKFLOWS) else dirname(path)
        usual = tuple(folder for folder in _USUAL if self._folders.get("", {}).get(folder))
        for written in _scripts_in(text, usual):
            for place in dict.fromkeys(("", base, *self._places)):
                candidate = normpath(f"{place}/{written}").strip("/")
                if candidate.startswith((".", "/")) and not candidate.startswith(_HIDDEN):
                    continue
                if not _is_action_or_workflow(candidate):
                    self._add(candidate)

    def _programs_of(self, text: str) -> None:
        self._programs |= _programs_in(text)

    def _add(self, path: str) -> None:
        rank = 0 if _is_of_release(path) else 1
        self._scripts.setdefault(path, rank)

    def _from_folders(self) -> None:
        """The task files and metadata of the folders that are known by now."""
        tasks = dict.fromkeys(
            file
            for program in _TASK_FILES
            if program in self._programs
            for file in _TASK_FILES[program]
        )
        for place in self._places:
            names = self._folders.get(place, {})
            for file in tasks:
                top, _, below = file.partition("/")
                if names.get(top) is bool(below):
                    self._add(f"{place}/{file}".lstrip("/"))
            if place:
                self._metadata(place, names)
        for folder, wanted in self._globs:
            for name, is_folder in self._folders.get(folder, {}).items():
                if is_folder and not name.startswith("."):
                    self._member(f"{folder}/{name}".lstrip("/"), wanted)
        if "nuget" in self._programs or "dotnet" in self._programs:
            self._projects()

    def _member(self, place: str, wanted: str) -> None:
        if wanted.startswith("."):  # a project of .NET is called after its folder
            self._packages.setdefault(f"{place}/{place.rpartition('/')[2]}{wanted}")
        elif wanted:
            self._packages.setdefault(f"{place}/{wanted}")
        elif place in self._folders:
            self._metadata(place, self._folders[place])
        else:
            for name in ("pyproject.toml", "package.json", "Cargo.toml"):
                self._packages.setdefault(f"{place}/{name}")

    def _metadata(self, place: str, names: Names) -> None:
        for name, is_folder in names.items():
            if not is_folder and (name in _METADATA or name.endswith(_METADATA_ENDINGS)):
                self._packages.setdefault(f"{place}/{name}")

    def _projects(self) -> None:
        """The projects of .NET, which lie one or two folders down."""
        for name, is_folder in self._folders.get("", {}).items():
            if is_folder and name in _SOURCES:
                self._globs.setdefault((name, ".csproj"))
        for folder, names in tuple(self._folders.items()):
            for name, is_folder in names.items():
                if not is_folder and name.endswith(_PROJECTS):
                    self._packages.setdefault(f"{folder}/{name}".lstrip("/"))


def _is_entry(path: str) -> bool:
    """Whether GitHub runs the file's steps: a workflow or an action."""
    return (
        is_workflow(path)
        or path.endswith(("/action.yml", "/action.yaml"))
        or path in {"action.yml", "action.yaml"}
    )


def _is_action_or_workflow(path: str) -> bool:
    return path.startswith((".github/workflows", ".github/actions")) and not _EXTENSION.search(path)


@remembered(512)
def _programs_in(text: str) -> frozenset[str]:
    """The programs with tasks or settings of their own that a text names."""
    # The name alone first: a search for what ends with a blank stops at each blank of the text.
    named = [name for name in _TASK_FILES if name in text and f"{name} " in text]
    named += ["build"] if any(True for _ in _packaging_in(text)) else []
    return frozenset((*named, *(p for action, p in _ACTION_PROGRAMS.items() if action in text)))


@remembered(512)
def _places_in(text: str) -> tuple[str, ...]:
    """What stands behind each of `_PLACES` and what is built, as it is written, each once."""
    return tuple(dict.fromkeys(_each_place(text)))


def _each_place(text: str) -> Iterator[str]:
    for mark in _PLACES:
        at = text.find(mark)
        while at >= 0:
            if (match := _PLACE.match(text, at + len(mark))) is not None:
                yield match[1]
            at = text.find(mark, at + 1)
    for words in (*_packaging_in(text), *_LOOP.findall(text)):
        plain = (word.strip("\"'").removeprefix("./") for word in words.split())
        yield from (word.replace("*", "$") for word in plain if not word.startswith("-"))


def _packaging_in(text: str) -> Iterator[str]:
    """The words of each command that builds or publishes a Python package: one may be its folder."""
    for mark in (" build", " wheel", " publish", "pyproject-build"):
        at = text.find(mark)
        while at >= 0:
            end = at + len(mark)
            behind = _WORDS_BEHIND.match(text, end)
            before = _PACKAGER.search(text, max(0, at - 100), at) if mark[0] == " " else None
            if behind and (before or mark[0] != " "):
                yield f"{before[1] or '' if before else ''} {behind[0]}"
            at = text.find(mark, end)


_MISE_TASK = re.compile(
    r"\bmise[ \t]+(?:run|r)[ \t]+(?:--?[\w=-]{1,40}[ \t]+){0,4}(\w[\w:-]{0,79})"
)


@remembered(512)
def _scripts_in(text: str, folders: tuple[str, ...]) -> tuple[str, ...]:
    """The paths of scripts that a text names, each once, as of `_named`."""
    return tuple(dict.fromkeys(_named(_BESIDE.sub("./", _ROOTED.sub("./", text)), folders)))


def _named(text: str, folders: Iterable[str]) -> Iterator[str]:
    """The paths of scripts that a text holds: by their ending, by how they are called, or by
    one of these folders.
    """
    for task in _MISE_TASK.findall(text) if "mise" in text else ():
        yield from paths_of(task)
    for match in _EXTENSION.finditer(text):
        start = match.start()
        before = _NO_PATH.split(text[max(0, start - 200) : start])[-1]
        if before and not before.startswith(("/", "-")):
            yield before + match[0]
    for match in _DOCKERFILE.finditer(text):
        yield match[1]
    if "./" in text:
        for match in _HERE.finditer(text):
            line = text[max(0, match.start() - 12) : match.start()]
            if "uses:" not in line and "path" not in line:
                yield match[1]
    for folder in folders:
        at = text.find(folder + "/")
        while at >= 0:
            below = _BELOW.match(text, at + len(folder))
            if below is not None and not (
                at and (text[at - 1].isalnum() or text[at - 1] in "/-_@")
            ):
                yield folder + below[0]
            at = text.find(folder + "/", at + 1)


def _reached(scripts: object, texts: list[str]) -> Iterator[str]:
    """The scripts of a package that these texts name, with those that they name themselves."""
    if not isinstance(scripts, dict):
        return
    known = {k: v for k, v in scripts.items() if isinstance(v, str)}
    pending = [name for name in known if any(name in text for text in texts)]
    seen = set(pending)
    for name in pending:
        inside = [w for w in _WORDS.findall(known[name]) if w in known and w not in seen]
        seen.update(inside)
        pending.extend(dict.fromkeys(inside))
        if _is_of_release(name) or _is_of_release(known[name]):
            yield known[name]


def _is_of_release(text: str) -> bool:
    return any(map(text.lower().__contains__, _RELEASE))


def _lines_of_release(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if _is_of_release(line))


def _json_list(text: str, key: str) -> list[object]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


def _yaml_list(text: str, key: str) -> list[str]:
    """The items of a list at the top of a YAML file, each on a line of its own or in brackets."""
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        plain = line.partition(" #")[0].strip()
        if line.startswith(f"{key}:"):
            inside = True
            plain = plain.partition(":")[2].strip(" []")
        elif line[:1] not in {"", " ", "-", "\t", "#"}:
            inside = False
        if inside and not plain.startswith("#"):
            items = (item.strip().lstrip("-").strip(" \"'") for item in plain.split(","))
            found += [item for item in items if item]
    return found


def _toml_list(text: str, table: str, key: str) -> list[str]:
    """The texts of a list in a table of a TOML file."""
    _, head, body = f"\n{text}".partition(f"\n[{table}]")
    body = body.partition("\n[")[0] if head else ""
    match = re.search(rf"^{key}\s*=\s*\[([^\]]*)\]", body, re.M)
    return re.findall(r"""["']([^"'\n]+)["']""", match[1]) if match else []
