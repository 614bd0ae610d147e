"""The type of an uploader: one entry of the catalog."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from audits.model.publication import Channel
from audits.model.registry import Registry

DRY = frozenset({"--dry-run", "--dryrun", "--dryRun", "--dry_run", "--help"})
"""Options that keep most uploaders from uploading."""

ALWAYS = "0"
"""As a version: every version does it."""


class Tokens(Struct, frozen=True, kw_only=True):
    """How an uploader takes a stored credential: inputs, variables, options, and secrets of a
    called workflow. In a variable's name ``*`` is any text. ``logins`` are texts of scripts that
    store one for later steps; ``login_actions`` the inputs of actions that do, and
    ``variable_inputs`` those that name the variable which holds it. ``any_secret``: the
    project's own build files say which variables they read, so that any stored secret of the
    step counts, but those for signing.
    """

    inputs: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    login_actions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    minted_by: tuple[str, ...] = ()
    any_secret: bool = False
    variable_inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Target(Struct, frozen=True, kw_only=True):
    """How an uploader gets the place to upload to: by address, or by a configured name;
    ``setup_actions`` and ``setup_names`` are inputs of earlier actions that give either.
    ``in_files``: a package's own files may say it (`audits.workflow.parse.upload_addresses`),
    unless a word of the command fits ``place_words``, which choose the place themselves.

    Where a registry tells channels apart by labels, ``label_*`` give them and ``account_*``
    whose they are; ``account`` is meant where none is given.
    """

    url_inputs: tuple[str, ...] = ()
    url_options: tuple[str, ...] = ()
    url_env: tuple[str, ...] = ()
    name_inputs: tuple[str, ...] = ()
    name_options: tuple[str, ...] = ()
    name_env: tuple[str, ...] = ()
    setup_actions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    setup_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    in_files: bool = False
    place_words: str = ""
    image_inputs: tuple[str, ...] = ()
    images: bool = False
    label_inputs: tuple[str, ...] = ()
    label_options: tuple[str, ...] = ()
    account_inputs: tuple[str, ...] = ()
    account_options: tuple[str, ...] = ()
    account: str = ""


class Contents(Struct, frozen=True, kw_only=True):
    """How an uploader gets what it uploads: a name, or a folder that holds it."""

    name_inputs: tuple[str, ...] = ()
    name_options: tuple[str, ...] = ()
    directory_inputs: tuple[str, ...] = ()
    directory_options: tuple[str, ...] = ()
    files: bool = False


class Uploader(Struct, frozen=True, kw_only=True, eq=False):
    """One way to upload to one registry; compared by identity.

    ``actions`` are ``owner/repo[/path]`` of actions or called workflows in lower case,
    ``commands`` the program and its subcommands (``*`` is any word). An action counts unless
    ``stops`` (input to values that keep it from uploading; ``*`` is any text), ``needs`` (inputs
    that must be true, or hold one of the values), ``input_patterns`` (inputs whose text must hold
    a match), or its version (``since``, ``until``) say otherwise; a command unless a word of
    ``dry`` is given, none of ``needs_words`` is contained in one, one of ``not_words`` is there, or
    none fits ``word_pattern`` as a whole.
    ``needs_token`` and ``needs_proof``: it publishes only with a stored credential, or with that
    or an identity; ``otherwise`` is what it does without. ``checkout_of`` is a pattern of the
    other repository that an earlier step must have checked out or cloned. ``copies_builds``: it
    copies files, and counts where these are builds (`audits.workflow.publish.storage`).
    ``oidc`` and ``attests`` are the versions from which it asks for an identity by itself and
    makes attestations; None is never; ``oidc_switch`` is the input or option that keeps it from
    asking when it says ``false`` or ``never``, ``oidc_words`` the options without which it does
    not ask. ``attests_known`` is False where that is not documented.
    ``draft_values`` are the options with a value of a command whose drafts without files do
    not count. ``old_refs`` are branches that its maintainers left behind. ``only_channel`` is
    the one channel that it can reach, where it has no choice.
    """

    mechanism: str
    registry: Registry
    actions: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    value_options: frozenset[str] = frozenset()
    needs_words: tuple[str, ...] = ()
    dry: frozenset[str] = DRY
    last_word_not: tuple[str, ...] = ()
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stops: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    input_patterns: Mapping[str, str] = field(default_factory=dict)
    since: str = ALWAYS
    until: str = ""
    not_words: tuple[str, ...] = ()
    word_pattern: str = ""
    checkout_of: str = ""
    copies_builds: bool = False
    needs_token: bool = False
    needs_proof: bool = False
    otherwise: Uploader | None = None
    tokens: Tokens = field(default_factory=Tokens)
    target: Target = field(default_factory=Target)
    contents: Contents = field(default_factory=Contents)
    oidc: str | None = None
    oidc_switch: str = ""
    oidc_words: tuple[str, ...] = ()
    attests: str | None = None
    attests_known: bool = True
    attests_input: str = ""
    attests_words: tuple[str, ...] = ()
    attests_not_words: tuple[str, ...] = ()
    attests_beside: tuple[str, ...] = ()
    environment_input: str = ""
    draft_values: frozenset[str] = frozenset()
    old_refs: tuple[str, ...] = ()
    only_channel: Channel | None = None


class RunByAction(Struct, frozen=True, kw_only=True):
    """How an action runs a command: the words in front, the inputs that follow, and inputs
    that switch it off. Without words in front the input is a script.
    """

    words: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    off: tuple[str, ...] = ()


TRUE = ("true",)
"""Values of an input that is switched on; expressions count as on."""

SWITCH_ON: Mapping[str, tuple[str, ...]] = {
    "dry-run": TRUE,
    "dry_run": TRUE,
    "dryrun": TRUE,
    "dry": TRUE,
}
"""The inputs that switch a dry run on, as most actions spell them."""
