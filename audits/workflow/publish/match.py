"""Matches commands and ``uses:`` with the catalog of uploaders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec.structs import replace

from audits.analysis.container_commands import in_container
from audits.expressions.syntax import replace_fences
from audits.model.command import Command
from audits.model.location import Scalar
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import Step
from audits.workflow.publish.action_version import reaches, version_of
from audits.workflow.publish.site import Site, variable_names
from audits.workflow.publish.storage import copies_builds
from audits.workflow.publish.taps import pushes_into
from audits.workflow.shell.commands import commands
from audits.workflow.tasks.embedded import Inside
from audits.workflow.tasks.source_code import (
    javascript_commands,
    python_commands,
    ruby_commands,
)
from audits.workflow.uploaders.catalog import NODE_TOOLS, RUN_BY_ACTION
from audits.workflow.uploaders.lookup import Catalog
from audits.workflow.uploaders.uploader import TRUE, Uploader

_THIS_REPOSITORY = re.compile(r"\$\{\{\s*github\.repository\s*\}\}")
_PYTHON = re.compile(r"python[\d.]*t?|py")


_ANY_TEXT = "\0"
_PACKAGE_MANAGERS = frozenset({"npm", "pnpm", "yarn", "bun"})
_PACKAGE_MANAGER_VALUES = frozenset(
    {"--prefix", "-C", "--dir", "--filter", "-F", "-w", "--workspace", "--cwd"}
)
_BOOLEAN = re.compile(r"(?i:true|false)")
_ALL_OPEN = re.compile(r"\$\{\{.*\}\}|\$\{?[\w:.-]+\}?|%\w+%", re.DOTALL)
_DRY_NAME = re.compile(r"dry|test|try|preview|simulat|noop", re.IGNORECASE)


def by_uses(site: Site) -> Iterator[Uploader]:
    """The uploaders that the site's ``uses:`` is, with the inputs it is given."""
    uses = site.uses
    if uses is None:
        return
    for uploader in site.library.catalog.by_action.get(uses.action, ()):
        if _in_range(uploader, uses) and not _is_switched_off(uploader, site):
            yield uploader


def _in_range(uploader: Uploader, uses: Uses) -> bool:
    version = version_of(uses, uploader.old_refs)
    if uploader.until and reaches(version, uploader.until):
        return False
    return reaches(version, uploader.since) is not False


def _is_switched_off(uploader: Uploader, site: Site) -> bool:
    """Whether an input keeps an action from uploading, or none makes it."""
    for name, values in uploader.stops.items():
        scalar = site.input(name)
        if scalar is not None and _is_one_of(site, scalar, values):
            return True
    if uploader.copies_builds and not copies_builds(site, None, 0):
        return True
    for name, pattern in uploader.input_patterns.items():
        scalar = site.input(name)
        if scalar is None or re.search(pattern, scalar.value) is None:
            return True
    if not uploader.needs:
        return _is_empty_draft(site)
    for name, values in uploader.needs.items():
        scalar = site.input(name)
        if scalar is not None and _may_be(site, scalar, values):
            return False
    return not (site.step is not None and site.step.inputs_are_dynamic)


def _is_empty_draft(site: Site) -> bool:
    """A draft of a release without files is nothing that anybody can download."""
    draft = site.input("draft")
    if draft is None or site.texts(draft.value) != ("true",):
        return False
    return not any(
        site.input(name) for name in ("files", "file", "artifacts", "artifact", "asset_path")
    )


def _is_one_of(site: Site, scalar: Scalar, values: tuple[str, ...]) -> bool:
    """Whether the input is surely one of the values; of ``publish`` and its like, begins so."""
    texts = site.texts(scalar.value)
    if texts is None:
        return False
    return all(
        text.partition(" ")[0] in values
        or any(fnmatchcase(text.strip().lower(), value) for value in values)
        for text in texts
    )


def _may_be(site: Site, scalar: Scalar, values: tuple[str, ...]) -> bool:
    """Whether the input may hold one of the values; any value at all where none is named."""
    if scalar.is_null or scalar.value.strip() == "":
        return False
    texts = site.texts(scalar.value)
    if not values:
        return texts not in {("",), ("false",)}
    return any(
        _may_hold(text.lower(), value.strip("*"))
        for value in values
        for text in (texts if texts is not None else (_THIS_REPOSITORY.sub(".", scalar.value),))
    )


def _may_hold(text: str, value: str) -> bool:
    """Whether a text holds a value such as ``push=true``, expressions counting as any text: in
    place of all of it, of what stands behind the ``=``, or of one part of a list.
    """
    if value in text:
        return True
    if "${{" not in text:
        return False
    open_text = replace_fences(text, _ANY_TEXT)
    key, equals, _ = value.partition("=")
    if equals and f"{key}={_ANY_TEXT}" in open_text:
        return True
    return any(part.strip(_ANY_TEXT) == "" for part in re.split(r"[\s,]+", open_text) if part)


def by_command(found: Sequence[Command], site: Site) -> Iterator[tuple[Uploader, Command, bool]]:
    """The uploaders among commands, and whether each really uploads."""
    for command in (inner for each in found for inner in (each, *_inner_commands(each, site))):
        own = _run_by_package_manager(command)
        for rest, uploader in _by_program(own, site.library.catalog):
            if not _names(own.words[1:], rest, uploader.value_options):
                continue
            if _is_another(uploader, own, site, len(rest) + 1):
                continue
            yield uploader, own, _uploads(uploader, own, site)
            break


def _by_program(command: Command, catalog: Catalog) -> tuple[tuple[tuple[str, ...], Uploader], ...]:
    program = command.program
    if _PYTHON.fullmatch(program):
        program = "python"
    program = program.removeprefix("./").removeprefix(".\\")
    known = catalog.by_program
    # Commands of PowerShell are the same in any case.
    found = known.get(command.program) or known.get(program) or known.get(program.lower())
    return found or ()


def _run_by_package_manager(command: Command) -> Command:
    """The command that ``yarn changeset publish`` and its like run: a tool of the project, by
    its own name. What is no such tool stays (it is a script of ``package.json``).
    """
    if command.program not in _PACKAGE_MANAGERS:
        return command
    words = command.words
    index = 1
    while index < len(words) and (words[index].startswith("-") or words[index] == "run"):
        index += 2 if words[index] in _PACKAGE_MANAGER_VALUES else 1
    if index < len(words) and words[index] in NODE_TOOLS:
        return replace(command, words=words[index:])
    return command


def _is_another(uploader: Uploader, command: Command, site: Site, words: int) -> bool:
    """Whether the same program does something else than this uploader does."""
    rest = command.words[1:]
    if uploader.not_words and any(word in uploader.not_words for word in rest):
        return True
    if uploader.word_pattern:
        pattern = uploader.word_pattern
        plain = [site.expand(word, command) for word in rest if not word.startswith("-")]
        if not any(re.fullmatch(pattern, word, re.IGNORECASE) for word in plain):
            return True
    if uploader.checkout_of and not pushes_into(site, command, uploader.checkout_of):
        return True
    return uploader.copies_builds and not copies_builds(site, command, words)


def _names(words: tuple[str, ...], rest: tuple[str, ...], values: frozenset[str]) -> bool:
    """Whether the first words that are no options are these; ``*`` is any word."""
    index = 0
    for wanted in rest:
        while index < len(words) and words[index][:1] in {"-", "+"}:
            index += 2 if words[index] in values else 1
        if index >= len(words) or wanted not in {"*", words[index].removeprefix("./")}:
            return False
        index += 1
    return True


def _uploads(uploader: Uploader, command: Command, site: Site) -> bool:
    words = [site.expand(word, command) if "$" in word else word for word in command.words[1:]]
    sure = [
        given if "$" in given and _is_chosen(site, command, given) else word
        for given, word in zip(command.words[1:], words, strict=True)
    ]
    if any(_is_dry(uploader, command, sure, index, site) for index in range(len(words))):
        return False
    if uploader.last_word_not and words and words[-1].startswith(uploader.last_word_not):
        return False
    if uploader.draft_values and ("--draft" in words or "-d" in words):
        return _positional(words, uploader.draft_values) > len(uploader.commands[0].split())
    if not uploader.needs_words:
        return True
    return any(_may_give(word, wanted) for wanted in uploader.needs_words for word in words)


_BRANCHES = re.compile(r"\b(?:if|case)\b|&&|\|\|")


def _is_chosen(site: Site, command: Command, word: str) -> bool:
    """Whether a variable in a word is set by a script that has branches, so that what it was
    last set to need not be what it holds: ``[ "$CI" ] || FLAGS=--dry-run``.
    """
    run = site.step.run if site.step is not None else None
    branches = bool(command.path) or (run is not None and _BRANCHES.search(run.value) is not None)
    return branches and any(name in site.assigned(command) for name in variable_names(word))


def _may_give(word: str, wanted: str) -> bool:
    """Whether a word of a command holds ``--push`` or ``push=true``, or may: ``push=$PUSH``."""
    key, equals, _ = wanted.partition("=")
    return wanted in word or bool(equals and re.search(rf"(?<!\w){key}=\$", word))


def _is_dry(uploader: Uploader, command: Command, words: list[str], index: int, site: Site) -> bool:
    """Whether the word at ``index`` keeps the command from uploading, whatever is known of its
    value: ``--dry-run "$DRY"`` may be either.
    """
    name, equals, value = words[index].partition("=")
    if words[index] in uploader.dry and not equals:
        following = command.words[index + 2] if index + 2 < len(command.words) else ""
        is_value = _BOOLEAN.fullmatch(following) or (
            _ALL_OPEN.fullmatch(following) and _DRY_NAME.search(following)
        )
        return not is_value or _is_true(words[index + 1], site)
    if words[index] in uploader.dry:
        return True
    return name in uploader.dry and _is_true(value, site)


def _is_true(text: str, site: Site) -> bool:
    """Whether a value of a switch is surely one that switches it on."""
    texts = site.texts(text.strip())
    return texts is not None and all(
        found.strip().lower() not in {"false", "no", "0", ""} and "$" not in found
        for found in texts
    )


def _positional(words: list[str], values: frozenset[str]) -> int:
    """How many words are neither options nor their values."""
    count = index = 0
    while index < len(words):
        if words[index].startswith("-"):
            index += 2 if words[index] in values else 1
        else:
            count += 1
            index += 1
    return count


def commands_of(site: Site) -> tuple[Command, ...]:
    """The commands that a step runs: of its script, or given to an action that runs them."""
    step = site.step
    if step is None:
        return ()
    if step.run is not None:
        if not site.library.catalog.may_upload(step.run.value):
            return ()
        return site.commands or _of_other_languages(site, step.run)
    if step.uses is not None and step.uses.kind is UsesKind.DOCKER:
        return _by_image(step, step.uses)
    action = step.uses.action if step.uses is not None else ""
    if action not in RUN_BY_ACTION:
        return ()
    runs = RUN_BY_ACTION[action]
    words = runs.words
    if any(_is_one_of(site, s, TRUE) for name in runs.off if (s := step.input(name)) is not None):
        return ()
    given = [scalar for name in runs.inputs if (scalar := step.input(name)) is not None]
    if not given:
        return (Command(words=words, line=_line(step.uses)),) if words else ()
    if not words:
        return commands(given[0], step.shell, site.library.patience(site.path))
    text = " ".join((*words, *(scalar.value.replace("\n", " ") for scalar in given)))
    whole = replace(given[0], value=text, style="")
    inner = commands(whole, "", site.library.patience(site.path))
    return tuple(replace(command, line=_line(step.uses)) for command in inner)


def _of_other_languages(site: Site, run: Scalar) -> tuple[Command, ...]:
    """The commands that a script starts whose ``shell:`` is a language of its own."""
    language = site.shell.partition(" ")[0].rpartition("/")[2]
    reader = next((r for name, r in _LANGUAGES.items() if language.startswith(name)), None)
    if reader is None:
        return ()
    inside = Inside(path="", text=run.value, patience=site.library.patience(site.path))
    return tuple(replace(c, line=run.line_at(0) + c.line - 1) for c in reader(inside) or ())


_LANGUAGES: Mapping[str, Callable[[Inside], Iterator[Command] | None]] = {
    "python": lambda inside: python_commands(inside.text, inside, ""),
    **dict.fromkeys(
        ("node", "bun", "deno", "zx", "tsx"),
        lambda inside: javascript_commands(inside.text, inside),
    ),
    "ruby": lambda inside: ruby_commands("", inside),
}


def _inner_commands(command: Command, site: Site) -> Iterator[Command]:
    """The commands that a command runs in a container. They are no commands of the step's own: a
    container has only the folders that it is given.
    """
    if (started := in_container(command.words)) is not None:
        script = started.script
        text = Scalar(script, command.line, 1, 0, len(script))
        for inner in commands(text, "bash", site.library.patience(command.path or site.path)):
            yield replace(inner, line=command.line, path=command.path, directory=command.directory)


def _by_image(step: Step, uses: Uses) -> tuple[Command, ...]:
    """What ``uses: docker://image`` starts with its arguments.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepswithargs
    """
    entrypoint, args = step.input("entrypoint"), step.input("args")
    named = f"--entrypoint={entrypoint.value} " if entrypoint is not None else ""
    given = args.value.replace("\n", " ") if args is not None else ""
    script = replace(uses.raw, value=f"docker run {named}{uses.path} {given}", style="")
    return tuple(replace(c, line=uses.raw.line) for c in commands(script))


def _line(uses: Uses | None) -> int:
    return uses.raw.line if uses is not None else 1
