"""The context of an upload: values of its expressions and variables."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from itertools import islice, product
from posixpath import normpath
from typing import Any, TypeVar, cast

from msgspec import Struct, field
from msgspec.structs import replace

from audits.expressions.syntax import fences, replace_fences
from audits.model.command import Command
from audits.model.hop import Hop
from audits.model.location import Inputs, Location, Scalar
from audits.model.publication import Channel, CredentialSource, Route
from audits.model.registry import Registry
from audits.model.uses import Uses
from audits.model.workflow import CompositeAction, Job, Step, Workflow
from audits.workflow.parse.package_metadata import DeclaredPackage
from audits.workflow.parse.upload_addresses import UploadAddresses
from audits.workflow.parse.withheld_packages import WithheldPackage
from audits.workflow.publish.shell_loops import braced, loops_in
from audits.workflow.publish.written import assignments_to
from audits.workflow.shell.commands import Patience
from audits.workflow.tasks.hops import Expansion, Hops
from audits.workflow.tasks.invocations import image_build
from audits.workflow.uploaders.lookup import KNOWN, Catalog

_NAMED = re.compile(r"\s*(env|inputs|matrix|github\.event\.inputs)\.([\w-]+)\s*")
_VARIABLE = re.compile(r"\$(?:\{(?:(?i:env):)?(\w+)(?:[:#%][^}]*)?\}|(?i:env):(\w+)|(\w+))|%(\w+)%")
_MOST_TEXTS = 24
_MOST_MEANINGS = 60
_LONGEST = 4096
_MOST_FENCES = 6
# Variables of one environment that one upload may read; only generated files have more.
_MOST_VARIABLES = 50
_DEEPEST = 4
_EXPORTS = re.compile(r"GITHUB_ENV|::set-env")
_MOST_DIRECTORIES = 12
_TRY_OUT = re.compile(
    r"(?<![a-z])(?:self[-_]?)?(?:tests?|examples?|samples?|demo|try)(?![a-z])", re.I
)
_WORKSPACE = re.compile(r"^\$\{\{ *github\.workspace *\}\}/?|^\$\{?GITHUB_WORKSPACE\}?/?")
_BARE = re.compile(r"\$\w+|\$\{\w+\}")
_COMPUTED = re.compile(r"\$\([^()]*\)|`[^`]*`|\$\{[^}]*\}|\$\w+")
T = TypeVar("T")


class Library(Struct, frozen=True, kw_only=True):
    """What a search for publications may look up.

    ``actions`` are the repository's composite actions by folder from the root, ``names`` the
    package names of its metadata by registry (``declared`` with their folders), ``withheld`` and
    ``has_members`` what it says of packages that are not published, ``without_npm`` the tools
    that are configured not to publish to npm, ``indexes`` upload addresses by configured name,
    ``addresses`` those that the repository's files give. ``channel`` gives an upload address's
    channel, ``commands`` the commands of a step's script, ``patience`` the budget of a file.
    ``hops`` follows steps into scripts, and ``catalog`` has the uploaders to look for.

    The rest are caches: ``assigned`` of the variables that scripts set, ``given`` of whether a
    workflow's variables hold a credential, ``led`` of what `hops` found, ``quiet`` of commands,
    by line and words, that are known and upload nothing, ``there`` of sites, ``built`` of the
    packages whose builds a job runs, ``renamed`` of whether a workflow's scripts rename these.
    """

    channel: Callable[[str], Channel]
    commands: Callable[[Step, Job, Workflow], tuple[Command, ...]]
    patience: Callable[[str], Patience] = field(default=lambda _: Patience())
    actions: Mapping[str, CompositeAction] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: tuple[DeclaredPackage, ...] = ()
    withheld: tuple[WithheldPackage, ...] = ()
    has_members: bool = False
    without_npm: frozenset[str] = frozenset()
    indexes: Mapping[str, str] = field(default_factory=dict)
    addresses: UploadAddresses = field(default_factory=UploadAddresses)
    hops: Hops = field(default_factory=lambda: Hops({}, lambda _: Patience()))
    led: dict[Step, tuple[Hop, ...]] = field(default_factory=dict)
    quiet: dict[Step, set[tuple[int, str]]] = field(default_factory=dict)
    assigned: dict[Step, dict[str, str]] = field(default_factory=dict)
    given: dict[tuple[Workflow, tuple[str, ...]], bool] = field(default_factory=dict)
    catalog: Catalog = KNOWN
    there: dict[Hashable, Site] = field(default_factory=dict)
    built: dict[tuple[Job, Registry], tuple[str, ...]] = field(default_factory=dict)
    renamed: dict[tuple[Workflow, tuple[str, ...]], bool] = field(default_factory=dict)


class Site(Struct, frozen=True, kw_only=True, dict=True):
    """A step that runs in a job, perhaps inside a composite action, or a job that calls.

    ``outer`` is the job's own step, ``step`` the one that runs; both are None for a call.
    ``action`` and ``parent`` are given inside a composite action. ``before`` are the steps
    that ran in the same list, the step itself included. ``script`` are the commands of a script
    or task that the step runs, where an upload is looked for there.
    """

    workflow: Workflow
    job: Job
    routes: tuple[Route, ...]
    library: Library
    path: str
    outer: Step | None = None
    step: Step | None = None
    action: CompositeAction | None = None
    parent: Site | None = None
    before: tuple[Step, ...] = ()
    script: tuple[Command, ...] | None = None

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """The result of ``work``, cached under this key: a script may hold thousands of uploads,
        and each asks the same about the steps before it.
        """
        if key not in self._found:
            self._found[key] = work()
        found: T = self._found[key]
        return found

    def once_of(self, command: Command | None, key: Hashable, work: Callable[[], T]) -> T:
        """The result of ``work`` about a command of the step, cached under this key."""
        # The command is kept beside the result: the number of one that is gone is given to another.
        return self.once((key, id(command)), lambda: (command, work()))[1]

    @cached_property
    def _found(self) -> dict[Hashable, Any]:
        """The cache of `once`; a copy of a site starts with an empty one."""
        return {}

    @property
    def uses(self) -> Uses | None:
        """What the step or the job uses."""
        return self.job.uses if self.step is None else self.step.uses

    @property
    def inputs(self) -> Inputs:
        """What is given in ``with:``."""
        return self.job.inputs if self.step is None else self.step.inputs

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands of the step's script, or of the one that it runs."""
        if self.script is not None:
            return self.script
        if self.step is None or self.step.run is None:
            return ()
        return self.library.commands(self.step, self.job, self.workflow)

    @property
    def shell(self) -> str:
        """The ``shell:`` of the step, its own or its job's or workflow's; "" for the runner's."""
        own = self.step.shell if self.step is not None else ""
        return own if own or self.action is not None else self.job.shell or self.workflow.shell

    @property
    def is_for_others(self) -> bool:
        """Whether the workflow is meant for callers elsewhere: it can be called, and all callers
        here are tests or examples.
        """
        return self.workflow.trigger("workflow_call") is not None and all(
            route.calls and _TRY_OUT.search(route.entry.path.rpartition("/")[2]) is not None
            for route in self.routes
        )

    @property
    def directories(self) -> tuple[str, ...]:
        """The folders in which the step may run, from the root; () where that is open."""
        step = self.step
        if step is None:
            return ("",)
        inherited = self.job.working_directory or self.workflow.working_directory
        written = step.working_directory or ("" if self.action is not None else inherited)
        texts = self.texts(written) or ()
        return tuple(dict.fromkeys(from_root(text) for text in texts[:_MOST_DIRECTORIES]))

    def led(self) -> tuple[Expansion, ...]:
        """What the commands of the step lead to: scripts and tasks of the repository."""
        return self.once("led", lambda: tuple(self._led()))

    def settled(self) -> frozenset[tuple[int, str]]:
        """The commands of the step, by line and words, that are known to upload nothing, or run
        scripts or tasks of the repository which were read to their end and upload nothing.
        """
        if self.step is None:
            return frozenset()
        hops = self.library.led.get(self.step, ())
        return frozenset(self.library.quiet.get(self.step, ())) | {
            (hop.line, hop.written)
            for hop in hops
            if hop.at == self.path and hop.settled and not hop.uploads
        }

    def _led(self) -> Iterator[Expansion]:
        if self.step is None:
            return
        built = image_build(self.step)
        run = self.commands if built is None else (built,)
        commands = tuple(replace(c, words=self._words(c), path=self.path) for c in run)
        checkouts = self.once("checkouts", self._checkouts)
        for directory in self.directories or ("",):
            yield from self.library.hops.follow(commands, directory, checkouts)

    def _words(self, command: Command) -> tuple[str, ...]:
        """A command's words, with expressions and variables replaced where they have one value."""
        if not any("$" in word for word in command.words):
            return command.words
        expanded = (self.expand(word, command) for word in command.words)
        texts = ((word, self.texts(word) if "${{" in word else None) for word in expanded)
        return tuple(t[0] if t is not None and len(t) == 1 else word for word, t in texts)

    def _checkouts(self) -> tuple[str, ...]:
        """The folders into which the job checks the repository out, the root left out."""
        found: dict[str, None] = {}
        for step in self.job.live_steps:
            if step.uses is not None and step.uses.slug == "actions/checkout":
                path = step.input("path")
                if path is not None and step.input("repository") is None:
                    found[from_root(path.value)] = None
        return tuple(folder for folder in found if folder)

    @property
    def id_token(self) -> bool:
        """Whether the job can ask for an OIDC identity on one of its routes."""
        return any(route.grant.id_token for route in self.routes)

    def at(self, scalar: Scalar) -> Location:
        """The place of a scalar of the step's file."""
        return Location(path=self.path, line=scalar.line, column=scalar.column)

    def input(self, name: str) -> Scalar | None:
        """An input of that name, whatever its case, as written; empty ones included."""
        for key, value in self.inputs.items():
            if key.lower() == name:
                return value
        return None

    def steps_before(self) -> tuple[tuple[Site, Step], ...]:
        """Every step that ran before or is the step itself, with the site it belongs to."""
        return self.once("steps before", lambda: tuple(self._steps_before()))

    def step_before(self, step_id: str) -> tuple[Site, Step] | None:
        """The first of these steps that has this id."""
        before = reversed(self.steps_before())
        by_id = self.once("ids", lambda: {step.id: (site, step) for site, step in before})
        return by_id.get(step_id)

    def _steps_before(self) -> Iterator[tuple[Site, Step]]:
        site: Site | None = self
        while site is not None:
            for step in site.before:
                if not step.never_runs:
                    yield site, step
            site = site.parent

    def at_step(self, step: Step) -> Site:
        """The site of an earlier step of the same list. There is one for each step, so that all
        later steps share its cache.
        """
        outer = self.outer if self.action is not None else None
        key = (self.job, id(self.parent), outer, id(self.script), step)
        if key not in self.library.there:
            before = self.before[: self.before.index(step) + 1] if step in self.before else ()
            made = replace(self, step=step, outer=outer or step, before=before)
            self.library.there[key] = made
        return self.library.there[key]

    def exported(self) -> Iterator[tuple[Inputs, Site]]:
        """The variables that the scripts of steps before gave to all later ones, newest first."""
        yield from self.once("exported", lambda: tuple(self._exported()))

    def _exported(self) -> Iterator[tuple[Inputs, Site]]:
        for site, step in reversed(self.steps_before()):
            run = step.run
            if run is None or step is self.step or not _EXPORTS.search(run.value):
                continue
            there = site.at_step(step)
            values = {
                name: replace(run, value=there.expand_all(text), style="")
                for name, text in assignments_to(run.value, "GITHUB_ENV").items()
            }
            if values:
                yield values, there

    def _levels(self) -> Iterator[tuple[Inputs, CredentialSource, Site]]:
        """The environment, nearest first: of step, of the calling step, what steps before gave,
        of job and workflow.
        """
        site: Site | None = self
        top = self
        while site is not None:
            if site.step is not None and site.step.env:
                yield site.step.env, CredentialSource.STEP_ENV, site
            top, site = site, site.parent
        for values, there in self.exported():
            yield values, CredentialSource.COMMAND_LINE, there
        yield self.job.env, CredentialSource.JOB_ENV, top
        yield self.workflow.env, CredentialSource.WORKFLOW_ENV, top

    def variable(self, *patterns: str) -> Iterator[tuple[str, Scalar, CredentialSource, Site]]:
        """The variables whose name is one of these, or fits one with a ``*``; nearest first."""
        seen: set[str] = set()
        open_ended = any("*" in pattern for pattern in patterns)
        for env, source, site in self._levels():
            names = self._fitting(env, patterns) if open_ended else patterns
            for name in names:
                if name in env and name not in seen:
                    seen.add(name)
                    yield name, env[name], source, site

    def _fitting(self, env: Inputs, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """The first variables of an environment that fit one of the patterns."""
        return self.once(
            ("fitting", id(env), patterns),
            lambda: tuple(islice((n for n in env if fits(n, patterns)), _MOST_VARIABLES)),
        )

    def is_crowded(self, patterns: tuple[str, ...]) -> bool:
        """Whether more variables fit the patterns than are looked at."""
        return any("*" in pattern for pattern in patterns) and any(
            len(self._fitting(env, patterns)) == _MOST_VARIABLES for env, _, _ in self._levels()
        )

    def texts(self, text: str, depth: int = 0) -> tuple[str, ...] | None:
        """All that a text with expressions and variables can be; None where that is open."""
        if depth > _DEEPEST or len(text) > _LONGEST:
            return None
        if "${{" not in text:
            return (text,)
        return self.once(("texts", text, depth), lambda: self._texts(text, depth))

    def _texts(self, text: str, depth: int) -> tuple[str, ...] | None:
        pieces: list[tuple[str, ...]] = []
        position = 0
        for index, fence in enumerate(fences(text)):
            if index >= _MOST_FENCES:
                return None
            choices = self._choices(fence.body, depth)
            if choices is None:
                return None
            pieces += [(text[position : fence.start],), choices]
            position = fence.end
        pieces.append((text[position:],))
        joined = dict.fromkeys("".join(parts) for parts in islice(product(*pieces), _MOST_TEXTS))
        return tuple(joined)

    def _choices(self, body: str, depth: int) -> tuple[str, ...] | None:
        match = _NAMED.fullmatch(body)
        if match is None:
            return None
        context, name = match.groups()
        if context == "env":
            for _, value, _, site in self.variable(name):
                return site.texts(value.value, depth + 1)
            return None
        if context == "matrix":
            values = self.job.matrix.get(name)
            return tuple(dict.fromkeys(v.value for v in values)) if values else None
        given = [site.texts(v.value, depth + 1) for site, v in self.given(name)]
        if not given or any(texts is None for texts in given):
            return None
        return tuple(dict.fromkeys(text for texts in given if texts for text in texts))

    def given(self, name: str) -> Iterator[tuple[Site, Scalar]]:
        """What ``inputs.<name>`` is on each route; nothing where a person enters it."""
        if self.action is not None and self.parent is not None:
            declared = {key.lower(): value.default for key, value in self.action.inputs.items()}
            value = self.parent.input(name.lower()) or declared.get(name.lower())
            if value is not None:
                yield self.parent, value
            return
        if any(not route.calls for route in self.routes) or self.is_for_others:
            return
        for route in self.routes:
            call = route.calls[-1]
            trigger = self.workflow.trigger("workflow_call")
            declared_input = trigger.inputs.get(name) if trigger else None
            default = declared_input.default if declared_input else None
            value = next((v for k, v in call.inputs.items() if k.lower() == name.lower()), default)
            if value is not None:
                yield call_site(self, route, call), value

    def expand(self, word: str, command: Command | None) -> str:
        """A word of a script, with the variables replaced that the workflow or script sets."""

        def value_of(match: re.Match[str]) -> str:
            name = next(filter(None, match.groups()), "")
            return self.shell_value(name, command) or match.group()

        return _VARIABLE.sub(value_of, word) if "$" in word or "%" in word else word

    def meanings(self, word: str, command: Command | None) -> tuple[str, ...]:
        """All that a word of a script can be, the values of a loop's variable included; ``*``
        stands for what is computed.
        """
        if "$" not in word and "{" not in word and "%" not in word and "`" not in word:
            return (word,)
        words = [word]
        for _ in range(_DEEPEST):
            looped = [each for w in words for each in self._of_loops(w, command)]
            if looped == words:
                break
            words = list(dict.fromkeys(looped))[:_MOST_MEANINGS]
        written = (each for w in words for each in braced(self.expand(w, command)))
        texts = (text for each in written for text in self.texts(each) or (each,))
        plain = (_COMPUTED.sub("*", replace_fences(text, "*")) for text in texts)
        return tuple(islice(dict.fromkeys(plain), _MOST_MEANINGS))

    def _of_loops(self, word: str, command: Command | None) -> list[str]:
        """The word with the first variable of a loop in it replaced by each of its values."""
        for name in variable_names(word):
            if items := self.loop_items(name, command):
                parts = re.split(rf"\$(?:{name}\b|\{{{name}[^}}]*\}})", word)
                return [item.join(parts) for item in items] if parts[1:] else [word]
        return [word]

    def loop_items(self, name: str, command: Command | None) -> tuple[str, ...]:
        """What the loop with this variable goes through that begins last before a command; ()
        where there is none.
        """
        text, begin = self.script_of(command)
        of = [loop for loop in loops_in(text) if loop.name == name]
        line = None if command is None else command.line - begin
        before = [loop for loop in of if line is not None and loop.line <= line]
        items = before[-1].items if before else [item for loop in of for item in loop.items]
        # A variable without quotes is as many words as it holds.
        words = (
            each
            for item in items
            for each in (self.expand(item, None).split() if _BARE.fullmatch(item) else (item,))
        )
        return tuple(islice(dict.fromkeys(words), _MOST_MEANINGS))

    def script_of(self, command: Command | None) -> tuple[str, int]:
        """The text that a command stands in, of the step or of a file, and its first line."""
        if self.script is not None:
            return self.library.hops.text(command.path if command is not None else ""), 1
        run = None if self.step is None else self.step.run
        return ("", 0) if run is None else (run.value, run.line_at(0))

    def expand_all(self, text: str) -> str:
        """A text of the script with variables replaced, also those inside their values."""
        for _ in range(_DEEPEST):
            before, text = text, self.expand(text, None)
            if text == before or len(text) > _LONGEST:
                break
        return text

    def assigned(self, command: Command | None) -> Mapping[str, str]:
        """The variables that the script itself sets for a command, as written there."""
        if self.step is None:
            return {} if command is None else command.env
        known = self._assigned()
        return known if command is None else ChainMap(command.env, known)

    def _assigned(self) -> dict[str, str]:
        if self.script is not None:
            outer = replace(self, script=None).assigned(None)
            return self.once("assigned", lambda: {**outer, **dict(_assignments(self.commands))})
        known = self.library.assigned
        step = cast("Step", self.step)
        if step not in known:
            known[step] = dict(_assignments(self.commands))
        return known[step]

    def assigned_like(
        self, patterns: tuple[str, ...], command: Command
    ) -> Iterator[tuple[str, str]]:
        """Those of these variables whose name fits one of the patterns, with what they hold."""
        known = self.assigned(None)
        names = self.once(
            ("assigned", patterns), lambda: [name for name in known if fits(name, patterns)]
        )
        yield from ((name, command.env.get(name, known[name])) for name in names)
        for name, text in command.env.items():
            if name not in known and fits(name, patterns):
                yield name, text

    def shell_value(self, name: str, command: Command | None) -> str | None:
        """What a variable holds in the script: set there, or given by the environment."""
        if (value := self.assigned(command).get(name)) is not None:
            return value
        return next((scalar.value for _, scalar, _, _ in self.variable(name)), None)


def from_root(folder: str) -> str:
    """A folder of the workspace from its root, which is "" itself."""
    plain = normpath(_WORKSPACE.sub("", folder.strip()) or ".").strip("/")
    return "" if plain == "." else plain


def _assignments(commands: Iterable[Command]) -> Iterator[tuple[str, str]]:
    for command in commands:
        if not command.words:
            yield from command.env.items()
        elif command.program == "export":
            for word in command.words[1:]:
                name, equals, value = word.partition("=")
                if equals:
                    yield name, value


def call_site(site: Site, route: Route, call: Job) -> Site:
    """The site of a job that calls the workflow of ``site``."""
    workflow = route.entry if len(route.calls) == 1 else site.workflow
    outer = Route(entry=route.entry, calls=route.calls[:-1], job=call, grant=route.grant)
    return Site(workflow=workflow, job=call, routes=(outer,), library=site.library, path=call.path)


@cache
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    joined = "|".join(re.escape(p).replace(r"\*", ".*") for p in patterns) or "(?!)"
    return re.compile(joined, re.IGNORECASE)


def fits(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a variable's name is one of these, or fits one with a ``*``."""
    return _pattern(patterns).fullmatch(name) is not None


def variable_name(word: str) -> str:
    """The name of the variable that a word of a script consists of; "" for any other word."""
    match = _VARIABLE.fullmatch(word)
    return next(filter(None, match.groups()), "") if match else ""


def variable_names(text: str) -> tuple[str, ...]:
    """The variables that a text of a script refers to, in their order."""
    found = (next(filter(None, m.groups()), "") for m in _VARIABLE.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name))
