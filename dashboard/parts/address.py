"""Choices that are in the page's address, so that Back, Reload and a shared link show the same.

Streamlit's own binding (``bind="query-params"``) leaves the first choice out of the address,
replaces unknown values by it, and takes a view's parameters out of the browser's history when
another view opens, so that Back shows something else. Here a view writes its address once, when
it has been drawn, and parameters of other views stay.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.frames.cells import as_named, visible

_NEAR = 3
_LONGEST = 200
"""Characters of a text that is looked for."""
_PENDING = "address to write"
_WRITTEN = "address as written"
_SAID = "parameters whose unknown values were said"

Parsed = Callable[[list[str]], Any]


def begin() -> None:
    """Start a run of the page: nothing is to be written yet."""
    st.session_state[_PENDING], st.session_state[_SAID] = {}, set()
    st.session_state.setdefault(_WRITTEN, {})


def write() -> None:
    """Write what the view chose into the address, all at once: each write is a step of Back."""
    pending: dict[str, list[str]] = st.session_state.get(_PENDING, {})
    # Only what differs: Streamlit refuses to write the tab, which is bound to its widget.
    changed = {n: values for n, values in pending.items() if values != st.query_params.get_all(n)}
    if changed:
        st.query_params.update(changed)
    st.session_state[_WRITTEN] |= pending


def _seed(name: str, key: str, parse: Parsed, default: object) -> None:
    """Have a box start with the address's value where a link, Back or Forward has set it."""
    raw = st.query_params.get_all(name)
    if raw != st.session_state[_WRITTEN].get(name, []) or key not in st.session_state:
        st.session_state[key] = parse(raw) if raw else default
        st.session_state[_WRITTEN][name] = raw


def _put(name: str, values: Sequence[str]) -> None:
    st.session_state[_PENDING][name] = list(values)


def choose(
    label: str,
    name: str,
    labels: Mapping[str, str],
    *,
    where: DeltaGenerator | None = None,
    default: str = "",
) -> str | None:
    """A box whose choice is always written into the address; None where the address names
    something that is not among the choices.

    ``labels`` are the choices with what is shown for each; ``default``, or the first, is chosen
    where neither the address nor an earlier view has chosen.
    """
    box, held = f"{name} box", f"{name} held"
    _say_several(name)
    usual = _held(held, labels, default)
    _seed(name, box, lambda raw: as_named(raw[-1], labels, labels.__getitem__), usual)
    if st.session_state[box] is not None and st.session_state[box] not in labels:
        st.session_state[box] = usual  # another owner has other scans
    chosen: object = (where or st).selectbox(
        label,
        list(labels),
        key=box,
        format_func=labels.__getitem__,
        placeholder=f"{visible(st.query_params.get(name, ''))} is not here",
    )
    if chosen is None:
        return None
    st.session_state[held] = str(chosen)
    _put(name, [str(chosen)])
    return str(chosen)


def since(label: str, name: str, labels: Mapping[str, str], on_date: str, last: date) -> str | None:
    """A box of periods, always written into the address; its word, or a day as ``2026-09-30``
    where the choice ``on_date`` asks for one, ``last`` at the latest. None where the address
    names neither.
    """
    box, days = f"{name} box", f"{name} day"
    raw = st.query_params.get(name, "")
    if (day := _day(raw)) and [raw] != st.session_state[_WRITTEN].get(name, []):
        st.session_state[days] = day
    _seed(name, box, lambda raw: _period(raw[-1], labels, on_date), next(iter(labels)))
    chosen: object = st.selectbox(
        label,
        list(labels),
        key=box,
        format_func=labels.__getitem__,
        placeholder=f"{visible(raw)} is no period",
    )
    if chosen is None:
        return None
    if chosen == on_date:
        st.session_state.setdefault(days, last - timedelta(days=30))
        if st.session_state[days] > last:
            _warn(f"A period cannot begin after the scan: it begins on {last}, the scan's day.")
            st.session_state[days] = last
        chosen = st.date_input("Since", key=days, max_value=last).isoformat()
    _put(name, [str(chosen)])
    return str(chosen)


def _period(word: str, labels: Mapping[str, str], on_date: str) -> str | None:
    if _day(word):
        return on_date
    return word if word in labels and word != on_date else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _held(held: str, labels: Mapping[str, str], default: str = "") -> str:
    known = str(st.session_state.get(held, ""))
    return known if known in labels else default or next(iter(labels))


def select(
    label: str,
    name: str,
    options: Sequence[str],
    *,
    where: DeltaGenerator | None = None,
    format_func: Callable[[Any], str] = str,
    default: str = "",
) -> str:
    """A box with one choice; the default (the first one) is left out of the address."""
    first, key = default or options[0], f"{name} choice"
    _say_several(name)
    tell_unknown(**{name: (*options, *map(visible, options))})
    _seed(name, key, lambda raw: as_named(raw[-1], options) or first, first)
    if st.session_state[key] not in options:
        st.session_state[key] = first
    box = (where or st).selectbox(label, options, key=key, format_func=format_func)
    _put(name, [] if box == first else [str(box)])
    return str(box)


def select_many(
    label: str,
    name: str,
    options: Sequence[str],
    *,
    where: DeltaGenerator | None = None,
    format_func: Callable[[Any], str] = str,
) -> tuple[str, ...]:
    """A box with any number of choices."""
    key = f"{name} choices"
    tell_unknown(**{name: (*options, *map(visible, options))})
    _seed(name, key, lambda raw: [found for each in raw if (found := as_named(each, options))], [])
    st.session_state[key] = [value for value in st.session_state[key] if value in options]
    box = (where or st).multiselect(label, options, key=key, format_func=format_func)
    _put(name, box)
    return tuple(box)


def segmented(
    label: str, name: str, options: Sequence[str], *, where: DeltaGenerator | None = None
) -> str:
    """A row of buttons of which one is chosen; the first is left out of the address."""
    key = f"{name} segment"
    _say_several(name)
    tell_unknown(**{name: options})
    _seed(name, key, lambda raw: raw[-1] if raw[-1] in options else options[0], options[0])
    chosen = (where or st).segmented_control(label, options, key=key, required=True)
    _put(name, [] if chosen == options[0] else [str(chosen)])
    return str(chosen)


def switch(label: str, name: str, *, where: DeltaGenerator | None = None) -> bool:
    """A box to tick; off is left out of the address."""
    key = f"{name} switch"
    tell_unknown(**{name: ("yes", "no")})
    _seed(name, key, lambda raw: raw[-1] == "yes", False)
    on = bool((where or st).checkbox(label, key=key))
    _put(name, ["yes"] if on else [])
    return on


def text(label: str, name: str, *, where: DeltaGenerator | None = None, **kwargs: Any) -> str:  # noqa: ANN401
    """A box for text of a bounded length."""
    key = f"{name} text"
    _say_several(name)
    if len(st.query_params.get(name, "")) > _LONGEST:
        _warn(f"The {name} of the address is cut after {_LONGEST} characters.")
    _seed(name, key, lambda raw: raw[-1][:_LONGEST], "")
    found = (where or st).text_input(label, key=key, max_chars=_LONGEST, **kwargs) or ""
    _put(name, [found] if found else [])
    return found


def number(
    label: str,
    name: str,
    least: int,
    most: int,
    *,
    where: DeltaGenerator | None = None,
    **kwargs: Any,  # noqa: ANN401
) -> int:
    """A box for a number; the most is the default and left out of the address."""
    key = f"{name} number"
    tell_unknown(**{name: map(str, range(least, most + 1))})
    _seed(name, key, lambda raw: _within(raw[-1], least, most), most)
    found = int((where or st).number_input(label, least, most, key=key, **kwargs))
    _put(name, [] if found == most else [str(found)])
    return found


def pages(count: int, name: str = "page") -> int:
    """The chosen page from 1 to ``count``, which is one that there is."""
    key = f"{name} number"
    tell_unknown(**{name: map(str, range(1, max(count, 1) + 1))})
    if count <= 1:
        _put(name, [])
        return 1
    _seed(name, key, lambda raw: _within(raw[-1], 1, count, otherwise=1), 1)
    st.session_state[key] = min(st.session_state[key], count)
    found = int(st.pagination(count, key=key))
    _put(name, [] if found == 1 else [str(found)])
    return found


def _within(text: str, least: int, most: int, otherwise: int | None = None) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
    if value is not None and least <= value <= most:
        return value
    return most if otherwise is None else otherwise


def missing(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a value of the address that is not among the known ones."""
    wanted = visible(st.query_params.get(name, ""))
    return f"{what} {wanted!r} is not here.{_near(wanted, known)}"


def _near(wanted: str, known: Iterable[str]) -> str:
    lower = {value.lower(): value for value in known}
    near = difflib.get_close_matches(wanted.lower(), lower, n=_NEAR, cutoff=0.6)
    return f" Did you mean {' or '.join(visible(lower[value]) for value in near)}?" if near else ""


def tell_unknown(**known: Iterable[str]) -> None:
    """Say which filters of the address hold a value that is not known, with near ones.

    Boxes do so too, where they stand; a view that calls it before says it above them all.
    """
    for name, words in known.items():
        allowed, found = list(words), st.query_params.get_all(name)
        if found == st.session_state[_WRITTEN].get(name, []):
            continue  # of another view
        if name in st.session_state[_SAID]:
            continue
        st.session_state[_SAID].add(name)
        for wanted in found:
            if wanted not in allowed:
                _warn(f"The address asks for a {name} that is not here; it was left out.")
                st.text(f"{name}: {visible(wanted)!r}.{_near(wanted, allowed)}")


def _say_several(name: str) -> None:
    """Say that the address has several values of what has one: the last is taken."""
    found = st.query_params.get_all(name)
    if len(found) > 1 and found != st.session_state[_WRITTEN].get(name, []):
        _warn(f"The address has more than one {name}; only the last is shown.")


def _warn(sentence: str) -> None:
    """A remark on the address, in our words only."""
    st.warning(sentence, icon=":material/filter_alt_off:")
