"""Programs that a command runs though its first word names another.

They stand in its arguments, in variables, in git's configuration, or in options of cibuildwheel.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from audits.model.command import Command, plain_words
from audits.model.source import SourceFile


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- arguments ------------------------------------------------------------------------------------

# Arguments by which such a program runs another one, or a target of the project.
_GIVEN: Mapping[str, re.Pattern[str]] = {
    "awk": re.compile(
        r"(?:.*(?:\bsystem\s*\(|\bgetline\b|\|)|-[fEil]|--(?:file|exec|include|load)).*", re.DOTALL
    ),
    "cmake": re.compile(r"-P.*|-t|--target.*|--workflow|env|time|chdir"),
    "dotnet": re.compile(r"[-/]t(?:arget)?:.*|run|exec", re.IGNORECASE),
    "find": re.compile(r"-(?:exec|ok)(?:dir)?"),
    "sort": re.compile(r"--comp.*"),
    "zip": re.compile(r"-TT|--unzip-c.*"),
    "scp": re.compile(r"-S.*|-o.*"),
}
# Options that are followed by a program, and those programs that use no git.
_NAMED: Mapping[str, tuple[re.Pattern[str], frozenset[str]]] = {
    "tar": (
        # https://www.gnu.org/software/tar/manual/html_section/All-Options.html: names may be cut.
        re.compile(
            r"-[A-Za-z]*?[IF]([A-Za-z]*)|--(?:use|to-|checkpoint-|rsh|info|new-vol)[\w-]*(?:=(.*))?"
        ),
        _words("zstd xz gzip pigz bzip2 pbzip2 lbzip2 pixz lz4 lzip plzip lzma brotli zstdmt"),
    ),
    "rsync": (re.compile(r"-[A-Za-z]*?e([A-Za-z]*)|--rsh(?:=(.*))?"), _words("ssh")),
}
_BUILDS = re.compile(r"(?:.*/)?(?:all|install|clean|build|default|\d+|[\w.-]*build[\w.-]*)/?")


def runs_what_it_is_given(command: Command) -> bool:
    """Whether the arguments of a command name another program, a script, or a target of the
    project.
    """
    program, words = command.program, command.words[1:]
    if program == "sed":
        return not all(map(_is_plain_sed, _sed_scripts(words)))
    if (form := _GIVEN.get(program)) is not None:
        return any(map(form.match, words))
    if (named := _NAMED.get(program)) is not None:
        given = [*_given_programs(words, named[0])]
        given += _given_in_order(words) if program == "tar" else ()
        return any(each not in named[1] for each in given)
    if program == "ninja" or (program == "meson" and words[:1] == ("compile",)):
        targets = [word for word in words if not word.startswith("-") and word != "compile"]
        return not all(map(_BUILDS.fullmatch, targets))
    return False


def _given_programs(words: Sequence[str], option: re.Pattern[str]) -> Iterator[str]:
    """What follows such options, in the same word or as the next one; "" where nothing does."""
    for index, word in enumerate(words):
        found = option.fullmatch(word)
        if found is not None:
            rest = found[1] or found[2] or next(iter(words[index + 1 : index + 2]), "")
            yield next(iter(rest.split()), "")


_TAKING = "bfgCFHIKLNTVX"


def _given_in_order(words: Sequence[str]) -> Iterator[str]:
    """The programs of a ``tar`` whose letters stand without a dash, as in ``tar cIf zstd x.tar``:
    their values follow in the order of the letters.
    """
    if words and not words[0].startswith("-"):
        taking = [letter for letter in words[0] if letter in _TAKING]
        yield from (word for letter, word in zip(taking, words[1:], strict=False) if letter in "IF")


# --- sed ------------------------------------------------------------------------------------------


def _sed_scripts(words: Sequence[str]) -> Iterator[str]:
    """The scripts of a ``sed``; one from a file is given as an impossible one."""
    rest = iter(words)
    named, plain = [], []
    for word in rest:
        if word.startswith("--"):
            name, _, value = word.partition("=")
            if name.startswith("--e"):
                named.append(value or next(rest, ""))
            elif name.startswith("--f") and name != "--follow-symlinks":
                yield _UNKNOWN
        elif word.startswith("-") and len(word) > 1:
            flag = re.search(r"[ef]", word.partition("i")[0])
            if flag is not None and flag.group() == "f":
                yield _UNKNOWN
            elif flag is not None:
                named.append(word[flag.end() :] or next(rest, ""))
        else:
            plain.append(word)
    # Behind BSD's `-i ''` the script is the word after the empty one.
    yield from named or [next((word for word in plain if word), "")]


_UNKNOWN = "?"
_SEPARATORS = " \t\n;{}"
_ADDRESS = re.compile(r"\d+|[$,~+!]|[ \t]")
_OF_LINES = re.compile(r"[aicrRwW].*|[btT:][^;\n}]*|[dDgGhHlnNpPqQxz=F]\d*")
_FLAGS = re.compile(r"[gpiImM\d]*")


def _is_plain_sed(script: str) -> bool:
    """Whether a script of ``sed`` is understood, and neither runs its input nor a program: the
    command ``e`` and the flag ``e`` of ``s`` do.

    https://www.gnu.org/software/sed/manual/sed.html#sed-scripts
    """
    at = 0
    while at < len(script):
        if script[at] in _SEPARATORS:
            at += 1
        elif script[at] == "#":
            at = _end_of_line(script, at)
        elif (after := _after_command(script, _past_addresses(script, at))) is not None:
            at = after
        else:
            return False
    return True


def _past_addresses(script: str, at: int) -> int:
    while at < len(script):
        if script[at] == "/":
            at = _past_flags(script, _past(script, at, "/"))
        elif script[at] == "\\" and at + 1 < len(script):
            at = _past_flags(script, _past(script, at + 1, script[at + 1]))
        elif (found := _ADDRESS.match(script, at)) is not None:
            at = found.end()
        else:
            break
    return at


def _past_flags(script: str, at: int) -> int:
    """Behind the flags of a pattern: it ignores the case, or matches several lines."""
    while script[at : at + 1] in {"I", "M"}:
        at += 1
    return at


def _after_command(script: str, at: int) -> int | None:
    """Where the next command starts; None where this one runs something, or is not understood."""
    if at >= len(script):
        return None
    if script[at] in "{}":
        return at + 1
    if script[at] in "sy":
        mark = script[at + 1 : at + 2]
        if not mark or mark in "\\\n":
            return None
        end = _past(script, _past(script, at + 1, mark) - 1, mark)
        if script[end - 1 : end] != mark:
            return None
        flags = _FLAGS.match(script, end)
        end = flags.end() if flags else end
        if script[end : end + 1] == "w":
            return _end_of_line(script, end)
        return end if script[end : end + 1] in {"", *_SEPARATORS, "#"} else None
    found = _OF_LINES.match(script, at)
    if found is None:
        return None
    return found.end() if script[found.end() : found.end() + 1] in {"", *_SEPARATORS} else None


def _past(script: str, at: int, mark: str) -> int:
    """Behind the next ``mark`` that no backslash escapes; ``at`` is that of the one before."""
    at += 1
    while at < len(script) and script[at] != mark:
        at += 2 if script[at] == "\\" else 1
    return min(at + 1, len(script))


def _end_of_line(script: str, at: int) -> int:
    end = script.find("\n", at)
    return len(script) if end < 0 else end


# --- git's configuration --------------------------------------------------------------------------

# Keys that name no program, no hook, no other file and no credential.
# https://git-scm.com/docs/git-config#_variables
_PLAIN_KEY = re.compile(
    r"(?:user|author|committer|advice|color|push|pull|fetch|branch|remote|url|http|safe|tag|commit"
    r"|log|format|i18n|pack|gc|rebase|rerere|checkout|clone|versionsort|feature|index|status"
    r"|receive|transfer|stash|maintenance|column)\.[^=]*"
    r"|core\.(?:auto\w+|eol|safecrlf|longpaths|symlinks|filemode|ignorecase|quotepath|abbrev|bare"
    r"|precomposeunicode|compression|preloadindex|untrackedcache|sparsecheckout\w*|packed\w+"
    r"|bigfilethreshold|protect\w+|fscache|commentchar|logallrefupdates|deltabasecachelimit)"
    r"|init\.defaultbranch|gpg\.format|submodule\.recurse|merge\.(?:ff|renormalize|conflictstyle)"
    r"|diff\.(?:renames|renamelimit|algorithm|noprefix|mnemonicprefix|submodule)",
    re.IGNORECASE,
)
_RUNS_BY_KEY = re.compile(
    r"remote\..*\.(?:uploadpack|receivepack|vcs)|gc\.recentobjectshook", re.IGNORECASE
)
_CONFIG_VALUES = _words("-f --file --blob --type -t --default --comment --value")
_READING = re.compile(
    r"-l|--list|--get(?:-all|-regexp|-urlmatch|-color\w*)?|--unset(?:-all)?|list|get|unset"
    r"|--remove-section|remove-section|--show-\w+"
)


def is_plain_setting(key: str) -> bool:
    """Whether a key of git's configuration makes git run nothing, whatever its value is."""
    name = key.partition("=")[0]
    return _PLAIN_KEY.fullmatch(name) is not None and _RUNS_BY_KEY.fullmatch(name) is None


def configures_programs(words: Sequence[str]) -> bool:
    """Whether ``git config`` with these words makes git run a program or a hook later, or
    prints the credentials.
    """
    if any(word.startswith(("--get-regexp", "--get-urlmatch")) for word in words):
        return any(word.lower().startswith(("http", ".", "^http")) for word in words)
    plain = [word for _, word in plain_words(words, _CONFIG_VALUES)]
    flags = [word for word in words if word.startswith("-")]
    if any(map(_READING.fullmatch, (*flags, *plain[:1]))):
        return False
    given = plain[1:] if plain[:1] == ["set"] else plain
    return len(given) > 1 and not is_plain_setting(given[0])


# --- variables ------------------------------------------------------------------------------------

_RUN_BY_GIT = _words(
    "GIT_ASKPASS SSH_ASKPASS GIT_SSH GIT_SSH_COMMAND GIT_EDITOR GIT_SEQUENCE_EDITOR EDITOR VISUAL"
    " GIT_PAGER PAGER GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND"
)
_QUIET_VALUES = re.compile(
    r"|cat|less|more|true|/bin/true|/usr/bin/true|:|echo|vim?|nano|ssh(?:\s.*)?", re.DOTALL
)
_GIT_CONFIGURATION = re.compile(
    r"GIT_CONFIG(?:_KEY_\d+|_PARAMETERS|_GLOBAL|_SYSTEM)?|GIT_EXEC_PATH|GIT_TEMPLATE_DIR"
)
_LOADS = re.compile(r"(?:^|\s)(?:-r|--require|--import|--loader|--experimental-loader)\b|-r\S")
_OWN_FILE = re.compile(r"(?:^|[\s:])(?![/~]|\$HOME|\$\{HOME)\S")


def loads_program(name: str, value: str) -> bool:
    """Whether a variable with this value makes shells, git or interpreters run something that
    no command names.
    """
    if name in {"BASH_ENV", "PROMPT_COMMAND", "PYTHONSTARTUP"}:
        return bool(value.strip())
    if name in {"LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "LD_AUDIT"}:
        return _OWN_FILE.search(value) is not None
    if name in {"NODE_OPTIONS", "RUBYOPT", "PERL5OPT"}:
        return _LOADS.search(value) is not None or (name == "PERL5OPT" and bool(value.strip()))
    if name in _RUN_BY_GIT:
        return _QUIET_VALUES.fullmatch(value.strip()) is None
    if name.startswith("GIT_CONFIG_KEY_"):
        return not is_plain_setting(value.strip())
    return _GIT_CONFIGURATION.fullmatch(name) is not None and value not in {"", "/dev/null"}


_ASSIGNED = re.compile(r"\b([A-Z][A-Z0-9_]*)(?: ?= ?|<<)(?:\"([^\n\"]*)\"|'([^\n']*)'|([^\n\"']*))")


def written_variables(text: str) -> Iterator[tuple[str, str]]:
    """The variables that a script assigns, exports or writes to ``$GITHUB_ENV``; of a value
    without quotes its first word, of one for cibuildwheel the whole line.
    """
    for found in _ASSIGNED.finditer(text):
        name, double, single, plain = found.groups(default="")
        words = plain.split()
        rest = plain if name.startswith("CIBW_") else words[0] if words else ""
        yield name, double or single or rest


# --- cibuildwheel ---------------------------------------------------------------------------------

# https://cibuildwheel.pypa.io/en/stable/options/: what is run by a shell.
_RUN_BY_CIBW = re.compile(r"CIBW_(?:BEFORE_\w+|\w*TEST_COMMAND\w*|REPAIR_WHEEL_COMMAND\w*)")
_KEYS_RUN = re.compile(r"before-\w+|test-command|repair-wheel-command")
_SUBSTITUTES = re.compile(r"\$\(|`")


def cibuildwheel_scripts(
    variables: Iterable[tuple[str, str]], files: Iterable[SourceFile]
) -> Iterator[str]:
    """The scripts that cibuildwheel runs, by its variables and the ``pyproject.toml`` files that
    were read. An environment whose values are computed by a shell is one.
    """
    for name, value in variables:
        known = name.startswith("CIBW_")
        if known and (_RUN_BY_CIBW.fullmatch(name) or _SUBSTITUTES.search(value)):
            yield value
    for file in files:
        if file.path.rpartition("/")[2] == "pyproject.toml" and "cibuildwheel" in file.text:
            yield from _of_pyproject(file.text)


def _of_pyproject(text: str) -> Iterator[str]:
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError):
        yield _SUBSTITUTED  # what cannot be read may run anything
        return
    tool = table.get("tool")
    options = tool.get("cibuildwheel") if isinstance(tool, dict) else None
    pending: list[object] = [options]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += [each for each in value if isinstance(each, dict)]
        elif isinstance(value, dict):
            for key, given in value.items():
                if _KEYS_RUN.fullmatch(key):
                    lines = given if isinstance(given, list) else [given]
                    yield from (str(line) for line in lines)
                elif isinstance(given, dict | list):
                    pending.append(given)


_SUBSTITUTED = "$(pyproject.toml)"
