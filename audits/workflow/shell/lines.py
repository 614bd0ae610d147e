"""Splits PowerShell, cmd and very long scripts into commands, line by line."""

from __future__ import annotations

import re
from enum import Enum

from audits.workflow.shell.words import RawCommand, unquote


class Dialect(Enum):
    """The languages that are distinguished; BASH stands for every shell of that family."""

    BASH = "bash"
    POWERSHELL = "pwsh"
    CMD = "cmd"


_ESCAPE = {Dialect.BASH: r"\\", Dialect.POWERSHELL: "`", Dialect.CMD: r"\^"}
_COMMENT = {
    Dialect.BASH: r"\#[^\n]*",
    Dialect.POWERSHELL: r"\#[^\n]*",
    Dialect.CMD: r"(?i:::|@?rem\b)[^\n]*",
}
_KEYWORDS = re.compile(
    r"if|then|else|elif|fi|do|done|while|until|for|in|case|esac|call|try|catch|[{}()!&@]|"
)
_SET = re.compile(r"(?:\$env:|(?i:set)\s+\"?)?([A-Za-z_]\w*)\s*=\s*(.*)", re.DOTALL)


def _token_pattern(dialect: Dialect) -> re.Pattern[str]:
    escape = _ESCAPE[dialect]
    return re.compile(
        rf"""(?P<space>(?:[ \t\r]|{escape}\r?\n)+)
        |(?P<end>\n|;|&&|\|\||\|&?|&(?!>)|[(){{}}])
        |(?P<comment>(?<![^\s;]){_COMMENT[dialect]})
        |(?P<redirect>[0-9&]?(?:>>|>\||>&|>|<)[ \t]*[^\s;|&<>(){{}}]*)
        |(?P<word>(?:\$\{{[^{{}}\n]*\}}|'[^'\n]*'|"[^"]*"|{escape}.|[^\s;|&<>(){{}}"'])+|.)""",
        re.VERBOSE,
    )


_TOKENS = {dialect: _token_pattern(dialect) for dialect in Dialect}


def line_commands(text: str, plain: str, dialect: Dialect, most: int) -> list[RawCommand]:
    """The first commands of a script, taking quotes and separators for what they usually are."""
    found: list[RawCommand] = []
    current = RawCommand(0, 0)
    piped = False
    for token in _TOKENS[dialect].finditer(plain):
        kind = token.lastgroup
        if kind == "end":
            if current.words or current.env:
                found.append(current)
                if piped and len(found) > 1:
                    found[-2].piped_words = current.words
                piped = token.group()[0] == "|" and token.group() != "||"
                if len(found) >= most:
                    break
            current = RawCommand(token.end(), token.end())
        elif kind == "redirect":
            current.redirects.append(text[token.start() : token.end()])
        elif kind == "word":
            _add_word(current, text, plain, token, dialect)
    if current.words or current.env:
        found.append(current)
        if piped and len(found) > 1:
            found[-2].piped_words = current.words
    return [raw for raw in map(_assignments, found) if raw.words or raw.env]


def _add_word(
    current: RawCommand, text: str, plain: str, token: re.Match[str], dialect: Dialect
) -> None:
    if dialect is Dialect.BASH:
        word = unquote(text, plain, token.start(), token.end())
    else:  # a backslash is a letter of paths there
        word = re.sub(r"[\"']", "", text[token.start() : token.end()])
        word = word.removeprefix("@") if dialect is Dialect.CMD else word
    if not current.words:
        if _KEYWORDS.fullmatch(word.lower()):
            return
        current.start = token.start()
    current.words.append(word)
    current.end = token.end()


def _assignments(raw: RawCommand) -> RawCommand:
    """Move ``A=b`` in front, ``$env:A = "b"`` and ``set A=b`` into the environment."""
    match = _SET.fullmatch(" ".join(raw.words)) if raw.words else None
    first = raw.words[0] if raw.words else ""
    if match and (first.startswith("$env:") or first.lower() == "set"):
        raw.env[match[1]] = match[2]
        raw.words = []
    while raw.words and re.match(r"[A-Za-z_]\w*=", raw.words[0]):
        name, _, value = raw.words.pop(0).partition("=")
        raw.env[name] = value
    return raw
