"""Invented workflows on which zizmor and our checks are compared, and why they differ.

A line that ends in ``## ours=KEY`` is reported by us alone, one in ``## zizmor=KEY`` by zizmor
alone, for the reason that `DEVIATIONS` has under the key; all else must agree.
"""

from __future__ import annotations

from msgspec import Struct, field

PIN = "0123456789abcdef0123456789abcdef01234567"
RELEASE = ".github/workflows/release.yml"


class Case(Struct, frozen=True, kw_only=True):
    """A repository: ``text`` is its release workflow, ``files`` what else it has.

    ``agrees`` is how many places both sides report for ``rule``.
    """

    rule: str
    name: str
    text: str
    agrees: int
    files: dict[str, str] = field(default_factory=dict)

    def all_files(self) -> dict[str, str]:
        """Its files by path, marks included."""
        return {RELEASE: self.text, **self.files}


class Deviation(Struct, frozen=True):
    """Where we differ from a rule on purpose: which check, and what its text says of it."""

    rule: str
    check: str
    says: str


def workflow(
    steps: str,
    *,
    on: str = "{release: {types: [published]}}",
    top: str = "permissions: {}",
    job: str = "environment: pypi",
    more: str = "",
) -> str:
    """A workflow with one job of some steps, each line of which is given without indent."""
    body = "".join(f"      {line}\n" for line in steps.strip("\n").split("\n"))
    head = "".join(f"    {line}\n" for line in job.strip("\n").split("\n") if line)
    return (
        f"name: Release\non: {on}\n{top}\njobs:\n  publish:\n    name: Publish\n"
        f"    runs-on: ubuntu-latest\n{head}    steps:\n{body}{more}"
    )


UPLOAD = f"- uses: pypa/gh-action-pypi-publish@{PIN} # v1.12.4"
CHECKOUT = f"- uses: actions/checkout@{PIN} # v4.2.2"


DEVIATIONS = {
    "slsa": Deviation(
        "unpinned-uses",
        "unpinned-reusable-workflow",
        "zizmor reports the SLSA generator's tags as well.",
    ),
    "composite-image": Deviation(
        "unpinned-images",
        "unpinned-image",
        "It does not look at `docker://` in steps of composite actions; here they count.",
    ),
    "opaque-image": Deviation(
        "unpinned-images",
        "unpinned-image",
        "An image that an expression names is unknown here unless all of its values are in the job's matrix",
    ),
    "missing-at-top": Deviation(
        "excessive-permissions",
        "default-token-permissions",
        "Its pedantic persona also reports the top of workflows with one job, or whose jobs all say for themselves.",
    ),
    "one-job-relies": Deviation(
        "excessive-permissions",
        "broad-workflow-permissions",
        "a scope must be shared by two of them, one of which may not use it",
    ),
    "read-all-job": Deviation(
        "excessive-permissions", "broad-workflow-permissions", "It reports `read-all` in a job, too"
    ),
    "late-checkout": Deviation(
        "artipacked",
        "persisted-checkout-credentials",
        "Where some checkout is uploaded, zizmor is silent about checkouts after the last upload.",
    ),
    "other-secret": Deviation(
        "secrets-outside-env",
        "secrets-outside-environment",
        "zizmor's `secrets-outside-env` reports every secret; this check reports those that publish.",
    ),
    "empty-environment": Deviation(
        "secrets-outside-env", "secrets-outside-environment", "`environment: ''` is no environment"
    ),
    "top-env": Deviation(
        "secrets-outside-env",
        "secrets-outside-environment",
        "a token in the workflow's own `env:` and one handed to a called workflow count",
    ),
    "called": Deviation(
        "secrets-outside-env",
        "secrets-outside-environment",
        "workflows with `workflow_call` are judged like all others",
    ),
    "guarded-trigger": Deviation(
        "dangerous-triggers",
        "dangerous-trigger",
        "Here it passes where a condition keeps outsiders out",
    ),
    "no-rights": Deviation(
        "dangerous-triggers",
        "dangerous-trigger",
        "and nothing where the job has neither",
    ),
    "other-event": Deviation(
        "dangerous-triggers",
        "dangerous-trigger",
        "zizmor's `dangerous-triggers` reports every `pull_request_target` and `workflow_run`",
    ),
    "command-output": Deviation(
        "template-injection",
        "template-injection",
        "An output that it cannot follow is unknown where people without write access start the job, "
        "and passes elsewhere, as do numbers, names of users, and inputs that are a choice, a number or a boolean.",
    ),
    "repository-name": Deviation(
        "template-injection",
        "template-injection",
        "Names of the repository and values that the workflow itself sets pass",
    ),
    "any-upload": Deviation(
        "cache-poisoning",
        "cached-release-build",
        "jobs that take part in a release are judged whatever starts them and whatever uploads (`twine upload` too)",
    ),
    "cache-restore": Deviation(
        "cache-poisoning",
        "cached-release-build",
        "`actions/cache/restore` counts like `actions/cache`",
    ),
    "decided-expression": Deviation(
        "cache-poisoning",
        "cached-release-build",
        "an expression is decided under all events that start the job for a tag or release",
    ),
    "token-and-identity": Deviation(
        "use-trusted-publishing",
        "long-lived-token",
        "It is silent about commands in jobs with `id-token: write`",
    ),
    "other-uploader": Deviation(
        "use-trusted-publishing", "long-lived-token", "uploaders that it does not know"
    ),
    "test-index": Deviation(
        "use-trusted-publishing", "long-lived-token", "uploads to test indexes"
    ),
    "no-token": Deviation(
        "use-trusted-publishing", "long-lived-token", "whether or not a credential is visible"
    ),
    "other-credential": Deviation(
        "hardcoded-container-credentials", "hardcoded-credential", "knows passwords of images only"
    ),
    "other-runner": Deviation(
        "self-hosted-runner", "self-hosted-publisher", "Here only the job that publishes counts"
    ),
    "always-true": Deviation(
        "unsound-condition",
        "constant-condition",
        "Here every condition counts whose text alone makes it true.",
    ),
    "first-good-update": Deviation(
        "dependabot-cooldown", "updates-not-automated", "stops at the first update that is in order"
    ),
    "other-ecosystem": Deviation(
        "dependabot-cooldown",
        "updates-not-automated",
        "It counts all ecosystems, and here only actions count.",
    ),
    "no-bot": Deviation(
        "dependabot-cooldown",
        "updates-not-automated",
        "does not ask whether anything covers actions at all",
    ),
    "asks-github": Deviation(
        "archived-uses", "archived-action", "here the repository itself is asked"
    ),
    "filtered-secrets": Deviation(
        "overprovisioned-secrets", "exposed-secrets", "does not know `secrets.*`"
    ),
    "credentials-key": Deviation(
        "hardcoded-container-credentials",
        "hardcoded-credential",
        "points at the `credentials` of a service",
    ),
    "local-registry": Deviation(
        "hardcoded-container-credentials",
        "hardcoded-credential",
        "also for registries on the runner itself",
    ),
    "chosen-credentials": Deviation(
        "artipacked",
        "persisted-checkout-credentials",
        "An expression is left out here: it may say either.",
    ),
    "unused-scope": Deviation(
        "excessive-permissions",
        "broad-job-permissions",
        "here scopes count that nothing in the job uses",
    ),
    "called-permissions": Deviation(
        "excessive-permissions",
        "default-token-permissions",
        "Workflows that are only called are left out",
    ),
    "identity-in-job": Deviation(
        "excessive-permissions", "id-token-too-wide", "It has no rule for jobs."
    ),
}
"""Every way in which we differ on purpose, by key."""
