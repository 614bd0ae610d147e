"""Parses an ``action.yml``: the steps of a composite action, or its image."""

from __future__ import annotations

from audits.model.source import Gap, SourceFile
from audits.model.workflow import CompositeAction
from audits.workflow.parse.invalid_places import Faults
from audits.workflow.parse.nodes import Node, SourceText, child, is_scalar, pairs
from audits.workflow.parse.rejected_forms import action_faults
from audits.workflow.parse.steps import one, read_declared, read_image, read_steps


def read_action(
    source: SourceFile, text: SourceText, root: Node
) -> tuple[CompositeAction, tuple[Gap, ...]]:
    """The action under this root node, and a gap for each part that GitHub would refuse."""
    runs = child(root, "runs")
    using = child(runs, "using")
    faults = Faults(source, text)
    for node, detail in action_faults(root):
        faults.add(node, detail)
    action = CompositeAction(
        source=source,
        name=one(text, child(root, "name")),
        using=str(using.value).lower() if is_scalar(using) else "",
        steps=read_steps(text, child(runs, "steps")),
        image=read_image(text, child(runs, "image")),
        inputs=read_declared(text, child(root, "inputs")),
        outputs={
            str(key.value): value
            for key, node in pairs(child(root, "outputs"))
            if (value := one(text, child(node, "value"))) is not None
        },
    )
    return action, tuple(faults.gaps)
