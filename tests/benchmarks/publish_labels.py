"""Agreement of the publications that are found with a table of labelled publish steps.

``python -m tests.benchmarks.publish_labels ../shared/corpus``; its README has the columns.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from audits.collect.folder.collector import FolderCollector
from audits.collect.index.default_index import index_hosts
from audits.model.publication import Auth, Publication
from audits.workflow.repository import read_repository
from tests.benchmarks.accepted import ACCEPTED, EXTRAS, UNLABELLED_KINDS

_INDEX = "https://pypi.example/simple/"
_REGISTRIES = {"pypi+npm": ("pypi", "npm"), "cargo": ("crates",), "gem": ("rubygems",)}
_CHANNELS = {"testpypi": "test", "pypi": "production", "jazzband": "private"}
_AUTH = {
    "trusted": {Auth.OIDC},
    "hand-minted OIDC": {Auth.OIDC},
    "token": {Auth.TOKEN},
    "token+id-token": {Auth.TOKEN, Auth.MIXED},
}

Place = tuple[str, str, str, str]
Row = dict[str, str]


@dataclass
class Tally:
    """What was compared and what disagrees."""

    counts: Counter[str] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def add(self, question: str, agrees: bool, place: Place, seen: str) -> None:
        """Count one comparison; ``seen`` says what was found instead."""
        reason = "" if agrees else ACCEPTED.get((*place, question.partition(" ")[0]), "")
        self.counts[question] += 1
        self.agreed[question] += agrees
        if reason:
            self.accepted.append(f"{question}: {'/'.join(place)}: {seen} ({reason})")
        elif not agrees:
            self.disagreements.append(f"{question}: {'/'.join(place)}: {seen}")


def found_in(corpus: Path) -> dict[Place, list[Publication]]:
    """Every publication of the corpus by owner/repository, workflow, job and step."""
    hosts = index_hosts(_INDEX)
    found: dict[Place, list[Publication]] = {}
    for owner in sorted(p for p in corpus.iterdir() if p.is_dir() and p.name[0] != "_"):
        for snapshot in FolderCollector(folder=owner).snapshots():
            for publication in read_repository(snapshot, channel=hosts.channel_of).publications:
                place = (str(snapshot.ref), publication.workflow.path, publication.job.id)
                found.setdefault((*place, str(publication.step)), []).append(publication)
    return found


def _at(found: dict[Place, list[Publication]], place: Place) -> Iterator[Publication]:
    for key, publications in found.items():
        if key == place or (place[3] == "-1" and key[:3] == place[:3]):
            yield from publications


def compare(rows: list[Row], found: dict[Place, list[Publication]]) -> Tally:
    """Hold the labels against what was found."""
    tally = Tally()
    for row in rows:
        place = (f"{row['owner']}/{row['repo']}", row["file"], row["job"], row["step"])
        wanted = _REGISTRIES.get(row["kind"], (row["kind"],))
        here = list(_at(found, place))
        same = [p for p in here if p.registry.value in wanted]
        seen = ", ".join(f"{p.registry} by {p.mechanism}" for p in here) or "nothing"
        tally.add(f"found {row['kind']}", bool(same), place, seen)
        if not same:
            continue
        channel = _CHANNELS.get(row["index"])
        if channel:
            agrees = any(p.channel == channel for p in same)
            tally.add("channel", agrees, place, ", ".join(p.channel for p in same))
        if row["index"] != "pypi":
            continue
        agrees = any(p.auth in _AUTH.get(row["auth"], set(Auth)) for p in same)
        tally.add("auth", agrees, place, ", ".join(p.auth for p in same))
        names = {p.environment.name.value if p.environment else "" for p in same}
        wanted_name = "" if row["env"] == "none" else row["envname"]
        tally.add("environment", wanted_name in names, place, repr(sorted(names)))
    return tally


def extras(rows: list[Row], found: dict[Place, list[Publication]]) -> Iterator[tuple[str, str]]:
    """What was found and is not labelled, with the reason where it is known to be real."""
    labelled = {(f"{r['owner']}/{r['repo']}", r["file"], r["job"], r["step"]) for r in rows}
    for place, publications in found.items():
        if place in labelled or (*place[:3], "-1") in labelled:
            continue
        for publication in publications:
            reason = UNLABELLED_KINDS.get(publication.registry) or EXTRAS.get(place, "")
            yield (
                reason,
                (
                    f"{'/'.join(place)}: {publication.registry} by {publication.mechanism},"
                    f" {publication.channel}, {publication.auth}"
                    f"{', indirect' if publication.indirect else ''}"
                ),
            )


def main() -> int:
    """Print the agreement; 1 where a difference has no reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    corpus: Path = parser.parse_args().corpus
    with (corpus / "PUBLISH.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    started = time.perf_counter()
    found = found_in(corpus)
    seconds = time.perf_counter() - started
    tally = compare(rows, found)
    more = list(extras(rows, found))
    unexplained = [line for reason, line in more if not reason]
    for question, count in sorted(tally.counts.items()):
        print(f"{question}: {tally.agreed[question]} of {count}")
    for title, lines_of in (
        ("not agreed", tally.disagreements),
        ("accepted", tally.accepted),
        ("not labelled", unexplained),
    ):
        print(f"\n{title}: {len(lines_of)}", *lines_of, sep="\n  ")
    for reason, count in Counter(reason for reason, _ in more if reason).items():
        print(f"\nnot labelled, and real: {count}: {reason}")
    print(f"\n{sum(map(len, found.values()))} publications in {seconds:.2f} s")
    return 1 if tally.disagreements or unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
