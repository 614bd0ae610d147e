"""Finds the credential of an upload, and so how it authenticates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from audits.expressions.syntax import fences
from audits.model.command import Command
from audits.model.location import Location, Scalar
from audits.model.publication import Auth, Credential, CredentialSource
from audits.model.workflow import SecretsPassed, Step
from audits.workflow.publish.images import logins_elsewhere
from audits.workflow.publish.site import Site, fits, variable_names
from audits.workflow.publish.values import (
    EMPTY,
    SECRET,
    UNKNOWN,
    Kind,
    Value,
    mints,
    mints_by_hand,
    shell_value_of,
    value_of,
)
from audits.workflow.publish.written import chunks
from audits.workflow.uploaders.uploader import Tokens, Uploader

_SECRET_NAME = re.compile(r"TOKEN|PASS|KEY|SECRET|AUTH|CRED|PAT$|_PW$|PWD", re.IGNORECASE)
_NO_SECRET = re.compile(
    r"USER|LOGIN|EMAIL|HOST|URL|REGISTRY$|ORG$|ACCOUNT|REGION|OWNER|REPO|(?:^|_)ID$", re.IGNORECASE
)
_SIGNS = re.compile(
    r"GPG|SIGN|PGP|PASSPHRASE|KEYSTORE|NOTAR|CERTIFICATE|LICEN[CS]E|GORELEASER_KEY|GITHUB_TOKEN",
    re.IGNORECASE,
)


class Proof(Struct, frozen=True, kw_only=True):
    """How an upload authenticates, with the credentials that say so.

    ``mints`` says that a script exchanges an identity by hand, ``own`` that the uploader is
    given the job's own token.
    """

    auth: Auth
    credentials: tuple[Credential, ...] = ()
    mints: bool = False
    own: bool = False


def proof_of(uploader: Uploader, site: Site, command: Command | None, does_oidc: bool) -> Proof:
    """How an upload authenticates.

    A stored credential wins over an identity: uploaders use it where it is given.
    """
    credentials: list[Credential] = []
    values: list[Value] = []
    for value, credential in _given(uploader, site, command):
        values.append(value)
        if value.kind in {Kind.STORED, Kind.LITERAL, Kind.MINTED}:
            credentials.append(credential)
    stored = [v for v in values if v.kind in {Kind.STORED, Kind.LITERAL}]
    minted = any(v.kind is Kind.MINTED for v in values)
    if not stored and not minted and (place := _known_minting_place(uploader, site)):
        minted = True
        source = CredentialSource.MINTED
        credentials.append(Credential(name="id-token", source=source, at=place))
    unsure = any(v.kind is Kind.UNKNOWN for v in values) or _is_dynamic(site)
    auth = _auth(stored, minted or does_oidc, site.id_token, unsure)
    if auth in {Auth.OIDC, Auth.MIXED} and not minted and (place := _grant_place(site)):
        credentials.append(Credential(name="id-token", source=CredentialSource.OIDC, at=place))
    own = any(value.kind is Kind.OWN for value in values)
    return Proof(auth=auth, credentials=tuple(dict.fromkeys(credentials)), mints=minted, own=own)


def _auth(stored: list[Value], identity: bool, id_token: bool, unsure: bool) -> Auth:
    if stored:
        # Two ways in one step only where an expression may leave the credential empty.
        both = identity and id_token and all(value.optional for value in stored)
        return Auth.MIXED if both else Auth.TOKEN
    if unsure:
        return Auth.UNKNOWN
    return Auth.OIDC if identity and id_token else Auth.NONE


def _is_dynamic(site: Site) -> bool:
    if site.step is not None:
        return site.step.inputs_are_dynamic
    return site.job.secrets_passed is SecretsPassed.INHERITED


def _grant_place(site: Site) -> Location | None:
    for route in site.routes:
        if route.grant.id_token and route.grant.levels is not None:
            levels = route.grant.levels
            return levels.places.get("id-token") or levels.at
    return None


def _given(
    uploader: Uploader, site: Site, command: Command | None
) -> Iterator[tuple[Value, Credential]]:
    """Every credential that reaches the uploader, with what it is."""
    tokens = uploader.tokens
    if command is None:
        yield from _inputs(tokens.inputs, site)
    for name, value, source, owner in site.variable(*tokens.env):
        if tokens.any_secret and name not in tokens.env and _SIGNS.search(name):
            continue
        if command is None or name not in site.assigned(command):
            yield _made(value_of(owner, value.value), name, source, owner.at(value))
    if site.is_crowded(tokens.env):
        at = Location(path=site.path)
        yield _made(UNKNOWN, "", CredentialSource.WORKFLOW_ENV, at)
    if command is not None:
        yield from _script_values(uploader, site, command)
    yield from _logins_for(uploader, site, command)
    if tokens.any_secret and site.step is not None:
        yield from _any_secret(site, tokens)


def _any_secret(site: Site, tokens: Tokens) -> Iterator[tuple[Value, Credential]]:
    """Every stored secret that the step or its job is given in a variable, but those to sign
    with.
    """
    levels = ((site.step.env if site.step else {}, CredentialSource.STEP_ENV),)
    for env, source in (*levels, (site.job.env, CredentialSource.JOB_ENV)):
        for name, scalar in env.items():
            if fits(name, tokens.env) or _SIGNS.search(name):
                continue
            value, made = _made(value_of(site, scalar.value), name, source, site.at(scalar))
            if value.kind is Kind.STORED and _SECRET_NAME.search(f"{name} {value.secret}"):
                yield value, made


def _inputs(names: tuple[str, ...], site: Site) -> Iterator[tuple[Value, Credential]]:
    for name in names:
        if (scalar := site.input(name)) is not None:
            value = EMPTY if scalar.is_null else value_of(site, scalar.value)
            yield _made(value, name, CredentialSource.INPUT, site.at(scalar))
    if site.step is None:
        for key, scalar in site.job.secrets.items():
            if key.lower() in names:
                value = value_of(site, scalar.value)
                yield _made(value, key, CredentialSource.CALL_SECRET, site.at(scalar))


def _script_values(
    uploader: Uploader, site: Site, command: Command
) -> Iterator[tuple[Value, Credential]]:
    """Credentials that the script itself passes: options, assignments in front, exports."""
    at = Location(path=command.path or site.path, line=command.line)
    for option in uploader.tokens.options:
        if (text := command.option(option)) is not None:
            value = shell_value_of(site, command, text)
            yield _made(value, option, CredentialSource.COMMAND_LINE, at)
    for name, text in site.assigned_like(uploader.tokens.env, command):
        value = shell_value_of(site, command, text)
        yield _made(value, name, CredentialSource.COMMAND_LINE, at)


def _made(
    value: Value, name: str, source: CredentialSource, at: Location
) -> tuple[Value, Credential]:
    if value.kind is Kind.MINTED:
        source = CredentialSource.MINTED
    literal = value.kind is Kind.LITERAL
    return value, Credential(name=name, source=source, at=at, secret=value.secret, literal=literal)


def _known_minting_place(uploader: Uploader, site: Site) -> Location | None:
    return site.once(("minting", uploader), lambda: _minting_place(uploader, site))


def _minting_place(uploader: Uploader, site: Site) -> Location | None:
    """Where a step before exchanges an identity for this registry's uploads."""
    for owner, step in site.steps_before():
        action = step.uses.action if step.uses is not None else ""
        if action in uploader.tokens.minted_by and mints(owner, step):
            return step.at
        by_hand = step.run is not None and uploader.registry.has_trusted_publishing
        if by_hand and step.run is not None and mints_by_hand(step.run.value):
            return owner.at(step.run)
    return None


class _Login(Struct, frozen=True, kw_only=True):
    """A credential that a step before stored; ``host`` is where it logs in, if it says so."""

    value: Value
    credential: Credential
    host: str | None = None


def _logins_for(
    uploader: Uploader, site: Site, command: Command | None
) -> Iterator[tuple[Value, Credential]]:
    """Credentials that a step before stored for the uploader to find."""
    for login in site.once(("logins", uploader), lambda: tuple(_logins(uploader, site))):
        if login.host is None or not logins_elsewhere(uploader, site, command, login.host):
            yield login.value, login.credential


def _logins(uploader: Uploader, site: Site) -> Iterator[_Login]:
    tokens = uploader.tokens
    for owner, step in site.steps_before():
        action = step.uses.action if step.uses is not None else ""
        if step.uses is not None:
            for name in tokens.login_actions.get(action, ()):
                if (scalar := step.input(name)) is not None:
                    value = value_of(owner.at_step(step), scalar.value)
                    made = _made(value, name, CredentialSource.INPUT, owner.at(scalar))
                    host = _login_host(owner, step) if action == "docker/login-action" else None
                    yield _Login(value=made[0], credential=made[1], host=host)
            for name in tokens.variable_inputs.get(action, ()):
                if (scalar := step.input(name)) is not None:
                    yield from _of_variable(site, scalar.value)
        elif step.run is not None and any(mark in step.run.value for mark in tokens.logins):
            yield from _login_script(site, owner.at_step(step), step.run, tokens.logins)


def _login_host(owner: Site, step: Step) -> str | None:
    registry = step.input("registry")
    if registry is None:
        return ""
    texts = owner.texts(registry.value)
    return texts[0] if texts is not None and len(texts) == 1 else None


def _of_variable(site: Site, name: str) -> Iterator[_Login]:
    """The credential that a variable holds where the upload runs."""
    for found, scalar, source, owner in site.variable(name):
        value, made = _made(value_of(owner, scalar.value), found, source, owner.at(scalar))
        if value.kind in {Kind.STORED, Kind.MINTED}:
            yield _Login(value=value, credential=made)


def _login_script(site: Site, there: Site, run: Scalar, marks: tuple[str, ...]) -> Iterator[_Login]:
    """What a script logs in with, or writes to a file of credentials: in the commands that do
    it, or, where these only take up what another one made, anywhere in the script.
    """
    found = [
        login for chunk in chunks(run.value, marks) for login in _within(site, there, run, chunk)
    ]
    if not found:
        found = [login for login in _within(site, there, run, run.value) if _is_secret(login)]
    yield from found


def _is_secret(login: _Login) -> bool:
    name = login.credential.name
    return not name or _SECRET_NAME.search(name) is not None


def _within(site: Site, there: Site, run: Scalar, text: str) -> Iterator[_Login]:
    start = max(run.value.find(text), 0)
    for fence in fences(text):
        if SECRET.search(fence.body) or "steps." in fence.body or "env." in fence.body:
            value = value_of(there, text[fence.start : fence.end])
            at = Location(path=there.path, line=run.line_at(start + fence.start))
            value, made = _made(value, "", CredentialSource.COMMAND_LINE, at)
            if _is_kept(value, made):
                yield _Login(value=value, credential=made)
    for name in variable_names(text):
        held = list(_held(there, name, run)) or list(_of_variable(site, name))
        yield from (login for login in held if _is_kept(login.value, login.credential))


def _held(there: Site, name: str, run: Scalar) -> Iterator[_Login]:
    """What a variable of a script holds: set there, or given by the environment."""
    inside = there.assigned(None).get(name)
    if inside is not None:
        at = there.at(run)
        value = shell_value_of(there, None, inside)
        value, made = _made(value, name, CredentialSource.COMMAND_LINE, at)
        yield _Login(value=value, credential=made)
        return
    for found, scalar, source, owner in there.variable(name):
        value, made = _made(value_of(owner, scalar.value), found, source, owner.at(scalar))
        yield _Login(value=value, credential=made)


def _is_kept(value: Value, credential: Credential) -> bool:
    """Whether it is a credential at all: no literal, and no user's or server's name."""
    if value.kind not in {Kind.STORED, Kind.MINTED, Kind.OWN}:
        return False
    names = (credential.name, value.secret)
    return not any(_NO_SECRET.search(name) and not _SECRET_NAME.search(name) for name in names)
