"""Prints the command line that resumes an interrupted scan."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import click
from click.core import ParameterSource

_ADDRESSES = frozenset({"database", "index_url", "registry", "api_url"})
_SECRETS = frozenset({"password", "sslpassword"})


def resume_line(context: click.Context) -> str:
    """How to go on with a scan: what was typed, so that the same is asked; what variables of
    the environment said holds still. Passwords in addresses are left out.
    """
    words = ["release-audit", "scan", *_typed(context), "--resume"]
    line = f"Go on with: {shlex.join(words)}"
    hidden = any(_hides(context, name) for name in _ADDRESSES)
    return f"{line} (with the password that is left out here)" if hidden else line


def _typed(context: click.Context) -> Iterator[str]:
    """The parameters that were given on the command line, arguments first."""
    given = [p for p in context.command.params if _is_typed(context, p.name or "")]
    for parameter in sorted(given, key=lambda p: isinstance(p, click.Option)):
        for value in _values(context, parameter.name or ""):
            text = _told(str(value), parameter.name or "")
            if not isinstance(parameter, click.Option):
                yield text
            elif isinstance(value, bool):
                yield parameter.opts[0] if value else parameter.secondary_opts[0]
            else:
                yield from (parameter.opts[0], text)


def _is_typed(context: click.Context, name: str) -> bool:
    typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    # a budget that was used up would stop the scan again
    return typed and name not in {"resume", "max_points"}


def _values(context: click.Context, name: str) -> list[object]:
    value = context.params[name]
    return list(value) if isinstance(value, list | tuple) else [value]


def _hides(context: click.Context, name: str) -> bool:
    values = map(str, _values(context, name)) if _is_typed(context, name) else ()
    return any(_told(value, name) != value for value in values)


def _told(text: str, name: str) -> str:
    """A value as it may be printed: an address without what may be a secret. Of a database the
    user stays, which is none; of an index it may be a token.
    """
    if name not in _ADDRESSES:
        return text
    prefix, equals, address = text.partition("=") if name == "registry" else ("", "", text)
    try:
        parts = urlsplit(address)
    except ValueError:
        return text
    user, at, host = parts.netloc.rpartition("@")
    kept = f"{user.partition(':')[0]}@" if name == "database" and at else ""
    query = parse_qsl(parts.query, keep_blank_values=True)
    rest = [(key, value) for key, value in query if key.lower() not in _SECRETS]
    if kept + host == parts.netloc and len(rest) == len(query):
        return text
    place = address.partition("?")[0]
    place = place.replace(parts.netloc, kept + host, 1) if parts.netloc else place
    return f"{prefix}{equals}{place}{'?' if rest else ''}{urlencode(rest)}"
