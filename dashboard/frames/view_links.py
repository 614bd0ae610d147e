"""Turns names in a table into addresses of the views that are about them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from urllib.parse import quote, urlencode

import pandas as pd

from dashboard.frames.tables import WHOLE_OWNER
from dashboard.scope import ScanScope

DISPLAY = "(?:[?&]{name}=|#)([^&#]+)$"
"""What is shown of an address: its last parameter, or the words behind its hash sign."""

Cells = Mapping[Hashable, object]
OfOwner = Callable[[str], ScanScope]
"""The scope of one owner, from whatever scope is looked at."""


def address_of(view: str, parameters: Mapping[str, str], words: str = "") -> str:
    """The address of a view, from any other view: relative, as the server may have a base path."""
    return f"{view}?{urlencode(parameters)}" + (f"#{quote(words, safe='')}" if words else "")


def linked(
    frame: pd.DataFrame, scope: ScanScope, of_owner: OfOwner
) -> tuple[pd.DataFrame, list[str]]:
    """The rows with addresses in place of names, and the columns that hold addresses now."""
    names = [name for name in map(str, frame.columns) if name in _MAKERS]
    if scope.owner is None and "owner" not in frame.columns:
        names = [name for name in names if name not in _OF_ONE_OWNER]
    rows = frame.to_dict("records")
    scopes = [of_owner(str(row["owner"])) if row.get("owner") else scope for row in rows]
    made = {
        name: [_MAKERS[name](each, row) for each, row in zip(scopes, rows, strict=True)]
        for name in names
    }
    return frame.assign(**made), names


def _repository(scope: ScanScope, row: Cells) -> str:
    name = str(row["repository"])
    if name == WHOLE_OWNER:
        return address_of("home", scope.address, name)
    return address_of("repository", {**scope.address, "repository": name})


def _check(scope: ScanScope, row: Cells) -> str:
    """The finding of a row of findings; of other rows, what the check looks for."""
    check = str(row["check"])
    if fingerprint := row.get("fingerprint"):
        one = {"repository": str(row["repository"]), "finding": str(fingerprint)}
        return address_of("findings", {**scope.address, **one, "check": check})
    return address_of("method", {**scope.address, "check": check})


def _action(scope: ScanScope, row: Cells) -> str:
    asked = {"what": "action", "exact": "yes", "name": str(row["action"])}
    return address_of("incident", {**scope.address, **asked}, str(row["action"]))


def _owner(scope: ScanScope, row: Cells) -> str:
    return address_of("home", scope.address, str(row["owner"]))


_OF_ONE_OWNER = {"repository"}
_MAKERS: Mapping[str, Callable[[ScanScope, Cells], str]] = {
    "repository": _repository,
    "check": _check,
    "action": _action,
    "owner": _owner,
}
