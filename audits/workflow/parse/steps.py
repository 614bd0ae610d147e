"""Parses steps, conditions, inputs and images of jobs and composite actions."""

from __future__ import annotations

from collections.abc import Iterator

from audits.expressions.evaluate import decide
from audits.expressions.syntax import Literal, condition_expression
from audits.model.location import Scalar
from audits.model.workflow import Condition, DeclaredInput, Image, Step
from audits.workflow.parse.nodes import (
    Node,
    SourceText,
    child,
    is_map,
    is_scalar,
    items,
    other_keys,
    pairs,
    scalars,
    word,
    words,
)
from audits.workflow.parse.uses import read_uses

# Real files have far fewer; a file of aliases may name one step a hundred thousand times.
MOST_STEPS = 500
_GROUPS_DEEP = 3
_STEP_KEYS = frozenset(
    ["id", "name", "if", "uses", "run", "shell", "env", "with", "working-directory"]
)
"""Keys with a typed field; all others are kept as `YamlValue`."""


def read_condition(text: SourceText, node: Node | None) -> Condition | None:
    """An ``if:``, decided where its text alone decides it."""
    if not is_scalar(node):
        return None
    scalar = text.scalar(node)
    if scalar.is_null:
        return None
    expression = condition_expression(scalar.value)
    known = decide(expression, {})
    return Condition(
        text=scalar, never=known is False, always=known is True and _is_constant(scalar.value)
    )


def _is_constant(text: str) -> bool:
    """Whether the text reads nothing of the run: ``always()`` is no mistake."""
    return isinstance(condition_expression(text), Literal) or "(" not in text


def read_steps(
    text: SourceText, node: Node | None, defaults: Node | None = None
) -> tuple[Step, ...]:
    """The steps of a list; groups of parallel steps are laid out one after the other.
    ``defaults`` is the job's ``defaults.run``.

    At most `MOST_STEPS` and one more are read, so that the caller can tell that there are too
    many.
    """
    found = []
    shell = child(defaults, "shell")
    for index, item in enumerate(_flat(node)):
        if index > MOST_STEPS:
            break
        found.append(_read_step(text, index, item, shell))
    return tuple(found)


def _flat(node: Node | None, depth: int = 0) -> Iterator[Node]:
    for item in items(node):
        if not is_map(item):
            continue
        group = child(item, "parallel")
        if group is not None and depth < _GROUPS_DEEP:
            yield from _flat(group, depth + 1)
        else:
            yield item


def _read_step(text: SourceText, index: int, node: Node, shell: Node | None) -> Step:
    found = {str(key.value): (key, value) for key, value in pairs(node)}
    keys = {name: value for name, (_, value) in found.items()}
    uses = keys.get("uses")
    inputs = keys.get("with")
    run = keys.get("run")
    return Step(
        index=index,
        at=text.location(node),
        span=(node.start_mark.index, node.end_mark.index),
        id=word(keys["id"]) if "id" in keys else "",
        name=one(text, keys["name"]) if "name" in keys else None,
        condition=read_condition(text, keys["if"]) if "if" in keys else None,
        uses=read_uses(text.scalar(uses), text.comment_after(uses.end_mark.index))
        if is_scalar(uses)
        else None,
        run=text.scalar(run) if is_scalar(run) else None,
        shell=word(keys["shell"]) if "shell" in keys else "",
        template=shell_template(text, keys.get("shell", shell)),
        env=scalars(text, keys["env"]) if "env" in keys else {},
        inputs=scalars(text, inputs) if inputs is not None else {},
        inputs_are_dynamic=is_scalar(inputs) and "${{" in inputs.value,
        working_directory=word(keys.get("working-directory")),
        keys=other_keys(text, found, _STEP_KEYS),
    )


def shell_template(text: SourceText, node: Node | None) -> Scalar | None:
    """A shell that is a command of one's own or an expression, and not only a name.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#custom-shell
    """
    found = one(text, node) if node is not None else None
    custom = found is not None and ("{0}" in found.value or "${{" in found.value)
    return found if custom else None


def one(text: SourceText, node: Node | None) -> Scalar | None:
    """The scalar of a scalar node that is not null."""
    if not is_scalar(node):
        return None
    found = text.scalar(node)
    return None if found.is_null else found


def read_declared(text: SourceText, node: Node | None) -> dict[str, DeclaredInput]:
    """The inputs that a workflow or an action declares."""
    found = {}
    for key, value in pairs(node):
        name = str(key.value)
        kind = child(value, "type")
        found[name] = DeclaredInput(
            name=name,
            type=str(kind.value) if is_scalar(kind) else "",
            default=one(text, child(value, "default")),
            options=words(child(value, "options")) or (),
            required=(required := child(value, "required")) is not None
            and required.value == "true",
        )
    return found


def read_image(text: SourceText, node: Node | None, service: str = "") -> Image | None:
    """An image given as a string, or as a map with ``image`` and ``credentials``."""
    holder = child(node, "image") if is_map(node) else node
    reference = one(text, holder)
    if reference is None or holder is None or reference.value == "":
        return None
    return Image(
        reference=reference,
        at=text.location(holder),
        service=service,
        password=one(text, child(child(node, "credentials"), "password")),
    )
