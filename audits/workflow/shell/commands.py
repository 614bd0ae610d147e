"""Parses the commands of ``run:`` scripts; the only importer of tree-sitter.

A grammar finds a command wherever a shell would: in conditions, loops, pipes and functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, pairwise
from time import thread_time
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from audits.model.command import Command
from audits.model.location import Scalar
from audits.model.remember import remembered
from audits.workflow.shell.branches import unreached_lines
from audits.workflow.shell.lines import Dialect, line_commands
from audits.workflow.shell.words import RawCommand, blank_out, unquote
from audits.workflow.shell.wrappers import fetched_program, inner_script, runs_in, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query, Tree

MAX_GRAMMAR_LENGTH = 16_384
"""Longer scripts (in characters) are split line by line: on bad input, the grammar's time is not
linear."""
MOST_SECONDS = 0.25
"""CPU time that the grammar may take on the scripts of one file; those of real ones take a
hundredth of it.
"""
MOST_COMMANDS = 20_000
"""The most commands that are read of the scripts of one file; real ones run a few hundred."""

_MOST_SUBSHELLS = 1_000
"""Subshells of one script that are told apart; where there are more, none is."""
_HERE = frozenset({"bash eval"})
"""What runs a script in the shell that it stands in."""
_MAX_DENSITY = 8
_DENSE_FROM = 1_024
_MAX_DEPTH = 3
_BRANCHES = re.compile(r"\bcase\b|\bif\b|\(\)|\bfunction\b")
_ENVIRONMENT = re.compile(r"[A-Za-z_]\w*=")
_NO_SHELL = ("python", "perl", "node", "ruby", "rscript", "julia", "php", "deno", "lua", "nu")


class Patience(Struct):
    """The budget for the scripts of one file: CPU seconds of the grammar, and commands.

    ``cut_short``: there were more commands, which were not read.
    """

    seconds: float = MOST_SECONDS
    commands: int = MOST_COMMANDS
    cut_short: bool = False

    def spend(self, found: list[RawCommand]) -> list[RawCommand]:
        """As many of these commands as may still be read."""
        kept = found[: self.commands]
        self.cut_short = self.cut_short or len(kept) < len(found)
        self.commands -= len(kept)
        return kept


def commands(
    script: Scalar, shell: str = "", patience: Patience | None = None
) -> tuple[Command, ...]:
    """The commands that a script holds, in the order of the text, wrappers removed.

    ``shell`` is a step's ``shell:``; empty means bash. Scripts in languages that are no shell
    (``python``) hold none. Any text gives a result, in time linear in its length: what the
    grammar cannot parse within the budget is split line by line.
    """
    dialect = _dialect(shell)
    if dialect is None or not script.value.strip():
        return ()
    inside = _Inside(dialect, (), 0, patience or Patience())
    return tuple(_commands(script.value, script.line_at(0), inside))


def reached_commands(
    script: Scalar, shell: str, patience: Patience, arguments: tuple[str, ...] | None
) -> tuple[Command, ...]:
    """The commands of a script file that can run when it is given these arguments.

    Those of functions that nothing calls are left out, and branches of a ``case`` or an ``if``
    on ``$1`` that another word would take. ``arguments`` None leaves nothing out: functions of
    a script that is sourced are the caller's.
    """
    found = commands(script, shell, patience)
    if (
        arguments is None
        or _dialect(shell) is not Dialect.BASH
        or not _BRANCHES.search(script.value)
    ):
        return found
    plain = blank_out(script.value)
    tree = None
    if len(plain) <= MAX_GRAMMAR_LENGTH and not _is_dense(plain):
        tree = _parsed(plain, patience)
    if tree is None:
        return found
    left_out = unreached_lines(tree.root_node, script.value, arguments)
    return tuple(c for c in found if c.line - script.line_at(0) not in left_out)


@cache
def _dialect(shell: str) -> Dialect | None:
    """The language of a ``shell:``, which may be a template such as ``bash -l {0}``."""
    words = [word.rpartition("/")[2].lower().removesuffix(".exe") for word in shell.split()]
    if words and words[0].startswith(_NO_SHELL):
        return None
    if any(word in {"pwsh", "powershell"} for word in words):
        return Dialect.POWERSHELL
    return Dialect.CMD if "cmd" in words else Dialect.BASH


class _Inside(Struct, frozen=True):
    """What a script is in: its language, the wrappers around it, and how many scripts."""

    dialect: Dialect
    wrappers: tuple[str, ...]
    depth: int
    patience: Patience
    subshells: tuple[int, ...] = ()


def _commands(text: str, line: int, where: _Inside) -> Iterator[Command]:
    """The commands of a text that starts on ``line``."""
    seen = 0
    for raw in chain.from_iterable(map(_runs, _raw_commands(text, where.dialect, where.patience))):
        line += text.count("\n", seen, raw.start)
        seen = raw.start
        env = dict(raw.env)
        words, wrappers = unwrap(raw.words, env)
        piped = unwrap(raw.piped_words, {})[0] if raw.piped_words else []
        yield Command(
            words=tuple(words),
            line=line,
            wrappers=(*where.wrappers, *wrappers),
            env=env,
            redirects=tuple(raw.redirects),
            piped_into=piped[0] if piped else "",
            written=tuple(raw.words),
            subshells=(*where.subshells, *raw.subshells),
        )
        if fetched := fetched_program(words, piped):
            yield Command(words=tuple(fetched), line=line, wrappers=where.wrappers, env=env)
        inner = inner_script(words) if where.depth < _MAX_DEPTH else None
        if inner is not None:
            name, script = inner
            inside = _Inside(
                _dialect(name.partition(" ")[0]) or Dialect.BASH,
                (*where.wrappers, *wrappers, name),
                where.depth + 1,
                where.patience,
                (*where.subshells, *raw.subshells, *(() if name in _HERE else (raw.start,))),
            )
            yield from _commands(script, line, inside)


def _runs(raw: RawCommand) -> list[RawCommand]:
    """The command, once for each program that it runs."""
    runs = runs_in(raw.words)
    return [raw] if runs[0] is raw.words else [replace(raw, words=words) for words in runs]


def _raw_commands(text: str, dialect: Dialect, patience: Patience) -> list[RawCommand]:
    plain = blank_out(text)
    is_grammatical = dialect is Dialect.BASH and len(text) <= MAX_GRAMMAR_LENGTH
    found = _by_grammar(text, patience) if is_grammatical and not _is_dense(plain) else None
    if found is None:
        found = line_commands(text, plain, dialect, patience.commands + 1)
    return patience.spend(found)


def _is_dense(plain: str) -> bool:
    """Whether a long text has enough operators for the grammar to take seconds."""
    if len(plain) < _DENSE_FROM:
        return False
    return sum(map(plain.count, "|([<>{")) * _MAX_DENSITY > len(plain)


@cache
def _grammar() -> tuple[Parser, Query]:
    # Loaded at the first script: most commands of the program never read one.
    import tree_sitter_bash
    from tree_sitter import Language, Parser, Query

    language = Language(tree_sitter_bash.language())
    wanted = (
        "(command) @command (declaration_command) @declaration (pipeline) @pipeline"
        " (subshell) @subshell"
        " (redirected_statement) @redirected"
        " (program (variable_assignment) @assignment) (list (variable_assignment) @assignment)"
        " (compound_statement (variable_assignment) @assignment)"
        " (if_statement (variable_assignment) @assignment)"
        " (do_group (variable_assignment) @assignment)"
    )
    return Parser(language), Query(language, wanted)


def _parsed(plain: str, patience: Patience) -> Tree | None:
    """The tree of a script; None for a long one with a syntax error, or once the budget is spent.

    Recovering from errors takes time that grows with the square of the length.
    """
    parser, _ = _grammar()
    data, started = plain.encode("ascii"), thread_time()

    def gives_up(_: int, has_error: bool) -> bool:
        return has_error or thread_time() - started > patience.seconds

    try:
        return parser.parse(lambda offset, _: data[offset:], progress_callback=gives_up)
    except ValueError:  # the library raises it after a request to stop
        parser.reset()
        return None
    finally:
        patience.seconds -= thread_time() - started


def _by_grammar(text: str, patience: Patience) -> list[RawCommand] | None:
    """The commands of a script; None where the grammar gives no tree of it within the budget."""
    if patience.seconds <= 0:
        return None
    started = thread_time()
    try:
        return _grammar_commands(text)
    except _TakesTooLongError:
        return None
    finally:
        patience.seconds -= thread_time() - started


class _TakesTooLongError(Exception):
    """A script takes the grammar longer than `MOST_SECONDS`."""


@remembered(512)
def _grammar_commands(text: str) -> list[RawCommand] | None:
    """The commands of a script, which nobody may change; None for a syntax error in a long one."""
    from tree_sitter import QueryCursor

    plain, budget = blank_out(text), Patience()
    tree = _parsed(plain, budget)
    if tree is None:
        if budget.seconds <= 0:
            raise _TakesTooLongError
        return None
    _, query = _grammar()
    nodes = QueryCursor(query).captures(tree.root_node)
    found = {node.start_byte: _command(text, plain, node) for node in nodes.get("command", ())}
    for node in nodes.get("declaration", ()):
        found.setdefault(node.start_byte, _declaration(text, plain, node))
    for node in nodes.get("assignment", ()):
        raw = RawCommand(node.start_byte, node.end_byte)
        _assign(raw, text, plain, node)
        found.setdefault(node.start_byte, raw)
    for node in nodes.get("redirected", ()):
        _redirect(found, text, node)
    for node in nodes.get("pipeline", ()):
        _pipe(found, node.named_children)
    shells = [(node.start_byte, node.end_byte) for node in nodes.get("subshell", ())]
    for raw in found.values() if len(shells) <= _MOST_SUBSHELLS else ():
        raw.subshells = tuple(start for start, end in shells if start < raw.start < end)
    return sorted(found.values(), key=lambda raw: raw.start)


def _command(text: str, plain: str, node: Node) -> RawCommand:
    raw = RawCommand(node.start_byte, node.end_byte)
    start = end = -1
    for child in node.children:
        kind = child.type
        if kind == "variable_assignment":
            _assign(raw, text, plain, child)
        elif kind.endswith("_redirect"):
            raw.redirects.append(text[child.start_byte : child.end_byte])
        elif child.start_byte == end:
            # The grammar takes `a/$B/$C/d` for two words; no blank, no new word.
            end = child.end_byte
            raw.words[-1] = unquote(text, plain, start, end)
        else:
            start, end = child.start_byte, child.end_byte
            raw.words.append(unquote(text, plain, start, end))
    return raw


def _declaration(text: str, plain: str, node: Node) -> RawCommand:
    """``export A=b`` and its like, as a command whose words are the assignments."""
    raw = RawCommand(node.start_byte, node.end_byte)
    raw.words = [unquote(text, plain, c.start_byte, c.end_byte) for c in node.children]
    return raw


def _assign(raw: RawCommand, text: str, plain: str, node: Node) -> None:
    word = unquote(text, plain, node.start_byte, node.end_byte)
    if _ENVIRONMENT.match(word):
        name, _, value = word.partition("=")
        raw.env[name] = value
    else:
        # `1=x` sets nothing: a shell takes it for the name of a command.
        raw.words.append(word)


def _redirect(found: dict[int, RawCommand], text: str, node: Node) -> None:
    """Add a statement's redirections to the commands they hold for."""
    body, *rest = node.named_children or (None,)
    if body is None:
        return
    texts: list[str] = []
    for child in rest:
        if child.type == "heredoc_redirect":
            # What follows `<<EOF` on its line stands inside that node, as the grammar has it.
            inside = child.named_children
            texts += [text[n.start_byte : n.end_byte] for n in inside if n.type == "file_redirect"]
            texts.append("<<" + "".join(_heredoc_start(text, inside)))
            readers = [_edge(n, 0) for n in inside if n.type == "pipeline"]
            _pipe(found, [_edge(body, -1), *readers])
        else:
            texts.append(text[child.start_byte : child.end_byte])
    targets = [raw for start, raw in found.items() if body.start_byte <= start < body.end_byte]
    if body.type in {"pipeline", "list"}:
        targets = [max(targets, key=lambda raw: raw.start)] if targets else []
    elif body.type == "command":
        targets = [found[body.start_byte]] if body.start_byte in found else []
    for raw in targets:
        raw.redirects += texts


def _edge(node: Node, index: int) -> Node:
    """The first or last command of a pipeline, which may be in another one."""
    while node.type == "pipeline" and node.named_children:
        node = node.named_children[index]
    return node


def _heredoc_start(text: str, nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if node.type == "heredoc_start":
            yield text[node.start_byte : node.end_byte]


def _pipe(found: dict[int, RawCommand], parts: list[Node]) -> None:
    for left, right in pairwise(parts):
        writer, reader = found.get(left.start_byte), found.get(right.start_byte)
        if writer is not None and reader is not None:
            writer.piped_words = reader.words
