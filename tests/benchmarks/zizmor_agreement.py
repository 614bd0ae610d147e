"""Agreement of our checks with zizmor's rules over real files, with reasons for what differs.

``python -m tests.benchmarks.zizmor_agreement FOLDER [--all] [--list RULE]``
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from pypi_simple import PYPI_SIMPLE_ENDPOINT

from audits.collect.folder.collector import FolderCollector
from audits.collect.index.default_index import index_hosts
from audits.model.repository import Breadth, Repository
from audits.workflow.repository import read_repository
from tests.benchmarks.zizmor_reasons import Difference, reason_of
from tests.engines.agreement import ASKS_GITHUB, Said, Spot, aligned, compared, isolated, we_say

_INDEX = "https://pypi.example/simple/"


@dataclass
class Tally:
    """Both sides' findings, rule by rule, and why they differ."""

    both: Counter[str] = field(default_factory=Counter)
    ours: Counter[str] = field(default_factory=Counter)
    theirs: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    open: list[Difference] = field(default_factory=list)


def repositories(corpus: Path) -> Iterator[Repository]:
    """The corpus, read with all its workflows."""
    hosts = index_hosts(_INDEX)
    for owner in sorted(p for p in corpus.iterdir() if p.is_dir() and p.name[0] != "_"):
        for snapshot in FolderCollector(folder=owner).snapshots():
            yield read_repository(
                snapshot, channel=hosts.channel_of, breadth=Breadth.ALL, index_hosts=hosts
            )


def zizmor_finds(
    read: dict[str, Repository], everything: bool
) -> tuple[dict[Spot, Said], list[str]]:
    """What zizmor finds in the repositories' files, under the name of their index."""
    public = urlsplit(PYPI_SIMPLE_ENDPOINT).hostname or ""
    own = urlsplit(_INDEX).hostname or ""
    paths = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        for key, repository in read.items():
            for path in looked_at(repository, everything):
                file = repository.file(path)
                assert file is not None
                target = folder / key / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.text.replace(own, public).encode())
                paths.append(f"{key}/{path}")
        return isolated(folder, paths)


def looked_at(repository: Repository, everything: bool) -> Iterator[str]:
    """The files that are compared: those on the way to a publication, or all."""
    known = (*(w.path for w in repository.workflows), *(a.path for a in repository.actions))
    for path in known:
        if everything or path in repository.graph.release_paths:
            yield path
    dependabot = repository.file(".github/dependabot.yml", ".github/dependabot.yaml")
    if dependabot is not None and (everything or repository.publications):
        yield dependabot.path


def compare(read: dict[str, Repository], everything: bool) -> tuple[Tally, list[str]]:
    """Hold both sides' findings against each other."""
    theirs, lost = zizmor_finds(read, everything)
    tally = Tally()
    for key, repository in read.items():
        prefix = f"{key}/"
        paths = {prefix + path for path in looked_at(repository, everything)} - {*lost}
        they = {
            s: d
            for s, d in theirs.items()
            if s.path in paths and s.rule in set(compared()) - ASKS_GITHUB
        }
        said = aligned(we_say(repository, index_hosts(_INDEX), prefix), they)
        we = {s: d for s, d in said.items() if s.path in paths}
        for spot in sorted({*we, *they}):
            if spot in we and spot in they:
                tally.both[spot.rule] += 1
                continue
            tally.ours[spot.rule] += spot in we
            tally.theirs[spot.rule] += spot in they
            difference = Difference(
                repository=repository,
                spot=spot,
                path=spot.path.removeprefix(prefix),
                ours=we.get(spot),
                theirs=they.get(spot),
            )
            if reason := reason_of(difference):
                tally.reasons[spot.rule, reason] += 1
            else:
                tally.open.append(difference)
    return tally, lost


def main() -> int:
    """Print the agreement; 1 where a difference has no reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--all", action="store_true", help="every workflow, not those of releases")
    chosen = parser.parse_args()
    read = {str(r.ref): r for r in repositories(chosen.corpus)}
    tally, lost = compare(read, chosen.all)
    print(f"{'rule':32} {'both':>6} {'only ours':>10} {'only zizmor':>12}")
    for rule in sorted(set(compared()) - ASKS_GITHUB):
        print(f"{rule:32} {tally.both[rule]:6} {tally.ours[rule]:10} {tally.theirs[rule]:12}")
        for (of, reason), count in sorted(tally.reasons.items()):
            if of == rule:
                print(f"    {count:5}  {reason}")
    print(f"\nzizmor gives up on {len(lost)} files:", *lost, sep="\n  ")
    print(f"\nwithout a reason: {len(tally.open)}")
    for each in tally.open:
        said = each.ours or each.theirs
        side = "ours" if each.ours else "zizmor"
        print(f"  {each.spot.rule} {each.spot.path}:{each.spot.line} only {side}: {said}")
    return 1 if tally.open else 0


if __name__ == "__main__":
    sys.exit(main())
