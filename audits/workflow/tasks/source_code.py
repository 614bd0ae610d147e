"""Finds the commands that Python, JavaScript and Ruby scripts start, without running them.

A command is found where its words are in the call that starts it, or in a constant that the
call names; what a program assembles in other ways stays unknown.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from audits.model.command import Command
from audits.workflow.tasks.embedded import Inside, shell_commands, word_command

_MOST_NODES = 60_000
_MOST_CALLS = 500
_STARTS = re.compile(
    r"(?:.*\.)?_?(?:run\w*|call|check_\w+|popen|system|exec\w*|spawn\w*|shell|sh|cmd|command"
    r"|getoutput|getstatusoutput|do|invoke|bash|subprocess|safe_run|step)_?(?:\(\))?",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"(?:.*\.)?(?:print|echo|log|info|warn|warning|error|debug|write|add_argument|help|compile"
    r"|join|exists|fail|notice|success)",
    re.IGNORECASE,
)
_MODULES: Mapping[str, tuple[str, ...]] = {
    "twine.commands.upload.upload": ("twine", "upload"),
    "twine.commands.upload.main": ("twine", "upload"),
    "upload.upload": ("twine", "upload"),
}
"""Uploaders that Python calls as a library."""


def python_commands(text: str, inside: Inside, entry: str) -> Iterator[Command] | None:
    """The commands of a Python file: those that its top level reaches, or a function ``entry``
    with those that it calls. None for a text that is no Python, or without that function.
    """
    if len(text) > _MOST_NODES * 8:
        return None
    module = _module(text)
    if module is None or (entry and entry not in module.functions):
        return None
    return _of_module(module, entry, inside)


class _Module:
    """A Python file, taken apart once: its functions, its constants, and where calls stand."""

    def __init__(self, tree: ast.Module) -> None:
        self.functions: dict[str, ast.AST] = {}
        self.values: dict[str, ast.expr] = {}
        self.tree = tree
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions.setdefault(_session_name(node), node)
                self.functions.setdefault(node.name, node)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                if isinstance(node.targets[0], ast.Name):
                    self.values[node.targets[0].id] = node.value
            elif (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.target, ast.Name)
                and node.value is not None
            ):
                self.values[node.target.id] = node.value

    def reached(self, entry: str) -> list[ast.AST]:
        """The top level, or a function, and all functions whose names those mention."""
        start = self.functions[entry] if entry else self.tree
        found, seen = [start], {id(start)}
        for part in found:
            for node in _own_nodes(part):
                name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
                function = self.functions.get(name)
                if function is not None and id(function) not in seen:
                    seen.add(id(function))
                    found.append(function)
                # A decorator may hand a function on to whoever calls it: a command line.
                if (
                    not entry
                    and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                    and node.decorator_list
                    and id(node) not in seen
                ):
                    seen.add(id(node))
                    found.append(node)
        return found


@lru_cache(maxsize=8)
def _module(text: str) -> _Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _Module(tree)


def _session_name(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The name that a decorator gives a session or task, else the function's."""
    for decorator in node.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return node.name.removeprefix("task_")


def _own_nodes(part: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module or function without the bodies of functions in it."""
    pending: list[ast.AST] = list(ast.iter_child_nodes(part))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending.extend(node.decorator_list)


def _of_module(module: _Module, entry: str, inside: Inside) -> Iterator[Command]:
    calls = [
        node
        for part in module.reached(entry)
        for node in _own_nodes(part)
        if isinstance(node, ast.Call)
    ]
    for call in sorted(calls, key=lambda c: (c.lineno, c.col_offset))[:_MOST_CALLS]:
        yield from _of_call(call, module.values, inside)


def _of_call(call: ast.Call, values: Mapping[str, ast.expr], inside: Inside) -> Iterator[Command]:
    name = _dotted(call.func)
    if words := next((w for n, w in _MODULES.items() if name.endswith(n)), ()):
        yield from word_command(words, call.lineno, inside)
        return
    if _SAYS.fullmatch(name) or not call.args:
        return
    first = call.args[0]
    listed = _words(first, values, 0)
    if listed is not None:
        yield from word_command(listed, call.lineno, inside)
    elif _STARTS.fullmatch(name):
        texts = [_text(argument, values, 0) for argument in call.args]
        if len(texts) > 1 and texts[0] and " " not in texts[0] and texts[1] is not None:
            given = [text if text is not None else "$argument" for text in texts]
            yield from word_command(given, call.lineno, inside)
        elif texts[0]:
            yield from shell_commands(texts[0], call.lineno, inside)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts)).lstrip(".")


def _words(node: ast.expr, values: Mapping[str, ast.expr], depth: int) -> list[str] | None:
    """The words of a command that is written as a list; None for anything else."""
    if depth > 5:
        return None
    if isinstance(node, ast.List | ast.Tuple):
        found: list[str] = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                found += _words(item.value, values, depth + 1) or ["$words"]
            else:
                text = _text(item, values, depth + 1)
                found.append("$word" if text is None else text)
        return found if found and not found[0].startswith("$") else None
    if isinstance(node, ast.Name) and node.id in values:
        return _words(values[node.id], values, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left = _words(node.left, values, depth + 1)
        return (
            None if left is None else left + (_words(node.right, values, depth + 1) or ["$words"])
        )
    if isinstance(node, ast.Call):
        name = _dotted(node.func)
        if name == "shlex.split" and node.args and (text := _text(node.args[0], values, depth + 1)):
            return text.split()
        if isinstance(node.func, ast.Attribute) and node.func.attr == "split":
            whole = _text(node.func.value, values, depth + 1)
            return whole.split() if whole and not node.args else None
    return None


def _text(node: ast.expr, values: Mapping[str, ast.expr], depth: int) -> str | None:
    """The text of an expression, with ``$name`` for parts that only running it would show."""
    if depth > 6:
        return None
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_piece(part, values, depth) for part in node.values)
    if isinstance(node, ast.Name):
        inner = values.get(node.id)
        found = None if inner is None else _text(inner, values, depth + 1)
        return f"${node.id}" if found is None and inner is not None else found
    if isinstance(node, ast.Attribute):
        return "python" if _dotted(node) == "sys.executable" else f"${node.attr}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        left = _text(node.left, values, depth + 1)
        if left is None or isinstance(node.op, ast.Mod):
            return left
        return left + (_text(node.right, values, depth + 1) or "$text")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "format":
            return _text(node.func.value, values, depth + 1)
        if node.func.attr == "join" and node.args:
            words = _words(node.args[0], values, depth + 1)
            return None if words is None else " ".join(words)
    return None


def _piece(part: ast.expr, values: Mapping[str, ast.expr], depth: int) -> str:
    if isinstance(part, ast.FormattedValue):
        return _text(part.value, values, depth + 1) or "$value"
    return str(part.value) if isinstance(part, ast.Constant) else "$value"


# A call that starts something, up to its first quote; or a tagged template, as zx has it.
_JS_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<call>(?<![\w$])[\w$][\w$.]{0,80})[ \t]*(?:\([\s]*(?=["'`\[\w$])|(?=`))
    |(?P<string>"(?:[^"\\\n]|\\.)*(?:"|(?=\n)|\Z)|'(?:[^'\\\n]|\\.)*(?:'|(?=\n)|\Z)
    |`(?:[^`\\]|\\.)*(?:`|\Z))""",
    re.VERBOSE | re.DOTALL,
)
_JS_STRING = re.compile(
    r""""((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`""", re.DOTALL
)
_JS_STARTS = re.compile(
    r"(?:.*\.)?(?:exec\w*|spawn\w*|execa\w*|\$+|\w*[rR]un\w*|sh|shell|cmd|command|fork|x|bash"
    r"|\w*(?:Exec|Spawn|Shell|Command|Cmd)(?:Sync)?)(?:\.sync)?"
)
_JS_VALUE = re.compile(r"(?:const|let|var)\s+([\w$]+)\s*(?::\s*\w+\s*)?=\s*(?=[\"'`])")
_JS_LIST = re.compile(r"\s*,\s*\[([^\[\]]{0,2000})\]")
_JS_HOLE = re.compile(r"\$\{([^{}]*)\}")
_JS_MODULES: tuple[tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(r"""["'](?:libnpmpublish|@jsdevtools/npm-publish|npm-registry-client)["']"""),
        re.compile(r"(?<![\w.])(?:npmPublish|publish|libnpmpublish(?:\.publish)?|libpub)\s*\("),
        ("npm", "publish"),
    ),
    (
        re.compile(r"""["']nx/(?:release|src/command-line/release)["']"""),
        re.compile(r"(?<![\w.])(?:releasePublish|release|publish)\s*\("),
        ("nx", "release", "publish"),
    ),
    (
        re.compile(r"""["']semantic-release["']"""),
        re.compile(r"(?<![\w.])semanticRelease\s*\("),
        ("semantic-release",),
    ),
    (
        re.compile(r"""["']release-it["']"""),
        re.compile(r"(?<![\w.])(?:releaseIt|runTasks|release)\s*\("),
        ("release-it",),
    ),
    (
        re.compile(r"""["']@vscode/vsce["']|["']vsce["']"""),
        re.compile(r"(?<![\w.])(?:publish|publishVSIX|vsce\.publish(?:VSIX)?)\s*\("),
        ("vsce", "publish"),
    ),
)
"""Uploaders that JavaScript calls as a library: their module, the call, and the same command."""


def javascript_commands(text: str, inside: Inside) -> Iterator[Command]:
    """The commands that a JavaScript or TypeScript file starts, in the order of the text."""
    values = _js_values(text)
    count = 0
    for match in _JS_TOKEN.finditer(text):
        name = match["call"]
        if name is None or not _JS_STARTS.fullmatch(name) or count >= _MOST_CALLS:
            continue
        count += 1
        line = text.count("\n", 0, match.start()) + 1
        yield from _js_call(text, match.end(), values, line, inside)
    for module, call, words in _JS_MODULES:
        if module.search(text) and (found := call.search(text)):
            yield from word_command(words, text.count("\n", 0, found.start()) + 1, inside)


def _js_values(text: str) -> dict[str, str]:
    """The constants of a file that are texts."""
    found: dict[str, str] = {}
    for match in _JS_VALUE.finditer(text):
        if (string := _JS_STRING.match(text, match.end())) is not None:
            found.setdefault(match[1], _js_text(string))
    return found


def _js_call(
    text: str, at: int, values: Mapping[str, str], line: int, inside: Inside
) -> Iterator[Command]:
    program = _JS_STRING.match(text, at)
    if program is not None:
        first, end = _js_text(program), program.end()
    elif (listed := _JS_LIST.match("," + text[at : at + 2100])) is not None:
        yield from word_command(_js_words(listed[1], values), line, inside)
        return
    else:
        name = re.compile(r"[\w$.]+").match(text, at)
        if name is None:
            return
        first, end = values.get(name[0], f"${name[0]}"), name.end()
    first = _JS_HOLE.sub(lambda m: values.get(m[1].strip(), "$value"), first)
    if (listed := _JS_LIST.match(text, end)) is not None:
        words = _js_words(listed[1], values)
        # Who calls a package manager by a variable hands over its command.
        first = "npm" if first.startswith("$") and "publish" in words[:2] else first
        yield from word_command([*first.split(), *words], line, inside)
    elif not first.startswith("$"):
        yield from shell_commands(first, line, inside)


def _js_words(listed: str, values: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    for match in re.finditer(_JS_STRING.pattern + r"|([\w$.]+)", listed, re.DOTALL):
        word = match[4]
        found.append(values.get(word, f"${word}") if word else _js_text(match))
    return found


def _js_text(match: re.Match[str]) -> str:
    text = next((group for group in match.groups()[:3] if group is not None), "")
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text)


_RUBY_CALL = re.compile(
    r"""^[^#\n"'`]{0,80}?(?:\b(?:sh|system|exec|spawn)\b[ (]+|%x[\[({])?(?:"([^"\n]*)"|'([^'\n]*)'|`([^`\n]*)`)(.*)$""",
    re.MULTILINE,
)
_RUBY_STARTS = re.compile(r"\b(?:sh|system|exec|spawn)\b[ (]*[\"']|`")
_RUBY_TASK = re.compile(
    r"^([ \t]*)(?:multi)?task[ (]+(?::(\w+)|[\"']([\w:-]+)[\"']|(\w+):)([^\n]*)$", re.MULTILINE
)
_RUBY_HOLE = re.compile(r"#\{[^{}]*\}")
_GEM_TASKS = re.compile(r"bundler/gem_(?:tasks|helper)|GemHelper\.install_tasks|Gem::PackageTask")


def ruby_commands(task: str, inside: Inside) -> Iterator[Command] | None:
    """The commands of a task of a Rakefile, or of a whole Ruby script where ``task`` is ""."""
    text = inside.text
    if not task:
        return _ruby_lines(text, 1, inside)
    bodies = _ruby_tasks(text)
    if task in bodies:
        return _ruby_task(task, bodies, inside)
    if (match := _GEM_TASKS.search(text)) and task in {"release", "release:rubygem_push"}:
        return word_command(("gem", "push"), text.count("\n", 0, match.start()) + 1, inside)
    return None


def _ruby_tasks(text: str) -> dict[str, tuple[int, str, tuple[str, ...]]]:
    """The tasks of a Rakefile by name: line, body, and the tasks that run before."""
    found: dict[str, tuple[int, str, tuple[str, ...]]] = {}
    for match in _RUBY_TASK.finditer(text):
        indent, name, head = match[1], match[2] or match[3] or match[4], match[5]
        end = re.compile(rf"^{indent}end\b", re.MULTILINE).search(text, match.end())
        body = text[match.start() : end.start() if end and "do" in head else match.end()]
        needs = re.findall(
            r":(\w+)|[\"']([\w:-]+)[\"']|(?<=[\[ ])(\w+)(?=[\],])", head.partition(" do")[0]
        )
        line = text.count("\n", 0, match.start()) + 1
        found.setdefault(name, (line, body, tuple(next(filter(None, n)) for n in needs if any(n))))
    return found


def _ruby_task(
    task: str, bodies: Mapping[str, tuple[int, str, tuple[str, ...]]], inside: Inside
) -> Iterator[Command]:
    pending, seen = [task], {task}
    while pending:
        line, body, needs = bodies[pending.pop()]
        yield from _ruby_lines(body, line, inside)
        new = [n for n in needs if n in bodies and n not in seen]
        seen.update(new)
        pending.extend(new)


def _ruby_lines(text: str, line: int, inside: Inside) -> Iterator[Command]:
    for number, source in enumerate(text.split("\n"), start=line):
        if len(source) > 2000 or not _RUBY_STARTS.search(source):
            continue
        if (match := _RUBY_CALL.match(source)) is None:
            continue
        first = next((g for g in match.groups()[:3] if g is not None), "")
        rest: Sequence[str] = re.findall(r",\s*[\"']([^\"']*)[\"']", match[4])
        script = " ".join((_RUBY_HOLE.sub("$value", first), *rest))
        yield from shell_commands(script, number, inside)
