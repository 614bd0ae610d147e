"""Computes the result of each job of a workflow after one of them fails.

A job without a status function in its condition runs only where all that it waits for, directly
or not, succeeded:
https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#status-check-functions
"""

from __future__ import annotations

from msgspec import Struct

from audits.analysis.conditions import has_status_function
from audits.analysis.job_dependencies import Needs
from audits.expressions.evaluate import Value, decide
from audits.expressions.syntax import Context, Expression, condition_expression, walk
from audits.model.workflow import Job


class FailureOutcome(Struct):
    """What came of one failure: the jobs that failed and that were skipped, as bits."""

    failed: int
    skipped: int = 0

    @property
    def bad(self) -> int:
        """All that did not succeed."""
        return self.failed | self.skipped

    def result(self, bit: int) -> str:
        """The result of the job with this bit."""
        return "failure" if bit & self.failed else "skipped" if bit & self.skipped else "success"


class Failures:
    """The results of the jobs of one workflow, for each job that may fail.

    A condition that cannot be decided is taken to hold: then its job succeeds.
    """

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self._after: dict[Job, FailureOutcome] = {}
        self._read: dict[Job, tuple[Expression | None, tuple[Job, ...]]] = {}

    def after(self, broken: Job) -> FailureOutcome:
        """The jobs' results where one fails."""
        if broken not in self._after:
            found = self._after[broken] = FailureOutcome(self.needs.bit[broken])
            for job in self.needs.order:
                hit = self.needs.all_bits[job] & found.bad
                if hit and job is not broken and not self.holds(job, found):
                    found.skipped |= self.needs.bit[job]
        return self._after[broken]

    def holds(self, job: Job, after: FailureOutcome) -> bool:
        """Whether a job's condition lets it run after a failure among those it waits for."""
        expression, read = self._reads(job)
        if expression is None:
            return False
        direct = self.needs.bits[job]
        every = (
            ("failure", direct & after.failed),
            ("skipped", direct & after.skipped),
            ("success", direct & ~after.bad),
        )
        facts: dict[str, Value] = {
            **_STATE,
            "needs.*.result": tuple(result for result, jobs in every if jobs),
        }
        for above in read:
            result = after.result(self.needs.bit[above])
            facts[f"needs.{above.id.lower()}.result"] = result
            if result != "success":
                facts[f"needs.{above.id.lower()}.outputs.*"] = ""
        return decide(expression, facts) is not False

    def _reads(self, job: Job) -> tuple[Expression | None, tuple[Job, ...]]:
        """A job's condition, where it asks for the state of the run, and the jobs it reads."""
        if job not in self._read:
            text = job.condition.text.value if job.condition else ""
            expression = condition_expression(text) if text else None
            if expression is None or not has_status_function(expression):
                self._read[job] = (None, ())
            else:
                parts = (p for p in walk(expression) if isinstance(p, Context))
                names = {part.parts[1] for part in parts if len(part.parts) > 1}
                direct = self.needs.direct[job]
                found = tuple(above for above in direct if above.id.lower() in names)
                self._read[job] = (expression, found)
        return self._read[job]


_STATE: dict[str, Value] = {
    "always()": True,
    "success()": False,
    "failure()": True,
    "cancelled()": False,
}
