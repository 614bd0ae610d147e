"""Traces the values that a script passes to later steps, and where their text comes from.

Names and texts only: nothing is run. What is not understood says so (`Origin.UNTRACED`).
How steps hand values on:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TypeAlias

from msgspec import Struct, field

from audits.expressions.syntax import Context, fences, outcomes
from audits.model.command import Command


class Origin(StrEnum):
    """Where words come from that are in no context of GitHub's.

    SUBJECT: the pull request or issue that a run is about. LISTED: pull requests and issues of
    anybody, whatever started the run. COMMITS: messages of commits. REFS: names of branches,
    tags and releases. FILES: a file of the workspace. UNTRACED: what was not followed.
    """

    SUBJECT = "subject"
    LISTED = "listed"
    COMMITS = "commits"
    REFS = "refs"
    FILES = "files"
    UNTRACED = "untraced"


class OriginWords(Struct, frozen=True):
    """Words of an origin; ``what`` names it for people."""

    origin: Origin
    what: str


class Variable(Struct, frozen=True):
    """A variable of the shell that the script reads; the name as written. ``is_set_here`` where
    the script gives it a value too, from its value before, so that it need not have had one.
    """

    name: str
    is_set_here: bool = False


Part: TypeAlias = Context | OriginWords | Variable
"""What the text of a value is put together from."""


class Written(Struct, frozen=True):
    """A value that a script hands on: an output, or a variable of later steps (``is_env``).

    ``name`` is ``*`` where the script does not tell it. ``takes_lines`` where further lines of the
    value would be read as values of their own: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#multiline-strings
    """

    name: str
    is_env: bool
    parts: tuple[Part, ...]
    takes_lines: bool = False


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_PLAIN_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_QUOTED = re.compile(r'"[^"\n]*"')
_FILE = re.compile(r"GITHUB_(OUTPUT|ENV)\b", re.IGNORECASE)
_OLD = re.compile(r"::set-(output|env)\s+name=([^:]+)::(.*)", re.DOTALL)
_PRINTERS = frozenset({"echo", "printf", "write-output", "write-host", "add-content", "out-file"})
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_START = re.compile(r"([\w.-]+)(?:<<['\"]?([^\s'\"]+)['\"]?\s*\Z|=)", re.ASCII)
_DEEPEST = 8


def written(script: str, commands: tuple[Command, ...]) -> tuple[Written, ...]:
    """What a script hands on, by its commands."""
    if not _FILE.search(script) and "::set-" not in script:
        return ()
    reader = _Script(script, commands)
    found = [item for command in commands for item in reader.of(command)]
    if not found:
        unread = (OriginWords(Origin.UNTRACED, "a script in another language"),)
        kinds = {name.upper() == "ENV" for name in _FILE.findall(script)} or {False}
        found = [Written("*", is_env, unread) for is_env in kinds]
    return tuple(found)


def heredocs(script: str) -> dict[str, list[str]]:
    """The lines of a script's heredocs, those with the same end together."""
    found: dict[str, list[str]] = {}
    end = ""
    for line in script.split("\n"):
        if end and line.strip() == end:
            end = ""
        elif end:
            found[end].append(line)
        elif (mark := _HEREDOC.search(line)) is not None:
            end = mark[1]
            found.setdefault(end, [])
    return found


class _Script:
    """Reads the commands of one script in their order."""

    def __init__(self, script: str, commands: tuple[Command, ...]) -> None:
        self.lines = script.split("\n")
        self.heredocs = heredocs(script)
        self.script = script
        self.assigned = _assignments(commands)
        self.open: dict[bool, tuple[str, str]] = {}

    def of(self, command: Command) -> Iterator[Written]:
        """What one command hands on."""
        words = " ".join(command.words)
        old = _OLD.search(words) if command.program.lower() in _PRINTERS else None
        if old is not None:
            yield Written(old[2].lower(), old[1] == "env", self.parts(old[3]))
            return
        target = self._target(command)
        if target is None:
            return
        heredoc = next((r for r in command.redirects if r.startswith("<<")), "")
        if heredoc and not heredoc.startswith("<<<"):
            for line in self._body(heredoc):
                yield from self._line(line, target)
        elif command.program.lower() in _PRINTERS:
            for line in _printed(command):
                yield from self._line(line, target)
        else:
            name = self.open.get(target, ("*", ""))[0]
            yield Written(
                name.lower(), target, tuple(_of_command(words, _Assigned(self.assigned), 0))
            )

    def _target(self, command: Command) -> bool | None:
        """Whether a command writes variables (True) or outputs (False); None for neither."""
        texts = [redirect for redirect in command.redirects if ">" in redirect]
        if command.piped_into.lower() in {"tee", "out-file", "add-content", "tee-object"}:
            texts += [line for line in self.lines if command.piped_into.lower() in line.lower()]
        if command.program.lower() in {"add-content", "out-file"}:
            texts += command.words
        found = next((m for text in texts if (m := _FILE.search(text))), None)
        return None if found is None else found[1].upper() == "ENV"

    def _body(self, heredoc: str) -> list[str]:
        mark = _HEREDOC.match(heredoc)
        return self.heredocs.get(mark[1], []) if mark is not None else []

    def _line(self, line: str, target: bool) -> Iterator[Written]:
        """What one printed line says: ``name=value``, or a line between two delimiters."""
        if target in self.open:
            name, end = self.open[target]
            if line.strip() == end:
                del self.open[target]
            else:
                takes = "$" not in end and self._keeps_lines(line)
                yield Written(name.lower(), target, self.parts(line), takes)
            return
        start = _START.match(line.strip())
        if start is None:
            parts = self.parts(line)
            if parts:
                yield Written("*", target, parts)
        elif start[2] is not None:
            self.open[target] = (start[1], start[2])
        else:
            value = line.strip()[start.end() :]
            yield Written(start[1].lower(), target, self.parts(value), self._keeps_lines(value))

    def _keeps_lines(self, value: str) -> bool:
        """Whether a value comes out with its line ends: quoted or in a heredoc, and not narrowed
        by a command.
        """
        if "$(" in value or "`" in value:
            return False
        return not self.kept.isdisjoint(_variables_in(value))

    @cached_property
    def kept(self) -> frozenset[str]:
        """The variables that stand in quotes or in a heredoc, where they are not split."""
        quoted = (name for text in _QUOTED.findall(self.script) for name in _variables_in(text))
        lines = (line for body in self.heredocs.values() for line in body)
        return frozenset((*quoted, *(name for line in lines for name in _variables_in(line))))

    def parts(self, text: str) -> tuple[Part, ...]:
        """What a text is put together from, variables of the script followed."""
        return tuple(dict.fromkeys(_parts(text, _Assigned(self.assigned), 0)))


def _variables_in(text: str) -> set[str]:
    """The names of the shell's variables that a text reads."""
    return {found[1] or found[2] for found in _PLAIN_VARIABLE.finditer(text)}


def _printed(command: Command) -> list[str]:
    """The lines that ``echo`` or ``printf`` prints; of a format, the arguments too."""
    words = [word for word in command.words[1:] if not re.fullmatch(r"-[neE]+|-\w+", word)]
    if command.program == "printf" and words:
        text, given = words[0], " ".join(words[1:])
        text = re.sub(r"%[-\d.]*[sqdb]", lambda _: given, text) if given else text
        return text.replace("\\n", "\n").strip("\n").split("\n")
    return " ".join(words).replace("\\n", "\n").split("\n")


_DECLARES = frozenset({"export", "local", "declare", "readonly", "typeset"})
_ASSIGNMENT = re.compile(r"\$?(?:env:)?([A-Za-z_]\w*)\s*=\s*(.*)", re.DOTALL)


def _assignments(commands: tuple[Command, ...]) -> dict[str, tuple[str, ...]]:
    """The texts that a script gives its own variables."""
    found: dict[str, tuple[str, ...]] = {}
    for command in commands:
        pairs = list(command.env.items()) if not command.words else []
        if command.program in _DECLARES:
            matches = (_ASSIGNMENT.fullmatch(word) for word in command.words[1:])
            pairs += [(m[1], m[2]) for m in matches if m]
        elif command.program.startswith("$"):
            match = _ASSIGNMENT.match(" ".join(command.words))
            pairs += [(match[1], match[2])] if match else []
        elif command.program in {"read", "mapfile"}:
            pairs += [(word, "$1") for word in command.words[1:] if word.isidentifier()]
        for name, text in pairs:
            found[name] = (*found.get(name, ()), text)
    return found


def parts_of(texts: Iterable[str], commands: tuple[Command, ...]) -> tuple[tuple[Part, ...], ...]:
    """What texts of a shell script are put together from, the script's own variables followed."""
    values = _assignments(commands)
    return tuple(tuple(dict.fromkeys(_parts(text, _Assigned(values), 0))) for text in texts)


class _Assigned(Struct):
    """The texts of a script's variables while one value is traced.

    Each variable is followed once: what it holds is part of the value however often it is named,
    and variables that name each other many times would never end.
    """

    texts: Mapping[str, tuple[str, ...]]
    followed: set[str] = field(default_factory=set)


_VARIABLE = re.compile(
    r"\$(?:env:)?(?:\{(?P<braced>[#!]?[A-Za-z_]\w*)(?P<rest>[^}]*)\}|(?P<plain>[A-Za-z_]\w*)"
    r"|(?P<special>[@*\d]))"
)
_SPECIAL = frozenset({"RANDOM", "SECONDS", "LINENO", "HOSTNAME", "UID", "PWD", "HOME", "IFS"})


def _parts(text: str, assigned: _Assigned, depth: int) -> Iterator[Part]:
    """The parts of a text in a shell: expressions, substitutions, variables."""
    if depth > _DEEPEST:
        yield OriginWords(Origin.UNTRACED, "values that are handed on too often")
        return
    at = 0
    while (dollar := _next(text, at)) >= 0:
        if text.startswith("${{", dollar):
            fence = next(fences(text[dollar:]), None)
            if fence is None:
                return
            yield from _contexts(fence.body, text[dollar:])
            at = dollar + fence.end
        elif text[dollar] == "`" or text.startswith("$(", dollar):
            inside, at = substitution(text, dollar)
            if not inside.startswith("("):
                yield from _of_command(inside, assigned, depth + 1)
        elif (match := _VARIABLE.match(text, dollar)) is not None:
            at = match.end()
            yield from _variable(match, assigned, depth)
        else:
            at = dollar + 1


def _next(text: str, at: int) -> int:
    found = [place for place in (text.find("$", at), text.find("`", at)) if place >= 0]
    return min(found, default=-1)


def _contexts(_: str, text: str) -> Iterator[Part]:
    fence = next(fences(text), None)
    expression = fence.expression if fence is not None else None
    for part in outcomes(expression) if expression is not None else ():
        if isinstance(part, Context):
            yield part


def substitution(text: str, start: int) -> tuple[str, int]:
    """The command inside ``$(…)`` or backticks, and where it ends."""
    if text[start] == "`":
        end = text.find("`", start + 1)
        end = len(text) if end < 0 else end
        return text[start + 1 : end], end + 1
    depth, at, quote = 0, start + 1, ""
    while at < len(text):
        character = text[at]
        if text.startswith("${{", at) and (fence := next(fences(text[at:]), None)) is not None:
            at += fence.end
            continue
        if character == "\\":
            at += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return text[start + 2 : at], at + 1
        at += 1
    return text[start + 2 :], len(text)


def _variable(match: re.Match[str], assigned: _Assigned, depth: int) -> Iterator[Part]:
    if match["special"]:
        yield OriginWords(Origin.UNTRACED, f"`${match['special']}` of a script")
        return
    name = match["braced"] or match["plain"]
    # `${#X}` is a length, and `${X//[^a-z]/}` keeps named characters alone.
    if name.startswith("#") or "/[^" in (match["rest"] or "") or name in _SPECIAL:
        return
    name = name.lstrip("!")
    if name not in assigned.texts:
        yield Variable(name)
    elif name not in assigned.followed:
        assigned.followed.add(name)
        for text in assigned.texts[name]:
            if name in (m["braced"] or m["plain"] for m in _VARIABLE.finditer(text)):
                yield Variable(name, is_set_here=True)
            yield from _parts(text, assigned, depth + 1)


# Programs that let only digits, hashes or named characters through.
_NARROWS = re.compile(
    r"\btr\s+-(?:cd|dc|c)\b|\[\^|\bwc\b|\bsha\d+sum\b|\bmd5sum\b|\bcksum\b|\bb?ase64\b"
    r"|\bgrep\s+(?:-\w*\s+)*-\w*[oqc]|\bjq\s+(?:-\w+\s+)*['\"]?length|\bxxd\b|\bslugify\b"
)
_HARMLESS = _set(
    "date wc nproc uname hostname whoami id pwd mktemp seq expr stat du df true false test [ [["
    " sha1sum sha256sum sha512sum md5sum cksum uuidgen arch getconf ulimit which command type"
    " sleep set shopt basename dirname realpath readlink lsb_release rustc ruby gem"
    " dotnet java javac go nix find ls"
)
_FILTERS = _set("cat head tail sed awk grep egrep rg cut tr sort uniq jq yq less xargs")
# Tools that tell a version or a name from the repository's own files.
_METADATA = re.compile(
    r"(?:poetry|hatch|pdm|uv|flit|setuptools_scm|setuptools-scm|npm|pnpm|yarn|cargo|mvn|gradle"
    r"|dunamai|versioneer|bump2version|bumpver|semver|minver|nbgv|gitversion)\b"
)
_PRINTS_VERSION = re.compile(r"--version\b|\bversion\b")
_EVENT_PATH = re.compile(r"GITHUB_EVENT_PATH|github\.event_path", re.IGNORECASE)
_JQ_PATH = re.compile(r"\.([A-Za-z_][\w.]*)")


def _of_command(text: str, assigned: _Assigned, depth: int) -> Iterator[Part]:
    """Where the output of a command line comes from."""
    stages = _split(text)
    if not stages or any(_NARROWS.search(stage) for stage in stages[1:]):
        return
    words = _words(stages[0])
    while words and (re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL) or words[0] == "sudo"):
        words = words[1:]
    if not words:
        return
    program = words[0].rpartition("/")[2]
    if _EVENT_PATH.search(text):
        yield from _of_event(text)
    elif program in {"echo", "printf"}:
        # `printf %q` quotes what it is given, so that a shell reads it back as one word.
        if "%q" not in stages[0]:
            yield from _parts(stages[0], assigned, depth + 1)
    elif program == "gh":
        yield from _of_gh(words, text)
    elif program == "git":
        yield from _of_git(words)
    elif program in _FILTERS:
        yield from _of_filter(stages[0], words, assigned, depth)
    elif program in _HARMLESS or _METADATA.match(program) or _PRINTS_VERSION.search(text):
        return
    else:
        yield OriginWords(Origin.UNTRACED, f"what `{program[:40]}` prints")


def _of_filter(stage: str, words: list[str], assigned: _Assigned, depth: int) -> Iterator[Part]:
    if _NARROWS.search(stage):
        return
    if "<<<" in stage:
        yield from _parts(stage.partition("<<<")[2], assigned, depth + 1)
        return
    yield OriginWords(Origin.FILES, f"a file that `{words[0]}` reads")


def _of_event(text: str) -> Iterator[Part]:
    """The fields of the event's own file that ``jq`` and its like ask for."""
    paths = [path for path in _JQ_PATH.findall(text) if "." in path or path == "inputs"]
    for path in dict.fromkeys(paths) or ("*",):
        parts = tuple(part.lower() for part in path.split(".") if part)
        yield Context(("github", "event", *parts))


# Fields that hold no free text: numbers, hashes, states, and names that GitHub restricts.
_PLAIN_FIELDS = _set(
    "number id node_id sha oid headrefoid baserefoid head_sha state isdraft draft mergeable url html_url"
    " createdat created_at updatedat updated_at mergedat merged_at closed_at length size count"
    " status conclusion databaseid database_id author_association permission role_name login"
    " merged closed iscrossrepository additions deletions total_count object type fork private"
    " mergecommit merge_commit_sha run_number run_id run_attempt head base user author data"
    " default_branch visibility archived mergestatestatus reviewdecision"
)
_FIELD = re.compile(r"\.([A-Za-z_]\w*)")


def _of_gh(words: list[str], text: str) -> Iterator[Part]:
    kind, verb = (*words[1:3], "", "")[:2]
    asked = _asked(words)
    if asked and all(field.lower() in _PLAIN_FIELDS for field in asked):
        return
    what = f"`gh {kind} {verb}`" if kind != "api" else "`gh api`"
    if kind in {"pr", "issue"} and verb in {"list", "status"}:
        yield OriginWords(Origin.LISTED, f"what {what} lists")
    elif kind in {"pr", "issue"} and verb in {"view", "diff", "checks"}:
        yield OriginWords(Origin.SUBJECT, f"what {what} tells")
    elif kind == "search":
        yield OriginWords(Origin.LISTED, "what `gh search` finds")
    elif kind == "release":
        yield OriginWords(Origin.REFS, f"what {what} tells")
    elif kind == "api":
        yield from _of_api(verb, text)
    elif kind not in {"auth", "run", "workflow", "repo", "variable", "secret", "cache"}:
        yield OriginWords(Origin.UNTRACED, f"what {what} prints")


def _of_api(path: str, text: str) -> Iterator[Part]:
    if re.search(r"/(?:permission|collaborators|members|memberships)\b", text):
        return
    if re.search(r"/(?:pulls|issues|comments|discussions)(?:/[^\s/]+)+", text):
        yield OriginWords(Origin.SUBJECT, "what `gh api` returns about a pull request or issue")
    elif re.search(r"/(?:pulls|issues|comments|discussions|forks)\b", text):
        yield OriginWords(Origin.LISTED, "what `gh api` lists of pull requests or issues")
    elif re.search(r"/(?:commits|compare)\b", text):
        yield OriginWords(Origin.COMMITS, "what `gh api` returns about commits")
    elif re.search(r"/(?:releases|tags|branches|git/refs|git/matching-refs)\b", text):
        yield OriginWords(Origin.REFS, "what `gh api` returns about releases and refs")
    else:
        yield OriginWords(Origin.UNTRACED, f"what `gh api {path[:40]}` prints")


def _asked(words: list[str]) -> list[str]:
    """The fields that ``--jq`` takes out, or else those that ``--json`` asks for."""
    options = {"--jq": "", "-q": "", "--json": "", "--template": "", "-t": ""}
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in options:
            options[name] = value if equals else (words[index + 1 : index + 2] or [""])[0]
    query = options["--jq"] or options["-q"] or options["--template"] or options["-t"]
    return _FIELD.findall(query) if query else [f for f in options["--json"].split(",") if f]


_GIT_REFS = frozenset({"branch", "tag", "describe", "symbolic-ref", "name-rev", "for-each-ref"})
_GIT_TEXT = frozenset({"log", "show", "shortlog", "cherry", "whatchanged"})
_GIT_NAMES = frozenset({"diff", "diff-tree", "ls-files", "ls-tree", "status"})
_HASHES_ONLY = re.compile(
    r"--(?:pretty|format)=(?:format:|tformat:)?['\"]?(?:%[hHtTcai][tdIsr]?|[\s:._-])+['\"]?$"
)


def _of_git(words: list[str]) -> Iterator[Part]:
    given = [word for word in words[1:] if not word.startswith("-")]
    verb = given[0] if given else ""
    named = any("--name-only" in word or "--name-status" in word for word in words)
    if verb in _GIT_NAMES or (verb in _GIT_TEXT and named):
        yield OriginWords(Origin.SUBJECT, f"the names of files that `git {verb}` prints")
    elif verb in _GIT_TEXT:
        if not any(_HASHES_ONLY.match(word) for word in words):
            yield OriginWords(Origin.COMMITS, f"the messages of commits that `git {verb}` prints")
    elif verb in _GIT_REFS or (verb == "rev-parse" and "--abbrev-ref" in words):
        yield OriginWords(Origin.REFS, f"the names that `git {verb}` prints")


def _split(text: str) -> list[str]:
    """The stages of a pipeline; bars inside quotes, brackets and expressions split nothing."""
    stages, start, depth, quote, at = [], 0, 0, "", 0
    while at < len(text):
        character = text[at]
        if text.startswith("${{", at) and (fence := next(fences(text[at:]), None)) is not None:
            at += fence.end
            continue
        if character == "\\":
            at += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        elif character == "|" and depth <= 0 and text[at : at + 2] != "||" and text[at - 1] != "|":
            stages.append(text[start:at])
            start = at + 1
        at += 1
    return [stage.strip() for stage in (*stages, text[start:]) if stage.strip()]


@lru_cache(maxsize=512)
def _shell_words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text, posix=True))
    except ValueError:
        return tuple(text.split())


def _words(text: str) -> list[str]:
    return list(_shell_words(text))


_SET_OUTPUT = re.compile(
    r"\b(setOutput|exportVariable)\s*\(\s*['\"`]([\w.-]+)['\"`]\s*,\s*([^;\n]*)"
)
_RETURN = re.compile(r"\breturn\s+([^;\n]+)")
_PAYLOAD = re.compile(r"context\.payload((?:\??\.\w+|\[['\"]\w+['\"]\])+)")
_PROCESS = re.compile(r"process\.env(?:\.(\w+)|\[['\"](\w+)['\"]\])")
_CONST = re.compile(r"\b(?:const|let|var)\s+(\w+)\s*=\s*([^;\n]*)")
_TAKEN_APART = re.compile(r"\b(?:const|let|var)\s+\{([^{}]*)\}\s*=\s*([^;\n]*)")
_PART_OF = re.compile(r"\s*(\w+)(?:\s*:\s*(\w+))?")
_LITERAL = re.compile(r"\s*(?:['\"][^'\"]*['\"]|[\d.]+|true|false|null)\s*\)?\s*")


def written_by_script(script: str) -> tuple[Written, ...]:
    """What the JavaScript of ``actions/github-script`` hands on; its result is ``result``."""
    variables = _variables(script)
    found = [
        Written(name.lower(), kind == "exportVariable", tuple(_of_javascript(value, variables)))
        for kind, name, value in _SET_OUTPUT.findall(script)
    ]
    results = (tuple(_of_javascript(value, variables)) for value in _RETURN.findall(script))
    return (*found, *(Written("result", False, parts) for parts in results))


@lru_cache(maxsize=8)
def _variables(script: str) -> Mapping[str, str]:
    """The variables of a JavaScript and their values, those of an object taken apart too."""
    variables = dict(_CONST.findall(script))
    for names, value in _TAKEN_APART.findall(script):
        found_in = (_PART_OF.match(name) for name in names.split(","))
        variables |= {m[2] or m[1]: f"{value.strip()}.{m[1]}" for m in found_in if m}
    return variables


def _of_javascript(
    value: str, variables: Mapping[str, str], depth: int = 0, followed: set[str] | None = None
) -> Iterator[Part]:
    """The parts of a value of a script; each variable is followed once."""
    seen = set() if followed is None else followed
    text = value.strip()
    if _LITERAL.fullmatch(text) or depth > 4:
        return
    payloads = [_payload(match[1]) for match in _PAYLOAD.finditer(text)]
    yield from payloads
    yield from (Variable(one or other) for one, other in _PROCESS.findall(text))
    for fence in fences(text):
        yield from _contexts(fence.body, text[fence.start :])
    names = [name for name in re.findall(r"(?<![.\w])[A-Za-z_]\w*", text) if name in variables]
    for name in names:
        if name not in seen:
            seen.add(name)
            yield from _of_javascript(variables[name], variables, depth + 1, seen)
    plain = re.search(r"\.(?:number|id|sha|length|data\.head\.sha)\s*\)?$|^!|===|!==", text)
    if not payloads and not names and not _PROCESS.search(text) and not plain:
        yield OriginWords(Origin.UNTRACED, "what a script of `actions/github-script` works out")


def parts_of_javascript(text: str, script: str) -> tuple[Part, ...]:
    """What a text of a script of ``actions/github-script`` is put together from."""
    return tuple(dict.fromkeys(_of_javascript(text, _variables(script))))


_ENVIRON = re.compile(r"""\b(?:os\.)?(?:environ(?:\.get\(|\[)|getenv\()\s*['"](\w+)['"]""")
_ASSIGNED = re.compile(r"^[ \t]*(\w+)[ \t]*(?::[^=\n]*)?=(?!=)[ \t]*([^\n]+)", re.MULTILINE)
_PRINTS = re.compile(
    r"""\b(?:write|print)\s*\(\s*(?:[rbf]{0,2})?['"]([\w.-]+)=([^\n]*)""", re.IGNORECASE
)
_PYTHON_NARROWS = re.compile(
    r"\b(?:int|len|float|bool|hash)\(|isalnum|re\.sub\(\s*r?['\"]\[\^|quote\(|hexdigest"
)


_MOST_FOLLOWED = 100
_PYTHON_CALL = re.compile(r"(\w+)\s*\(")
# Calls whose result is made of what they are given, and of nothing else.
_PYTHON_KEEPS = _set(
    "str format strip lstrip rstrip lower upper title join replace split removeprefix removesuffix"
    " write print encode decode repr"
)


def written_by_python(script: str) -> tuple[Written, ...]:
    """What a Python script hands on: lines ``name=value`` that it writes to GitHub's files."""
    kinds = {name.upper() == "ENV" for name in _FILE.findall(script)}
    found = [
        Written(name.lower(), is_env, parts_of_python(value, script))
        for name, value in _PRINTS.findall(script)
        for is_env in kinds
    ]
    unread = (OriginWords(Origin.UNTRACED, "a script in another language"),)
    return tuple(found) or tuple(Written("*", is_env, unread) for is_env in kinds)


def parts_of_python(text: str, script: str) -> tuple[Part, ...]:
    """What a text of a Python script is put together from: variables of its environment."""
    variables = _python_variables(script)
    found: dict[Part, None] = {}
    pending, seen = [text], set[str]()
    while pending:
        value = pending.pop()
        if _PYTHON_NARROWS.search(value):
            continue
        found |= dict.fromkeys(_of_python(value))
        for name in dict.fromkeys(re.findall(r"(?<![.\w])[A-Za-z_]\w*", value)):
            if name in variables and name not in seen:
                seen.add(name)
                pending.append(variables[name])
        if len(seen) > _MOST_FOLLOWED:
            found[OriginWords(Origin.UNTRACED, "values that are handed on too often")] = None
            break
    return tuple(found)


@lru_cache(maxsize=8)
def _python_variables(script: str) -> Mapping[str, str]:
    """The variables of a Python script, each with all the values that it is given."""
    values: dict[str, list[str]] = {}
    for name, value in _ASSIGNED.findall(script):
        values.setdefault(name, []).append(value)
    return {name: " ".join(several) for name, several in values.items()}


def _of_python(text: str) -> Iterator[Part]:
    yield from (Variable(name) for name in _ENVIRON.findall(text))
    for fence in fences(text):
        yield from _contexts(fence.body, text[fence.start :])
    if any(name not in _PYTHON_KEEPS for name in _PYTHON_CALL.findall(_ENVIRON.sub("", text))):
        yield OriginWords(Origin.UNTRACED, "what a Python script works out")


def _payload(path: str) -> Context:
    parts = re.findall(r"\w+", path)
    return Context(("github", "event", *(part.lower() for part in parts)))
