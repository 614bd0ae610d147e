"""Decides whether a step can run under the events and inputs of its routes."""

from __future__ import annotations

from collections.abc import Iterator

from audits.expressions.evaluate import Facts, decide
from audits.expressions.syntax import Context, condition_expression, walk
from audits.model.workflow import Condition
from audits.workflow.publish.site import Site


def can_run(site: Site) -> bool:
    """Whether the conditions of the step, of the steps it is called from and of its job leave
    room for it. What is not known counts as possible.
    """
    if not all(_may_hold(condition, site) for condition in (site.job.condition,) if condition):
        return False
    here: Site | None = site
    while here is not None:
        condition = here.step.condition if here.step is not None else None
        if condition is not None and not _may_hold(condition, here):
            return False
        here = here.parent
    return True


def _may_hold(condition: Condition, site: Site) -> bool:
    if condition.never:
        return False
    expression = condition_expression(condition.text.value)
    if expression is None:
        return True
    names = {part.name for part in walk(expression) if isinstance(part, Context)}
    inputs = dict(_inputs(site, names))
    if "github.event_name" not in names and not inputs:
        return True
    return any(decide(expression, {**inputs, **event}) is not False for event in _events(site))


def _events(site: Site) -> list[Facts]:
    """The events that can start the job; no facts at all where callers elsewhere may start it."""
    if site.is_for_others:
        return [{}]
    events: dict[str, None] = {}
    for route in site.routes:
        called = any(other.calls for other in site.routes)
        for trigger in route.triggers:
            if trigger.event == "workflow_call":
                # The event is the caller's; callers elsewhere are only likely without one here.
                if not called:
                    return [{}]
            else:
                events[trigger.event] = None
    return [{"github.event_name": event} for event in events] or [{}]


def _inputs(site: Site, names: set[str]) -> Iterator[tuple[str, str]]:
    """The inputs of the composite action around the step, where they are fixed."""
    if site.action is None:
        return
    for name in names:
        context, _, key = name.partition(".")
        if context == "inputs" and key:
            for owner, scalar in site.given(key):
                texts = owner.texts(scalar.value)
                if texts is not None and len(texts) == 1:
                    yield name, texts[0]
