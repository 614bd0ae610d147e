"""Finds steps at which a run ends: scripts that surely fail, and actions that refuse people.

Such a step is a guard of all that comes after it, where its condition holds.
"""

from __future__ import annotations

import re

from audits.analysis.checkout_refusal import is_checkout, refuses_outsiders
from audits.analysis.exposure.rules import REFUSERS
from audits.model.repository import Repository
from audits.model.workflow import Job, Step

_REFUSED_EVENTS = frozenset({"pull_request_target", "workflow_run"})
# What decides whether the rest of a shell's script, or of a script in JavaScript, is reached.
_SHELL_BRANCHES = re.compile(
    r"(?:^|[;|({])\s*(?:if|case|while|until|for|foreach|select|switch|try|function|trap|exit|return)\b"
    r"|&&|\|\||<<|\(\)\s*\{|\bset\s+\+e",
    re.MULTILINE | re.IGNORECASE,
)
_SHELL_FAILS = re.compile(
    r"(?:^|;|^\s*(?:echo|printf)\b[^|&\n]*&&)\s*(?:exit\s+[1-9]\d*|false)\s*(?:$|;|#)", re.MULTILINE
)
_SCRIPT_BRANCHES = re.compile(
    r"\b(?:if|else|switch|case|try|catch|for|while|function|return)\b|=>|\?"
)
_SCRIPT_FAILS = re.compile(r"\bcore\.setFailed\s*\(|\bthrow\b|\bprocess\.exit\s*\(\s*[1-9]")
_TEXT = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`")
_COMMENT = re.compile(r"^\s*(?:#|//).*$", re.MULTILINE)
_MOST_READ = 4000


def surely_fails(step: Step) -> bool:
    """Whether the script of a step fails whatever happens, as in ``exit 1``."""
    if step.run is not None:
        if "exit" not in step.run.value and "false" not in step.run.value:
            return False
        text = _TEXT.sub("''", _COMMENT.sub("", step.run.value[:_MOST_READ]))
        is_shell = not step.shell or step.shell.startswith(("bash", "sh", "pwsh", "powershell"))
        found = _SHELL_FAILS.search(text) if is_shell else None
        return found is not None and _SHELL_BRANCHES.search(text[: found.start()]) is None
    script = step.input("script")
    if step.uses is None or step.uses.action != "actions/github-script" or script is None:
        return False
    text = _TEXT.sub("''", _COMMENT.sub("", script.value[:_MOST_READ]))
    return _SCRIPT_FAILS.search(text) is not None and _SCRIPT_BRANCHES.search(text) is None


def ends_for_outsiders(repo: Repository, step: Step, event: str) -> bool:
    """Whether a step fails for people without write access who set off this event."""
    uses = step.uses
    refuser = REFUSERS.get(uses.action) if uses is not None else None
    if refuser is None:
        return _refused(repo, step, event)
    for name, values in refuser.off.items():
        given = step.input(name)
        if given is not None and (not values or given.value.strip().lower() in values):
            return False
    return not refuser.on or step.input(refuser.on) is not None


def goes_on(holder: Step | Job) -> bool:
    """Whether the job continues, or may, where a step fails, or the run where a job does."""
    given = holder.keys.get("continue-on-error")
    return given is not None and given.text != "false"


def _refused(repo: Repository, step: Step, event: str) -> bool:
    """Whether it is a checkout of a pull request's code that this version refuses."""
    if event not in _REFUSED_EVENTS or not is_checkout(step):
        return False
    ref = step.input("ref")
    asks = ref is not None and ("refs/pull/" in ref.value or ".head.sha" in ref.value)
    return asks and refuses_outsiders(repo, step) is True
