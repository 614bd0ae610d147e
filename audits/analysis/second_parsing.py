"""Finds the texts of a script that a second shell or interpreter reads as code.

A variable is safe where the shell puts it into an argument. It is not where that argument is code
for another program: ``eval "echo $TITLE"``, ``bash -c "echo $TITLE"``, ``node -e "f('$TITLE')"``,
``echo "$TITLE" | sh``. In single quotes the first shell leaves the name as it is, and
``bash -c 'echo "$TITLE"'`` is safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.analysis.script_values import substitution
from audits.expressions.syntax import replace_fences
from audits.model.remember import remembered

_SHELL = r"(?:(?:ba|z|da|k|a)?sh|pwsh|powershell)"
_LANGUAGE = r"(?:python[\d.]*|node|bun|deno|perl|ruby|php)"
_OPTION = r"(?:\s+-\w+(?:\s+pipefail)?)"
# A program that reads its argument as code, up to that argument; `all` reads all of them.
_READER = re.compile(
    r"(?<![\w.$-])(?:(?P<all>(?<!/)(?:eval|iex|invoke-expression))"
    rf"|{_SHELL}{_OPTION}*?\s+-\w*c(?:ommand)?"
    r"|python[\d.]*(?:\s+-\w+)*?\s+-\w*c"
    r"|(?:node|bun|deno)\s+(?:-e|-p|-pe|--eval|--print|eval)"
    r"|(?:perl|ruby)(?:\s+-\w+)*?\s+-\w*e|php\s+-r"
    rf"|(?:{_SHELL}|{_LANGUAGE}){_OPTION}*?\s*<<<)\s*",
    re.IGNORECASE,
)
# Its options leave no file to read: the code comes from the pipe.
_PIPED = re.compile(
    rf"\|&?\s*(?:sudo\s+)?[\w/]*?\b(?:{_SHELL}|{_LANGUAGE}){_OPTION}*?(?:\s+-)?\s*"
    r"(?=[;&|)#\n]|$)"
)
_PRINTER = re.compile(r"(?:^|[\s;&|({])(?:echo|printf|write-output)(?=\s)", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*(?P<end>\w+)")
_HEREDOC_READER = re.compile(
    rf"(?:^|[|;&(]|\bsudo\b)\s*(?:{_SHELL}|{_LANGUAGE})\b[^|;&]*<<-?\s*\w+"
)
_PLACED = re.compile(r"\bxargs\b[^|;&\n]*?\s(?:-I\s*(\S+)|-i|--replace(?:=(\S+))?)\s[^|;&\n]*$")
_COMMENT = re.compile(r"(?:^|\s)#")
_QUOTED_FOR_SHELL = re.compile(r"\\[$`]|\$\{\w+@Q\}")
_LOOK_BACK = 500
_DEEPEST = 3


def second_parsed(script: str) -> Iterator[tuple[int, str]]:
    """What a shell script hands to a second parser as code: texts that the first shell expands
    (``$TITLE``, ``$(gh pr view …)``), with their offsets. A text without expansion is left out.
    """
    if not _may_be_shell_again(script):
        return
    # An expression is code of the script itself, which is another fault; offsets stay.
    text = _without_expressions(script)
    for found in (_of_arguments(text, 0, 0), _of_pipes(text), _of_heredocs(text)):
        for offset, piece in found:
            plain = _QUOTED_FOR_SHELL.sub(lambda m: " " * len(m[0]), piece)
            places = [at for at in (plain.find("$"), plain.find("`")) if at >= 0]
            if places:
                yield offset + min(places), plain


@remembered(512)
def _may_be_shell_again(script: str) -> bool:
    """Whether a script may hand something to a second shell; several checks ask."""
    return any(pattern.search(script) for pattern in (_READER, _PIPED, _HEREDOC))


# Calls of which the first argument is code: for a shell, or for the language itself.
_CALLS = {
    "javascript": re.compile(
        r"(?<![\w.])(?:execSync|child_process\.exec(?:Sync)?|cp\.exec(?:Sync)?|eval|(?:new\s+)?Function)"
        r"\s*\(\s*|require\(['\"](?:node:)?child_process['\"]\)\.exec(?:Sync)?\s*\(\s*"
    ),
    "python": re.compile(
        r"(?<![\w.])(?:os\.system|os\.popen|subprocess\.get(?:status)?output|eval|exec)\s*\(\s*"
        r"|(?<![\w.])(?:subprocess\.)?(?:run|call|check_call|check_output|Popen)\s*\(\s*"
        r"(?=[^\n]{0,400}\bshell\s*=\s*True)"
    ),
}
_CALLED = ("eval", "exec", "Function", "os.system", "os.popen", "subprocess.get", "shell")
"""Of which each such call holds one; most scripts hold none."""
_MOST_OF_CALL = 2000


def may_be_read_again(script: str) -> bool:
    """Whether a script of any language may hand something to a second parser."""
    calls = any(map(script.__contains__, _CALLED))
    calls = calls and any(pattern.search(script) for pattern in _CALLS.values())
    return calls or _may_be_shell_again(script)


def code_arguments(script: str, language: str) -> Iterator[tuple[int, str]]:
    """The arguments of a script in ``javascript`` or ``python`` that are code again, with their
    offsets.
    """
    text, at = _without_expressions(script), 0
    while (match := _CALLS[language].search(text, at)) is not None:
        line = text[max(text.rfind("\n", at, match.start()) + 1, at) : match.start()]
        at = _argument_end(text, match.end())
        if not line.lstrip().startswith(("//", "#")):
            yield match.end(), text[match.end() : at]


def _argument_end(text: str, start: int) -> int:
    """Where the first argument of a call ends."""
    at, depth, quote = start, 0, ""
    end = min(len(text), start + _MOST_OF_CALL)
    while at < end:
        character = text[at]
        if character == "\\":
            at += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}" or (character == "," and not depth):
            if not depth:
                break
            depth -= 1
        at += 1
    return max(start, min(at, end))


def _without_expressions(script: str) -> str:
    lines = (replace_fences(line, "E").ljust(len(line)) for line in script.split("\n"))
    return "\n".join(lines)


def _of_arguments(text: str, offset: int, depth: int) -> Iterator[tuple[int, str]]:
    """The code that programs take as an argument."""
    at = 0
    while (match := _READER.search(text, at)) is not None:
        # Text is looked at once, however many such programs are in a line.
        before = text[max(text.rfind("\n", at, match.start()) + 1, at) : match.start()]
        if _COMMENT.search(before):
            end = text.find("\n", match.end())
            at = len(text) if end < 0 else end
            continue
        pieces, end = _argument(text, match.end(), whole=match["all"] is not None)
        yield from ((offset + place, piece) for place, piece, quote in pieces if quote != "'")
        for place, piece, quote in pieces if depth < _DEEPEST else ():
            if quote == "'":
                yield from _of_arguments(piece, offset + place, depth + 1)
        yield from _placed(before, text[match.start() : end], offset + match.start())
        at = max(end, match.end())


def _placed(before: str, code: str, offset: int) -> Iterator[tuple[int, str]]:
    """What ``xargs -I{} sh -c '… {}'`` puts into the code: what the pipe prints."""
    head = before[-_LOOK_BACK:]
    match = _PLACED.search(head + " ")
    mark = (match[1] or match[2] or "{}").strip("'\"") if match is not None else ""
    if match is not None and mark and mark in code:
        piped = head[: match.start()].rstrip().removesuffix("|")
        yield offset - len(head), f"$({piped.strip()})"


def _of_pipes(text: str) -> Iterator[tuple[int, str]]:
    """What a script prints for a shell that reads its code from a pipe."""
    at = 0
    for match in _PIPED.finditer(text):
        start = max(text.rfind("\n", at, match.start()) + 1, at)
        line = text[start : match.start()]
        at = match.end()
        printers = list(_PRINTER.finditer(line))
        if printers and not _COMMENT.search(line):
            place = printers[-1].end()
            pieces, _ = _argument(line, place, whole=True)
            yield from ((start + p, piece) for p, piece, quote in pieces if quote != "'")


def _of_heredocs(text: str) -> Iterator[tuple[int, str]]:
    """The bodies of documents that the first shell expands and another program runs."""
    place, end, runs = 0, "", False
    for line in text.split("\n"):
        if end:
            if line.strip() == end:
                end = ""
            elif runs:
                yield place, line
        elif (match := _HEREDOC.search(line)) is not None:
            end = match["end"]
            runs = bool(_HEREDOC_READER.search(line) or _PIPED.search(line, match.end()))
        place += len(line) + 1


def _argument(text: str, start: int, whole: bool) -> tuple[list[tuple[int, str, str]], int]:
    """The pieces of one word, or of all words of a command, each with its offset and quote; and
    where they end.
    """
    at, piece, quote = start, start, ""
    pieces: list[tuple[int, str, str]] = []
    while at < len(text):
        character = text[at]
        if character == "\\" and quote != "'":
            at += 2
        elif quote != "'" and text.startswith("$(", at):
            _, at = substitution(text, at)
        elif quote:
            if character == quote:
                pieces.append((piece, text[piece:at], quote))
                quote, piece = "", at + 1
            at += 1
        elif character in "'\"":
            pieces.append((piece, text[piece:at], ""))
            quote, piece = character, at + 1
            at += 1
        elif character in "\n;|&" or (character in " \t)" and not whole):
            break
        else:
            at += 1
    pieces.append((piece, text[piece:at], quote))
    return pieces, at
