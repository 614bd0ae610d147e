"""A machine that runs pull requests of forks and releases: kept, thrown away, or not seen."""

from __future__ import annotations

import pytest

from audits.model.exposure import PathState, Sink
from audits.model.settings import RepositorySettings, Runner
from tests.analysis.exposure.repositories import CHECKOUT, RELEASE, answer, exposed, job

OWN = "runs-on: [self-hosted, linux]"
HOSTED = "runs-on: ubuntu-24.04"
MADE_HERE = RELEASE.replace(HOSTED, OWN, 1)
TESTED_HERE = job("pull_request", f"- uses: {CHECKOUT}\n- run: make").replace(HOSTED, OWN)
LABELS = ("self-hosted", "linux")
KEPT = Runner(name="kept", labels=LABELS, is_ephemeral=False)
ONCE = Runner(name="once", labels=LABELS, is_ephemeral=True)
UNSAID = Runner(name="old", labels=LABELS)
GPU = Runner(name="gpu", labels=("self-hosted", "gpu"), is_ephemeral=False)
RELEASES = Runner(
    name="releases",
    labels=LABELS,
    is_ephemeral=False,
    workflows=("orchard-labs/lumen/.github/workflows/release.yml@refs/heads/main",),
)


def settings(*own: Runner, owners: tuple[Runner, ...] = (), **more: object) -> RepositorySettings:
    given = {"fork_approval": "first_time_contributors", "is_public": True, **more}
    return RepositorySettings.partial(runners=own, owner_runners=owners, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(None, PathState.DEFAULT, id="nothing was read"),
        pytest.param(settings(KEPT), PathState.SEEN, id="the machine keeps what ran"),
        pytest.param(settings(ONCE, KEPT), PathState.SEEN, id="one of two keeps it"),
        pytest.param(settings(ONCE), None, id="it is thrown away"),
        pytest.param(settings(owners=(ONCE,)), None, id="the owner's is thrown away"),
        pytest.param(settings(UNSAID), PathState.DEFAULT, id="GitHub does not say"),
        pytest.param(settings(GPU), PathState.DEFAULT, id="registered for one job when asked"),
        pytest.param(settings(), PathState.DEFAULT, id="none waits"),
        pytest.param(settings(RELEASES), None, id="its group lets releases run only"),
        pytest.param(
            settings(KEPT, fork_approval="all_external_contributors"), None, id="each run waits"
        ),
        pytest.param(settings(KEPT, is_public=False), None, id="nobody outside may fork it"),
    ],
)
def test_what_closes_a_shared_machine(
    seen: RepositorySettings | None, expected: PathState | None
) -> None:
    found = exposed(TESTED_HERE, MADE_HERE, settings=seen)
    states = [path.state for path in found.paths if path.sink is Sink.RUNNER]
    assert states == ([expected] if expected is not None else [])
    assert answer(found) == ("sure" if expected is not None else "none")


def test_another_machine_is_no_way() -> None:
    elsewhere = TESTED_HERE.replace("[self-hosted, linux]", "[self-hosted, gpu]")
    assert answer(exposed(elsewhere, MADE_HERE, settings=settings(KEPT, GPU))) == "none"
    assert answer(exposed(TESTED_HERE, RELEASE, settings=settings(KEPT))) == "none"
