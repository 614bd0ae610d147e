"""What the store keeps of audits of invented repositories."""

from __future__ import annotations

from audits.audit import Rules, audit
from audits.store.rows import package_row
from tests.checks.harness import INDEX
from tests.engines.test_zizmor import repository
from tests.workflow.uploads import RELEASE, run_of

BOTH = run_of(
    "npm publish\ntwine upload dist/*",
    env="NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}'",
)
FILES = {
    RELEASE: BOTH,
    "pyproject.toml": '[project]\nname = "lumen"\n',
    "package.json": '{"name": "lumen-js"}',
}


def test_each_package_of_a_step_has_its_own_credential() -> None:
    audited = audit(repository(FILES), Rules(index=INDEX))
    rows = [package_row(audited, status) for status in audited.statuses]
    auths = {p.packages[0]: p.auth.value for p in audited.publications}
    assert len(set(auths.values())) == 2
    assert {row["package"]: row["auth"] for row in rows} == auths
