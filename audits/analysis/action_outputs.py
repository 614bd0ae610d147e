"""Outputs of well-known actions whose text outsiders or people with write access can set.

From the actions' own documentation. An action that is in neither table is not traced.
"""

from __future__ import annotations

import re

from audits.analysis.script_values import Origin, OriginWords
from audits.model.uses import Uses

_ANY = ""
_FILES = r"files|^all$|^modified$|^added|^removed|^renamed|^deleted|_files_list|changed"
# Actions by the outputs that hold words, as a pattern over the outputs' names, and their origin.
_TABLE: tuple[tuple[str, str, Origin], ...] = (
    (
        "tj-actions/changed-files step-security/changed-files jitterbit/get-changed-files"
        " trilom/file-changes-action lots0logs/gh-action-get-changed-files"
        " ana06/get-changed-files masesgroup/retrieve-changed-files"
        " tj-actions/verify-changed-files futuratrepadeira/changed-files"
        " umani/changed-files knatnetwork/get-changed-files",
        _FILES,
        Origin.SUBJECT,
    ),
    (
        "dorny/paths-filter step-security/paths-filter predictiva/paths-filter",
        r"_files$",
        Origin.SUBJECT,
    ),
    ("tj-actions/glob", r"paths", Origin.SUBJECT),
    (
        "tj-actions/branch-names step-security/branch-names nelonoel/branch-name"
        " vazco/github-actions-branch-name eficode/resolve-pr-refs"
        " xt0rted/pull-request-comment-branch alessbell/pull-request-comment-branch",
        r"branch|head_ref$|base_ref$|^ref$|^branch$",
        Origin.SUBJECT,
    ),
    (
        "8bitjonny/gh-get-current-pr jwalton/gh-find-current-pr"
        " actions-ecosystem/action-get-merged-pull-request potiuk/get-workflow-origin"
        " step-security/get-workflow-origin richardsimko/update-tag"
        " bkraul/get-pr-details octue/get-current-pull-request-description"
        " jakejarvis/pull-request-details",
        r"title|body|labels?$|branch|^pr$|description|head",
        Origin.SUBJECT,
    ),
    (
        "khan/pull-request-comment-trigger shanegenschaw/pull-request-comment-trigger"
        " peter-evans/find-comment step-security/find-comment github/command"
        " xt0rted/slash-command-action",
        r"comment.?body|^params|arguments|^ref$|command",
        Origin.SUBJECT,
    ),
    (
        "stefanbuck/github-issue-parser zentered/issue-forms-body-parser"
        " edumserrano/github-issue-forms-parser issue-ops/parser"
        " github/issue-parser cssnr/parse-issue-form-action"
        " peter-murray/issue-body-parser-action",
        _ANY,
        Origin.SUBJECT,
    ),
    ("octokit/request-action octokit/graphql-action", r"data", Origin.LISTED),
    (
        "metcalfc/changelog-generator mikepenz/release-changelog-builder-action"
        " orhun/git-cliff-action requarks/changelog-action loopwerk/tag-changelog"
        " tripss/conventional-changelog-action mathieudutour/github-tag-action"
        " release-drafter/release-drafter googleapis/release-please-action"
        " google-github-actions/release-please-action saadmk11/changelog-ci"
        " bulldozer/changelog ardalanamini/auto-changelog janheinrichmerker/action-github-changelog-generator",
        r"changelog|^changes$|^content$|body|^pr$|notes",
        Origin.COMMITS,
    ),
    (
        "dawidd6/action-get-tag little-core-labs/get-git-tag battila7/get-version-action"
        " actions-ecosystem/action-get-latest-tag wyrihaximus/github-action-get-previous-tag"
        " oprypin/find-latest-tag jimschubert/query-tag-action ad-m/github-tag-action",
        _ANY,
        Origin.REFS,
    ),
    (
        "juliangruber/read-file-action andstor/file-reader-action nyaascii/file-contents"
        " mikefarah/yq sergeysova/jq-action komorebitech/read-files-action",
        _ANY,
        Origin.FILES,
    ),
)
_BY_ACTION = {
    action: (re.compile(pattern, re.IGNORECASE), origin)
    for actions, pattern, origin in _TABLE
    for action in actions.split()
}
# Owners and actions whose outputs are numbers, hashes, paths of tools, versions and the like.
_PLAIN_OWNERS = frozenset(
    [
        "actions",
        "docker",
        "github",
        "pypa",
        "astral-sh",
        "aws-actions",
        "google-github-actions",
        "azure",
        "sigstore",
        "pnpm",
        "ruby",
        "slsa-framework",
        "hynek",
    ]
)
_PLAIN_ACTIONS = frozenset(
    [
        "dorny/paths-filter",
        "step-security/paths-filter",
        "tibdex/github-app-token",
        "peter-evans/create-pull-request",
        "softprops/action-gh-release",
        "ncipollo/release-action",
        "changesets/action",
        "crazy-max/ghaction-import-gpg",
        "mathieudutour/github-tag-action",
        "googleapis/release-please-action",
        "tj-actions/changed-files",
        "nuget/login",
        "rust-lang/crates-io-auth-action",
        "rubygems/configure-rubygems-credentials",
        "dtolnay/rust-toolchain",
        "snok/install-poetry",
        "dawidd6/action-download-artifact",
        "codecov/codecov-action",
        "browser-actions/setup-chrome",
        "conda-incubator/setup-miniconda",
        "mamba-org/setup-micromamba",
        "prefix-dev/setup-pixi",
        "oven-sh/setup-bun",
        "denoland/setup-deno",
        "bufbuild/buf-action",
        "dependabot/fetch-metadata",
    ]
)
_SCRIPTED = frozenset({"actions/github-script"})


# Language models by the outputs that hold what they answer: whoever writes what they are asked
# can have them answer anything.
# https://github.com/actions/ai-inference#outputs
# https://github.com/google-github-actions/run-gemini-cli#outputs
# https://github.com/anthropics/claude-code-base-action#outputs
_ANSWERS = {
    "actions/ai-inference": ("response",),
    "google-github-actions/run-gemini-cli": ("summary",),
    "google-gemini/gemini-cli-action": ("summary",),
    "qwenlm/qwen-code-action": ("summary",),
    "anthropics/claude-code-base-action": ("structured_output",),
}


def repeats_inputs(uses: Uses, output: str) -> bool:
    """Whether an output can say whatever the inputs and variables of its step say."""
    return output in _ANSWERS.get(uses.action, ())


def output_of(uses: Uses, output: str) -> OriginWords | None:
    """What an output of an action holds; None for numbers, hashes and the like."""
    listed = _BY_ACTION.get(uses.action)
    if listed is not None and listed[0].search(output):
        return OriginWords(listed[1], f"the output `{output}` of `{uses.slug}`")
    if listed is not None or uses.action in _PLAIN_ACTIONS:
        return None
    if uses.owner.lower() in _PLAIN_OWNERS and uses.action not in _SCRIPTED:
        return None
    return OriginWords(Origin.UNTRACED, f"the output `{output}` of `{uses.slug}`")
