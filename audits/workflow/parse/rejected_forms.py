"""Detects forms of a workflow or action that GitHub rejects.

Only what GitHub is known to refuse is reported. An empty value and an expression pass everywhere.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from audits.workflow.parse.nodes import Node, child, is_list, is_map, is_scalar, items, pairs

Fault = tuple[Node, str]
"""A node, and what is wrong with it."""

_TEXT, _LIST, _MAP = "scalar", "sequence", "mapping"
_SHOWN = {_TEXT: "a text", _LIST: "a list", _MAP: "a map"}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_Table = Mapping[str, tuple[str, ...]]

_WORKFLOW: _Table = {
    "env": (_MAP,),
    "defaults": (_MAP,),
    "permissions": (_TEXT, _MAP),
    "name": (_TEXT,),
}
_JOB: _Table = {
    "container": (_TEXT, _MAP),
    "defaults": (_MAP,),
    "env": (_MAP,),
    "environment": (_TEXT, _MAP),
    "if": (_TEXT,),
    "needs": (_TEXT, _LIST),
    "outputs": (_MAP,),
    "permissions": (_TEXT, _MAP),
    "runs-on": (_TEXT, _LIST, _MAP),
    "secrets": (_TEXT, _MAP),
    "services": (_MAP,),
    "strategy": (_MAP,),
    "uses": (_TEXT,),
    "with": (_MAP,),
}
_STEP: _Table = {
    "env": (_MAP,),
    "id": (_TEXT,),
    "if": (_TEXT,),
    "name": (_TEXT,),
    "run": (_TEXT,),
    "shell": (_TEXT,),
    "uses": (_TEXT,),
    "with": (_MAP,),
    "working-directory": (_TEXT,),
}
_ACTION: _Table = {"inputs": (_MAP,), "name": (_TEXT,), "outputs": (_MAP,)}
_TRIGGER: _Table = {
    "branches": (_TEXT, _LIST),
    "branches-ignore": (_TEXT, _LIST),
    "inputs": (_MAP,),
    "tags": (_TEXT, _LIST),
    "tags-ignore": (_TEXT, _LIST),
    "types": (_TEXT, _LIST),
    "workflows": (_TEXT, _LIST),
}
_WITH_LISTS = frozenset({"schedule"})
"""Events whose settings are a list."""


def workflow_faults(root: Node) -> Iterator[Fault]:
    """Every part of a workflow, outside its jobs, whose form GitHub refuses."""
    yield from _misplaced(root, _WORKFLOW, "")
    for key, value in pairs(root):
        if key.value == "on":
            yield from _trigger_faults(key, value)


def job_faults(name: str, node: Node) -> Iterator[Fault]:
    """Every part of a job whose form GitHub refuses."""
    whose = f"of the job {name[:60]!r} "
    yield from _misplaced(node, _JOB, whose)
    for key, value in pairs(node):
        if key.value == "steps":
            yield from step_faults(value)
        elif key.value == "secrets" and is_scalar(value) and not _may_be_anything(value):
            if value.value != "inherit":
                yield value, f"'secrets:' {whose}is neither 'inherit' nor a map"
        elif key.value == "environment" and is_map(value):
            if all(of.value != "name" for of, _ in pairs(value)):
                yield key, f"'environment:' {whose}has no 'name:'"
        elif key.value == "needs":
            yield from (
                (n, f"'needs:' {whose}names no job") for n in items(value) if not is_scalar(n)
            )


def step_faults(steps: Node | None) -> Iterator[Fault]:
    """Every step of a list, and part of one, whose form GitHub refuses."""
    for item in items(steps):
        if not is_map(item):
            yield item, "a step is not a map of keys"
            continue
        yield from _misplaced(item, _STEP, "of a step ")
        if not pairs(item):
            yield item, "a step has no keys"


def action_faults(root: Node) -> Iterator[Fault]:
    """Every part of an action whose form GitHub refuses."""
    yield from _misplaced(root, _ACTION, "")
    runs = child(root, "runs")
    if not is_map(runs):
        yield runs or root, "the action has no map of 'runs:'"
        return
    using, steps = child(runs, "using"), child(runs, "steps")
    if not is_scalar(using) or using.value in _NULLS:
        yield using or runs, "the action has no 'using:'"
    elif using.value.lower() == "composite" and not is_list(steps):
        yield steps or runs, "the composite action has no list of 'steps:'"
    yield from step_faults(steps)


def _trigger_faults(key: Node, node: Node) -> Iterator[Fault]:
    if is_scalar(node) and node.value in _NULLS:
        yield key, "'on:' names no event"
    for event in items(node):
        if not is_scalar(event):
            yield event, "an event of 'on:' is not a text"
    for event, settings in pairs(node):
        name = str(event.value)
        if is_map(settings):
            yield from _misplaced(settings, _TRIGGER, f"of '{name[:60]}:' ")
        elif not _may_be_anything(settings) and not (is_list(settings) and name in _WITH_LISTS):
            yield settings, f"'{name[:60]}:' is {_SHOWN[settings.id]} and not a map"


def _misplaced(node: Node, table: _Table, whose: str) -> Iterator[Fault]:
    """Values of another kind than a key takes, and keys that YAML alone would merge."""
    for key, value in pairs(node):
        name = str(key.value)
        kinds = table.get(name)
        if kinds is not None and value.id not in kinds and not _may_be_anything(value):
            wanted = " or ".join(_SHOWN[kind] for kind in kinds)
            yield value, f"'{name}:' {whose}is {_SHOWN[value.id]} and not {wanted}"
        elif name == "<<" and not key.style and not is_scalar(value):
            yield key, "a key '<<' merges nothing on GitHub"


def _may_be_anything(node: Node) -> bool:
    """Whether a node is nothing, or an expression."""
    return is_scalar(node) and ("${{" in node.value or (node.value in _NULLS and not node.style))
