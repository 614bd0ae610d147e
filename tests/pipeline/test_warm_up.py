"""The example that worker processes are warmed up with."""

from __future__ import annotations

from audits.pipeline.warm_up import audit_example


def test_the_example_is_audited_and_publishes() -> None:
    audited = audit_example()
    assert not audited.crashed
    assert [row["mechanism"] for row in audited.record.families["publication"]] == ["twine upload"]
