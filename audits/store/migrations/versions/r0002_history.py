"""What is known of repositories, over intervals of scans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _deduction()
    _facts()
    _finding()
    _result()
    _score()
    _state()


def downgrade() -> None:
    """Drop them, with all that they hold."""
    for table in reversed(("deduction", "facts", "finding", "result", "score", "state")):
        op.drop_table(table)


def _deduction() -> None:
    op.create_table(
        "deduction",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("publication", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_deduction_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_deduction_repository_id"
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name="fk_deduction_rule_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deduction"),
    )
    op.create_index(
        "ix_deduction_owner_id_closed_opened_rule_id_points",
        "deduction",
        ["owner_id", "closed", "opened", "rule_id", "points"],
        unique=False,
    )
    op.create_index(
        "ix_deduction_repository_id_closed", "deduction", ["repository_id", "closed"], unique=False
    )


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("settings_id", sa.Integer(), nullable=False),
        sa.Column("index_id", sa.Integer(), nullable=False),
        sa.Column("detail_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["detail_id"], ["content.id"], name="fk_facts_detail_id"),
        sa.ForeignKeyConstraint(["index_id"], ["content.id"], name="fk_facts_index_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_facts_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_facts_repository_id"
        ),
        sa.ForeignKeyConstraint(["settings_id"], ["content.id"], name="fk_facts_settings_id"),
        sa.ForeignKeyConstraint(["source_id"], ["content.id"], name="fk_facts_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
    )
    op.create_index(
        "ix_facts_repository_id_closed", "facts", ["repository_id", "closed"], unique=False
    )


def _finding() -> None:
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("acceptance", sa.SmallInteger(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("in_release", sa.Boolean(), nullable=False),
        sa.Column("on_owner", sa.Boolean(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("ended", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_finding_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_finding_repository_id"
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name="fk_finding_rule_id"),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
    )
    _finding_indexes()


def _finding_indexes() -> None:
    op.create_index(
        "ix_finding_owner_id_closed_opened_severity_rule_id",
        "finding",
        ["owner_id", "closed", "opened", "severity", "rule_id"],
        unique=False,
    )
    op.create_index("ix_finding_owner_id_opened", "finding", ["owner_id", "opened"], unique=False)
    op.create_index(
        "ix_finding_owner_id_rule_id_closed",
        "finding",
        ["owner_id", "rule_id", "closed"],
        unique=False,
    )
    op.create_index(
        "ix_finding_repository_id_closed", "finding", ["repository_id", "closed"], unique=False
    )
    op.create_index(
        "ix_finding_repository_id_fingerprint",
        "finding",
        ["repository_id", "fingerprint"],
        unique=False,
    )


def _result() -> None:
    op.create_table(
        "result",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("failing", sa.Integer(), nullable=False),
        sa.Column("unseen_id", sa.Integer(), nullable=True),
        sa.Column("on_owner", sa.Boolean(), nullable=False),
        sa.Column("crash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_result_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_result_repository_id"
        ),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name="fk_result_rule_id"),
        sa.ForeignKeyConstraint(["unseen_id"], ["unseen.id"], name="fk_result_unseen_id"),
        sa.PrimaryKeyConstraint("id", name="pk_result"),
    )
    _result_indexes()


def _result_indexes() -> None:
    op.create_index(
        "ix_result_on_owner",
        "result",
        ["owner_id", "closed"],
        unique=False,
        sqlite_where=sa.text("on_owner = 1"),
        postgresql_where=sa.text("on_owner"),
    )
    op.create_index(
        "ix_result_owner_id_closed_opened_rule_id_outcome",
        "result",
        ["owner_id", "closed", "opened", "rule_id", "outcome"],
        unique=False,
    )
    op.create_index(
        "ix_result_repository_id_closed", "result", ["repository_id", "closed"], unique=False
    )


def _area_columns() -> list[sa.Column[float]]:
    return [
        sa.Column("pinning_points", sa.Float(), nullable=True),
        sa.Column("permissions_points", sa.Float(), nullable=True),
        sa.Column("environment_points", sa.Float(), nullable=True),
        sa.Column("trusted_publisher_points", sa.Float(), nullable=True),
        sa.Column("integrity_points", sa.Float(), nullable=True),
        sa.Column("pinning_coverage", sa.Float(), nullable=True),
        sa.Column("permissions_coverage", sa.Float(), nullable=True),
        sa.Column("environment_coverage", sa.Float(), nullable=True),
        sa.Column("trusted_publisher_coverage", sa.Float(), nullable=True),
        sa.Column("integrity_coverage", sa.Float(), nullable=True),
    ]


def _score() -> None:
    op.create_table(
        "score",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("points", sa.Float(), nullable=True),
        sa.Column("strict_points", sa.Float(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("cap", sa.Text(), nullable=False),
        *_area_columns(),
        sa.Column("open_info", sa.Integer(), nullable=False),
        sa.Column("open_low", sa.Integer(), nullable=False),
        sa.Column("open_medium", sa.Integer(), nullable=False),
        sa.Column("open_high", sa.Integer(), nullable=False),
        sa.Column("open_critical", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("publications", sa.Integer(), nullable=False),
        sa.Column("registries", sa.Text(), nullable=False),
        sa.Column("ladders", sa.Text(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_score_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_score_repository_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_score"),
    )
    _score_indexes()


def _score_indexes() -> None:
    op.create_index(
        "ix_score_owner_id_closed_opened_grade",
        "score",
        ["owner_id", "closed", "opened", "grade"],
        unique=False,
    )
    op.create_index(
        "ix_score_repository_id_closed", "score", ["repository_id", "closed"], unique=False
    )


def _state() -> None:
    op.create_table(
        "state",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("database_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_state_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_state_repository_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_state"),
    )
    op.create_index("ix_state_owner_id_closed", "state", ["owner_id", "closed"], unique=False)
    op.create_index(
        "ix_state_repository_id_closed", "state", ["repository_id", "closed"], unique=False
    )
