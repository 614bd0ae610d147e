"""What well-known actions do with a job's token, and whether they run a project's code.

From the actions' own documentation. An action that is not here is not known: nobody can say
that a permission is superfluous in a job that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct, field

from audits.expressions.syntax import contexts
from audits.model.command import Command
from audits.model.repository import Repository
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import Job, Level, Step, Workflow

_READ, _WRITE = Level.READ, Level.WRITE
_OIDC = {"id-token": _WRITE}
_RELEASE = {"contents": _WRITE}
_ATTEST = {
    "id-token": _WRITE,
    "attestations": _WRITE,
    "artifact-metadata": _WRITE,
    "contents": _READ,
}


class KnownAction(Struct, frozen=True):
    """The scopes that an action can use at most, and whether it runs the project's code."""

    scopes: Mapping[str, Level] = field(default_factory=dict)
    runs_code: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(names: str, scopes: Mapping[str, Level], runs_code: bool) -> dict[str, KnownAction]:
    return dict.fromkeys(names.split(), KnownAction(scopes, runs_code))


KNOWN_ACTIONS: Mapping[str, KnownAction] = {
    **_table("actions/checkout re-actors/checkout-python-sdist", {"contents": _READ}, False),
    **_table(
        "actions/setup-python actions/setup-node actions/setup-go actions/setup-java"
        " actions/setup-dotnet actions/cache actions/cache/restore actions/cache/save"
        " actions/download-artifact actions/upload-artifact actions/upload-artifact/merge actions/upload-pages-artifact"
        " actions/create-github-app-token astral-sh/setup-uv pdm-project/setup-pdm"
        " snok/install-poetry prefix-dev/setup-pixi conda-incubator/setup-miniconda"
        " mamba-org/setup-micromamba pnpm/action-setup oven-sh/setup-bun denoland/setup-deno"
        " ruby/setup-ruby dtolnay/rust-toolchain swatinem/rust-cache taiki-e/install-action"
        " actions-rust-lang/setup-rust-toolchain actions-rs/toolchain ilammy/msvc-dev-cmd"
        " docker/login-action docker/metadata-action docker/setup-qemu-action docker/setup-buildx-action sigstore/cosign-installer"
        " slsa-framework/slsa-verifier/actions/installer step-security/harden-runner"
        " re-actors/alls-green anchore/sbom-action/download-syft goto-bus-stop/setup-zig"
        " jlumbroso/free-disk-space mozilla-actions/sccache-action google-github-actions/setup-gcloud",
        {},
        False,
    ),
    **_table("docker/build-push-action docker/bake-action", {"packages": _WRITE}, True),
    **_table(
        "pypa/gh-action-pypi-publish rust-lang/crates-io-auth-action nuget/login"
        " rubygems/configure-rubygems-credentials google-github-actions/auth"
        " aws-actions/configure-aws-credentials azure/login",
        _OIDC,
        False,
    ),
    **_table("rubygems/release-gem", {**_OIDC, **_RELEASE}, True),
    **_table("actions/attest actions/attest-build-provenance actions/attest-sbom", _ATTEST, False),
    **_table("sigstore/gh-action-sigstore-python", {**_OIDC, **_RELEASE}, False),
    **_table("actions/deploy-pages", {"pages": _WRITE, "id-token": _WRITE}, False),
    **_table("actions/configure-pages", {"pages": _WRITE}, False),
    **_table(
        "softprops/action-gh-release ncipollo/release-action actions/create-release"
        " actions/upload-release-asset svenstaro/upload-release-action shogo82148/actions-upload-release-asset"
        " taiki-e/create-gh-release-action aio-libs/create-release alexellis/upload-assets",
        {**_RELEASE, "discussions": _WRITE},
        False,
    ),
    **_table("release-drafter/release-drafter", {**_RELEASE, "pull-requests": _WRITE}, False),
    **_table("peaceiris/actions-gh-pages jamesives/github-pages-deploy-action", _RELEASE, False),
    **_table("peter-evans/create-pull-request", {**_RELEASE, "pull-requests": _WRITE}, False),
    **_table("pypa/cibuildwheel pyo3/maturin-action pre-commit/action", {}, True),
    **_table("py-actions/py-dependency-install", {}, True),
    **_table(
        "hynek/build-and-inspect-python-package",
        {"contents": _READ, "id-token": _WRITE, "attestations": _WRITE},
        True,
    ),
    **_table("goreleaser/goreleaser-action", {**_RELEASE, **_OIDC, "packages": _WRITE}, True),
}

# Actions that log in to a cloud with the job's identity, and the cloud's own programs.
_CLOUDS: Mapping[str, frozenset[str]] = {
    "aws-actions/configure-aws-credentials": _words("aws"),
    "google-github-actions/auth": _words("gcloud gsutil bq"),
    "azure/login": _words("az azcopy"),
}

# Actions whose whole purpose is to push with the credentials that checkout left behind.
_PUSHERS = frozenset(
    {
        "stefanzweifel/git-auto-commit-action",
        "endbug/add-and-commit",
        "ad-m/github-push-action",
        "peter-evans/create-pull-request",
        "python-semantic-release/python-semantic-release",
        "changesets/action",
        "release-plz/action",
        "jamesives/github-pages-deploy-action",
    }
)
_REMOTE_GIT = frozenset({"push", "fetch", "pull", "clone", "submodule", "ls-remote", "lfs"})
_RELEASERS = frozenset(
    {
        "semantic-release",
        "release-plz",
        "lerna",
        "changeset",
        "np",
        "release-it",
        "cz",
        "bumpversion",
    }
)
# Programs that run whatever a project's own files say.
_OPAQUE = frozenset({"make", "just", "task", "tox", "nox", "invoke", "inv", "rake", "bash", "sh"})
_NODE = frozenset({"npm", "yarn", "pnpm", "bun"})
_HARMLESS = _words(
    "cat cd cosign cp date echo env exit export false find gh grep gzip head jq ls mkdir mv printf"
    " pwd rm sed set sha256sum shasum sha512sum sort tail tar test touch tr true unzip wc zip [ [["
    " rekor-cli slsa-verifier : sleep"
)


def known_action(uses: Uses | None) -> KnownAction | None:
    """The table's entry for an action; None for one that is not known, local ones included."""
    if uses is None or uses.kind is not UsesKind.REMOTE:
        return None
    return KNOWN_ACTIONS.get(uses.action)


def hands_out_token(texts: Iterable[str]) -> bool:
    """Whether one of these texts reads the job's token."""
    for text in texts:
        for context in contexts(text):
            if context.name in {"github.token", "secrets.github_token"}:
                return True
    return False


@lru_cache(maxsize=4)
def workflow_hands_out_token(workflow: Workflow) -> bool:
    """Whether a variable of a workflow, which all its jobs see, reads the job's token."""
    return hands_out_token(value.value for value in workflow.env.values())


def gives_token(step: Step) -> bool:
    """Whether a step's script or variables read the job's token: then its commands can use it."""
    texts = [value.value for value in step.env.values()]
    return hands_out_token([*texts, step.run.value if step.run else ""])


def pushes(step: Step, commands: Iterable[Command]) -> bool:
    """Whether a step talks to the repository with the credentials that checkout left there."""
    if step.uses is not None and step.uses.action in _PUSHERS:
        return True
    for command in commands:
        if command.program == "git" and any(w in _REMOTE_GIT for w in command.words[1:4]):
            return True
        if command.program in _RELEASERS:
            return True
    return False


def _is_opaque(command: Command) -> bool:
    """Whether a command runs a script of the project, which may do anything with git."""
    if command.program in _OPAQUE or "/" in command.program:
        return True
    if command.program in _NODE:
        return "run" in command.words[1:2]
    return command.program.startswith("python") and any(w.endswith(".py") for w in command.words)


def _leaves_credentials(step: Step) -> bool:
    """Whether a step is a checkout that later commands can push with."""
    if step.uses is None or step.uses.action != "actions/checkout":
        return False
    given = step.input("persist-credentials")
    return given is None or given.value != "false"


class ScopeUse(Struct):
    """What a job's steps do with its token.

    ``used`` are scopes that a step is known to use at most, ``doubtful`` those of which nobody
    can tell; with ``all_doubtful`` of no other scope either.
    """

    used: dict[str, Level] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    all_doubtful: bool = False

    def add(self, scopes: Mapping[str, Level]) -> None:
        """Count what a step uses."""
        for scope, level in scopes.items():
            if self.used.get(scope) is not _WRITE:
                self.used[scope] = level

    def writes(self, scope: str) -> bool | None:
        """Whether a step uses the right to write in a scope; None where nobody can tell."""
        if self.used.get(scope) is _WRITE:
            return True
        return None if self.all_doubtful or scope in self.doubtful else False


def scope_use(repo: Repository, workflow: Workflow, job: Job) -> ScopeUse:
    """What the steps of a job do with its token, scope by scope.

    A known step settles the scopes that it uses, whatever stands beside it. What logs in to a
    registry leaves the token there for the steps behind it, and a checkout leaves it to git.
    """
    found = ScopeUse()
    given = hands_out_token(value.value for value in job.env.values())
    found.all_doubtful = job.uses is not None or workflow_hands_out_token(workflow) or given
    persisted = any(map(_leaves_credentials, job.live_steps))
    logged_in = False
    for step in job.live_steps:
        if step.run is not None:
            commands = repo.commands(step)
            _by_script(found, step, commands, persisted)
            if logged_in and any(c.program and c.program not in _HARMLESS for c in commands):
                found.add({"packages": _WRITE})
            continue
        known = known_action(step.uses)
        if known is None or step.inputs_are_dynamic:
            found.all_doubtful = True
        else:
            found.add(known.scopes)
            logged_in = logged_in or _logs_in(step)
        if step.uses is not None and step.uses.action in _PUSHERS:
            found.add(_RELEASE)
    return found


def _by_script(found: ScopeUse, step: Step, commands: tuple[Command, ...], persisted: bool) -> None:
    given = gives_token(step)
    for command in commands:
        verbs = command.words[1:3]
        by_git = command.program == "git" and "push" in command.words[1:4]
        if by_git or (command.program == "gh" and verbs[:1] == ("release",)):
            found.add(_RELEASE)
        elif command.program == "gh" and verbs[:1] == ("pr",):
            found.add({"pull-requests": _WRITE})
        elif command.program in _CONTAINER_PROGRAMS and given:
            found.add({"packages": _WRITE})
        elif command.program in _RELEASERS:
            found.all_doubtful = True
    if given:
        found.all_doubtful = True
    elif persisted and any(map(_is_opaque, commands)):
        found.doubtful.add("contents")


_CONTAINER_PROGRAMS = _words("docker podman buildah helm oras skopeo crane ko cosign regctl")


def _logs_in(step: Step) -> bool:
    """Whether an action that is known hands the job's token to a registry's client."""
    name = step.uses.action if step.uses is not None else ""
    given = [text.value for text in step.inputs.values()]
    return ("login" in name or "setup-" in name) and hands_out_token(given)


def needed_scopes(repo: Repository, workflow: Workflow, job: Job) -> dict[str, Level] | None:
    """The scopes that a job's steps can use; None where some step is not known well enough."""
    found = scope_use(repo, workflow, job)
    return None if found.all_doubtful or found.doubtful else found.used


def deploys(repo: Repository, job: Job) -> bool:
    """Whether a job runs the program of a cloud that it has logged in to with its identity."""
    programs: frozenset[str] = frozenset()
    for step in job.live_steps:
        programs |= _CLOUDS.get(step.uses.action if step.uses else "", frozenset())
        if programs and any(c.program in programs for c in repo.commands(step)):
            return True
    return False


def runs_project_code(repo: Repository, job: Job) -> bool | None:
    """Whether a job runs code of the project or its dependencies; None where that is not known.

    A script does unless all of its commands are of the plain kind that moves, signs or prints,
    or of the cloud that the job has logged in to.
    """
    doubt = False
    harmless = _HARMLESS
    for step in job.live_steps:
        if step.run is not None:
            if any(c.program and c.program not in harmless for c in repo.commands(step)):
                return True
            doubt = doubt or not repo.commands(step)
        elif step.uses is not None and step.uses.kind is not UsesKind.REMOTE:
            return True
        else:
            known = known_action(step.uses)
            if known is not None and known.runs_code:
                return True
            doubt = doubt or known is None
            harmless |= _CLOUDS.get(step.uses.action if step.uses else "", frozenset())
    return None if doubt else False
