"""Uploaders of container images and Helm charts."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.uploader import (
    ALWAYS,
    DRY,
    SWITCH_ON,
    TRUE,
    Target,
    Tokens,
    Uploader,
)

_LOGIN = Tokens(
    inputs=("password", "registry_password", "registry-password", "docker_password"),
    env=("DOCKER_PASSWORD", "DOCKERHUB_TOKEN", "DOCKER_TOKEN", "DOCKER_HUB_TOKEN"),
    options=("--dest-creds", "--creds"),
    logins=(
        *("docker login", "podman login", "skopeo login", "buildah login", "auth login"),
        *("helm registry login", "oras login", "regctl registry login", "nerdctl login"),
        *("docker/config.json", "DOCKER_AUTH_CONFIG"),
    ),
    login_actions={
        "docker/login-action": ("password",),
        "azure/docker-login": ("password",),
        "redhat-actions/podman-login": ("password",),
        "aws-actions/configure-aws-credentials": ("aws-secret-access-key",),
        "google-github-actions/auth": ("credentials_json",),
        "azure/login": ("creds",),
    },
    # Short-lived identities take the place of a password: at cloud registries, and at Docker Hub
    # (https://github.com/docker/login-action/pull/1048).
    minted_by=(
        "docker/oidc-action",
        "docker/login-action",
        "aws-actions/configure-aws-credentials",
        "google-github-actions/auth",
        "azure/login",
    ),
)
_IMAGES = Target(images=True, image_inputs=("tags", "images", "image", "registry", "name"))
_BUILDX_VALUES = frozenset({"--builder", "--config", "-c", "--context", "-H", "--host", "-l"})
# https://docs.docker.com/reference/cli/docker/compose/
_COMPOSE_VALUES = frozenset(
    {"-f", "--file", "-p", "--project-name", "--project-directory", "--profile", "--env-file"}
    | {"--ansi", "--progress", "--parallel"}
)
_PUSHED = ("--push", "--publish", "type=registry", "push=true")
# https://github.com/containers/image/blob/main/docs/containers-transports.5.md
_LOCAL_TRANSPORTS = (
    *("oci:", "dir:", "oci-archive:"),
    *("docker-archive:", "docker-daemon:", "containers-storage:"),
)
_NOT_PUSHED = DRY | {"--push=false"}

_CHARTS = Tokens(
    inputs=("registry_password", "token", "github_token", "password"),
    env=("CR_TOKEN", *Registry.HELM.info.token_variables),
    options=("--password", "-t", "--token"),
    logins=(*_LOGIN.logins, "helm repo add"),
    login_actions=_LOGIN.login_actions,
    minted_by=_LOGIN.minted_by,
)

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
        mechanism="docker/github-builder",
        registry=Registry.CONTAINER,
        actions=(
            "docker/github-builder/.github/workflows/bake.yml",
            "docker/github-builder/.github/workflows/build.yml",
        ),
        needs={"push": TRUE},
        tokens=Tokens(inputs=("registry-auths",)),
        target=Target(images=True, image_inputs=("meta-images",)),
        oidc=ALWAYS,
    ),
    Uploader(
        mechanism="devcontainers action",
        registry=Registry.CONTAINER,
        actions=("devcontainers/ci", "devcontainers/action"),
        needs={"push": ("always", "filter"), "publish-features": TRUE, "publish-templates": TRUE},
        tokens=_LOGIN,
        target=Target(images=True, image_inputs=("imagename",)),
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
        value_options=_BUILDX_VALUES | _COMPOSE_VALUES,
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="docker buildx build",
        registry=Registry.CONTAINER,
        commands=(
            "docker buildx build",
            "docker buildx b",
            "docker builder build",
            "docker build",
            "buildctl build",
            "docker buildx bake",
            "docker image build",
            "docker compose build",
            "depot build",
            "depot bake",
            "earthly",
            "skaffold build",
            "pack build",
            "nerdctl build",
        ),
        value_options=_BUILDX_VALUES | _COMPOSE_VALUES,
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
            "crane index append",
            "crane flatten",
            "crane rebase",
            "gcrane cp",
            "regctl image copy",
            "regctl artifact put",
            "regctl index create",
            "oras push",
            "oras copy",
            "oras cp",
            "apko publish",
            "cosign copy",
            "img push",
            "imgpkg push",
            "imgpkg copy",
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
        mechanism="gcloud builds submit",
        registry=Registry.CONTAINER,
        commands=("gcloud builds submit",),
        needs_words=("--tag", "-t"),
        dry=_NOT_PUSHED,
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
    Uploader(
        mechanism="kaniko",
        registry=Registry.CONTAINER,
        commands=("executor", "/kaniko/executor"),
        needs_words=("--destination", "-d"),
        dry=_NOT_PUSHED | {"--no-push", "--no-push=true"},
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="az acr build",
        registry=Registry.CONTAINER,
        commands=("az acr build", "az acr import"),
        # https://learn.microsoft.com/cli/azure/acr#az-acr-build
        dry=_NOT_PUSHED | {"--no-push"},
        tokens=_LOGIN,
    ),
    Uploader(
        mechanism="image by Maven",
        registry=Registry.CONTAINER,
        commands=("mvn", "mvnw", "mvnd"),
        word_pattern=(
            r"(?:[\w.-]+:)*(?:docker|k8s|oc|dockerfile)(?:-maven-plugin)?(?::[\w.-]+)?:push"
            r"|(?:[\w.-]+:)*jib(?:-maven-plugin)?(?::[\w.-]+)?:build"
            r"|(?:[\w.-]+:)*spring-boot(?:-maven-plugin)?(?::[\w.-]+)?:build-image(?:-no-fork)?"
        ),
        needs_words=(":push", "jib", "build-image.publish=true"),
        dry=_NOT_PUSHED,
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="image by sbt",
        registry=Registry.CONTAINER,
        commands=("sbt", "sbtn", "sbtx"),
        # https://sbt-native-packager.readthedocs.io/en/stable/formats/docker.html
        word_pattern=r"(?:.*[;\s/])?docker[:/]publish(?!\w*Local)(?:[;\s].*)?",
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="jib",
        registry=Registry.CONTAINER,
        commands=("gradle", "gradlew", "mvn", "mvnw"),
        word_pattern=r"(?::?[\w.-]+:)*(?:jib|bootBuildImage)|(?:[\w.-]+:)*jib(?::build)",
        needs_words=("jib", "--publishImage"),
        tokens=_LOGIN,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="helm/chart-releaser-action",
        registry=Registry.HELM,
        actions=("helm/chart-releaser-action",),
        stops={"skip_upload": TRUE, "install_only": TRUE},
        tokens=_CHARTS,
    ),
    Uploader(
        mechanism="chart-releaser",
        registry=Registry.HELM,
        commands=("cr upload", "chart-releaser upload"),
        tokens=_CHARTS,
    ),
    Uploader(
        mechanism="helm push",
        registry=Registry.HELM,
        commands=(
            *("helm push", "helm cm-push", "helm chart push", "helm s3 push", "helm gcs push"),
            "helm-push",
        ),
        tokens=_CHARTS,
        target=_IMAGES,
    ),
    Uploader(
        mechanism="Helm publishing action",
        registry=Registry.HELM,
        actions=(
            "appany/helm-oci-chart-releaser",
            "bitdeps/helm-oci-charts-releaser",
            "stefanprodan/helm-gh-pages",
            "grafana/helm-charts/.github/workflows/update-helm-repo.yaml",
            "grafana/helm-charts/.github/workflows/update-helm-repo.yml",
        ),
        stops=SWITCH_ON,
        tokens=_CHARTS,
        target=Target(images=True, image_inputs=("registry", "oci_registry")),
    ),
)
"""Every uploader of this module."""
