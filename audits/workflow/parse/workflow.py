"""Parses triggers, permissions and jobs of a workflow."""

from __future__ import annotations

from audits.model.location import Scalar
from audits.model.source import Gap, SourceFile
from audits.model.workflow import (
    Environment,
    EnvironmentForm,
    Image,
    Job,
    Level,
    Permissions,
    PermissionsState,
    SecretsPassed,
    Trigger,
    Workflow,
)
from audits.model.yaml_value import YamlValue
from audits.workflow.parse.invalid_places import Faults
from audits.workflow.parse.nodes import (
    Node,
    SourceText,
    child,
    is_list,
    is_map,
    is_scalar,
    items,
    other_keys,
    pairs,
    scalars,
    strings,
    word,
    words,
)
from audits.workflow.parse.rejected_forms import job_faults, workflow_faults
from audits.workflow.parse.steps import (
    one,
    read_condition,
    read_declared,
    read_image,
    read_steps,
)
from audits.workflow.parse.uses import read_uses

_WORKFLOW_KEYS = frozenset({"name", "on", "permissions", "env", "jobs"})
_TRIGGER_KEYS = frozenset(
    {"types", "branches", "branches-ignore", "tags", "tags-ignore", "workflows", "inputs"}
)
_JOB_KEYS = frozenset(
    [
        "name",
        "needs",
        "if",
        "runs-on",
        "environment",
        "permissions",
        "env",
        "outputs",
        "container",
        "services",
        "steps",
        "uses",
        "with",
        "secrets",
    ]
)
"""Keys with a typed field; all others are kept as `YamlValue`."""

# A matrix of GitHub's has 256 jobs at most; real files declare a few dozen.
MOST_JOBS = 256


class _WorkflowReader:
    """Reads one file; collects what it cannot read as gaps."""

    def __init__(self, source: SourceFile, text: SourceText) -> None:
        self.source = source
        self.text = text
        self.faults = Faults(source, text)

    def gap(self, node: Node, detail: str) -> None:
        self.faults.add(node, detail)

    def workflow(self, root: Node) -> Workflow:
        keys = {str(key.value): (key, value) for key, value in pairs(root)}
        triggers = keys.get("on")
        if triggers is None:
            self.gap(root, "the workflow has no 'on:'")
        for node, detail in workflow_faults(root):
            self.gap(node, detail)
        first = next(iter(pairs(root)), None)
        return Workflow(
            source=self.source,
            name=one(self.text, keys["name"][1]) if "name" in keys else None,
            triggers=self.triggers(triggers[1]) if triggers else (),
            triggers_at=self.text.location(*triggers) if triggers else None,
            permissions=self.permissions(keys.get("permissions")),
            env=scalars(self.text, keys["env"][1]) if "env" in keys else {},
            shell=self.default("shell", keys["defaults"][1] if "defaults" in keys else None),
            working_directory=self.default(
                "working-directory", keys["defaults"][1] if "defaults" in keys else None
            ),
            jobs=self.jobs(root, keys.get("jobs")),
            first_key=self.text.location(first[0]) if first else None,
            keys=other_keys(self.text, keys, _WORKFLOW_KEYS),
        )

    def default(self, key: str, defaults: Node | None) -> str:
        """What ``defaults.run`` gives for steps that do not say it."""
        return word(child(child(defaults, "run"), key))

    def triggers(self, node: Node) -> tuple[Trigger, ...]:
        if is_map(node):
            return tuple(self.trigger(key, value) for key, value in pairs(node))
        single = items(node) if is_list(node) else (node,)
        return tuple(self.trigger(item, None) for item in single if is_scalar(item) and item.value)

    def trigger(self, key: Node, value: Node | None) -> Trigger:
        keys = {str(name.value): (name, node) for name, node in pairs(value)}
        of = {name: node for name, (_, node) in keys.items()}
        return Trigger(
            event=str(key.value),
            at=self.text.location(key),
            types=words(of.get("types")),
            branches=words(of.get("branches")),
            branches_ignore=words(of.get("branches-ignore")),
            tags=words(of.get("tags")),
            tags_ignore=words(of.get("tags-ignore")),
            workflows=words(of.get("workflows")) or (),
            inputs=read_declared(self.text, of.get("inputs")),
            span=(key.start_mark.index, (value or key).end_mark.index),
            keys=self.trigger_keys(key, value, keys),
        )

    def trigger_keys(
        self, key: Node, value: Node | None, found: dict[str, tuple[Node, Node]]
    ) -> dict[str, YamlValue]:
        """The keys without a field; the list of ``schedule`` under its own name."""
        if is_list(value):
            return other_keys(self.text, {str(key.value): (key, value)}, frozenset())
        return other_keys(self.text, found, _TRIGGER_KEYS)

    def permissions(self, found: tuple[Node, Node] | None) -> Permissions:
        if found is None:
            return Permissions()
        key, value = found
        at = self.text.location(key)
        span = (key.start_mark.index, value.end_mark.index)
        if is_scalar(value):
            word = str(value.value)
            if word == "default":  # accepted by GitHub, and the same as saying nothing
                return Permissions()
            states = {
                "read-all": PermissionsState.READ_ALL,
                "write-all": PermissionsState.WRITE_ALL,
            }
            if word not in states and not self.text.scalar(value).is_null:
                self.gap(value, f"permissions cannot be {word[:40]!r}")
                return Permissions()
            return Permissions(state=states.get(word, PermissionsState.NULL), at=at, span=span)
        if not is_map(value):
            return Permissions()
        scopes, places = {}, {}
        for scope, level in pairs(value):
            try:
                scopes[str(scope.value)] = Level(str(level.value))
            except ValueError:
                self.gap(level, f"no permission has the level {str(level.value)[:40]!r}")
                continue
            places[str(scope.value)] = self.text.location(scope)
        state = PermissionsState.MAP if scopes else PermissionsState.EMPTY
        return Permissions(state=state, scopes=scopes, places=places, at=at, span=span)

    def jobs(self, root: Node, found: tuple[Node, Node] | None) -> tuple[Job, ...]:
        if found is None or not is_map(found[1]):
            self.gap(found[1] if found else root, "the workflow has no map of 'jobs:'")
            return ()
        made = []
        for key, value in pairs(found[1])[: MOST_JOBS + 1]:
            if is_map(value):
                made.append(self.job(key, value))
            else:
                self.gap(key, f"the job {str(key.value)[:60]!r} is not a map of keys")
        return tuple(made)

    def job(self, key: Node, node: Node) -> Job:
        text = self.text
        keys = {str(name.value): (name, value) for name, value in pairs(node)}
        of = {name: pair[1] for name, pair in keys.items()}
        uses = of.get("uses")
        if uses is None:
            self.needs_to_run(key, of)
        for part, detail in job_faults(str(key.value), node):
            self.gap(part, detail)
        group = child(of.get("runs-on"), "group")
        labels = child(of["runs-on"], "labels") if is_map(of.get("runs-on")) else of.get("runs-on")
        return Job(
            id=str(key.value),
            path=self.source.path,
            at=text.location(key),
            span=(key.start_mark.index, node.end_mark.index),
            name=one(text, of.get("name")),
            needs=words(of.get("needs")) or (),
            condition=read_condition(text, of.get("if")),
            runs_on=strings(text, labels),
            runner_group=str(group.value) if is_scalar(group) else "",
            environment=self.environment(keys.get("environment")),
            permissions=self.permissions(keys.get("permissions")),
            env=scalars(text, of.get("env")),
            outputs=scalars(text, of.get("outputs")),
            images=self.images(of),
            matrix=self.matrix(child(of.get("strategy"), "matrix")),
            has_matrix=child(of.get("strategy"), "matrix") is not None,
            steps=read_steps(text, of.get("steps"), child(of.get("defaults"), "run")),
            uses=read_uses(text.scalar(uses), text.comment_after(uses.end_mark.index))
            if is_scalar(uses)
            else None,
            inputs=scalars(text, of.get("with")),
            secrets_passed=self.secrets(of.get("secrets")),
            secrets=scalars(text, of.get("secrets")),
            secrets_at=text.location(keys["secrets"][0]) if "secrets" in keys else None,
            shell=self.default("shell", of.get("defaults")),
            working_directory=self.default("working-directory", of.get("defaults")),
            keys=other_keys(text, keys, _JOB_KEYS),
        )

    def needs_to_run(self, key: Node, of: dict[str, Node]) -> None:
        """Report what a job that calls nothing lacks: its steps, or a runner for them."""
        job, runner = f"the job {str(key.value)[:60]!r}", of.get("runs-on")
        if not is_list(of.get("steps")):
            self.gap(key, f"{job} has neither 'steps:' nor 'uses:'")
        elif runner is None or (is_scalar(runner) and self.text.scalar(runner).is_null):
            self.gap(key, f"{job} has no 'runs-on:'")

    def secrets(self, node: Node | None) -> SecretsPassed:
        if is_scalar(node) and node.value == "inherit":
            return SecretsPassed.INHERITED
        return SecretsPassed.NAMED if is_map(node) else SecretsPassed.NONE

    def images(self, of: dict[str, Node]) -> tuple[Image, ...]:
        found = [read_image(self.text, of.get("container"))]
        found += [read_image(self.text, v, str(k.value)) for k, v in pairs(of.get("services"))]
        return tuple(image for image in found if image is not None)

    def matrix(self, node: Node | None) -> dict[str, tuple[Scalar, ...]]:
        found: dict[str, tuple[Scalar, ...]] = {}
        for key, value in pairs(node):
            if key.value == "include":
                for item in items(value)[:MOST_JOBS]:
                    for name, scalar in scalars(self.text, item).items():
                        found[name] = (*found.get(name, ()), scalar)
            elif is_list(value) and key.value != "exclude":
                values = strings(self.text, value)
                found[str(key.value)] = (*values, *found.get(str(key.value), ()))
                for item in items(value)[:MOST_JOBS]:
                    for name, scalar in scalars(self.text, item).items():
                        full = f"{key.value}.{name}"
                        found[full] = (*found.get(full, ()), scalar)
        return found

    def environment(self, found: tuple[Node, Node] | None) -> Environment | None:
        if found is None:
            return None
        key, value = found
        holder = child(value, "name") if is_map(value) else value
        name = one(self.text, holder)
        if name is None or name.value.strip() == "":
            return None
        dynamic = "${{" in name.value
        form = EnvironmentForm.MAP if is_map(value) else EnvironmentForm.STRING
        deployment = child(value, "deployment")
        return Environment(
            form=EnvironmentForm.EXPRESSION if dynamic and form is EnvironmentForm.STRING else form,
            name=name,
            at=self.text.location(key, value),
            url=one(self.text, child(value, "url")),
            dynamic=dynamic,
            deployment=not (is_scalar(deployment) and deployment.value == "false"),
            span=(key.start_mark.index, value.end_mark.index),
        )


def read_workflow(
    source: SourceFile, text: SourceText, root: Node
) -> tuple[Workflow, tuple[Gap, ...]]:
    """The workflow under this root node, and a gap for each part that GitHub would refuse."""
    reader = _WorkflowReader(source, text)
    workflow = reader.workflow(root)
    return workflow, tuple(reader.faults.gaps)
