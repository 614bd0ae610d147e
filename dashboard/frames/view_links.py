"""Turns names in a table into addresses of the views that are about them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from urllib.parse import urlencode

import pandas as pd

from dashboard.frames.tables import WHOLE_OWNER
from dashboard.scope import ScanScope

Cells = Mapping[Hashable, object]
OfOwner = Callable[[str], ScanScope]
"""The scope of one owner, from whatever scope is looked at."""


def address_of(view: str, parameters: Mapping[str, str]) -> str:
    """The address of a view, from any other view: relative, as the server may have a base path."""
    return f"{view}?{urlencode(parameters)}"


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
        return address_of("home", scope.address)
    return address_of("repository", {**scope.address, "repository": name})


def _check(scope: ScanScope, row: Cells) -> str:
    """The finding of a row of findings; of other rows, what the check looks for."""
    check = str(row["check"])
    if fingerprint := row.get("fingerprint"):
        one = {"repository": str(row["repository"]), "finding": str(fingerprint)}
        return address_of("findings", {**scope.address, **one, "check": check})
    return address_of("method", {**scope.address, "check": check})


def _asked_for(what: str) -> Callable[[ScanScope, Cells], str]:
    """The search of an incident for a name of this kind."""

    def address(scope: ScanScope, row: Cells) -> str:
        name = str(row[what if what in row else f"{what} name"])
        asked = {"what": what, "exact": "yes", "name": name}
        return address_of("incident", {**scope.address, **asked})

    return address


def _package(scope: ScanScope, row: Cells) -> str:
    """The evidence of a package, in the view of its repository."""
    name = str(row.get("repository") or "")
    if not name:
        one = {"registry": str(row["registry"])} if row.get("registry") else {}
        return address_of("packages", {**scope.address, **one})
    own = {"repository": name, "tab": "Publications"}
    return address_of("repository", {**scope.address, **own})


def _group(scope: ScanScope, row: Cells) -> str:
    """Home, of one group only."""
    return address_of("home", {**scope.address, "group": str(row["key"])})


def _owner(scope: ScanScope, row: Cells) -> str:
    return address_of("home", scope.address)


_OF_ONE_OWNER = {"repository", "package"}
_MAKERS: Mapping[str, Callable[[ScanScope, Cells], str]] = {
    "repository": _repository,
    "check": _check,
    "action": _asked_for("action"),
    "secret name": _asked_for("secret"),
    "runner name": _asked_for("runner"),
    "package": _package,
    "group": _group,
    "owner": _owner,
}
