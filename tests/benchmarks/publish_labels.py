"""Agreement of the publications that are found with tables of labelled publish steps.

``python -m tests.benchmarks.publish_labels FOLDER``, a folder of repositories with tables of labels.
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
from audits.model.repository import Repository
from audits.workflow.repository import read_repository
from tests.benchmarks.accepted import ACCEPTED, EXTRAS, UNLABELLED_KINDS

_INDEX = "https://pypi.example/simple/"
_TABLES = ("PUBLISH.tsv", "PUBLISH_MIXED.tsv")
_REGISTRIES = {
    "pypi+npm": ("pypi", "npm"),
    "cargo": ("crates",),
    "gem": ("rubygems",),
    "s3": ("downloads",),
}
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
class Found:
    """What the corpus holds: publications by place, and the jobs that are said to be unseen."""

    publications: dict[Place, list[Publication]] = field(default_factory=dict)
    unseen: dict[tuple[str, str, str], str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def at(self, place: Place) -> Iterator[Publication]:
        """The publications of a step; of any step of the job where the label's step is -1."""
        for key, publications in self.publications.items():
            if key == place or (place[3] == "-1" and key[:3] == place[:3]):
                yield from publications

    def says_unseen(self, place: Place) -> str:
        """What is said of the job where it is not understood or what it calls was not read."""
        return self.unseen.get((place[0], place[1], place[2]), "")


@dataclass
class Tally:
    """What was compared and what disagrees; ``table`` counts by registry."""

    counts: Counter[str] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    table: dict[str, Counter[str]] = field(default_factory=dict)
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


def found_in(corpus: Path) -> Found:
    """All that is found in the corpus, by owner/repository, workflow, job and step."""
    hosts = index_hosts(_INDEX)
    found = Found()
    for owner in sorted(p for p in corpus.iterdir() if p.is_dir() and p.name[0] != "_"):
        for snapshot in FolderCollector(folder=owner).snapshots():
            _add(found, read_repository(snapshot, channel=hosts.channel_of))
    return found


def _add(found: Found, repository: Repository) -> None:
    name, graph = str(repository.ref), repository.graph
    for publication in repository.publications:
        place = (name, publication.workflow.path, publication.job.id, str(publication.step))
        found.publications.setdefault(place, []).append(publication)
    for one in graph.unrecognized:
        found.unseen[name, one.workflow.path, one.job.id] = f"{one.means}, {one.sign}"
    for job in graph.hidden_calls:
        found.unseen[name, job.path, job.id] = "the called workflow was not read"
    if not (repository.publications or graph.unrecognized or graph.hidden_calls):
        found.silent.add(name)


def compare(rows: list[Row], found: Found) -> Tally:
    """Hold the labels against what was found."""
    tally = Tally()
    for row in rows:
        place = (f"{row['owner']}/{row['repo']}", row["file"], row["job"], row["step"])
        wanted = _REGISTRIES.get(row["kind"], (row["kind"],))
        here = list(found.at(place))
        same = [p for p in here if p.registry.value in wanted]
        unseen = found.says_unseen(place)
        seen = ", ".join(f"{p.registry} by {p.mechanism}" for p in here) or unseen or "nothing"
        right = any(p.auth in _AUTH.get(row["auth"], set(Auth)) for p in same)
        counts = tally.table.setdefault(row["kind"], Counter())
        counts.update(rows=1, seen=bool(here or unseen), found=bool(same), right=right)
        tally.add(f"seen {row['kind']}", bool(here or unseen), place, seen)
        if same:
            _compare_one(tally, row, place, same)
    return tally


def _compare_one(tally: Tally, row: Row, place: Place, same: list[Publication]) -> None:
    if channel := _CHANNELS.get(row["index"]):
        agrees = any(p.channel == channel for p in same)
        tally.add("channel", agrees, place, ", ".join(p.channel for p in same))
    if row["auth"] in _AUTH and (row["index"] in {"", "pypi"}):
        agrees = any(p.auth in _AUTH[row["auth"]] for p in same)
        tally.add("auth", agrees, place, ", ".join(p.auth for p in same))
    if row["index"] == "pypi":
        names = {p.environment.name.value if p.environment else "" for p in same}
        wanted_name = "" if row["env"] == "none" else row["envname"]
        tally.add("environment", wanted_name in names, place, repr(sorted(names)))


def extras(rows: list[Row], found: Found) -> Iterator[tuple[str, str]]:
    """What was found and is not labelled, with the reason where it is known to be real."""
    labelled = {(f"{r['owner']}/{r['repo']}", r["file"], r["job"], r["step"]) for r in rows}
    for place, publications in found.publications.items():
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


def _print_table(tally: Tally) -> None:
    print(f"{'registry':16} {'labels':>6} {'seen':>6} {'found':>6} {'right':>6}")
    total: Counter[str] = Counter()
    for kind, counts in sorted(tally.table.items()):
        total.update(counts)
        print(f"{kind:16}", *(f"{counts[c]:>6}" for c in ("rows", "seen", "found", "right")))
    print(f"{'all':16}", *(f"{total[c]:>6}" for c in ("rows", "seen", "found", "right")))


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def main() -> int:
    """Print the agreement; 1 where a difference has no reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    corpus: Path = parser.parse_args().corpus
    started = time.perf_counter()
    found = found_in(corpus)
    print(f"{sum(map(len, found.publications.values()))} publications", end="")
    print(f" in {time.perf_counter() - started:.2f} s")
    failed = False
    every: list[Row] = []
    for name in _TABLES:
        rows = _rows(corpus / name)
        every += rows
        tally = compare(rows, found)
        print(f"\n{name}")
        _print_table(tally)
        for question in ("channel", "auth", "environment"):
            print(f"{question}: {tally.agreed[question]} of {tally.counts[question]}")
        for title, lines in (("not agreed", tally.disagreements), ("accepted", tally.accepted)):
            print(f"\n{title}: {len(lines)}", *lines, sep="\n  ")
        failed = failed or bool(tally.disagreements)
    more = list(extras(every, found))
    unexplained = [line for reason, line in more if not reason]
    print(f"\nnot labelled: {len(unexplained)}", *unexplained, sep="\n  ")
    for reason, count in Counter(reason for reason, _ in more if reason).items():
        print(f"\nnot labelled, and real: {count}: {reason}")
    publishing = {f"{row['owner']}/{row['repo']}" for row in every}
    silent = sorted(publishing & found.silent)
    print(f"\npublishing repositories of which nothing is said: {len(silent)}", *silent, sep="\n  ")
    places = [f"{'/'.join(place)}: {what}" for place, what in found.unseen.items()]
    print(f"\nsaid to be unseen: {len(places)}", *places, sep="\n  ")
    return 1 if failed or unexplained or silent else 0


if __name__ == "__main__":
    sys.exit(main())
