"""Classifies the value of an input or variable as a credential."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from msgspec import Struct

from audits.expressions.syntax import fences
from audits.model.command import Command
from audits.model.workflow import SecretsPassed, Step
from audits.workflow.publish.site import Site, variable_name, variable_names
from audits.workflow.publish.written import assignments_to
from audits.workflow.uploaders.catalog import (
    CLOUD_LOGINS,
    MINTING_ACTIONS,
    MINTING_VARIABLES,
    SECRET_STORES,
)

SECRET = re.compile(
    r"(?<![\w.-])secrets\s*(?:\.\s*([A-Za-z_][\w-]*)|\[\s*(?:'([^']*)')?)", re.IGNORECASE
)
_OWN_TOKEN = re.compile(r"\b(?:github\.token|secrets\.GITHUB_TOKEN)\b", re.IGNORECASE)
_STEP_OUTPUT = re.compile(r"\bsteps\.([\w-]+)\.outputs\.([\w-]*)")
_NAMED = re.compile(r"\s*(env|inputs)\.([\w-]+)\s*")
_MAY_BE_EMPTY = re.compile(r"\|\|\s*(?:''|null|false)|^(?!.*\|\|).*&&", re.DOTALL)
# An exchange of an OIDC identity by hand, as the index's documentation shows it.
_SESSION = re.compile(
    r"az account get-access-token|gcloud auth (?:application-default )?print-(?:access|identity)-token"
    r"|aws (?:ecr|ecr-public) get-login-password|aws codeartifact get-authorization-token"
)
_MINTS = re.compile(r"ACTIONS_ID_TOKEN_REQUEST_(?:URL|TOKEN)|mint-token|-m id\b")
_DEEPEST = 6


class Kind(Enum):
    """What a value is, seen as a credential."""

    EMPTY = 0
    OWN = 1
    UNKNOWN = 2
    MINTED = 3
    LITERAL = 4
    STORED = 5


class Value(Struct, frozen=True, kw_only=True):
    """A value seen as a credential; ``optional`` where an expression may leave it empty."""

    kind: Kind
    secret: str = ""
    optional: bool = False


EMPTY = Value(kind=Kind.EMPTY)
UNKNOWN = Value(kind=Kind.UNKNOWN)
_FOR_TEST = re.compile(r"(?<![A-Z])TEST", re.IGNORECASE)


def value_of(site: Site, text: str, depth: int = 0) -> Value:
    """What the text of an input or variable is, seen as a credential."""
    text = text.strip()
    if not text:
        return EMPTY
    if "${{" not in text:
        return literal(text)
    return site.once(("value", text, depth), lambda: _value_of(site, text, depth))


def _value_of(site: Site, text: str, depth: int) -> Value:
    bodies = [fence.body for fence in fences(text)]
    if not bodies or depth > _DEEPEST:
        return literal(text) if not bodies else UNKNOWN
    whole = " ".join(bodies)
    if names := [m[1] or m[2] or "" for m in SECRET.finditer(whole)]:
        stored = [name for name in names if name.upper() != "GITHUB_TOKEN"]
        if not stored:
            return Value(kind=Kind.OWN)
        optional = _MAY_BE_EMPTY.search(whole) is not None
        # Of `x && secrets.TEST_TOKEN || secrets.TOKEN` the one that opens the real registry.
        real = (name for name in stored if not _FOR_TEST.search(name))
        return _passed(site, next(real, stored[0]), optional)
    if _OWN_TOKEN.search(whole):
        return Value(kind=Kind.OWN)
    if match := _STEP_OUTPUT.search(whole):
        return _output_of(site, match[1], match[2], depth)
    if match := _NAMED.fullmatch(whole):
        return _named(site, match[1], match[2], depth)
    # A variable of the repository is stored too, only less well kept.
    return Value(kind=Kind.STORED) if whole.strip().startswith("vars.") else UNKNOWN


def _passed(site: Site, secret: str, optional: bool) -> Value:
    """A secret of a called workflow by the name that its callers give it; empty where none does."""
    calls = [route.calls[-1] for route in site.routes if route.calls]
    if not calls or len(calls) < len(site.routes) or site.is_for_others:
        return Value(kind=Kind.STORED, secret=secret, optional=optional)
    names: list[str] = []
    for call in calls:
        if call.secrets_passed is SecretsPassed.INHERITED:
            names.append(secret)
        for key, value in call.secrets.items():
            if key.lower() == secret.lower() and value.value:
                match = SECRET.search(value.value)
                names.append((match and (match[1] or match[2])) or secret)
    if not names:
        return EMPTY
    optional = optional or len(names) < len(calls)
    return Value(kind=Kind.STORED, secret=names[0], optional=optional)


def _output_of(site: Site, step_id: str, name: str, depth: int) -> Value:
    owner, step = site.step_before(step_id) or (site, None)
    if step is None:
        return UNKNOWN
    if mints(owner, step):
        return Value(kind=Kind.MINTED)
    if step.uses is not None and step.uses.action in SECRET_STORES:
        return Value(kind=Kind.STORED)  # not among GitHub's secrets, whatever its name
    there = owner.at_step(step)
    if step.run is not None:
        written = assignments_to(step.run.value, "GITHUB_OUTPUT").get(name)
        if written is not None:
            return shell_value_of(there, None, written, depth + 1)
    given = (*step.inputs.values(), *step.env.values())
    found = [value_of(there, scalar.value, depth + 1) for scalar in given]
    stored = [v for v in found if v.kind is Kind.STORED]
    return stored[0] if stored else UNKNOWN


def shell_value_of(site: Site, command: Command | None, text: str, depth: int = 0) -> Value:
    """What a word of a script is, seen as a credential; variables are followed."""
    name = variable_name(text)
    if name and depth < _DEEPEST:
        inside = site.shell_value(name, command)
        if inside is not None and inside != text:
            return shell_value_of(site, command, inside, depth + 1)
        return Value(kind=Kind.MINTED) if script_mints(site) else UNKNOWN
    if "$(" in text or "`" in text:
        if script_mints(site):
            return Value(kind=Kind.MINTED)
        if _SESSION.search(text):
            return session_value(site)
        return value_of(site, text) if SECRET.search(text) else _value_inside(site, command, text)
    if "${{" in text:
        return value_of(site, text)
    if "$" in text and depth < _DEEPEST:
        return _value_inside(site, command, text)
    return literal(text)


def _value_inside(site: Site, command: Command | None, text: str) -> Value:
    """The value of the first variable within a text that holds a credential."""
    for name in variable_names(text):
        inside = site.shell_value(name, command)
        if inside is not None and "${{" in inside:
            value = value_of(site, inside)
            if value.kind in {Kind.STORED, Kind.MINTED, Kind.OWN}:
                return value
    return UNKNOWN


def session_value(site: Site) -> Value:
    """What a token is that a cloud's command gives to whoever has logged in: short-lived where
    the login was by identity, stored where it was by a key.
    """
    for owner, step in reversed(site.steps_before()):
        action = step.uses.action if step.uses is not None else ""
        if action in CLOUD_LOGINS:
            if mints(owner, step):
                return Value(kind=Kind.MINTED)
            stored = step.input(*MINTING_ACTIONS[action])
            return value_of(owner, stored.value) if stored is not None else UNKNOWN
    for _, scalar, _, owner in site.variable("AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET"):
        return value_of(owner, scalar.value)
    return UNKNOWN


def _named(site: Site, context: str, name: str, depth: int) -> Value:
    if context == "env":
        for _, scalar, _, owner in site.variable(name):
            return value_of(owner, scalar.value, depth + 1)
        return Value(kind=Kind.MINTED) if script_mints(site) else UNKNOWN
    given = [value_of(owner, scalar.value, depth + 1) for owner, scalar in site.given(name)]
    if not given:
        return EMPTY if site.action is not None else UNKNOWN
    best = max(given, key=lambda value: value.kind.value)
    empty = any(value.kind is Kind.EMPTY for value in given) and best.kind is not Kind.EMPTY
    return Value(kind=best.kind, secret=best.secret, optional=best.optional or empty)


def mints(site: Site, step: Step) -> bool:
    """Whether a step exchanges an OIDC identity for a short-lived credential."""
    action = step.uses.action if step.uses is not None else ""
    if action in MINTING_ACTIONS:
        stored = MINTING_ACTIONS[action]
        if stored and step.input(*stored) is not None:
            return False
        variable = MINTING_VARIABLES.get(action, "")
        levels = (step.env, site.job.env, site.workflow.env)
        return not variable or any(variable in env for env in levels)
    return step.run is not None and mints_by_hand(step.run.value)


@lru_cache(maxsize=512)
def mints_by_hand(script: str) -> bool:
    """Whether a script exchanges an identity; cached, as every later upload asks."""
    return _MINTS.search(script) is not None


def script_mints(site: Site) -> bool:
    """Whether an earlier step, or the step itself, exchanges an identity."""
    return site.once(
        "mints", lambda: any(mints(owner, step) for owner, step in site.steps_before())
    )


def literal(text: str) -> Value:
    """What a text without expressions is: a literal of the file, or an unknown variable."""
    if not text or text.startswith(("$", "%")):
        return UNKNOWN if text else EMPTY
    return Value(kind=Kind.LITERAL)
