"""Commands that publish where no registry is known are said; their quiet twins are not."""

from __future__ import annotations

import pytest

from audits.model.source import GapReason
from tests.workflow.publish.test_unrecognized import ON_PUSH, audited, secret, workflow

# Beside each command that publishes, one that looks the same and does not.
PAIRS = (
    ("clojure -T:build ci-deploy", "clojure -T:build jar"),
    ("knife supermarket share lumen Utilities -o .", "knife supermarket share lumen Other -n"),
    ("web-ext sign --channel listed", "web-ext lint"),
    ("bundle exec fastlane supply --aab app.aab", "fastlane test"),
    ("fastlane android beta", "fastlane supply --validate_only"),
    ("quetz-client post-file-to-channel lumen x.conda", "quetz-client list"),
    ("lftp -u lumen,$T -e 'mput dist/*.tar.gz; quit' ftp.example", "lftp -e 'mget *.tar.gz' x"),
    ("lftp -e 'mirror -R dist /pub; quit' ftp.example", "lftp -e 'mirror /pub x' ftp.example"),
    ("sftp -b batch.txt lumen@downloads.example", "sftp lumen@downloads.example:/srv/x.zip ."),
    (
        "ncftpput -u a -p $T ftp.example /pub dist/lumen-1.0.tar.gz",
        "ncftpput ftp.example /www a.css",
    ),
    ("cosign attach sbom --sbom x.json reg.example/lumen", "cosign verify reg.example/lumen"),
    ("oras attach reg.example/lumen:1 sbom.json", "oras pull reg.example/lumen:1"),
    ("wingetcreate update Lumen.Lumen -u x --submit", "wingetcreate update Lumen.Lumen -u x"),
    ("ansible-galaxy role import orchard lumen", "ansible-galaxy role install orchard.lumen"),
    ("steamcmd +login a b +run_app_build x.vdf +quit", "steamcmd +login a +app_update 1 +quit"),
    ("svn commit -m 'tag 1.0' --password $T", "svn commit -m 'new docs' --password $T"),
    ("bundle exec rake module:push", "bundle exec rake spec"),
    ("hf upload orchard/lumen .", "hf download orchard/lumen"),
    ("gcloud artifacts generic upload --package=lumen", "gcloud artifacts repositories list"),
    (
        "gcloud artifacts generic upload --project=orchard --repository=files --version=1",
        "gcloud artifacts generic upload --project=orchard-dev --repository=files --version=1",
    ),
    ("aws codeartifact publish-package-version --domain x", "aws codeartifact list-packages"),
    ("az artifacts universal publish --name lumen", "az artifacts universal download --name x"),
    ("xcrun altool --upload-app -f x.ipa", "xcrun altool --validate-app -f x.ipa"),
    ("cue mod publish v0.1.0", "cue vet"),
    ("cabal upload --publish -d docs.tar.gz", "cabal sdist"),
    ("nix copy --to s3://cache.example .#x", "nix copy --to file:///var/cache .#x"),
    ("dput ppa:orchard/lumen lumen.changes", "dput --version"),
    ("gcloud builds submit --config release.yaml", "gcloud builds submit --config x --help"),
    ("az artifacts universal publish --version 1.0", "az artifacts universal publish --version"),
    ("eas submit -p ios", "eas build -p ios"),
    ("git push aur master", "git push origin master"),
    (
        "git push https://x:$T@git.example/orchard/lumen-ports HEAD:main",
        "git push https://x:$T@git.example/orchard/docs HEAD:main",
    ),
    (
        "git clone https://git.example/orchard/scoop-bucket && cd scoop-bucket && git push",
        "git clone https://git.example/orchard/scoop-bucket && git push",
    ),
)


def unrecognized(command: str, text: str = "") -> list[str]:
    """What is said of a job that runs it with a secret, in a workflow that looks like nothing."""
    steps = text or f"- run: |\n    {command}\n  env: {{{secret('LUMEN_AWS', 'T')}}}\n"
    shown = audited(workflow(steps, on=ON_PUSH, name="Daily checks", job="main"))
    assert not shown.repository.publications
    return [g.detail for g in shown.repository.gaps if g.reason is GapReason.UNRECOGNIZED]


@pytest.mark.parametrize(("loud", "quiet"), PAIRS, ids=[pair[0][:40] for pair in PAIRS])
def test_what_publishes_is_said_and_its_twin_is_not(loud: str, quiet: str) -> None:
    assert unrecognized(loud)
    assert not unrecognized(quiet)


def test_nothing_is_said_without_anything_to_publish_with() -> None:
    assert not unrecognized("", "- run: lftp -e 'mput dist/*.zip' ftp.example\n")


def test_an_action_that_changes_a_place_to_install_from_is_reported() -> None:
    step = (
        "- uses: cpina/github-action-push-to-another-repository@v1\n"
        f"  env: {{{secret('PUSH_PAT', 'API_TOKEN_GITHUB')}}}\n"
        "  with: {destination-github-username: orchard, destination-repository-name: NAME}\n"
    )
    assert unrecognized("", step.replace("NAME", "scoop-bucket"))
    assert not unrecognized("", step.replace("NAME", "orchard.github.io"))


BUILD = f"""\
- uses: docker/build-push-action@v6
  with:
    file: docker/Dockerfile
    {secret("NPM_TOKEN", "secrets")}
"""
IMAGE = "FROM node\nRUN --mount=type=secret,id=npm NODE_AUTH_TOKEN=x npm {}\n"


def test_a_dockerfile_that_publishes_is_followed_from_the_action_that_builds_it() -> None:
    package = {"package__json": '{"name": "lumen"}'}
    files = {**package, "docker/Dockerfile": IMAGE.format("publish")}
    (publication,) = audited(workflow(BUILD), **files).repository.publications
    assert (publication.registry, publication.at.path) == ("npm", "docker/Dockerfile")
    quiet = audited(workflow(BUILD), **{**package, "docker/Dockerfile": IMAGE.format("ci")})
    assert not quiet.repository.publications
    assert not quiet.repository.gaps
    unread = audited(workflow(BUILD), **package)
    assert [gap.reason for gap in unread.repository.gaps] == [GapReason.UNRECOGNIZED]
