"""Collects gaps for invalid places of a workflow or action, up to a limit."""

from __future__ import annotations

from audits.model.source import Gap, GapReason, SourceFile
from audits.workflow.parse.nodes import Node, SourceText

# Whoever corrects these faults of one file sees the others next time.
MOST_FAULTS = 100


class Faults:
    """Collects the gaps of one file."""

    def __init__(self, source: SourceFile, text: SourceText) -> None:
        self.source = source
        self.text = text
        self.gaps: list[Gap] = []

    def add(self, node: Node, detail: str) -> None:
        """Add a gap at a node; ``detail`` says what is wrong there."""
        if len(self.gaps) > MOST_FAULTS:
            return
        if len(self.gaps) == MOST_FAULTS:
            detail = "it has more faults than are named here"
        line = self.text.line(node.start_mark.index)
        detail = f"{self.source.path}, line {line}: {detail}; GitHub cannot run it: correct it"
        self.gaps.append(
            Gap(subject=self.source.path, reason=GapReason.INVALID, line=line, detail=detail)
        )
