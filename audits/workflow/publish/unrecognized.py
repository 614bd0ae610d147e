"""Finds jobs that can publish and look like a release, but use no known uploader.

A job whose uploader is not in the catalog may still publish: it is reported as a gap, never as
"publishes nothing".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from audits.analysis.image_uses import IMAGE_BUILDERS
from audits.expressions.syntax import replace_fences
from audits.model.command import Command
from audits.model.location import Inputs, Location
from audits.model.publication import Auth, Publication, Route, UnrecognizedPublication
from audits.model.redaction import clipped
from audits.model.registry import Registry
from audits.model.remote_path import called_name
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import Job, Level, SecretsPassed, Step, Workflow
from audits.workflow.publish.can_run import can_run
from audits.workflow.publish.site import Site
from audits.workflow.publish.taps import other_repository, push_words
from audits.workflow.publish.values import SECRET, Kind, value_of
from audits.workflow.tasks.invocations import gives_build_secret, image_build
from audits.workflow.uploaders.catalog import ALL, RUN_BY_ACTION
from audits.workflow.uploaders.consumers import (
    HOLDS_PACKAGES,
    LOGINS,
    MANY_TASKS,
    PLAIN_PROGRAMS,
    QUIET_ACTIONS,
    QUIET_TASKS,
    RUNS_OWN,
    SELDOM_PUBLISH,
    is_about_no_package,
    is_named_for_registry,
    is_something_else,
    is_task_of_publishing,
    may_open_registry,
    names_credential,
    only_builds,
    only_serves,
    speaks_of_publishing,
    speaks_of_release,
    takes_identity,
    title_speaks_of_release,
)
from audits.workflow.uploaders.further_publishing import (
    PUBLISHING_ACTIONS,
    PUSHING_ACTIONS,
    is_about_pages,
    is_install_source,
    is_known_program,
    publishes_elsewhere,
)

_SIGNS_BY_COMMAND = re.compile(r"\b(?:cosign|gitsign|sigstore|rekor-cli|notation|witness)\b")
# What uploaders read, but for the variables of GitHub's own program.
_UPLOADERS_VARIABLES = frozenset(
    name
    for uploader in ALL
    for name in uploader.tokens.env
    if "*" not in name and not name.startswith(("GH_", "GITHUB_"))
)
_CAPITALS = re.compile(r"[A-Z][A-Z\d_]+")
"""Of which each of these consists, so that a text need not be searched for each."""
_UPLOADERS_VARIABLE = re.compile(
    rf"\b(?:{'|'.join(map(re.escape, sorted(_UPLOADERS_VARIABLES)))})\b"
)
_QUIET = LOGINS | HOLDS_PACKAGES | QUIET_ACTIONS
_OWN_REPOSITORY = frozenset({"actions", "github"})
_UPLOADING_CURL = re.compile(
    r"-(?:T|F|d)\b.*|--(?:upload-file|form|data|json|(?:post|body)-(?:file|data)).*"
    r"|(?:-X|--(?:request|method)=)?P(?:OST|UT)"
)
_SCRIPT = re.compile(r"\.(?:sh|bash|py|js|mjs|cjs|ts|mts|rb|pl|ps1|bat|cmd)$")
_CODE = frozenset({"-c", "-e", "--eval"})
_PUBLISHES = re.compile(r"\b(?:twine|publish\w*|upload\w*|release)\b", re.IGNORECASE)
_LABEL = re.compile(r"(?:@[\w.-]*)?//[\w./-]*?:?([\w.-]+)")
"""A target of Bazel or Buck."""
_DRY = ("--dry-run", "--dryrun", "--dry-run=true", "--help")
_OFF = frozenset({"false", "no", "0", "never", "off", "none"})
_PROPERTY = re.compile(r"^[PD](?=[a-z])")
"""How a property is given to Gradle and Maven: ``-Pname=value``, ``-Dname=value``."""
_PROPERTY_VARIABLE = re.compile(r"^ORG_GRADLE_PROJECT_")
"""https://docs.gradle.org/current/userguide/project_properties.html"""
_MOST_WORDS = 5
_RUN_WORDS = frozenset({"run", "run-script", "exec", "task", "r", "workspace", "dlx", "x", "--"})
_INTERPRETERS = frozenset(
    {"node", "deno", "bun", "ruby", "perl", "php", "bash", "sh", "zsh", "pwsh", "powershell", "tsx"}
    | {"ts-node", "python", "python3", "source", "julia", "Rscript"}
)


_SENDERS = frozenset({"curl", "wget", "http", "httpie"})
_PACKAGE_FILE = re.compile(
    r"(?:^|[=@/])dist/|/legacy/?['\"]?$"
    r"|\.(?:whl|tar\.(?:gz|bz2|xz)|tgz|s?nupkg|jar|war|aar|pom|gem|crate|deb|rpm|apk|vsix|conda"
    r"|zip|exe|msi|dmg|pkg|AppImage|phar|hex|charm|snap)(?:[;'\"]|$)"
)
"""Built packages by their names, in a word of a command that sends files."""


class _Look(Struct, frozen=True, kw_only=True):
    """A step that may publish in a way that is not known, and how it looks like a release.

    ``any_secret``: it can use whatever secret it is given; ``sure``: it is known to publish.
    """

    site: Site
    at: Location
    sign: str = ""
    titled: bool = False
    any_secret: bool = False
    sure: bool = False

    def is_loud(self, aside: bool) -> bool:
        """Whether it looks like a release by itself; in a job that is ``aside``, such as one that
        prepares a release, it has to speak of publishing.
        """
        return bool(self.sign) and (self.sure or not aside or speaks_of_publishing(self.sign))


class _Means(Struct, frozen=True, kw_only=True):
    """One thing that a job may publish with, and the steps that can use it. ``logs_in``: a known
    login may take it, so that only a step that looks like a release counts.
    """

    what: str
    looks: tuple[_Look, ...]
    logs_in: bool = False


def unrecognized(
    sites: Sequence[Site], publications: Sequence[Publication], *, release_elsewhere: bool
) -> UnrecognizedPublication | None:
    """The unrecognized publication of a job, if it looks like holding one.

    ``sites`` are the job's steps, those of composite actions included; ``publications`` are
    those that were found in it. ``release_elsewhere``: another job of the workflow is known to
    publish, which is why the workflow is called and triggered as it is.
    """
    if not sites or not (looks := _looks(sites, publications)):
        return None
    base = sites[0]
    aside = _is_something_else(base.job)
    sign = "" if publications else _sign_of_job(base.job)
    if not (sign or publications or release_elsewhere or aside or only_builds(base.job.id)):
        sign = _sign_of_workflow(base.workflow, base.routes)
    for means in _means(sites, looks, publications):
        loud = next((look for look in means.looks if look.is_loud(aside)), None)
        if loud is None and (means.logs_in or not sign):
            continue
        look = loud or means.looks[-1]
        return UnrecognizedPublication(
            workflow=base.workflow,
            job=base.job,
            at=look.at,
            means=means.what,
            sign=look.sign or sign,
            routes=base.routes,
        )
    return None


def _looks(sites: Sequence[Site], publications: Sequence[Publication]) -> tuple[_Look, ...]:
    """The steps that may publish in a way that is not known, those that are known left out."""
    own = {publication.source_step for publication in publications}
    outer = {publication.step for publication in publications}
    return tuple(
        look
        for site in sites
        if site.step is not None
        and site.step not in own
        and not (site.parent is None and site.step.index in outer)
        and (look := _look(site)) is not None
        and can_run(site)
    )


def may_be_unrecognized(workflow: Workflow, job: Job, routes: Iterable[Route]) -> bool:
    """Whether a job has anything to publish with; most have nothing."""
    text = workflow.source.text[slice(*job.span)]
    return (
        has_rights(routes)
        or any(map(_names_secret, (text, *(scalar.value for scalar in workflow.env.values()))))
        or (_names_variable(workflow) and _UPLOADERS_VARIABLE.search(text) is not None)
    )


@lru_cache(maxsize=4)
def _names_variable(workflow: Workflow) -> bool:
    """Whether a variable of an uploader may stand in a workflow; asked for each of its jobs."""
    return not _UPLOADERS_VARIABLES.isdisjoint(_CAPITALS.findall(workflow.source.text))


def _names_secret(text: str) -> bool:
    return "secrets" in text.lower() and SECRET.search(text) is not None


def hands_over(job: Job) -> bool:
    """Whether a job hands a called workflow secrets that may open a registry: all of them, or
    one that is not named for another service.
    """
    if job.secrets_passed is SecretsPassed.INHERITED:
        return True
    named = ((m[1] or m[2] or "") for s in job.secrets.values() for m in SECRET.finditer(s.value))
    return any(name.upper() != "GITHUB_TOKEN" and may_open_registry(name) for name in named)


def has_rights(routes: Iterable[Route]) -> bool:
    """Whether the token of a job can ask for an identity or write packages on one of its ways."""
    return any(route.grant.id_token or _holds_packages(route) for route in routes)


def _holds_packages(route: Route) -> bool:
    return route.grant.level("packages") is Level.WRITE


def _means(
    sites: Sequence[Site], looks: tuple[_Look, ...], publications: Sequence[Publication]
) -> Iterator[_Means]:
    """What the job may publish with and no known step takes."""
    base = sites[0]
    # What the title of a step says is explained where the job is known to publish.
    own = tuple(look for look in looks if not (publications and look.titled))
    actions = {site.uses.action for site in sites if site.step and site.uses is not None}
    logs_in = any(map(_logs_in, actions))
    if base.id_token:
        taken = _identity_is_taken(sites, actions, publications)
        # What is known to publish may do so with the identity that a login of a cloud takes.
        able = tuple(look for look in own if look.sure and look.sign) if taken else own
        if able:
            yield _Means(what="may ask for an identity", looks=able, logs_in=logs_in)
    granted = any(map(_holds_packages, base.routes))
    if granted and not publications and not actions & HOLDS_PACKAGES:
        yield _Means(what="may write packages", looks=own, logs_in=logs_in)
    yield from _built_in(looks)
    yield from _of_any_secret(sites, looks, publications)
    known = {c.secret for publication in publications for c in publication.credentials}
    given = _secrets(sites, looks).items()
    for secret, takers in sorted(given, key=lambda item: not is_named_for_registry(item[0])):
        if secret not in known:
            looking = tuple(look for look in looks if look in takers)
            yield _Means(
                what=f"is given `secrets.{secret}`", looks=looking or looks, logs_in=not looking
            )


def _built_in(looks: tuple[_Look, ...]) -> Iterator[_Means]:
    """The job's own token where a step has it under the name of an uploader's variable."""
    for look in looks:
        step = look.site.step
        for name, scalar in step.env.items() if step is not None else ():
            known = _UPLOADERS_VARIABLE.fullmatch(name) is not None
            if known and value_of(look.site, scalar.value).kind is Kind.OWN:
                yield _Means(what=f"is given `{name}`", looks=(look,), logs_in=True)


def _of_any_secret(
    sites: Sequence[Site], looks: tuple[_Look, ...], publications: Sequence[Publication]
) -> Iterator[_Means]:
    """A secret of whatever name, where a step can use it that is known to publish, or to push
    to another repository.
    """
    wanting = tuple(look for look in looks if look.any_secret)
    if not wanting:
        return
    known = {c.secret for publication in publications for c in publication.credentials}
    base = sites[0]
    texts = [v.value for env in (base.workflow.env, base.job.env) for v in env.values()]
    for site in sites:
        if site.step is not None:
            texts += [v.value for env in (site.step.env, site.step.inputs) for v in env.values()]
            texts += [site.step.run.value] if site.step.run is not None else []
    for text in texts:
        for match in SECRET.finditer(text):
            name = match[1] or match[2] or ""
            if name and name.upper() != "GITHUB_TOKEN" and name not in known:
                yield _Means(what=f"is given `secrets.{name}`", looks=wanting)
                return


def _logs_in(action: str) -> bool:
    return action in LOGINS or "login" in action.rpartition("/")[2]


def _identity_is_taken(
    sites: Sequence[Site], actions: set[str], publications: Sequence[Publication]
) -> bool:
    if any(map(takes_identity, actions)):
        return True
    for publication in publications:
        if publication.auth in {Auth.OIDC, Auth.MIXED} or publication.does_oidc:
            return True
        if publication.registry is Registry.GORELEASER:
            return True
    scripts = (site.step.run.value for site in sites if site.step and site.step.run)
    return any(_SIGNS_BY_COMMAND.search(script) for script in scripts)


def _secrets(sites: Sequence[Site], looks: tuple[_Look, ...]) -> dict[str, tuple[_Look, ...]]:
    """The stored secrets that steps which may publish, or logins before them, are given."""
    found: dict[str, list[_Look]] = {}
    by_step = {look.site.step: look for look in looks}
    base = sites[0]
    for env in (base.workflow.env, base.job.env):
        for name in _stored(base, env):
            found.setdefault(name, []).extend(looks)
    for site in sites:
        step = site.step
        if step is None:
            continue
        look = by_step.get(step)
        action = step.uses.action if step.uses is not None else ""
        if look is None and not _logs_in(action):
            continue
        publishes = look is not None and bool(look.sign) and not look.titled
        names = [
            *_stored(site, step.env, any_name=publishes),
            *_stored(site, step.inputs, any_name=publishes),
        ]
        if step.run is not None:
            written = (m[1] or m[2] or "" for m in SECRET.finditer(step.run.value))
            names += filter(may_open_registry, written)
        for name in names:
            found.setdefault(name, []).extend([look] if look is not None else [])
    return {
        name: tuple(takers)
        for name, takers in found.items()
        if name and name.upper() != "GITHUB_TOKEN"
    }


def _stored(site: Site, inputs: Inputs, *, any_name: bool = False) -> Iterator[str]:
    """The secrets in variables or inputs that may open a registry, unless no caller hands them
    over. A variable or input that is named for GitHub or a service takes its own kind of token.

    ``any_name``: what is given them speaks of a release by its own name, so that a secret may open
    what it publishes to though it is called after a service: ``DEPOT_TOKEN`` of
    ``publish-to-depot``.
    """
    for given, scalar in inputs.items():
        name, text = _PROPERTY_VARIABLE.sub("", given), scalar.value
        if "${{" not in text or not may_open_registry(name):
            continue
        value = value_of(site, text)
        if value.kind is not Kind.STORED or not value.secret:
            continue
        is_credential = names_credential(name) and names_credential(value.secret)
        if (any_name and is_credential) or _opens(name, value.secret):
            yield value.secret


def _opens(taker: str, secret: str) -> bool:
    """Whether a secret may open a registry for the variable that takes it: a `STORE_LOGIN` in
    `SNAPCRAFT_STORE_CREDENTIALS` is no user's name.
    """
    return may_open_registry(secret) or (
        names_credential(taker) and may_open_registry(f"{secret}_token")
    )


def _look(site: Site) -> _Look | None:
    """How a step looks that may publish in a way that is not known; None for one that cannot."""
    step = site.step
    if step is None:
        return None
    if step.uses is not None:
        return _look_at_action(site)
    if step.run is None:
        return None
    commands = site.commands
    if not commands:
        place = Location(path=site.path, line=step.run.line_at(0))
        return _Look(site=site, at=place, sign=_titled(step)) if step.run.value.strip() else None
    if (pushed := _published_elsewhere(site)) is not None:
        return pushed
    known = site.settled()
    opaque = [c for c in commands if _may_publish(c) and (c.line, c.text) not in known]
    if not opaque:
        return None
    signs = ((command, _sign_of(command)) for command in opaque)
    command, sign = next(((c, s) for c, s in signs if s), (opaque[-1], ""))
    at = Location(path=site.path, line=command.line)
    return _Look(site=site, at=at, sign=sign or _titled(step), titled=not sign)


def _titled(step: Step) -> str:
    """What of a step's title looks like a release."""
    title = step.name.value if step.name is not None else ""
    return f"its step {title!r}" if title_speaks_of_release(_fixed(title)) else ""


def _published_elsewhere(site: Site) -> _Look | None:
    """How a script looks that publishes to a place of which this program has no registry, or
    pushes to another repository.
    """
    for command in site.commands:
        at = Location(path=site.path, line=command.line)
        if publishes_elsewhere(command):
            shown = f"`{clipped(' '.join(command.words[:4]), 80)}`"
            return _Look(site=site, at=at, sign=shown, any_secret=True, sure=True)
        pushed = push_words(command)
        if pushed is not None and {*_DRY, "-n", "--delete", "-d"}.isdisjoint(pushed):
            where = other_repository(site, command)
            if where and not is_about_pages(where):
                sure = is_install_source(where)
                sign = "`git push` to another repository" if sure else ""
                return _Look(site=site, at=at, sign=sign, any_secret=True, sure=sure)
    return None


def _look_at_build(site: Site, uses: Uses) -> _Look | None:
    """How the build of an image looks whose Dockerfile was not read, where it is given a secret
    that is called after a registry.
    """
    texts = [v.value for v in site.step.inputs.values()] if site.step is not None else []
    named = [m[1] or m[2] or "" for text in texts for m in SECRET.finditer(text)]
    opens = any(map(is_named_for_registry, named))
    return _Look(site=site, at=site.at(uses.raw), any_secret=True) if opens else None


def _action_elsewhere(site: Site, name: str) -> _Look | None:
    """How an action looks that publishes to a place of which this program has no registry, or
    pushes to another repository.
    """
    step = site.step
    if step is None or step.uses is None:
        return None
    given = [v.value for v in (step.input(key) for key in PUSHING_ACTIONS.get(name, ())) if v]
    pushes = any(map(is_install_source, given)) and not any(map(is_about_pages, given))
    if not pushes and name not in PUBLISHING_ACTIONS:
        return None
    at, sign = site.at(step.uses.raw), f"the action {name}"
    return _Look(site=site, at=at, sign=sign, any_secret=True, sure=True)


def _look_at_action(site: Site) -> _Look | None:
    step = site.step
    uses = step.uses if step is not None else None
    if step is None or uses is None or uses.kind is UsesKind.INVALID:
        return None
    if (elsewhere := _action_elsewhere(site, uses.action)) is not None:
        return elsewhere
    if (built := image_build(step)) is not None and (built.line, built.text) not in site.settled():
        return _look_at_build(site, uses)
    if uses.kind is UsesKind.LOCAL and called_name(uses, site.path) in site.library.actions:
        action = site.library.actions[called_name(uses, site.path)]
        if action.using == "composite":
            return None  # its steps are looked at one by one
    name = uses.action or uses.path
    if uses.kind is UsesKind.REMOTE and (
        uses.owner.lower() in _OWN_REPOSITORY
        or takes_identity(name)
        or name in _QUIET
        or name in site.library.catalog.by_action
        or _runs_command(name, step)
        or called_name(uses, site.path) in site.library.actions
    ):
        return None
    short = name.rpartition("/")[2]
    if only_serves(short):
        return None
    sign = f"the action {name}" if speaks_of_release(short) else _titled(step)
    return _Look(site=site, at=site.at(uses.raw), sign=sign)


def _runs_command(action: str, step: Step) -> bool:
    """Whether an action runs a command that was read, rather than another action that it names."""
    runs = RUN_BY_ACTION.get(action)
    return runs is not None and (
        bool(runs.words) or any(step.input(name) is not None for name in runs.inputs)
    )


def _may_publish(command: Command) -> bool:
    """Whether nothing is known of a command that says it publishes nothing."""
    program = command.program.rpartition("/")[2]
    if not program or program.startswith("-"):
        return False
    if program in _SENDERS:
        return any(_UPLOADING_CURL.match(word) for word in command.words[1:])
    if command.has(*_DRY) or command.words[-1] == "--version":
        return False
    if program in PLAIN_PROGRAMS:
        return False
    if _publishing_code(command) or _option_for_publishing(command):
        return True
    if program in SELDOM_PUBLISH or is_known_program(program):
        return _publishes_by_a_word(command)
    if program in IMAGE_BUILDERS and gives_build_secret(command.words):
        return True
    if command.words[1:2] and command.words[1] in RUNS_OWN.get(program, ()):
        names = [_SCRIPT.sub("", word.rpartition("/")[2]) for word in _plain_words(command)]
        return not any(name in QUIET_TASKS or is_something_else(name) for name in names)
    tasks = _tasks(command)
    if tasks and tasks[0] in QUIET_TASKS and program not in MANY_TASKS:
        return False
    if any(map(is_about_no_package, tasks)):
        return False
    if any(map(speaks_of_release, tasks)):
        return True
    if any(w in QUIET_TASKS or is_something_else(w) or only_builds(w) for w in (program, *tasks)):
        return False
    return program not in {"git", "docker", "podman", "cargo", "go", "dotnet", "nuget", "twine"}


def _publishes_by_a_word(command: Command) -> bool:
    """Whether a task or an option of a command publishes, as `-t:Publish` or `--upload-app`."""
    if any(map(is_about_no_package, _tasks(command))):
        return False
    words = (word for word in command.words[1:] if not word.startswith("--no"))
    return any(is_task_of_publishing(word) for word in words if not set(word) & set("/\\$."))


def _option_for_publishing(command: Command) -> bool:
    """Whether an option says that this run publishes, as ``-Pgradle.publish.key=…`` and
    ``-Dpublish=true`` do.
    """
    for word in command.words[1:]:
        name, _, value = word.partition("=")
        if word.startswith("-") and value and value.lower() not in _OFF:
            plain = _PROPERTY.sub("", name.lstrip("-"))
            publishes = speaks_of_publishing(plain) or is_task_of_publishing(plain)
            if publishes and not plain.lower().startswith(("no", "skip")):
                return True
    return False


def _sign_of(command: Command) -> str:
    """The words of a command that are called like a release."""
    program = _SCRIPT.sub("", command.program.rpartition("/")[2])
    if program in _SENDERS:
        sent = any(_PACKAGE_FILE.search(word) for word in command.words[1:])
        return f"`{program}` sends a package" if sent else ""
    names = [program] if program not in _INTERPRETERS else []
    spoken = any(map(speaks_of_release, (*names, *_tasks(command))))
    spoken = spoken or program in PLAIN_PROGRAMS or _publishing_code(command)
    spoken = spoken or _option_for_publishing(command)
    if spoken or (program in SELDOM_PUBLISH and _publishes_by_a_word(command)):
        return f"`{clipped(' '.join(command.words[:4]), 80)}`"
    return ""


def _publishing_code(command: Command) -> bool:
    """Whether ``python -c "…"`` and its like are given code that speaks of publishing."""
    program, option, code = (*command.words[:3], "", "", "")[:3]
    runs = program.rpartition("/")[2] in _INTERPRETERS and option in _CODE
    return runs and _PUBLISHES.search(code) is not None


def _plain_words(command: Command) -> tuple[str, ...]:
    """The first words behind a subcommand that are no options and no place as a whole."""
    found = [w for w in command.words[2:] if not w.startswith("-") and "$" not in w and w != "."]
    return tuple(found[:_MOST_WORDS])


def _tasks(command: Command) -> tuple[str, ...]:
    """The words of a command that may name a task: no options, no values, few of them."""
    found = []
    for word in command.words[1:]:
        if word.startswith("-") or "=" in word or "$" in word:
            continue
        if word in _RUN_WORDS:
            continue
        name = word
        label = _LABEL.fullmatch(word) if "run" in command.words[1:2] else None
        if label is not None:
            name = label[1].rpartition(".")[2]
        elif "/" in word or "\\" in word:
            if not _SCRIPT.search(word):
                continue
            name = word.rpartition("/")[2]
        found.append(_SCRIPT.sub("", name))
        if len(found) >= _MOST_WORDS:
            break
    # Behind an option with a value (`--configuration Release`) a word is no task.
    return tuple(name for name in found if not _is_value(command, name))


def _is_value(command: Command, name: str) -> bool:
    words = command.words
    for index, word in enumerate(words[1:], 1):
        if word == name and words[index - 1] in {"-c", "--configuration", "--config", "-p", "-t"}:
            return True
    return False


def _fixed(text: str) -> str:
    return replace_fences(text, " ") if "${{" in text else text


def _sign_of_job(job: Job) -> str:
    environment = job.environment.name.value if job.environment is not None else ""
    if environment and speaks_of_release(_fixed(environment)):
        return f"its environment {environment!r}"
    name = job.name.value if job.name is not None else ""
    # What a job says it is holds for its id too: `release` with the name "Release notes".
    if is_something_else(_fixed(name)) or is_something_else(job.id):
        return ""
    return next((f"its name {t!r}" for t in (job.id, name) if speaks_of_release(_fixed(t))), "")


def _is_something_else(job: Job) -> bool:
    name = job.name.value if job.name is not None else ""
    return is_something_else(job.id) or is_something_else(_fixed(name))


def _sign_of_workflow(workflow: Workflow, routes: Iterable[Route]) -> str:
    """What of the workflow looks like a release: its triggers, its name, its file's name."""
    for entry in dict.fromkeys(route.entry for route in routes):
        events = [t for t in entry.triggers if t.event not in {"workflow_dispatch"}]
        if events and all(t.event == "release" or t.is_tag_push for t in events):
            return "its trigger, a release or a tag"
    name = workflow.name.value if workflow.name is not None else ""
    file = workflow.path.rpartition("/")[2].removesuffix(".yml").removesuffix(".yaml")
    for text in (name, file):
        if text and is_something_else(text):
            return ""
    return next((f"the workflow's name {t!r}" for t in (name, file) if speaks_of_release(t)), "")
