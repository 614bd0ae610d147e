"""The checks, one a file: the file's name is the check's name and names the fault."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from audits.check import Check, CheckError
from audits.model.outcome import Area, Outcome

_NO_CHECKS = ("api", "constants", "example_workflows")
"""Modules beside the checks: what checks import."""


def _check_of(module: ModuleType) -> Check:
    """The check that a module declares under its own name; CheckError if it does not."""
    name = module.__name__.rpartition(".")[2]
    function = module.__dict__.get(name)
    declared = getattr(function, "__dict__", {}).get("check")
    if not isinstance(declared, Check):
        raise CheckError(f"{module.__name__} declares no check named {name}")
    wanted = {Outcome.FAIL, Outcome.PASS}
    if missing := wanted - {example.expected for example in declared.examples}:
        names = " or ".join(sorted(missing))
        raise CheckError(f"{declared.id} has no example with the outcome {names}")
    return declared


def load_checks(package: ModuleType) -> tuple[Check, ...]:
    """The checks of a package, one a module, in the order of areas and then of names.

    A module that does not import, or that holds no check of its own name with a failing and
    a passing example, is an error: a check that is left out would pass in silence.
    """
    modules = (
        importlib.import_module(f"{package.__name__}.{info.name}")
        for info in pkgutil.iter_modules(package.__path__)
        if info.name not in _NO_CHECKS
    )
    order = list(Area)
    return tuple(sorted(map(_check_of, modules), key=lambda c: (order.index(c.area), c.id)))


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check there is."""
    return load_checks(importlib.import_module(__name__))
