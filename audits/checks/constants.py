"""Addresses and anchors that checks refer to; each is resolved by hand before a release."""

from __future__ import annotations

LESSON = "https://www.pyopensci.org/python-package-guide/tutorials/trusted-publishing.html"

# Anchors of the lesson: the slugs of its headings.
STEP_NAME = "step-1-name-the-workflow"
STEP_TRIGGERS = "step-2-add-triggers-to-the-workflow"
STEP_JOBS = "step-3-configure-the-jobs-in-the-workflow"
STEP_SECURE = "step-4-secure-the-github-actions-workflow"
STEP_ARTIFACT = "step-5-upload-the-built-artifact-to-github-artifacts"
STEP_UPLOAD_JOB = "step-1-add-the-upload-job"
STEP_PUBLISHER = "step-2-enable-trusted-publishing-on-pypi"
STEP_HARDENED = "fully-hardened-github-actions-release-workflow"

_GITHUB = "https://docs.github.com/en"
GITHUB_SECURE_USE = f"{_GITHUB}/actions/reference/security/secure-use"
GITHUB_SCRIPT_INJECTION = f"{_GITHUB}/actions/concepts/security/script-injections"
GITHUB_TOKEN = f"{_GITHUB}/actions/tutorials/authenticate-with-github_token"
GITHUB_WORKFLOW_SYNTAX = f"{_GITHUB}/actions/reference/workflows-and-actions/workflow-syntax"
GITHUB_EVENTS = f"{_GITHUB}/actions/reference/workflows-and-actions/events-that-trigger-workflows"
GITHUB_EXPRESSIONS = f"{_GITHUB}/actions/reference/workflows-and-actions/expressions"
GITHUB_CONTEXTS = f"{_GITHUB}/actions/reference/workflows-and-actions/contexts"
GITHUB_REUSE = f"{_GITHUB}/actions/how-tos/reuse-automations/reuse-workflows"
GITHUB_ENVIRONMENTS = (
    f"{_GITHUB}/actions/reference/workflows-and-actions/deployments-and-environments"
)
GITHUB_SECRETS = f"{_GITHUB}/actions/how-tos/write-workflows/choose-what-workflows-do/use-secrets"
GITHUB_OIDC = f"{_GITHUB}/actions/concepts/security/openid-connect"
GITHUB_ARTIFACTS = f"{_GITHUB}/actions/tutorials/store-and-share-data"
GITHUB_CACHE = f"{_GITHUB}/actions/reference/workflows-and-actions/dependency-caching"
GITHUB_RUNNERS = f"{_GITHUB}/actions/reference/runners/github-hosted-runners"
GITHUB_SELF_HOSTED = f"{_GITHUB}/actions/concepts/runners/self-hosted-runners"
GITHUB_DEPENDABOT = f"{_GITHUB}/code-security/dependabot/working-with-dependabot/keeping-your-actions-up-to-date-with-dependabot"
GITHUB_DEPENDABOT_OPTIONS = (
    f"{_GITHUB}/code-security/dependabot/working-with-dependabot/dependabot-options-reference"
)
GITHUB_ADVISORIES = "https://github.com/advisories?query=type%3Areviewed+ecosystem%3Aactions"
GITHUB_RULESETS = f"{_GITHUB}/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets"
GITHUB_IMMUTABLE_RELEASES = f"{_GITHUB}/code-security/supply-chain-security/understanding-your-software-supply-chain/immutable-releases"
GITHUB_ORGANIZATION_ACTIONS = f"{_GITHUB}/organizations/managing-organization-settings/disabling-or-limiting-github-actions-for-your-organization"
GITHUB_IMAGES = "https://github.com/actions/runner-images"
PYPA_PUBLISH_ACTION = "https://github.com/pypa/gh-action-pypi-publish"
PYPA_PUBLISH_GUIDE = "https://packaging.python.org/en/latest/guides/publishing-package-distribution-releases-using-github-actions-ci-cd-workflows/"
PEP_740 = "https://peps.python.org/pep-0740/"
RENOVATE_PINNING = "https://docs.renovatebot.com/modules/manager/github-actions/"
DOCKER_DIGESTS = "https://docs.docker.com/reference/cli/docker/image/pull/"
SLSA_GENERATOR = "https://github.com/slsa-framework/slsa-github-generator"
SCORECARD_PINNING = "https://github.com/ossf/scorecard/blob/main/docs/checks.md"
OPENSSF_TRUSTED_PUBLISHERS = (
    "https://repos.openssf.org/trusted-publishers-for-all-package-repositories"
)
