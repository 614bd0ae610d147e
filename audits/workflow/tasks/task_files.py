"""Reads the commands of a task; each kind of file that defines tasks has a reader."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import chain

from msgspec.structs import replace

from audits.model.command import Command
from audits.model.source import SourceFile
from audits.workflow.parse import nodes
from audits.workflow.parse.data_files import json_table, toml_table, value_at
from audits.workflow.parse.nodes import Node, SourceText
from audits.workflow.parse.parse import RefusedError, compose
from audits.workflow.tasks.embedded import (
    Inside,
    line_of_key,
    scalar_commands,
    shell_commands,
    word_command,
)
from audits.workflow.tasks.source_code import python_commands, ruby_commands

Commands = Iterator[Command]
Reader = Callable[[str, Inside], Commands | None]
"""Gives the commands of a task of this name, None where the file has no such task."""

_LONGEST = 10_000
_MOST_VARIABLES = 60
_MOST_TASKS = 60
"""Tasks of one file that lead to each other; more than any real file has, few enough to nest."""


def _table(data: object, *keys: str) -> Mapping[str, object]:
    found = value_at(data, *keys)
    return found if isinstance(found, dict) else {}


def package_scripts(text: str) -> Mapping[str, str]:
    """The scripts of a ``package.json`` by name."""
    found = _table(json_table(text), "scripts")
    return {name: script for name, script in found.items() if isinstance(script, str)}


def _package_json(task: str, inside: Inside) -> Commands | None:
    """A script with those that run before and after it by their names."""
    scripts = package_scripts(inside.text)
    names = [name for name in (f"pre{task}", task, f"post{task}") if name in scripts]
    if not names:
        return None
    after = inside.text.find('"scripts"')
    return chain.from_iterable(
        shell_commands(
            " ".join((scripts[name], *(inside.arguments if name == task else ()))),
            line_of_key(inside.text, name, max(after, 0)),
            inside,
        )
        for name in names
    )


def _deno_json(task: str, inside: Inside) -> Commands | None:
    found = _table(json_table(inside.text), "tasks").get(task)
    script = found.get("command") if isinstance(found, dict) else found
    if not isinstance(script, str):
        return None
    return shell_commands(script, line_of_key(inside.text, task), inside)


_RULE = re.compile(r"([^\s#:=][^#:=]{0,500}?)\s*::?(?![=:])([^=#]*)(?:#.*)?")
_VARIABLE = re.compile(r"\s*(?:export\s+|override\s+)?([\w.-]+)\s*(?:::?|\?|\+)?=\s*(.*)")
_REFERENCE = re.compile(r"\$(?:\(([\w.-]+)\)|\{([\w.-]+)\}|(\$))")


def _makefile(task: str, inside: Inside) -> Commands | None:
    """A target's recipe behind those of its prerequisites; "" is the first target."""
    rules, variables = _rules(inside.text)
    given = dict(w.split("=", 1) for w in inside.arguments if "=" in w)
    chosen = task or next((name for name in rules if not name.startswith(".")), "")
    if _rule(rules, chosen) is None:
        return None
    return _recipe(chosen, rules, {**variables, **given}, inside)


_Rules = dict[str, tuple[list[str], list[tuple[int, str]]]]


@lru_cache(maxsize=8)
def _rules(text: str) -> tuple[_Rules, dict[str, str]]:
    """The rules of a Makefile by target, with what they need and their lines; its variables."""
    variables: dict[str, str] = {"MAKE": "make"}
    rules: _Rules = {}
    current: list[tuple[int, str]] = []
    for number, line in _joined_lines(text):
        if line.startswith("\t"):
            current.append((number, line[1:].lstrip("@-+ \t")))
        elif match := _VARIABLE.fullmatch(line):
            # `NAME ?=` leaves it to the environment.
            if match[2].strip() or "?=" not in line:
                variables[match[1]] = match[2].strip()
        elif match := _RULE.fullmatch(line):
            needs, _, first = match[2].partition(";")
            current = [(number, first.strip().lstrip("@-+ \t"))] if first.strip() else []
            for name in match[1].split():
                known = rules.setdefault(name, ([], current))
                known[0].extend(needs.split())
                if current is not known[1] and not known[1]:
                    rules[name] = (known[0], current)
    return rules, variables


def _joined_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, those that a backslash continues joined."""
    start, held = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if held else number
        if line.endswith("\\"):
            held += line[:-1] + " "
        else:
            yield start, held + line
            held = ""
    if held:
        yield start, held


def _rule(rules: Mapping[str, object], name: str) -> str | None:
    """The rule that makes a target: its own, or one with a pattern."""
    if name in rules:
        return name
    patterns = (rule for rule in rules if "%" in rule)
    return next((rule for rule in patterns if fnmatchcase(name, rule.replace("%", "*"))), None)


def _recipe(
    target: str,
    rules: Mapping[str, tuple[list[str], list[tuple[int, str]]]],
    variables: Mapping[str, str],
    inside: Inside,
) -> Commands:
    order: list[str] = []
    pending, seen = [target], {target}
    while pending and len(order) < 100:
        name = _rule(rules, pending.pop())
        if name is None:
            continue
        order.append(name)
        needs = [n for n in _expanded(" ".join(rules[name][0]), variables).split() if n not in seen]
        seen.update(needs)
        pending.extend(reversed(needs))
    for name in reversed(order):
        for number, line in rules[name][1]:
            yield from shell_commands(_expanded(line, variables), number, inside)


def _expanded(text: str, variables: Mapping[str, str], known: dict[str, str] | None = None) -> str:
    """A recipe with the file's variables replaced; others are left to the shell.

    Each variable is expanded once and cut at `_LONGEST`: ten that name each other ten times
    would fill the memory. ``known`` holds those that are expanded; one in a circle stands for
    itself.
    """
    if "$" not in text or len(text) > _LONGEST:
        return text
    held = {} if known is None else known

    def value(match: re.Match[str]) -> str:
        if match[3]:
            return "$"
        name = match[1] or match[2]
        if name not in variables:
            return f"${{{name}}}"
        if name not in held:
            held[name] = f"${{{name}}}"
            if len(held) <= _MOST_VARIABLES:
                held[name] = _expanded(variables[name], variables, held)[:_LONGEST]
        return held[name]

    return _REFERENCE.sub(value, text)[:_LONGEST]


_HEADER = re.compile(r"@?([A-Za-z_][\w-]*)((?:\s+[^:=]*)?):(?!=)\s*(.*)")
_JUST_VALUE = re.compile(r"""(?:export\s+)?([\w-]+)\s*:=\s*(?:"([^"]*)"|'([^']*)')\s*""")
_JUST_REFERENCE = re.compile(r"\{\{\s*([\w-]+)\s*\}\}")


def _justfile(task: str, inside: Inside) -> Commands | None:
    """A recipe behind those that it names; "" is the first one."""
    values: dict[str, str] = {}
    recipes: dict[str, tuple[str, str, list[tuple[int, str]]]] = {}
    current: list[tuple[int, str]] = []
    for number, line in _joined_lines(inside.text):
        if line[:1] in {" ", "\t"}:
            current.append((number, line.strip().lstrip("@-")))
        elif match := _JUST_VALUE.fullmatch(line):
            values[match[1]] = match[2] if match[2] is not None else match[3]
        elif match := _HEADER.fullmatch(line):
            current = []
            recipes.setdefault(match[1], (match[2], match[3], current))
    chosen = task or next(iter(recipes), "")
    return _just_recipe(chosen, recipes, values, inside, set()) if chosen in recipes else None


def _just_recipe(
    name: str,
    recipes: Mapping[str, tuple[str, str, list[tuple[int, str]]]],
    values: Mapping[str, str],
    inside: Inside,
    seen: set[str],
) -> Commands:
    """The commands of a recipe behind those of the recipes that it names, each once."""
    parameters, needs, lines = recipes[name]
    seen.add(name)
    for need in re.findall(r"[A-Za-z_][\w-]*", needs):
        if need in recipes and need not in seen and len(seen) < _MOST_TASKS:
            yield from _just_recipe(need, recipes, values, inside, seen)
    names = [p.lstrip("+*$").partition("=")[0] for p in parameters.split()]
    given = dict(zip(names, inside.arguments, strict=False))
    filled = [
        (
            number,
            _JUST_REFERENCE.sub(lambda m: given.get(m[1]) or values.get(m[1], f"${m[1]}"), line),
        )
        for number, line in lines
    ]
    if filled and filled[0][1].startswith("#!"):
        yield from _shebang(filled, inside)
        return
    for number, line in filled:
        yield from shell_commands(line, number, inside)


def _shebang(lines: Sequence[tuple[int, str]], inside: Inside) -> Commands:
    """A recipe that is a script of its own, in the language of its first line."""
    text, first = "\n".join(line for _, line in lines), lines[0]
    if "python" in first[1]:
        yield from python_commands("\n" * (first[0] - 1) + text, inside, "") or ()
        return
    yield from shell_commands(text, first[0], inside)


def _taskfile(task: str, inside: Inside) -> Commands | None:
    try:
        text, root = compose(SourceFile.of(inside.path, inside.text.encode("utf-8", "replace")))
    except RefusedError:
        return None
    tasks = {key.value: value for key, value in nodes.pairs(nodes.child(root, "tasks"))}
    name = task or "default"
    return _task(name, tasks, text, inside, set()) if name in tasks else None


def _task(
    name: str, tasks: Mapping[str, Node], text: SourceText, inside: Inside, seen: set[str]
) -> Commands:
    """The commands of a task and of those that it runs, each task once."""
    seen.add(name)
    for step, is_task in _task_steps(tasks[name]):
        if not is_task:
            yield from scalar_commands(text.scalar(step), inside)
        elif step.value in tasks and step.value not in seen and len(seen) < _MOST_TASKS:
            yield from _task(step.value, tasks, text, inside, seen)


def _task_steps(node: Node) -> Iterator[tuple[Node, bool]]:
    """What a task of a Taskfile runs: scripts, and the names of other tasks (True)."""
    if nodes.is_scalar(node):
        yield node, False
    for item in nodes.items(node):
        yield from _task_steps(item)
    for need in nodes.items(nodes.child(node, "deps")):
        if nodes.is_scalar(named := nodes.child(need, "task") or need):
            yield named, True
    if nodes.is_scalar(other := nodes.child(node, "task")):
        yield other, True
    for key in ("cmds", "cmd"):
        if (inner := nodes.child(node, key)) is not None:
            yield from _task_steps(inner)


def _tox_ini(task: str, inside: Inside) -> Commands | None:
    """The commands of an environment of tox; a factor in front of a line chooses it."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(inside.text)
    except configparser.Error:
        return None
    section = next((s for s in (f"testenv:{task}", f"env:{task}") if parser.has_section(s)), "")
    section = section or ("testenv" if parser.has_section("testenv") else "")
    if not section:
        return None
    lines = [
        line
        for key in ("commands_pre", "commands", "commands_post")
        for line in (parser.get(section, key, fallback="") or "").replace("\\\n", " ").splitlines()
    ]
    return chain.from_iterable(_tox_line(line, task, inside) for line in lines if line.strip())


_FACTOR = re.compile(r"([\w!,{}-]+):\s+(.*)")
_POSARGS = re.compile(r"\{posargs(?::([^}]*))?\}|\[\]")


def _tox_line(line: str, task: str, inside: Inside) -> Commands:
    factor = _FACTOR.fullmatch(line.strip())
    if factor is not None:
        wanted = set(re.split(r"[,{}-]", factor[1]))
        if wanted.isdisjoint({task, *task.split("-")}):
            return
        line = factor[2]
    where = inside.text.find(line.strip()[:40])
    words = " ".join(inside.arguments)
    script = _POSARGS.sub(lambda m: words or (m[1] or ""), line.strip().lstrip("- "))
    script = script.replace("{envpython}", "python").replace("{toxinidir}/", "./")
    yield from shell_commands(script, inside.text.count("\n", 0, max(where, 0)) + 1, inside)


_TABLES: tuple[tuple[str, ...], ...] = (
    ("tool", "pdm", "scripts"),
    ("tool", "poe", "tasks"),
    ("tool", "pixi", "tasks"),
    ("tool", "rye", "scripts"),
    ("tool", "taskipy", "tasks"),
    ("tool", "hatch", "envs", "*", "scripts"),
    ("tool", "pixi", "feature", "*", "tasks"),
    ("tool", "tox", "env", "*"),
    ("envs", "*", "scripts"),
    ("feature", "*", "tasks"),
    ("tasks",),
    ("env", "*"),
)
_COMMAND_KEYS = (
    "cmd",
    "command",
    "commands",
    "shell",
    "script",
    "call",
    "run",
    "sequence",
    "composite",
)
# Functions of the project, `module:function`: of poe, of pdm; and entry points of the package.
_ENTRY_KEYS = frozenset({"script", "call"})
_ENTRY_TABLES = (("project", "scripts"), ("tool", "poetry", "scripts"))
_ENTRY = re.compile(r"[\w.]+:[\w.]+(?:\(.*\))?", re.DOTALL)
_OTHER_KEYS = ("deps", "depends", "depends-on", "depends_on", "dependencies", "ref", "uses")


def _toml_tasks(task: str, inside: Inside) -> Commands | None:
    """A task of a TOML file: of pdm, poe, pixi, rye, taskipy, hatch, tox, mise, cargo-make, or
    an entry point of the package.
    """
    data = toml_table(inside.text)
    tables = [t for keys in _TABLES for t in _tables(data, keys)]
    if any(task in table for table in tables):
        return _toml_task(task, tables, inside, set())
    for keys in _ENTRY_TABLES:
        if (entry := _table(data, *keys).get(task)) is not None:
            return _toml_task(task, [{task: {"call": entry}}], inside, set())
    legacy = _table(data, "tool", "tox").get("legacy_tox_ini")
    return _tox_ini(task, replace(inside, text=legacy)) if isinstance(legacy, str) else None


def _tables(data: object, keys: tuple[str, ...]) -> Iterator[Mapping[str, object]]:
    for index, key in enumerate(keys):
        if key != "*":
            data = data.get(key) if isinstance(data, dict) else None
            continue
        for name, inner in data.items() if isinstance(data, dict) else ():
            if keys[index + 1 :]:
                yield from _tables(inner, keys[index + 1 :])
            elif isinstance(inner, dict):
                yield {name: inner}
        return
    if isinstance(data, dict):
        yield data


def _toml_task(
    task: str, tables: list[Mapping[str, object]], inside: Inside, seen: set[str]
) -> Commands:
    """The commands of a task and of those that it runs, each task once."""
    seen.add(task)
    line = line_of_key(inside.text, task)
    for table in tables:
        if task in table:
            for part in _parts(table[task], False):
                named = part if isinstance(part, str) else ""
                if named.partition(" ")[0] in seen or len(seen) > _MOST_TASKS:
                    continue
                if isinstance(part, list):
                    yield from word_command(part, line, inside)
                elif any(part in t for t in tables):
                    yield from _toml_task(part, tables, inside, seen)
                else:
                    text = " ".join((part, *inside.arguments))
                    yield from shell_commands(text, line, inside)
            return


def _parts(value: object, inner: bool) -> Iterator[str | list[str]]:
    """The commands of a task as it is written: texts, or lists of words."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        words = [word for word in value if isinstance(word, str)]
        if inner and words and len(words) == len(value):
            yield words
        else:
            for item in value:
                yield from _parts(item, True)
    elif isinstance(value, dict):
        for key in _OTHER_KEYS:
            yield from _names_of(value.get(key))
        for key in _COMMAND_KEYS:
            if key in value:
                found = value[key]
                if key in _ENTRY_KEYS and isinstance(found, str) and _ENTRY.fullmatch(found):
                    yield ["python", "-m", found.partition("(")[0]]
                    continue
                given = value.get("args")
                if isinstance(found, str) and isinstance(given, list):
                    found = " ".join((found, *map(str, given)))
                yield from _parts(found, False)


def _names_of(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        name = item.get("task") if isinstance(item, dict) else item
        if isinstance(name, str):
            yield name


def _noxfile(task: str, inside: Inside) -> Commands | None:
    return python_commands(inside.text, inside, task.partition("(")[0])


def _tasks_py(task: str, inside: Inside) -> Commands | None:
    return python_commands(inside.text, inside, task.rpartition(".")[2].replace("-", "_"))


_RUN = re.compile(
    r"^[ \t]*RUN[ \t]+(?:--[\w-]+(?:=\S*)?(?:[ \t]|\\\n)+)*((?:[^\n]*\\\n)*[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_HERE_DOCUMENT = re.compile(r"<<-?[\"']?(\w+)[\"']?[ \t]*$")


def _dockerfile(_: str, inside: Inside) -> Commands:
    """What the ``RUN`` instructions of a Dockerfile run."""
    text = inside.text
    for match in _RUN.finditer(text):
        script, line = match[1], text.count("\n", 0, match.start(1)) + 1
        if (here := _HERE_DOCUMENT.search(script)) is not None:
            end = re.compile(rf"^\s*{here[1]}$", re.MULTILINE).search(text, match.end())
            script, line = text[match.end() + 1 : end and end.start()], line + 1
        words = _json_words(script)
        if words:
            yield from word_command(words, line, inside)
        else:
            yield from shell_commands(script, line, inside)


def _json_words(script: str) -> list[str]:
    """The words of an instruction in its exec form, ``["npm", "publish"]``."""
    try:
        found = json.loads(script) if script.startswith("[") else None
    except (ValueError, RecursionError):
        return []
    return [word for word in found if isinstance(word, str)] if isinstance(found, list) else []


_READERS: Mapping[str, Reader] = {
    "package.json": _package_json,
    "deno.json": _deno_json,
    "deno.jsonc": _deno_json,
    **dict.fromkeys(("Makefile", "makefile", "GNUmakefile"), _makefile),
    **dict.fromkeys(("justfile", "Justfile", ".justfile"), _justfile),
    **dict.fromkeys(("Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"), _taskfile),
    "tox.ini": _tox_ini,
    "setup.cfg": _tox_ini,
    **dict.fromkeys(
        (
            "pyproject.toml",
            "pixi.toml",
            "poe_tasks.toml",
            "hatch.toml",
            "Makefile.toml",
            "mise.toml",
            ".mise.toml",
            "tox.toml",
        ),
        _toml_tasks,
    ),
    "Dockerfile": _dockerfile,
    "noxfile.py": _noxfile,
    "tasks.py": _tasks_py,
    "dodo.py": _tasks_py,
    **dict.fromkeys(("Rakefile", "rakefile", "Rakefile.rb"), ruby_commands),
}


def task_commands(name: str, kind: str, task: str, inside: Inside) -> Commands | None:
    """The commands of a task in a file of this name, or else of this kind; None where it has no
    such task.
    """
    reader = _READERS.get(name) or _READERS.get(kind)
    return None if reader is None else reader(task, inside)
