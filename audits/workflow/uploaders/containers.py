"""Uploaders of container images: registries without trusted publishing."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.uploader import DRY, SWITCH_ON, TRUE, Target, Tokens, Uploader

_LOGIN = Tokens(
    inputs=("password", "registry_password", "registry-password", "docker_password"),
    env=("DOCKER_PASSWORD", "DOCKERHUB_TOKEN", "DOCKER_TOKEN", "DOCKER_HUB_TOKEN"),
    options=("--dest-creds", "--creds"),
    logins=("docker login", "podman login", "skopeo login", "buildah login", "auth login"),
    login_actions={
        "docker/login-action": ("password",),
        "azure/docker-login": ("password",),
        "redhat-actions/podman-login": ("password",),
        "aws-actions/configure-aws-credentials": ("aws-secret-access-key",),
        "google-github-actions/auth": ("credentials_json",),
        "azure/login": ("creds",),
    },
    # Cloud registries: a short-lived identity takes the place of a password.
    minted_by=(
        "aws-actions/configure-aws-credentials",
        "google-github-actions/auth",
        "azure/login",
    ),
)
_IMAGES = Target(images=True, image_inputs=("tags", "images", "image", "registry", "name"))
_BUILDX_VALUES = frozenset({"--builder", "--config", "-c", "--context", "-H", "--host", "-l"})
_PUSHED = ("--push", "type=registry", "push=true")
# https://github.com/containers/image/blob/main/docs/containers-transports.5.md
_LOCAL_TRANSPORTS = (
    *("oci:", "dir:", "oci-archive:"),
    *("docker-archive:", "docker-daemon:", "containers-storage:"),
)
_NOT_PUSHED = DRY | {"--push=false"}

CONTAINERS: tuple[Uploader, ...] = (
    Uploader(
        mechanism="docker/build-push-action",
        registry=Registry.CONTAINER,
        actions=(
            "docker/build-push-action",
            "depot/build-push-action",
            "useblacksmith/build-push-action",
        ),
        needs={"push": TRUE, "outputs": ("push=true", "type=registry")},
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="docker/bake-action",
        registry=Registry.CONTAINER,
        actions=("docker/bake-action", "depot/bake-action"),
        needs={"push": TRUE, "set": ("push=true", "type=registry")},
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="container publishing action",
        registry=Registry.CONTAINER,
        actions=(
            "elgohr/publish-docker-github-action",
            "mr-smithers-excellent/docker-build-push",
            "redhat-actions/push-to-registry",
            "aevea/action-kaniko",
        ),
        stops={**SWITCH_ON, "no_push": TRUE},
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="docker push",
        registry=Registry.CONTAINER,
        commands=(
            "docker push",
            "docker image push",
            "docker manifest push",
            "docker compose push",
            "docker-compose push",
            "podman push",
            "podman image push",
            "podman manifest push",
            "buildah push",
            "buildah manifest push",
            "nerdctl push",
        ),
        value_options=_BUILDX_VALUES,
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="docker buildx build",
        registry=Registry.CONTAINER,
        commands=(
            "docker buildx build",
            "docker build",
            "docker buildx bake",
            "docker image build",
        ),
        value_options=_BUILDX_VALUES,
        needs_words=_PUSHED,
        dry=_NOT_PUSHED,
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="docker buildx imagetools create",
        registry=Registry.CONTAINER,
        commands=("docker buildx imagetools create",),
        value_options=_BUILDX_VALUES,
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="crane copy",
        registry=Registry.CONTAINER,
        commands=(
            "crane copy",
            "crane cp",
            "crane push",
            "crane append",
            "crane mutate",
            "crane tag",
            "gcrane cp",
            "regctl image copy",
            "oras push",
            "oras copy",
            "oras cp",
        ),
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="skopeo copy",
        registry=Registry.CONTAINER,
        commands=("skopeo copy", "skopeo sync"),
        last_word_not=_LOCAL_TRANSPORTS,
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="ko build",
        registry=Registry.CONTAINER,
        commands=("ko build", "ko publish", "ko apply", "ko resolve", "ko create"),
        dry=_NOT_PUSHED | {"--local", "-L", "--local=true"},
        tokens=_LOGIN,
        target=Target(images=True, name_env=("KO_DOCKER_REPO",)),
    ),
)
"""All of this page."""
