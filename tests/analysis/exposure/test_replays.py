"""Two compromises that were described in public, as look-alikes, beside what closed them.

Grafana, April 2025 (a branch's name became code beside an app's key) and Kong's ingress
controller, December 2024 (a pull request was built beside the token of the image's registry).
"""

from __future__ import annotations

from audits.model.exposure import Actor, Exposure, Sink, WayIn
from tests.analysis.exposure.repositories import CHECKOUT, OLD_CHECKOUT, exposed, job

APP = (
    "- id: app\n  uses: actions/create-github-app-token@v2\n"
    "  with: {app-id: '${{ secrets.BOT_APP_ID }}', private-key: '${{ secrets.BOT_APP_PEM }}'}\n"
)
DISPATCH = (
    "- uses: actions/github-script@v8\n"
    "  with:\n    github-token: ${{ steps.app.outputs.token }}\n"
    "    script: |\n      await start('%s')\n"
)
HEAD = f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n"
LOGIN = (
    "- uses: docker/login-action@v3\n"
    "  with: {username: orchard, password: '${{ secrets.HUB_TOKEN }}'}\n"
)
IMAGE = f"""\
on: {{push: {{tags: ["v*"]}}}}
permissions: {{contents: read}}
jobs:
  image:
    runs-on: ubuntu-24.04
    steps:
      - uses: {CHECKOUT}
      - uses: docker/login-action@v3
        with: {{username: orchard, password: '${{{{ secrets.HUB_TOKEN }}}}'}}
      - uses: docker/build-push-action@v6
        with: {{push: true, tags: orchard/lumen:latest}}
"""


def _worst(found: Exposure) -> tuple[Actor, WayIn, Sink]:
    return found.paths[0].actor, found.paths[0].way_in, found.paths[0].sink


def test_a_branch_name_beside_an_apps_key() -> None:
    before = job("pull_request_target", APP + DISPATCH % "${{ github.head_ref }}", rights="")
    found = exposed(before)
    assert _worst(found) == (Actor.ANYONE, WayIn.WORDS, Sink.STORED_TOKEN)
    after = job(
        "pull_request_target",
        (APP + DISPATCH % "' + process.env.HEAD + '") + "  env: {HEAD: '${{ github.head_ref }}'}",
        rights="",
    )
    assert exposed(after).may_be is not Actor.ANYONE


def test_a_pull_request_built_beside_the_registrys_token() -> None:
    before = job("pull_request_target", LOGIN + HEAD + "- run: make image", rights="contents: read")
    found = exposed(before, IMAGE)
    assert _worst(found) == (Actor.ANYONE, WayIn.CODE, Sink.SECRET)
    after = job("pull_request", HEAD + "- run: make image", rights="contents: read")
    assert exposed(after, IMAGE).may_be is not Actor.ANYONE
