"""Uploaders of Java, Kotlin and Scala packages: Maven Central and other Maven repositories."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.uploader import DRY, SWITCH_ON, TRUE, Target, Tokens, Uploader

_TOKENS = Tokens(
    inputs=(
        *("nexus_password", "nexus-password", "ossrh_password", "ossrh-password", "maven_password"),
        *("server-password", "sonatype-password", "sonatype_password", "gradle_token"),
    ),
    env=Registry.MAVEN.info.token_variables,
    options=(
        *("-PmavenCentralPassword", "-PossrhPassword", "-PsonatypePassword", "-Psigning.password"),
        *("-Dossrh.password", "-Dgpr.key", "-Pgpr.key", "-Pgradle.publish.secret"),
    ),
    logins=("settings.xml", "gradle.properties", "sonatype.sbt", "sonatype_credentials"),
    # What their build files read is called as the project likes.
    any_secret=True,
    variable_inputs={"actions/setup-java": ("server-password",)},
    login_actions={
        "whelk-io/maven-settings-xml-action": ("servers",),
        "s4u/maven-settings-action": ("servers", "sonatypesnapshots"),
    },
)
_TARGET = Target(
    url_options=("-DaltDeploymentRepository", "-Durl"),
    setup_names={"actions/setup-java": ("server-id",)},
    in_files=True,
    # A task of Gradle may name one of the build's repositories.
    place_words=r"Central|Sonatype|Nexus|OSSRH|Plugins\b",
)
_NOT_DEPLOYED = (
    DRY
    | {"-m", "-Dmaven.deploy.skip=true", "-Dmaven.deploy.skip", "-DskipPublishing=true"}
    | {"-DskipNexusStagingDeployMojo=true", "-Dcentral.skipPublishing=true", "-DdryRun=true"}
)

JAVA: tuple[Uploader, ...] = (
    Uploader(
        mechanism="mvn deploy",
        registry=Registry.MAVEN,
        commands=("mvn", "mvnw", "mvnd"),
        word_pattern=(
            r"deploy|(?:[\w.-]+:)*(?:maven-deploy-plugin|deploy)(?::[\d.]+)?:deploy(?:-file)?"
            r"|(?:[\w.-]+:)*(?:maven-release-plugin|release)(?::[\d.]+)?:perform"
            r"|(?:[\w.-]+:)*(?:nexus-staging(?:-maven-plugin)?)(?::[\d.]+)?:(?:release|deploy)"
            r"|(?:[\w.-]+:)*(?:central-publishing(?:-maven-plugin)?)(?::[\d.]+)?:publish"
            r"|(?:[\w.-]+:)*(?:jreleaser(?:-maven-plugin)?)(?::[\d.]+)?:"
            r"(?:deploy|full-release|publish|release)"
        ),
        dry=_NOT_DEPLOYED,
        tokens=_TOKENS,
        target=_TARGET,
    ),
    Uploader(
        mechanism="gradle publish",
        registry=Registry.MAVEN,
        commands=("gradle", "gradlew", "gradlew.bat"),
        word_pattern=(
            r"(?::?[\w.-]+:|:)*(?:publish(?!\w*(?:Local|Docs?|Site|Results?|Report|Plugins?Zip)\b)"
            r"(?:\w*(?:Central|Sonatype|Repository|Repositories|Publications?|Plugins|Nexus|OSSRH"
            r"|Maven|Release|Snapshots?|All|Packages|Artifactory))?"
            r"|uploadArchives|artifactoryPublish|bintrayUpload|jreleaser(?:Deploy|FullRelease|Release)"
            r"|(?:close|release|closeAndRelease)\w*(?:Staging)?Repositor(?:y|ies))"
        ),
        dry=_NOT_DEPLOYED,
        tokens=_TOKENS,
        target=_TARGET,
    ),
    Uploader(
        mechanism="sbt publish",
        registry=Registry.MAVEN,
        commands=("sbt", "sbtn", "sbtx"),
        word_pattern=(
            r"(?:.*[;\s/+])?(?:ci-release|publishSigned|sonatype(?:Bundle)?Release(?:All)?"
            r"|sonaUpload|sonaRelease|publish(?!\w*Local|Site|M2|Microsite))(?:[;\s].*)?"
        ),
        dry=DRY,
        tokens=_TOKENS,
        target=Target(in_files=True),
    ),
    Uploader(
        mechanism="jreleaser",
        registry=Registry.MAVEN,
        commands=("jreleaser deploy", "jreleaser full-release", "jreleaser publish"),
        tokens=_TOKENS,
    ),
    Uploader(
        mechanism="mill publish",
        registry=Registry.MAVEN,
        commands=("mill", "millw"),
        word_pattern=r".*(?:PublishModule/(?:publishAll)?|publishAll|\.publish)",
        tokens=_TOKENS,
    ),
    Uploader(
        mechanism="deps-deploy",
        registry=Registry.MAVEN,
        # A task of the build's own, or an alias: https://github.com/slipset/deps-deploy
        commands=("clojure", "clj", "bb"),
        needs_words=("deploy",),
        not_words=("deploy-docs", "deploy-site"),
        dry=DRY | {":local"},
        needs_token=True,
        tokens=_TOKENS,
    ),
    Uploader(
        mechanism="lein deploy",
        registry=Registry.MAVEN,
        commands=("lein deploy",),
        tokens=_TOKENS,
    ),
    Uploader(
        mechanism="Maven publishing action",
        registry=Registry.MAVEN,
        actions=("samuelmeuli/action-maven-publish",),
        stops={**SWITCH_ON, "skip_deploy": TRUE},
        tokens=_TOKENS,
    ),
)
"""Every uploader of this module."""
