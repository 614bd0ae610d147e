"""Escapes untrusted text for terminals, Markdown and HTML, and leaves tokens out of it."""

from __future__ import annotations

import re
import unicodedata

from markupsafe import Markup, escape

from audits.model.redaction import without_tokens

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-!|<>~$^])")
_TICKS = re.compile(r"`+")
_VOID = frozenset({"meta"})
# Control characters, halves of surrogate pairs, and marks of bidirectional text
# (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """The text on one line, with control, bidirectional and unassigned characters shown as
    escapes: a terminal cannot be steered by it, nor a reader's eye.
    """
    text = without_tokens(text)
    if text.isprintable():
        return text
    return "".join(
        c
        if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        else _shown(c)
        for c in text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    )


def without_controls(text: str) -> str:
    """The text with what would steer a terminal, or reorder what a reader sees, as escapes."""
    return _STEERING.sub(lambda found: _shown(found[0]), without_tokens(text))


def _shown(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) > 255 else f"\\x{ord(character):02x}"


def markdown(text: str) -> str:
    """A sentence of ours with names of theirs in back-ticks: those become code, the rest is
    escaped so that it makes no link, image, mention, table cell or HTML.
    """
    parts = printable(text).split("`")
    if len(parts) % 2 == 0:  # an odd back-tick is text
        return _escaped("`".join(parts))
    return "".join(code(part) if index % 2 else _escaped(part) for index, part in enumerate(parts))


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;")
    text = _PUNCTUATION.sub(r"\\\1", text)
    # Entities keep GitHub from making links of addresses and mentions of names.
    return text.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def html(text: str) -> Markup:
    """Text as HTML: no character of it is markup, and none steers what a reader sees."""
    return escape(printable(text))


def element(name: str, /, *inside: str | Markup, **attributes: str) -> Markup:
    """An HTML element. Whatever is no `Markup` is escaped here, contents and values alike, so
    that no text gets into a page in another way; a trailing ``_`` of an attribute's name, and
    ``_`` for a hyphen in it, are Python's.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html(value)}"' for key, value in attributes.items()
    )
    opened = f"<{name}{given}>"
    if name in _VOID:
        return Markup(opened)  # noqa: S704 - names are ours, values escaped
    content = "".join(each if isinstance(each, Markup) else html(each) for each in inside)
    return Markup(f"{opened}{content}</{name}>")  # noqa: S704 - contents are escaped, or Markup


def link(text: str, url: str) -> Markup:
    """A link to a page of the web; the text alone where the address is none."""
    return element("a", text, href=url) if url.startswith("https://") else html(text)


def code(text: str) -> str:
    """Text as a Markdown code span, safe in a table cell too."""
    clean = printable(text).replace("|", "\\|")
    if not clean.strip():
        return "` `" if clean else ""
    fence = "`" * (max((len(run) for run in _TICKS.findall(clean)), default=0) + 1)
    edge = " " if clean[0] == "`" or clean[-1] == "`" else ""
    return f"{fence}{edge}{clean}{edge}{fence}"
