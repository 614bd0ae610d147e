"""Uploaders of PyPI."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.uploader import (
    ALWAYS,
    DRY,
    SWITCH_ON,
    TRUE,
    Contents,
    Target,
    Tokens,
    Uploader,
)

_PYPIRC = (".pypirc", "pypi-token.", "http-basic.", "publish.index.auth")

PYPI: tuple[Uploader, ...] = (
    Uploader(
        mechanism="pypa/gh-action-pypi-publish",
        registry=Registry.PYPI,
        actions=("pypa/gh-action-pypi-publish",),
        tokens=Tokens(inputs=("password",)),
        target=Target(url_inputs=("repository-url", "repository_url")),
        contents=Contents(directory_inputs=("packages-dir", "packages_dir")),
        oidc="1.8.0",
        # On by default since https://github.com/pypa/gh-action-pypi-publish/releases/tag/v1.11.0
        attests="1.11.0",
        attests_input="attestations",
        old_refs=("master",),
    ),
    Uploader(
        mechanism="twine upload",
        registry=Registry.PYPI,
        commands=("twine upload",),
        tokens=Tokens(
            env=("TWINE_PASSWORD",),
            options=("-p", "--password"),
            logins=_PYPIRC[:1],
        ),
        target=Target(
            url_options=("--repository-url",),
            url_env=("TWINE_REPOSITORY_URL",),
            name_options=("-r", "--repository"),
            name_env=("TWINE_REPOSITORY",),
        ),
        contents=Contents(files=True),
        # https://twine.readthedocs.io/en/stable/changelog.html
        oidc="6.1.0",
        attests_words=("--attestations",),
    ),
    Uploader(
        mechanism="uv publish",
        registry=Registry.PYPI,
        commands=("uv publish",),
        value_options=frozenset({"--directory", "--project", "--config-file", "--cache-dir"}),
        tokens=Tokens(
            env=("UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD"),
            options=("-t", "--token", "-p", "--password"),
            logins=_PYPIRC[:1],
        ),
        target=Target(
            url_options=("--publish-url",),
            url_env=("UV_PUBLISH_URL",),
            name_options=("--index",),
            name_env=("UV_PUBLISH_INDEX",),
            in_files=True,
        ),
        contents=Contents(
            files=True, directory_options=("--directory", "--project"), name_options=("--package",)
        ),
        oidc=ALWAYS,
        # It uploads attestations that stand beside the files: https://github.com/astral-sh/attest-action
        attests_beside=("astral-sh/attest-action",),
        attests_not_words=("--no-attestations",),
        oidc_switch="--trusted-publishing",
    ),
    Uploader(
        mechanism="hatch publish",
        registry=Registry.PYPI,
        commands=("hatch publish",),
        value_options=frozenset({"-e", "--env", "-p", "--project"}),
        tokens=Tokens(
            env=("HATCH_INDEX_AUTH",), options=("-a", "--auth"), logins=(_PYPIRC[0], _PYPIRC[3])
        ),
        target=Target(name_options=("-r", "--repo"), name_env=("HATCH_INDEX_REPO",)),
        contents=Contents(files=True, directory_options=("--project",)),
    ),
    Uploader(
        mechanism="flit publish",
        registry=Registry.PYPI,
        commands=("flit publish", "flit_core publish"),
        value_options=frozenset({"-f", "--ini-file", "--ini-path", "--repository"}),
        contents=Contents(directory_options=("-f", "--ini-path", "--ini-file")),
        tokens=Tokens(env=("FLIT_PASSWORD",), logins=_PYPIRC[:1]),
        target=Target(
            name_options=("--repository",), name_env=("FLIT_INDEX",), url_env=("FLIT_INDEX_URL",)
        ),
    ),
    Uploader(
        mechanism="poetry publish",
        registry=Registry.PYPI,
        commands=("poetry publish",),
        value_options=frozenset({"-C", "--directory", "-P", "--project"}),
        tokens=Tokens(
            env=("POETRY_PYPI_TOKEN_*", "POETRY_HTTP_BASIC_*_PASSWORD"),
            options=("-p", "--password"),
            logins=_PYPIRC[1:3],
        ),
        target=Target(name_options=("-r", "--repository")),
        contents=Contents(directory_options=("-C", "--directory", "-P", "--project")),
    ),
    Uploader(
        mechanism="pdm publish",
        registry=Registry.PYPI,
        commands=("pdm publish",),
        tokens=Tokens(
            env=("PDM_PUBLISH_PASSWORD",), options=("-P", "--password"), logins=_PYPIRC[:1]
        ),
        value_options=frozenset({"-p", "--project"}),
        target=Target(name_options=("-r", "--repository"), name_env=("PDM_PUBLISH_REPO",)),
        contents=Contents(directory_options=("-p", "--project")),
        # https://pdm-project.org/latest/usage/publish/
        oidc="2.10",
    ),
    Uploader(
        mechanism="maturin publish",
        registry=Registry.PYPI,
        commands=("maturin publish", "maturin upload"),
        tokens=Tokens(
            env=("MATURIN_PYPI_TOKEN", "MATURIN_PASSWORD"),
            options=("-p", "--password"),
            logins=_PYPIRC[:1],
        ),
        target=Target(
            url_options=("--repository-url",),
            url_env=("MATURIN_REPOSITORY_URL",),
            name_options=("-r", "--repository"),
            name_env=("MATURIN_REPOSITORY",),
        ),
        oidc=ALWAYS,
    ),
    Uploader(
        mechanism="rye publish",
        registry=Registry.PYPI,
        commands=("rye publish",),
        tokens=Tokens(env=("RYE_PASSWORD",), options=("--token",), logins=_PYPIRC[:1]),
        target=Target(url_options=("--repository-url",), name_options=("-r", "--repository")),
    ),
    Uploader(
        mechanism="setup.py upload",
        registry=Registry.PYPI,
        commands=("python setup.py", "setup.py"),
        needs_words=("upload",),
        dry=DRY | {"upload_docs", "-n"},
        tokens=Tokens(logins=_PYPIRC[:1]),
        target=Target(name_options=("-r", "--repository")),
    ),
    Uploader(
        mechanism="python-semantic-release",
        registry=Registry.PYPI,
        actions=(
            "python-semantic-release/python-semantic-release",
            "relekang/python-semantic-release",
        ),
        # Since version 8 it leaves uploads to the index to others:
        # https://python-semantic-release.readthedocs.io/en/latest/upgrading/08-upgrade.html
        until="8",
        needs_token=True,
        tokens=Tokens(
            inputs=("pypi_token", "repository_password"),
            env=("REPOSITORY_PASSWORD", "PYPI_TOKEN", "PYPI_PASSWORD"),
        ),
    ),
    Uploader(
        mechanism="semantic-release publish",
        registry=Registry.PYPI,
        commands=("semantic-release publish", "semantic_release publish"),
        dry=DRY | {"--noop"},
        needs_token=True,
        tokens=Tokens(
            env=("REPOSITORY_PASSWORD", "PYPI_TOKEN", "PYPI_PASSWORD"), logins=_PYPIRC[:1]
        ),
    ),
    Uploader(
        mechanism="jupyter_releaser",
        registry=Registry.PYPI,
        actions=(
            "jupyter-server/jupyter_releaser/.github/actions/finalize-release",
            "jupyter-server/jupyter-releaser/.github/actions/finalize-release",
            "jupyter-server/jupyter_releaser/.github/workflows/full-release.yml",
            "jupyter-server/jupyter-releaser/.github/workflows/full-release.yml",
        ),
        stops={"dry_run": TRUE},
        tokens=Tokens(
            inputs=("pypi_token",),
            env=("PYPI_TOKEN", "PYPI_TOKEN_MAP", "TWINE_PASSWORD"),
        ),
        oidc="2",
        attests_known=False,
    ),
    Uploader(
        mechanism="OpenAstronomy/github-actions-workflows",
        registry=Registry.PYPI,
        actions=(
            "openastronomy/github-actions-workflows/.github/workflows/publish.yml",
            "openastronomy/github-actions-workflows/.github/workflows/publish_pure_python.yml",
        ),
        stops={"upload_to_pypi": ("false", "no", "never", "")},
        tokens=Tokens(inputs=("pypi_token",)),
        target=Target(url_inputs=("repository_url", "repository-url")),
        environment_input="environment",
        attests_known=False,
    ),
    Uploader(
        mechanism="reusable PyPI workflow",
        registry=Registry.PYPI,
        actions=(
            "fizyk/actions-reuse/.github/workflows/shared-pypi.yml",
            "zigpy/workflows/.github/workflows/publish-to-pypi.yml",
        ),
        stops=SWITCH_ON,
        tokens=Tokens(inputs=("pypi_token", "pypi-token", "password", "token")),
        target=Target(url_inputs=("repository-url", "repository_url")),
        environment_input="environment",
        oidc=ALWAYS,
        attests_known=False,
    ),
    Uploader(
        mechanism="PyPI publishing action",
        registry=Registry.PYPI,
        actions=(
            "casperdcl/deploy-pypi",
            "celsiusnarhwal/poetry-publish",
            "code-specialist/pypi-poetry-publish",
            "etils-actions/pypi-auto-publish",
            "jrubics/poetry-publish",
            "mariamrf/py-package-publish-action",
            "neuroinformatics-unit/actions/upload_pypi",
        ),
        stops=SWITCH_ON,
        tokens=Tokens(
            inputs=(
                "password",
                "pypi_token",
                "pypi-token",
                "secret-pypi-key",
                "token",
                "publish_registry_password",
                "access_token",
            ),
            env=("TWINE_PASSWORD", "PYPI_TOKEN"),
        ),
        target=Target(url_inputs=("url", "repository_url", "repository-url", "publish_registry")),
        attests_known=False,
    ),
    Uploader(
        mechanism="aio-libs/create-release",
        registry=Registry.PYPI,
        actions=("aio-libs/create-release",),
        # With this input it uploads too; without, it only makes the release on GitHub.
        needs={"pypi_token": ()},
        tokens=Tokens(inputs=("pypi_token",)),
        contents=Contents(directory_inputs=("dist_dir",)),
    ),
    Uploader(
        mechanism="ansys/actions/release-pypi-public",
        registry=Registry.PYPI,
        actions=("ansys/actions/release-pypi-public",),
        tokens=Tokens(inputs=("twine-token",)),
        oidc="5",
        attests_known=False,
    ),
)
"""Every uploader of this module."""
