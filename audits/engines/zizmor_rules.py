"""zizmor's rules: what each looks for, how severe it can be, and which of them are kept here.

Read from zizmor 1.32, https://docs.zizmor.sh/audits/; a test holds the table against the wheel.
"""

from __future__ import annotations

from msgspec import Struct

from audits.model.outcome import Severity

_DOCUMENTATION = "https://docs.zizmor.sh/audits/#"


class ZizmorRule(Struct, frozen=True, kw_only=True):
    """One rule of zizmor.

    ``severity`` is the highest that it gives. ``kept`` rules arrive as ``zizmor/<id>`` and are
    scored; of the others ``instead`` says why not, where no check names the rule as its own.
    """

    id: str
    title: str
    severity: Severity
    text: str
    kept: bool = False
    instead: str = ""

    @property
    def heading(self) -> str:
        """Its title as a sentence begins."""
        return self.title[:1].upper() + self.title[1:]

    @property
    def url(self) -> str:
        """The page of zizmor's documentation about it."""
        return _DOCUMENTATION + self.id


def _kept(name: str, severity: Severity, title: str, text: str) -> ZizmorRule:
    return ZizmorRule(id=name, title=title, severity=severity, text=text, kept=True)


def _other(name: str, severity: Severity, title: str, text: str, instead: str = "") -> ZizmorRule:
    return ZizmorRule(id=name, title=title, severity=severity, text=text, instead=instead)


_H, _M, _L, _I = Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO
_PEDANTIC = "zizmor itself reports it only to those who ask for its pedantic persona."
_PRE_COMMIT = "It looks at pre-commit's configuration, which takes no part in a release."

_KEPT = (
    _kept(
        "adhoc-packages",
        _L,
        "ad-hoc installation of packages",
        "A script installs a package by name (npm, yarn, pnpm, gem, bundle) past the project's "
        "lock file, so that each run takes what the registry serves at that minute. Add it to "
        "the lock file and install from there.",
    ),
    _kept(
        "bot-conditions",
        _H,
        "spoofable bot actor check",
        "A condition compares the actor of the event with a bot's name. The actor is whoever "
        "caused the last event: anyone can have a bot act last on their own pull request, and "
        "the condition lets their code in. Ask who wrote the pull request "
        "(github.event.pull_request.user.login) and from which repository it comes.",
    ),
    _kept(
        "dependabot-execution",
        _H,
        "external code execution in Dependabot updates",
        "dependabot.yml allows packages to run code while Dependabot resolves them "
        "(insecure-external-code-execution: allow). A malicious package can then read the "
        "credentials of private registries. Remove the line.",
    ),
    _kept(
        "github-app",
        _H,
        "dangerous use of GitHub App tokens",
        "A job makes a token of a GitHub App that can do more than the job needs: for all "
        "repositories of the owner, with every right of the App, or without being revoked at the "
        "end. Name the repositories and each permission, and leave revocation on.",
    ),
    _kept(
        "github-env",
        _H,
        "dangerous use of environment file",
        "A script writes what it did not make itself to GITHUB_ENV or GITHUB_PATH. Whoever "
        "chooses that text sets variables such as LD_PRELOAD, or a program's place, for all "
        "later steps, which runs their code there. Use a step output instead. It is low here in "
        "an action of a repository where no workflow runs with rights for outsiders.",
    ),
    _kept(
        "insecure-commands",
        _H,
        "execution of insecure workflow commands is enabled",
        "ACTIONS_ALLOW_UNSECURE_COMMANDS brings back set-env and add-path, which were removed "
        "because any text that a step prints can use them (CVE-2020-15228). Write to GITHUB_ENV "
        "and GITHUB_PATH instead.",
    ),
    _kept(
        "misfeature",
        _L,
        "usage of GitHub Actions misfeatures",
        "The workflow uses what works badly or cannot be analysed: pip-install of "
        "actions/setup-python, which installs outside a virtual environment, or a script in "
        "Windows' cmd. Use a step of its own, and bash or pwsh.",
    ),
    _kept(
        "obfuscation",
        _L,
        "obfuscated usage of GitHub Actions features",
        "A path with empty or dotted parts, or an expression that always has the same value, "
        "says in a roundabout way what has a plain form. It hides what runs from reviewers and "
        "from tools. Write the plain form.",
    ),
    _kept(
        "typosquat-uses",
        _H,
        "repository reference resembles a popular repository",
        "An action's name is one slip of the keyboard away from a popular action of another "
        "owner. It may be the slip, or somebody waiting for it. Compare the owner's name letter "
        "by letter.",
    ),
    _kept(
        "unpinned-tools",
        _M,
        "action installs an unpinned external tool",
        "An action installs a tool in its newest version because its input does not name one "
        "(setup-trivy, setup-just and others), so a pinned action still runs what nobody "
        "reviewed. Give the version.",
    ),
    _kept(
        "unredacted-secrets",
        _M,
        "leaked secret values",
        "fromJSON(secrets.X) takes a secret apart. GitHub hides a secret in logs as a whole "
        "only, so its parts are printed as they are. Store each part as a secret of its own.",
    ),
    _kept(
        "unsound-contains",
        _H,
        "unsound contains condition",
        "contains('a b', value) of a text looks for a part of the text, not for a member of a "
        "list: a branch called 'a', or any part of it, passes. It is high where an outsider "
        'chooses the value, info otherwise. Use contains(fromJSON(\'["a", "b"]\'), value) or '
        "compare with ==.",
    ),
    _kept(
        "unsound-ternary",
        _L,
        "unsound pseudo-ternary expression",
        "a && b || c gives c also where a holds, if b counts as false ('', 0, false). Swap the "
        "two so that the middle is never empty, or use case().",
    ),
)

_OTHERS = (
    _other(
        "anonymous-definition",
        _L,
        "workflow or action definition without a name",
        "A workflow or job has no name of its own in the list of runs.",
        "unnamed-workflow and unnamed-step report what the lesson asks for.",
    ),
    _other(
        "archived-uses",
        _M,
        "action or reusable workflow from archived repository",
        "The repository of an action is archived, so faults in it are no longer corrected.",
    ),
    _other(
        "artipacked",
        _H,
        "credential persistence through GitHub Actions artifacts",
        "A checkout leaves its token in the working tree, where later steps and artifacts that "
        "hold the tree take it along.",
    ),
    _other(
        "cache-poisoning",
        _H,
        "runtime artifacts potentially vulnerable to a cache poisoning attack",
        "A release restores a cache that another run may have written.",
    ),
    _other(
        "concurrency-limits",
        _L,
        "insufficient job-level concurrency limits",
        "Two runs of a workflow may overlap.",
        _PEDANTIC + " A release that is cancelled half way is worse than two that overlap.",
    ),
    _other(
        "dangerous-triggers",
        _H,
        "use of fundamentally insecure workflow trigger",
        "An event that outsiders can cause starts the workflow with the repository's rights.",
    ),
    _other(
        "dependabot-cooldown",
        _M,
        "insufficient cooldown in Dependabot updates",
        "Dependabot proposes a version within days of its release, before a malicious one is "
        "noticed.",
    ),
    _other(
        "excessive-permissions",
        _H,
        "overly broad permissions",
        "The workflow's token may do more than its jobs use.",
    ),
    _other(
        "forbidden-uses",
        _H,
        "forbidden action used",
        "An action is on a list that its user wrote into zizmor's configuration.",
        "Without such a list it reports nothing; an organization enforces one in its settings "
        "for actions.",
    ),
    _other(
        "hardcoded-container-credentials",
        _H,
        "hardcoded credential in GitHub Actions container configurations",
        "The password of a container registry stands in the workflow.",
    ),
    _other(
        "impostor-commit",
        _H,
        "commit with no history in referenced repository",
        "A pinned commit is on no branch and no tag of the repository: it may come from a fork.",
    ),
    _other(
        "insecure-url-scheme",
        _H,
        "use of an insecure URL scheme",
        "A pre-commit hook is fetched over http or git, which do not protect what is fetched.",
        _PRE_COMMIT,
    ),
    _other(
        "known-vulnerable-actions",
        _H,
        "action has a known vulnerability",
        "An advisory covers the version of an action.",
    ),
    _other(
        "overprovisioned-secrets",
        _M,
        "excessively provisioned secrets",
        "All secrets of the repository are handed over where one is meant.",
    ),
    _other(
        "ref-confusion",
        _M,
        "git ref for action with ambiguous ref type",
        "An action's ref is a branch as well as a tag, and the name does not say which of them runs.",
        "It asks GitHub; unpinned-action reports every ref that can move, so also these.",
    ),
    _other(
        "ref-version-mismatch",
        _M,
        "action's hash pin has mismatched or missing version comment",
        "The comment beside a pinned commit names no version, or another one.",
    ),
    _other(
        "secrets-inherit",
        _M,
        "secrets unconditionally inherited by called workflow",
        "A called workflow is given all secrets, whatever it needs.",
    ),
    _other(
        "secrets-outside-env",
        _M,
        "secrets referenced without a dedicated environment",
        "A job reads a secret without an environment, whose rules would guard it.",
    ),
    _other(
        "self-hosted-runner",
        _M,
        "runs on a self-hosted runner",
        "A job runs on a machine that earlier jobs may have changed.",
    ),
    _other(
        "self-repository",
        _L,
        "use GitHub's dedicated self-repository syntax",
        "An action of the same repository is used as ./path, from whatever the workspace holds, "
        "and not as $/path, from the commit that runs.",
        "Both forms count as pinned here; what a checkout puts into the workspace is followed.",
    ),
    _other(
        "stale-action-refs",
        _L,
        "commit hash does not point to a Git tag",
        "A pinned commit is no release of the action.",
        _PEDANTIC + " unknown-commit reports a commit that is in no branch either.",
    ),
    _other(
        "superfluous-actions",
        _I,
        "action functionality is already included by the runner",
        "An action does what a program on the runner does as well.",
        "It is a question of taste; each action that is used is judged by the pinning checks.",
    ),
    _other(
        "template-injection",
        _H,
        "code injection via template expansion",
        "The value of an expression becomes part of a script before the shell reads it.",
    ),
    _other(
        "undocumented-permissions",
        _L,
        "permissions without explanatory comments",
        "A permission has no comment that says what it is for.",
        _PEDANTIC,
    ),
    _other(
        "unpinned-images",
        _H,
        "unpinned image references",
        "A container image is named by a tag, which can be moved.",
    ),
    _other(
        "unpinned-uses",
        _H,
        "unpinned action reference",
        "An action or called workflow is named by a branch or tag, which can be moved.",
    ),
    _other(
        "unsound-condition",
        _H,
        "unsound conditional expression",
        "A condition always holds, because text stands around its expression.",
    ),
    _other(
        "use-trusted-publishing",
        _I,
        "prefer trusted publishing for authentication",
        "A package is uploaded with a stored token where the registry has trusted publishing.",
    ),
)

ZIZMOR_RULES = {rule.id: rule for rule in sorted((*_KEPT, *_OTHERS), key=lambda rule: rule.id)}
"""Every rule of zizmor by its id."""

KEPT_RULES = frozenset(rule.id for rule in _KEPT)
"""The rules that are kept; we judge what the others look for ourselves."""
