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
from audits.workflow.publish.site import Site, variable_name
from audits.workflow.publish.values import (
    EMPTY,
    SECRET,
    UNKNOWN,
    Kind,
    Value,
    literal,
    mints,
    mints_by_hand,
    script_mints,
    value_of,
)
from audits.workflow.uploaders.uploader import Uploader

_SECRET_NAME = re.compile(r"TOKEN|PASS|KEY|SECRET|AUTH|CRED", re.IGNORECASE)
_DEEPEST = 6


class Proof(Struct, frozen=True, kw_only=True):
    """How an upload authenticates, with the credentials that say so."""

    auth: Auth
    credentials: tuple[Credential, ...] = ()
    mints: bool = False


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
    return Proof(auth=auth, credentials=tuple(dict.fromkeys(credentials)), mints=minted)


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
        if command is None or name not in site.assigned(command):
            yield _made(value_of(owner, value.value), name, source, owner.at(value))
    if site.is_crowded(tokens.env):
        at = Location(path=site.path)
        yield _made(UNKNOWN, "", CredentialSource.WORKFLOW_ENV, at)
    if command is not None:
        yield from _script_values(uploader, site, command)
    yield from site.once(("logins", uploader), lambda: tuple(_logins(uploader, site)))


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
    at = Location(path=site.path, line=command.line)
    for option in uploader.tokens.options:
        if (text := command.option(option)) is not None:
            value = _script_value(site, command, text)
            yield _made(value, option, CredentialSource.COMMAND_LINE, at)
    for name, text in site.assigned_like(uploader.tokens.env, command):
        value = _script_value(site, command, text)
        yield _made(value, name, CredentialSource.COMMAND_LINE, at)


def _script_value(site: Site, command: Command, text: str, depth: int = 0) -> Value:
    name = variable_name(text)
    if name and depth < _DEEPEST:
        inside = site.shell_value(name, command)
        if inside is not None and inside != text:
            return _script_value(site, command, inside, depth + 1)
        return Value(kind=Kind.MINTED) if script_mints(site) else UNKNOWN
    if "$(" in text or "`" in text:
        if script_mints(site):
            return Value(kind=Kind.MINTED)
        return value_of(site, text) if SECRET.search(text) else UNKNOWN
    return value_of(site, text) if "${{" in text else literal(text)


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
        if action in uploader.tokens.minted_by and mints(step):
            return step.at
        by_hand = step.run is not None and uploader.registry.has_trusted_publishing
        if by_hand and step.run is not None and mints_by_hand(step.run.value):
            return owner.at(step.run)
    return None


def _logins(uploader: Uploader, site: Site) -> Iterator[tuple[Value, Credential]]:
    """Credentials that a step before stored for the uploader to find."""
    tokens = uploader.tokens
    for owner, step in site.steps_before():
        if step.uses is not None:
            for name in tokens.login_actions.get(step.uses.action, ()):
                if (scalar := step.input(name)) is not None:
                    value = value_of(owner, scalar.value)
                    yield _made(value, name, CredentialSource.INPUT, owner.at(scalar))
        elif step.run is not None and any(mark in step.run.value for mark in tokens.logins):
            yield from _login_script(owner, step, step.run)


def _login_script(owner: Site, step: Step, run: Scalar) -> Iterator[tuple[Value, Credential]]:
    for fence in fences(run.value):
        if SECRET.search(fence.body):
            value = value_of(owner, run.value[fence.start : fence.end])
            at = Location(path=owner.path, line=run.line_at(fence.start))
            yield _made(value, "", CredentialSource.COMMAND_LINE, at)
    for name, scalar in step.env.items():
        if name in run.value and _SECRET_NAME.search(name):
            value = value_of(owner, scalar.value)
            yield _made(value, name, CredentialSource.STEP_ENV, owner.at(scalar))
