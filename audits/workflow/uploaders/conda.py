"""Uploaders of Conda packages: Anaconda and prefix."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.uploader import ALWAYS, SWITCH_ON, Target, Tokens, Uploader

_ANACONDA = Tokens(
    inputs=(
        *("anaconda_nightly_upload_token", "anaconda-token", "anaconda_token", "token"),
        *("anaconda-org-token", "anacondatoken", "anaconda_org_token"),
    ),
    env=("ANACONDA_API_TOKEN", "ANACONDA_TOKEN", "ANACONDA_API_KEY", "CONDA_TOKEN"),
    options=("-t", "--token", "-a", "--api-key"),
    logins=("anaconda login", "anaconda auth"),
)
_ANACONDA_VALUES = frozenset({"-t", "--token", "-s", "--site", "--config", "--at"})
_PREFIX = Tokens(
    inputs=("api-key", "prefix-api-key"),
    env=("PREFIX_API_KEY",),
    options=("-a", "--api-key"),
    logins=("rattler-build auth login", "pixi auth login", "rattler auth login"),
)
_PREFIX_TARGET = Target(url_options=("-u", "--url"))

CONDA: tuple[Uploader, ...] = (
    Uploader(
        mechanism="scientific-python/upload-nightly-action",
        registry=Registry.ANACONDA,
        actions=("scientific-python/upload-nightly-action",),
        tokens=_ANACONDA,
        target=Target(
            label_inputs=("anaconda_nightly_upload_labels",),
            account_inputs=("anaconda_nightly_upload_organization",),
            account="scientific-python-nightly-wheels",
        ),
    ),
    Uploader(
        mechanism="anaconda upload",
        registry=Registry.ANACONDA,
        commands=("anaconda upload", "binstar upload"),
        value_options=_ANACONDA_VALUES,
        tokens=_ANACONDA,
        target=Target(
            url_options=("-s", "--site"),
            label_options=("-l", "--label", "-c", "--channel"),
            account_options=("-u", "--user"),
        ),
    ),
    Uploader(
        mechanism="anaconda upload",
        registry=Registry.ANACONDA,
        commands=(
            "rattler-build upload anaconda",
            "pixi upload anaconda",
            "rattler upload anaconda",
        ),
        value_options=_ANACONDA_VALUES,
        tokens=_ANACONDA,
        target=Target(
            url_options=("-u", "--url"),
            label_options=("-c", "--channel"),
            account_options=("-o", "--owner"),
        ),
    ),
    Uploader(
        mechanism="conda/actions/canary-release",
        registry=Registry.ANACONDA,
        actions=("conda/actions/canary-release",),
        tokens=_ANACONDA,
        target=Target(
            label_inputs=("anaconda-org-label",), account_inputs=("anaconda-org-channel",)
        ),
    ),
    Uploader(
        mechanism="conda publishing action",
        registry=Registry.ANACONDA,
        actions=(
            "maxibor/conda-package-publish-action",
            "m0nhawk/conda-package-publish-action",
            "uibcdf/action-build-and-upload-conda-packages",
        ),
        stops=SWITCH_ON,
        tokens=_ANACONDA,
    ),
    Uploader(
        mechanism="rattler-build upload prefix",
        registry=Registry.PREFIX,
        commands=(
            "rattler-build upload prefix",
            "rattler upload prefix",
            "pixi upload prefix",
            "pixi upload",
            "pixi publish",
            "rattler-build publish",
        ),
        # A second word names another server (`quetz`, `artifactory`, `s3` …).
        not_words=("anaconda", "quetz", "artifactory", "s3", "conda-forge", "cloudsmith"),
        tokens=_PREFIX,
        target=_PREFIX_TARGET,
        oidc=ALWAYS,
        attests_known=False,
    ),
)
"""Every uploader of this module."""
