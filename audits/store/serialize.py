"""Serializes structs of the model to JSON and back, by their type hints."""

from __future__ import annotations

import collections.abc
import json
import types
import typing
import zlib
from collections.abc import Callable, Hashable
from datetime import date, datetime
from enum import Enum
from functools import cache
from hashlib import blake2b
from typing import Any, TypeGuard, TypeVar, cast

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

T = TypeVar("T")

KIND = "?"
"""The key that names the class of a struct where a union leaves it open."""

_JSON = msgspec.json.Encoder(order="sorted")
_LEVEL = 1
"""The quickest. A higher level makes texts of a workflow's size 6 % smaller and takes half as long
again."""
_WINDOW = 13
_MEMORY = 6
"""The window is 8 KiB, longer than most texts. To set up zlib's usual one of 32 KiB takes longer than
to compress a text of 3 KiB, and makes texts 1 % smaller."""
_MAPPINGS = {dict, collections.abc.Mapping}

Coder = Callable[[Any], Any]

Json = Any
"""What `json` reads."""


class CodecError(TypeError):
    """A type that has no JSON form, or JSON that does not fit the type."""


def dumps(kind: type[T], value: T) -> str:
    """The value as compact JSON; equal values give equal texts."""
    return text_of(encoder(cast(Hashable, kind))(value))


def text_of(data: object) -> str:
    """A value of JSON's own types as compact JSON, keys sorted."""
    try:
        return _JSON.encode(data).decode()
    except UnicodeEncodeError:
        # A surrogate that came in as an escape, which no UTF-8 may hold.
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def loads(kind: type[T], data: str | bytes) -> T:
    """The value that `dumps` wrote; fields added to a class since then have their default."""
    decoded: T = decoder(cast(Hashable, kind))(json.loads(data))
    return decoded


def pack(data: str) -> bytes:
    """Compressed UTF-8; surrogates that came in as escapes survive."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY)
    return packer.compress(data.encode("utf-8", "surrogatepass")) + packer.flush()


class Packed(Struct, frozen=True):
    """A packed text and its digest."""

    hash: bytes
    data: bytes


def packed(data: str) -> Packed:
    """A text packed and hashed."""
    return Packed(digest(data), pack(data))


def unpack(data: bytes) -> str:
    """The text that `pack` compressed; zlib.error or ValueError where it is damaged."""
    return zlib.decompress(data).decode("utf-8", "surrogatepass")


def digest(data: str) -> bytes:
    """A text's digest, 16 bytes."""
    return blake2b(data.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@cache
def encoder(kind: Hashable) -> Coder:
    """A function from values of this type to what `json` can write."""
    origin = typing.get_origin(kind)
    args = typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return _union_encoder(args)
    if origin is tuple:
        return _tuple_encoder(args)
    if origin in _MAPPINGS:
        key, value = encoder(args[0]), encoder(args[1])
        if args[0] is str:
            return lambda found: {k: value(v) for k, v in found.items()}
        return lambda found: sorted([key(k), value(v)] for k, v in found.items())
    if isinstance(kind, type):
        if issubclass(kind, Struct):
            return _class_encoder(kind)
        if issubclass(kind, Enum):
            return lambda found: found.value
        if issubclass(kind, date):
            return lambda found: found.isoformat()
        if kind in {str, int, float, bool, type(None)}:
            return lambda found: found
    raise CodecError(f"{kind!r} has no JSON form")


@cache
def decoder(kind: Hashable) -> Coder:
    """A function from what `json` reads to values of this type."""
    origin = typing.get_origin(kind)
    args = typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return _union_decoder(args)
    if origin is tuple:
        return _tuple_decoder(args)
    if origin in _MAPPINGS:
        key, value = decoder(args[0]), decoder(args[1])
        if args[0] is str:
            return lambda data: {k: value(v) for k, v in data.items()}
        return lambda data: {key(k): value(v) for k, v in data}
    if isinstance(kind, type):
        if issubclass(kind, Struct):
            return _class_decoder(kind)
        if issubclass(kind, Enum):
            return {member.value: member for member in kind}.__getitem__
        if issubclass(kind, date):
            return kind.fromisoformat
        if kind is float:
            return float
        if kind in {str, int, bool, type(None)}:
            return lambda data: data
    raise CodecError(f"{kind!r} has no JSON form")


def _items(args: tuple[Any, ...]) -> Hashable | None:
    """The item type of ``tuple[X, ...]``; None for a tuple of fixed length."""
    return args[0] if len(args) == 2 and args[1] is Ellipsis else None


def _tuple_encoder(args: tuple[Any, ...]) -> Coder:
    if (item := _items(args)) is not None:
        each = encoder(item)
        return lambda found: [each(v) for v in found]
    coders = [encoder(arg) for arg in args]
    return lambda found: [code(v) for code, v in zip(coders, found, strict=True)]


def _tuple_decoder(args: tuple[Any, ...]) -> Coder:
    if (item := _items(args)) is not None:
        each = decoder(item)
        return lambda data: tuple([each(v) for v in data])
    coders = [decoder(arg) for arg in args]
    return lambda data: tuple(code(v) for code, v in zip(coders, data, strict=True))


def _default(field: FieldInfo) -> object:
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return field.default


def _class_encoder(kind: type[Struct]) -> Coder:
    parts = [(f.name, encoder(f.type), _default(f)) for f in fields(kind)]

    def encode(value: object) -> dict[str, Any]:
        if type(value) is not kind:
            raise CodecError(f"{type(value).__name__} where {kind.__name__} should be")
        found = {}
        for name, code, default in parts:
            item = getattr(value, name)
            # 1 == True in Python, but a count is not a flag: types must agree too.
            if default is NODEFAULT or type(item) is not type(default) or item != default:
                found[name] = code(item)
        return found

    return encode


def _class_decoder(kind: type[Struct]) -> Coder:
    parts = {f.name: decoder(f.type) for f in fields(kind)}

    def decode(data: dict[str, Any]) -> object:
        return kind(**{k: parts[k](v) for k, v in data.items() if k in parts})

    return decode


def is_class(arg: object) -> TypeGuard[type[Struct]]:
    """Whether a type is one of the model's classes."""
    return isinstance(arg, type) and issubclass(arg, Struct)


def _accepts(arg: type) -> tuple[type, ...]:
    """The Python types of values that a member of a union takes."""
    origin = typing.get_origin(arg)
    if origin in _MAPPINGS:
        return (collections.abc.Mapping,)
    return (origin or arg,)


def _union_encoder(args: tuple[Any, ...]) -> Coder:
    choices = [(_accepts(arg), arg, encoder(arg)) for arg in args]

    def encode(value: object) -> object:
        exact = [c for c in choices if type(value) in c[0]]
        for _, arg, code in exact or [c for c in choices if isinstance(value, c[0])]:
            data = code(value)
            return {KIND: arg.__name__, **data} if is_class(arg) else data
        raise CodecError(f"{type(value).__name__} is none of {args!r}")

    return encode


_JSON_TYPES: dict[type, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (float, int),
    bool: (bool,),
    type(None): (type(None),),
    datetime: (str,),
    date: (str,),
    tuple: (list,),
}


def _union_decoder(args: tuple[Any, ...]) -> Coder:
    classes = {arg.__name__: arg for arg in args if is_class(arg)}
    plain: list[tuple[tuple[type, ...], Coder]] = []
    for arg in args:
        if arg in classes.values():
            continue
        origin = typing.get_origin(arg) or arg
        wanted = _JSON_TYPES.get(origin, (dict, list) if origin in _MAPPINGS else (str, int))
        plain.append((wanted, decoder(arg)))

    def decode(data: object) -> object:
        # An environment may be called "?": then the value is no class's name.
        if isinstance(data, dict) and isinstance(name := data.get(KIND), str) and name in classes:
            return decoder(classes[name])(data)
        for wanted, code in plain:
            if type(data) in wanted:
                return code(data)
        raise CodecError(f"{type(data).__name__} is none of {args!r}")

    return decode
