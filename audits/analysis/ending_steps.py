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
    r"(?:^|[;|({])[ \t]*"
    r"(?:if|case|while|until|for|foreach|select|switch|try|function|trap|exit|return|exec)\b"
    r"|[({][ \t]*$|&&|\|\||<<|\(\)\s*\{|\bset[ \t]+\+(?:e|o[ \t]+errexit)",
    re.MULTILINE | re.IGNORECASE,
)
_SHELL_FAILS = re.compile(
    r"(?:^|;|^[ \t]*(?:echo|printf)\b[^|&\n]*&&)[ \t]*(?:exit[ \t]+[1-9]\d*|false)[ \t]*(?:$|;|#)",
    re.MULTILINE,
)
_SCRIPT_BRANCHES = re.compile(
    r"\b(?:if|else|switch|case|try|catch|for|while|function|return)\b|=>|\?|&&|\|\|"
)
_SCRIPT_FAILS = re.compile(r"\bcore\.setFailed\s*\(|\bthrow\b|\bprocess\.exit\s*\(\s*[1-9]")
# An escaped quote outside begins no text.
_TEXT = re.compile(r"\\.|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`")
_COMMENT = re.compile(r"^[ \t]*(?:#|//).*$", re.MULTILINE)
_MOST_READ = 4000


def ends_job(repo: Repository, step: Step, event: str) -> bool:
    """Whether a step, where it runs, ends its job for those who set off this event without write
    access; for all, where ``event`` is empty.
    """
    if goes_on(step):
        return False
    return _surely_fails(step) or (bool(event) and _ends_for_outsiders(repo, step, event))


def _surely_fails(step: Step) -> bool:
    """Whether the script of a step fails whatever happens, as in ``exit 1``."""
    if step.run is not None:
        is_shell = not step.shell or step.shell.startswith(("bash", "sh", "pwsh", "powershell"))
        return is_shell and _shell_fails(step.run.value)
    script = step.input("script")
    if step.uses is None or step.uses.action != "actions/github-script" or script is None:
        return False
    text = _without_texts(script.value)
    return _SCRIPT_FAILS.search(text) is not None and _SCRIPT_BRANCHES.search(text) is None


def _shell_fails(script: str) -> bool:
    if "exit" not in script and "false" not in script:
        return False
    text = _without_texts(script)
    found = _SHELL_FAILS.search(text)
    return found is not None and _SHELL_BRANCHES.search(text[: found.start()]) is None


def _without_texts(script: str) -> str:
    """A script without comments and what stands in quotes, its continued lines joined."""
    return _TEXT.sub("''", _COMMENT.sub("", script[:_MOST_READ]).replace("\\\n", " "))


def _ends_for_outsiders(repo: Repository, step: Step, event: str) -> bool:
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
