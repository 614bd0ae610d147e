"""Finds uploaders by the action that is used or the program that is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache

from msgspec import Struct
from msgspec.structs import replace

from audits.workflow.uploaders.catalog import ALL
from audits.workflow.uploaders.uploader import Uploader

_QUOTES = str.maketrans("", "", "'\"\\`^")
_QUOTING = str.maketrans("", "", "'\"\\`^\r\n")


class Catalog(Struct, frozen=True, eq=False, dict=True):
    """Uploaders to look for, found by action and by program; compared by identity."""

    uploaders: tuple[Uploader, ...]

    @cached_property
    def by_action(self) -> Mapping[str, tuple[Uploader, ...]]:
        """The uploaders by the ``owner/repo[/path]`` that they are used as."""
        found: dict[str, tuple[Uploader, ...]] = {}
        for uploader in self.uploaders:
            for action in uploader.actions:
                found[action] = (*found.get(action, ()), uploader)
        return found

    @cached_property
    def by_program(self) -> Mapping[str, tuple[tuple[tuple[str, ...], Uploader], ...]]:
        """The uploaders by their program, with the subcommands that follow."""
        found: dict[str, tuple[tuple[tuple[str, ...], Uploader], ...]] = {}
        for uploader in self.uploaders:
            for text in uploader.commands:
                program, *rest = text.split()
                found[program] = (*found.get(program, ()), (tuple(rest), uploader))
        return found

    @cached_property
    def _program_patterns(self) -> Mapping[str, re.Pattern[str]]:
        names = {program.lower() for program in self.by_program} | {"setup.py"}
        # What may not be in front is looked at last: a pattern that begins with letters is fast.
        return {
            name: re.compile(rf"{re.escape(name)}(?<![\w-]{re.escape(name)})(?!\w)")
            for name in sorted(names - {"python"})
        }

    @cached_property
    def verbs(self) -> Mapping[str, tuple[str, ...]]:
        """The last word of each upload by its program; unknown programs fall back to publish and upload."""
        found: dict[str, dict[str, None]] = {}
        for program, uploads in self.by_program.items():
            names = found.setdefault(program.lower(), dict.fromkeys(("publish", "upload")))
            names.update((rest[-1].lower() if rest else "", None) for rest, _ in uploads)
        found["setup.py"] = {"": None}
        return {program: tuple(names) for program, names in found.items()}

    @cached_property
    def programs_by_verb(self) -> Mapping[str, tuple[str, ...]]:
        """The programs by the words of which a script that uploads with them holds one."""
        found: dict[str, list[str]] = {}
        for program, verbs in self.verbs.items():
            for verb in verbs:
                found.setdefault(verb or program, []).append(program)
        return {verb: tuple(programs) for verb, programs in found.items()}

    def may_use(self, script: str) -> bool:
        """Whether a program that uploads stands in a script as a word.

        ``python`` is none: what counts is the module or file that it runs.
        """
        lowered = script.lower()
        return any(self.stands_in(lowered, name) for name in self._program_patterns)

    def stands_in(self, lowered: str, program: str) -> bool:
        """Whether a program stands in a text of small letters as a word."""
        pattern = self._program_patterns.get(program)
        return pattern is not None and program in lowered and pattern.search(lowered) is not None

    def may_upload(self, script: str) -> bool:
        """Whether a script holds what every upload has, so that it is worth reading."""
        return _may_upload(self, script)


KNOWN = Catalog(ALL)
"""The uploaders that this program knows by itself."""


@lru_cache(maxsize=8)
def catalog_with(own: tuple[Uploader, ...]) -> Catalog:
    """The known uploaders behind an organization's own, which take precedence."""
    if not own:
        return KNOWN
    taught = {action for uploader in own for action in uploader.actions}
    others = [
        replace(u, actions=tuple(action for action in u.actions if action not in taught))
        if not taught.isdisjoint(u.actions)
        else u
        for u in ALL
    ]
    return Catalog((*own, *others))


@lru_cache(maxsize=512)
def _may_upload(catalog: Catalog, script: str) -> bool:
    """Whether a script may upload. Reading it only removes quotes and escapes, so that a word
    which is not found here is in no command.
    """
    bare = script.translate(_QUOTING).lower()
    by_verb = catalog.programs_by_verb.items()
    programs = {program for verb, some in by_verb if verb in bare for program in some}
    lowered = script.translate(_QUOTES).lower() if programs else ""
    return any(catalog.stands_in(lowered, program) for program in programs)
