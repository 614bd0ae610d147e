"""Finds steps that check out a pull request's code, and steps that then run that code.

Which versions of actions/checkout refuse: `audits.model.platform_facts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from audits.analysis.checkout_credentials import action_major, credentials_left
from audits.analysis.checkout_refusal import refuses_outsiders
from audits.analysis.downloads import saved_file
from audits.analysis.exposure.jobs import BUILT_IN, JobView, PlacedStep, named_secrets
from audits.analysis.exposure.project_code import (
    folders_around,
    inside,
    is_outside,
    reads_code,
    run_by,
    run_by_action,
    run_by_shell,
    run_in_container,
)
from audits.analysis.exposure.rules import BUILD_ON_PUBLISH
from audits.analysis.image_uses import IMAGE_BUILDERS, image_context
from audits.analysis.taint import Tracer
from audits.expressions.evaluate import Facts, possible_outcomes
from audits.expressions.syntax import Context, Literal, contexts, fences, replace_fences
from audits.model.command import Command
from audits.model.exposure import PathNeed, PathState
from audits.model.location import Location, Scalar
from audits.model.publication import Publication, Route
from audits.model.repository import Repository
from audits.model.settings import Need
from audits.model.uses import Uses
from audits.model.wording import and_list
from audits.model.workflow import Step

CHECKOUT = "actions/checkout"
_CHECKOUTS = frozenset(
    {
        "namespacelabs/nscloud-checkout-action",
        "nschloe/action-cached-lfs-checkout",
        "taiki-e/checkout-action",
    }
)
"""Checkouts of others that take the inputs of GitHub's, and refuse nothing."""
_COMMITS = (
    "github.event.pull_request.head.sha",
    "github.event.pull_request.merge_commit_sha",
    "github.event.workflow_run.head_sha",
    "github.event.workflow_run.head_commit.id",
    "github.event.workflow_run.pull_requests",
    "github.event.after",
)
_NAMES = (
    "github.head_ref",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.workflow_run.head_branch",
)
_SOURCES = (
    "github.event.pull_request.head.repo.",
    "github.event.pull_request.head.user.",
    "github.event.workflow_run.head_repository.",
)
_ASKS_FOR_HEAD = re.compile(
    r"pulls\.get\b|\.head\.(?:sha|ref|repo)|headRef|head_?sha|head_?ref|refs/pull|/pulls/|pr view"
    r"|merge_commit_sha|pull_request_head",
    re.IGNORECASE,
)
_HEAD_ACTIONS = frozenset(
    {
        "xt0rted/pull-request-comment-branch",
        "alessbell/pull-request-comment-branch",
        "eficode/resolve-pr-refs",
        "potiuk/get-workflow-origin",
        "8bitjonny/gh-get-current-pr",
        "octokit/request-action",
        "octokit/graphql-action",
        "refined-github/refined-github-get-pr",
    }
)
_MOST_SPELLED = 20
"""Variables and inputs that one ref leads to; real ones lead to two or three."""
_LONGEST_VALUE = 1_000
"""Of a variable in a command: addresses and refs are shorter."""
_PULL = re.compile(r"(?:refs/)?pull/[^\s:]+?/(?:head|merge)\b|refs/pull/")
_PATCHES = ("github.event.pull_request.patch_url", "github.event.pull_request.diff_url")
_PATCH = re.compile(r"/pulls?/\S+\.(?:patch|diff)\b|/pulls/.*\.(?:patch|diff)\b")
_ONE_FILE = re.compile(r"\braw\b|\braw\.|/contents/|/blob/|/git/blobs")
"""How the addresses of single files are written."""
_ASKED_SOURCE = re.compile(r"\bheadRepository\b|\.head\.repo\b")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_BUILD_INPUTS = ("secrets", "build-args", "secret-envs", "github-token", "set", "vars")
_NO_FOLDER = re.compile(r"https?://|git(?:@|://)|\{\{\s*defaultContext")
_BAKES_COMMIT = 6
"""Since this version docker/bake-action builds the commit where no ``source`` is given."""
_LOADING = (
    "--config",
    "--rulesdir",
    "--rcfile",
    "--require",
    "--import",
    "--plugin",
    "--settings",
    "--resolve-plugins-relative-to",
)
"""Options by which programs load code of a file, or settings that may name some."""
_COPIES = frozenset({"cp", "mv", "rsync", "copy-item", "robocopy", "xcopy"})
_ALL_OF_IT = re.compile(r"/?(?:\.|\*+|\{[.,*\]\[!?]+\})?/?$")
_TAKES = frozenset({"checkout", "switch", "merge", "reset", "rebase", "cherry-pick", "worktree"})


class OutsideCode(Struct, frozen=True, kw_only=True):
    """Outsiders' code in a folder of the workspace, with the step that brought it there."""

    placed: PlacedStep
    at: Location
    what: str
    anchor: str
    folder: str
    state: PathState = PathState.SEEN
    needs: tuple[PathNeed, ...] = ()


class CodeRun(Struct, frozen=True, kw_only=True):
    """What runs code of such a folder. ``reach`` are the secrets that are handed to the build of
    an image, in lower case, which is all that its Dockerfile gets at; None for code that runs in
    the job itself.
    """

    head: OutsideCode
    placed: PlacedStep
    at: Location
    what: str
    reach: frozenset[str] | None = None


class Workspace:
    """Follows one job's steps: whose code lies where, and what runs it.

    ``facts`` are known of every such run, and ``passes`` tells whether one comes past the
    conditions of these steps.
    """

    def __init__(
        self,
        repo: Repository,
        view: JobView,
        route: Route,
        event: str,
        *,
        facts: Facts,
        passes: Callable[[tuple[Step, ...]], bool],
    ) -> None:
        self.repo = repo
        self.view = view
        self.route = route
        self.event = event
        self.facts = facts
        self.passes = passes
        self.published = repo.publications_of(view.job)
        self._env = {**view.workflow.env, **view.job.env}
        self.folders: dict[str, OutsideCode | None] = {}
        self.left: dict[str, frozenset[str]] = {}
        self.fetched = False
        self.stream: tuple[str, OutsideCode] | None = None

    def runs(self) -> Iterator[CodeRun]:
        """Each place where outsiders' code is run, in the order of the steps."""
        if self.event == "pull_request":
            self.folders[""] = None
        for placed in self.view.steps:
            yield from self._of_action(placed)
            if (target := run_by_shell(placed.step)) is not None:
                where = inside(target, self._start(placed))
                yield from self._ran(placed, where, "the step's own shell", placed.step.at)
            for command, folder in self.view.moved(placed, self._start(placed)):
                yield from self._of_command(placed, command, folder)
            yield from self._published_by(placed)
            yield from self._built_image(placed)

    def _start(self, placed: PlacedStep) -> str:
        return replace_fences(self.view.folder(placed), "")

    def _of_action(self, placed: PlacedStep) -> Iterator[CodeRun]:
        uses = placed.step.uses
        if uses is None:
            return
        if _is_checkout(uses):
            if not placed.guards or self.passes(placed.guards):
                self._check_out(placed)
            return
        target = run_by_action(placed.step)
        if target is not None:
            yield from self._ran(placed, inside(target), uses.raw.value, placed.at(uses.raw))

    def _check_out(self, placed: PlacedStep) -> None:
        step = placed.step
        given = step.input("path")
        folder = inside(given.value) if given is not None else ""
        self.left[folder] = credentials_left(self.repo, step)
        state = self._head_state(placed, step)
        if state is None:
            self.folders[folder] = None
            return
        doubt = self._checkout_doubt(step)
        if doubt == "":
            self.folders[folder] = None
            return
        needs: tuple[PathNeed, ...] = ()
        if doubt is not None:
            state = PathState.OPEN
            needs = (PathNeed(what=doubt, need=Need.REFERENCES),)
        ref = step.input("ref") or step.input("repository")
        self.folders[folder] = OutsideCode(
            placed=placed,
            at=placed.at(ref),
            what=f"`{step.uses.slug if step.uses else ''}` takes the pull request's code",
            anchor=f"{ref.value if ref else ''}",
            folder=folder,
            state=state,
            needs=needs,
        )

    def _checkout_doubt(self, step: Step) -> str | None:
        """What is not known of a checkout of outsiders' code: None where it surely takes it, ""
        where it surely refuses.
        """
        if step.uses is not None and step.uses.action != CHECKOUT:
            known = step.uses.action in _CHECKOUTS
            return None if known else f"what {step.uses.slug} checks out"
        refusing = refuses(self.repo, step, self.event)
        if refusing is None:
            return "which version of actions/checkout the commit is"
        return "" if refusing else None

    def _head_state(self, placed: PlacedStep, step: Step) -> PathState | None:
        """How sure it is that a checkout takes outsiders' code; None where it does not."""
        ref, source = step.input("ref"), step.input("repository")
        sourced = source is not None and self._from_outside(placed, source, _SOURCES)
        if sourced:
            return PathState.SEEN
        if ref is None:
            return None
        if self._from_outside(placed, ref, _COMMITS) or any(
            self._names_pull_request(text) for text in self._spelled(placed, ref.value)
        ):
            return PathState.SEEN
        return self._of_output(placed, ref)

    def _names_pull_request(self, text: str) -> bool:
        """Whether a ref spells out that of a pull request, as in ``format('refs/pull/{0}/merge')``."""
        words = (part.value for part in self._outcomes(text) if isinstance(part, Literal))
        texts = (replace_fences(text, "N"), *(word for word in words if isinstance(word, str)))
        return any(_PULL.search(each) for each in texts)

    def _spelled(self, placed: PlacedStep, text: str) -> Iterator[str]:
        """A text, and those that its variables and inputs stand for."""
        pending = [(text, placed.action is not None, len(self.route.calls))]
        seen: set[tuple[Context, bool, int]] = set()
        while pending and len(seen) < _MOST_SPELLED:
            here, in_action, depth = pending.pop()
            yield here
            for context in self._outcomes(here):
                if not isinstance(context, Context) or (context, in_action, depth) in seen:
                    continue
                seen.add((context, in_action, depth))
                match context.parts:
                    case ("inputs", name):
                        caller = self.route.calls[depth - 1] if depth else None
                        given = (
                            placed.outer.inputs if in_action else caller.inputs if caller else {}
                        )
                        depth_there = depth if in_action else depth - 1
                    case ("env", name):
                        given = {**self._env, **placed.step.env}
                        depth_there = depth
                    case _:
                        continue
                value = next((v for key, v in given.items() if key.lower() == name), None)
                if value is not None:
                    pending.append((value.value, False, depth_there))

    def _outcomes(self, text: str) -> Iterator[Context | Literal]:
        """What the expressions of a text can come out as in such a run."""
        for fence in fences(text):
            if (expression := fence.expression) is not None:
                yield from possible_outcomes(expression, self.facts)

    def _from_outside(self, placed: PlacedStep, text: Scalar, names: tuple[str, ...]) -> bool:
        return any(name.startswith(names) for name in self._origins(placed, text.value))

    def _origins(self, placed: PlacedStep, text: str) -> Iterator[str]:
        tracer = Tracer(self.repo, self.view.site(placed))
        for context in self._outcomes(text):
            if not isinstance(context, Context):
                continue
            yield context.name
            for origin in tracer.origins(context, self.route):
                yield ".".join(origin)

    def _of_output(self, placed: PlacedStep, ref: Scalar) -> PathState | None:
        """For a ref from a step's output, of this job or of one above."""
        for context in self._outcomes(ref.value):
            maker = self._maker(context) if isinstance(context, Context) else None
            if maker is not None:
                if maker.uses is not None and maker.uses.action in _HEAD_ACTIONS:
                    return PathState.DEFAULT
                texts = [v.value for v in (*maker.inputs.values(), *maker.env.values())]
                texts += [maker.run.value] if maker.run else []
                asks = any(_ASKS_FOR_HEAD.search(text) for text in texts)
                return PathState.DEFAULT if asks else PathState.OPEN
        return None

    def _maker(self, context: Context) -> Step | None:
        """The step whose output a context reads."""
        match context.parts:
            case ("steps", name, "outputs", *_):
                return _step(self.view.job.live_steps, name)
            case ("needs", name, "outputs", output, *_):
                above = self.view.workflow.job(name)
                given = above.outputs if above else {}
                text = next((t for k, t in given.items() if k.lower() == output), None)
                for inner in contexts(text.value) if text is not None else ():
                    if inner.parts[:1] == ("steps",) and len(inner.parts) > 1 and above:
                        return _step(above.live_steps, inner.parts[1])
        return None

    def _of_command(self, placed: PlacedStep, command: Command, folder: str) -> Iterator[CodeRun]:
        words, program = command.words, command.program
        at = placed.at(line=command.line)
        if words[:3] == ("gh", "pr", "checkout") or words[:3] == ("hub", "pr", "checkout"):
            self._bring(placed, at, folder, " ".join(words[:3]))
        elif program == "git":
            self._git(placed, words[1:], folder, at)
        elif words[:3] == ("gh", "repo", "clone"):
            self._git(placed, words[2:], folder, at)
        elif program in _COPIES:
            self._copy([word for word in words[1:] if not word.startswith("-")], folder)
        elif program == "patch" and self.fetched:
            self._bring(placed, at, folder, "patch")
        elif words[:3] == ("gh", "pr", "diff") or self._loads_patch(placed, command):
            self.fetched = True
        yield from self._streamed(placed, command, folder, at)
        target = run_by(command)
        if target is not None:
            shown = " ".join((*command.wrappers, *words))[:60]
            yield from self._ran(placed, inside(target, folder), f"`{shown}`", at)
            for option in command.options(*_LOADING):
                place = inside(option, folder)
                if self._checkout_of(place) not in {"", self._checkout_of(inside(target, folder))}:
                    yield from self._ran(placed, place, f"`{shown}`", at)
        mounted = run_in_container(command)
        if mounted is not None:
            shown = " ".join(words)[:60]
            yield from self._ran(placed, inside(mounted, folder), f"`{shown}`", at)

    def _streamed(
        self, placed: PlacedStep, command: Command, folder: str, at: Location
    ) -> Iterator[CodeRun]:
        """A single file of a pull request that is downloaded: it is read by a program that runs
        it, at once or through others, or is kept under a name.
        """
        head = self._downloaded(placed, command, folder, at)
        if head is not None:
            name = saved_file(command)
            if name and not is_outside(name):
                self.folders[inside(name, folder)] = head
        elif self.stream is not None and self.stream[0] == command.program:
            head = self.stream[1]
        self.stream = (command.piped_into, head) if head is not None else None
        if head is not None and reads_code(command.piped_into):
            yield CodeRun(head=head, placed=placed, at=at, what=f"`{command.piped_into}` runs it")

    def _downloaded(
        self, placed: PlacedStep, command: Command, folder: str, at: Location
    ) -> OutsideCode | None:
        """The file that a command loads from the pull request's commit or repository, if any."""
        if command.program not in {"curl", "wget", "gh"}:
            return None
        text = self._expanded(placed, " ".join(command.words[1:]))
        is_file = _ONE_FILE.search(text) is not None
        if not is_file or not any(
            name.startswith((*_COMMITS, *_SOURCES)) for name in self._origins(placed, text)
        ):
            return None
        return OutsideCode(
            placed=placed,
            at=at,
            what=f"`{command.program}` loads a file of the pull request",
            anchor=command.program,
            folder=folder,
        )

    def _copy(self, places: list[str], folder: str) -> None:
        """Take note of a whole checkout that is copied to another place of the workspace."""
        if not places or is_outside(places[-1]):
            return
        target = inside(places[-1], folder)
        for place in places[:-1]:
            source = inside(_ALL_OF_IT.sub("", place), folder)
            head = self.folders.get(source) if source else None
            if head is not None and source != target:
                self.folders[self._checkout_of(target)] = head

    def _loads_patch(self, placed: PlacedStep, command: Command) -> bool:
        """Whether a command loads a pull request's changes as a patch."""
        if command.program not in {"curl", "wget", "gh"}:
            return False
        text = self._expanded(placed, " ".join(command.words[1:]))
        if _PATCH.search(replace_fences(text, "N")):
            return True
        return any(name.startswith(_PATCHES) for name in self._origins(placed, text))

    def _git(self, placed: PlacedStep, given: tuple[str, ...], folder: str, at: Location) -> None:
        words = [word for word in given if not word.startswith("-")]
        if not words:
            return
        text = self._expanded(placed, " ".join(words[1:]))
        names = set(self._origins(placed, text))
        is_head = _PULL.search(replace_fences(text, "N")) is not None or any(
            n.startswith(_COMMITS) for n in names
        )
        source = any(n.startswith(_SOURCES) for n in names) or _ASKED_SOURCE.search(text)
        named = any(n.startswith(_NAMES) for n in names)
        if words[0] in {"clone", "pull"} and (is_head or source):
            self._bring(
                placed,
                at,
                inside(words[2], folder) if words[0] == "clone" and len(words) > 2 else folder,
                "git " + words[0],
            )
        elif (words[0] == "fetch" and (is_head or source)) or (words[0] == "remote" and source):
            self.fetched = True
        elif (
            words[0] in _TAKES
            and (is_head or (self.fetched and ("FETCH_HEAD" in text or named or _not_own(words))))
        ) or (words[0] in {"apply", "am"} and self.fetched):
            self._bring(placed, at, folder, "git " + words[0])

    def _expanded(self, placed: PlacedStep, text: str) -> str:
        """A command's text with the variables that the file sets in the place of their names."""
        known: dict[str, str] = {}
        for env in (self.view.workflow.env, self.view.job.env, placed.step.env):
            known |= {name: value.value[:_LONGEST_VALUE] for name, value in env.items()}
        return _VARIABLE.sub(lambda found: known.get(found[1], found[0]), text)

    def _bring(self, placed: PlacedStep, at: Location, folder: str, what: str) -> None:
        self.folders[self._checkout_of(folder)] = OutsideCode(
            placed=placed,
            at=at,
            what=f"`{what}` takes the pull request's code",
            anchor=what,
            folder=folder,
        )

    def _checkout_of(self, path: str) -> str:
        """The folder of the checkout in which a path lies; the root where there is none."""
        longest = max(map(len, self.folders), default=0)
        return next((f for f in folders_around(path, longest) if f in self.folders), "")

    def _ran(self, placed: PlacedStep, path: str, what: str, at: Location) -> Iterator[CodeRun]:
        head = self.folders.get(self._checkout_of(path))
        if head is not None:
            yield CodeRun(head=head, placed=placed, at=at, what=f"{what} runs it")

    def _published_by(self, placed: PlacedStep) -> Iterator[CodeRun]:
        """What is published as it lies there, without being run first."""
        head = self.folders.get("")
        if head is None:
            return
        at_step = [p for p in self.published if self._is_step(p, placed)]
        built = placed.step.uses is not None and placed.step.uses.action in BUILD_ON_PUBLISH
        for publication in at_step:
            yield CodeRun(
                head=head, placed=placed, at=publication.at, what="it is published as it is"
            )
        if built and not at_step and self.published and placed.step.uses is not None:
            yield CodeRun(head=head, placed=placed, at=placed.step.at, what="it is built")

    def _built_image(self, placed: PlacedStep) -> Iterator[CodeRun]:
        """An image that is built from theirs, with what the build is given."""
        step, uses = placed.step, placed.step.uses
        if uses is not None and uses.action in BUILD_ON_PUBLISH:
            context = self._context(step, uses)
            if context:
                values = [v for name in _BUILD_INPUTS if (v := step.input(name)) is not None]
                yield from self._image(placed, inside(context), step.at, values)
        for command, folder in self.view.moved(placed, self._start(placed)):
            builds = command.program in IMAGE_BUILDERS
            if builds and (context := image_context(command.words[1:])):
                at = placed.at(line=command.line)
                place = inside(context, folder)
                secret = command.option("--secret", "--build-arg") is not None
                given = [*step.env.values(), *self.view.job.env.values()] if secret else []
                if secret and step.run is not None:
                    given.append(step.run)
                yield from self._image(placed, place, at, given)

    def _context(self, step: Step, uses: Uses) -> str:
        """The folder from which an action builds an image; "" where it builds the commit that
        started the run, or an address: https://github.com/docker/build-push-action#git-context
        """
        given = step.input("context", "source", "workdir")
        if given is not None:
            return "" if _NO_FOLDER.match(given.value) else given.value
        is_old_bake = "bake" in uses.action and action_major(self.repo, uses) < _BAKES_COMMIT
        return "." if is_old_bake else ""

    def _image(
        self, placed: PlacedStep, place: str, at: Location, given: Iterable[Scalar]
    ) -> Iterator[CodeRun]:
        folder = self._checkout_of(place)
        head = self.folders.get(folder)
        if head is None:
            return
        texts = [scalar.value for scalar in given]
        reach = {name for text in texts for name in named_secrets(text)}
        reach |= self.left.get(folder, frozenset())
        if reach:
            what = "the image that is built from it is given " + _shown(reach)
            stored = self.view.stored(reach)
            yield CodeRun(head=head, placed=placed, at=at, what=what, reach=stored)

    def _is_step(self, publication: Publication, placed: PlacedStep) -> bool:
        if publication.source_step is placed.step:
            return True
        own = self.view.job.steps[publication.step : publication.step + 1]
        return publication.step >= 0 and placed.step in own


def _is_checkout(uses: Uses) -> bool:
    """Whether an action checks a repository out, by its name: forks of GitHub's keep its inputs."""
    return "checkout" in uses.action.rpartition("/")[2] and not uses.action.endswith("-branch")


def _shown(names: Iterable[str]) -> str:
    """Names of secrets, as people write them."""
    words = {BUILT_IN: "the job's token", "": "a secret of a computed name"}
    return and_list(words.get(name, name.upper()) for name in sorted(names))


def _not_own(words: list[str]) -> bool:
    """Whether a branch in git's arguments is none that the repository surely has."""
    return bool(words[1:]) and not any(
        word in {"main", "master", "develop", "HEAD"} or "origin/" in word for word in words[1:]
    )


def _step(steps: tuple[Step, ...], name: str) -> Step | None:
    return next((step for step in steps if step.id.lower() == name), None)


def refuses(repo: Repository, step: Step, event: str) -> bool | None:
    """Whether a checkout ends the job rather than take a fork's code; None where the version of
    its commit is not known.
    """
    if event not in {"pull_request_target", "workflow_run"}:
        return False
    return refuses_outsiders(repo, step)
