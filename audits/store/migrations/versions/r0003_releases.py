"""What repositories release and with whose code, over intervals of scans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _reference()
    _action_use()
    _gap()
    _owner_facts()
    _package()
    _publication()
    _score_change()
    _unreached()


def downgrade() -> None:
    """Drop them, with all that they hold."""
    for table in reversed(
        (
            "reference",
            "action_use",
            "gap",
            "owner_facts",
            "package",
            "publication",
            "score_change",
            "unreached",
        )
    ):
        op.drop_table(table)


def _reference() -> None:
    op.create_table(
        "reference",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("newest_release", sa.Text(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("exists", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_reference_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reference"),
    )
    op.create_index(
        "ix_reference_owner_id_slug_ref_closed",
        "reference",
        ["owner_id", "slug", "ref", "closed"],
        unique=False,
    )


def _action_use() -> None:
    op.create_table(
        "action_use",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("in_release", sa.Boolean(), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("advisories", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"], name="fk_action_use_action_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_action_use_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_action_use_repository_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_action_use"),
    )
    op.create_index(
        "ix_action_use_owner_id_action_id_closed",
        "action_use",
        ["owner_id", "action_id", "closed"],
        unique=False,
    )
    op.create_index(
        "ix_action_use_repository_id_closed",
        "action_use",
        ["repository_id", "closed"],
        unique=False,
    )


def _gap() -> None:
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_gap_owner_id"),
        sa.ForeignKeyConstraint(["repository_id"], ["repository.id"], name="fk_gap_repository_id"),
        sa.PrimaryKeyConstraint("id", name="pk_gap"),
    )
    op.create_index("ix_gap_owner_id_closed", "gap", ["owner_id", "closed"], unique=False)
    op.create_index("ix_gap_repository_id_closed", "gap", ["repository_id", "closed"], unique=False)


def _owner_facts() -> None:
    op.create_table(
        "owner_facts",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("settings_id", sa.Integer(), nullable=False),
        sa.Column("advisories_id", sa.Integer(), nullable=False),
        sa.Column("detail_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["advisories_id"], ["content.id"], name="fk_owner_facts_advisories_id"
        ),
        sa.ForeignKeyConstraint(["detail_id"], ["content.id"], name="fk_owner_facts_detail_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_owner_facts_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_owner_facts_repository_id"
        ),
        sa.ForeignKeyConstraint(["settings_id"], ["content.id"], name="fk_owner_facts_settings_id"),
        sa.PrimaryKeyConstraint("id", name="pk_owner_facts"),
    )
    op.create_index(
        "ix_owner_facts_repository_id_closed",
        "owner_facts",
        ["repository_id", "closed"],
        unique=False,
    )


def _package() -> None:
    op.create_table(
        "package",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("last_release", sa.Text(), nullable=False),
        sa.Column("last_release_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attested", sa.Text(), nullable=False),
        sa.Column("publisher_repository", sa.Text(), nullable=False),
        sa.Column("publisher_workflow", sa.Text(), nullable=False),
        sa.Column("publisher_environment", sa.Text(), nullable=False),
        sa.Column("release_ref", sa.Text(), nullable=False),
        sa.Column("release_event", sa.Text(), nullable=False),
        sa.Column("release_runner", sa.Text(), nullable=False),
        sa.Column("release_run", sa.Text(), nullable=False),
        sa.Column("has_evidence", sa.Boolean(), nullable=False),
        sa.Column("publisher_form", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_package_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_package_repository_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_package"),
    )
    op.create_index("ix_package_owner_id_closed", "package", ["owner_id", "closed"], unique=False)
    op.create_index(
        "ix_package_repository_id_closed", "package", ["repository_id", "closed"], unique=False
    )


def _publication() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("mechanism", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("environment_form", sa.Text(), nullable=False),
        sa.Column("id_token", sa.Boolean(), nullable=False),
        sa.Column("indirect", sa.Boolean(), nullable=False),
        sa.Column("attests", sa.Text(), nullable=False),
        sa.Column("triggers", sa.Text(), nullable=False),
        sa.Column("called", sa.Text(), nullable=False),
        sa.Column("publisher_workflow", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_publication_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_publication_repository_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_publication"),
    )
    _publication_indexes()


def _publication_indexes() -> None:
    op.create_index(
        "ix_publication_owner_id_closed", "publication", ["owner_id", "closed"], unique=False
    )
    op.create_index(
        "ix_publication_repository_id_closed",
        "publication",
        ["repository_id", "closed"],
        unique=False,
    )


def _score_change() -> None:
    op.create_table(
        "score_change",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.Float(), nullable=True),
        sa.Column("after", sa.Float(), nullable=True),
        sa.Column("grade_before", sa.Text(), nullable=False),
        sa.Column("grade_after", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_score_change_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_score_change_repository_id"
        ),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name="fk_score_change_scan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_score_change"),
    )
    op.create_index(
        "ix_score_change_owner_id_scan_id", "score_change", ["owner_id", "scan_id"], unique=False
    )
    op.create_index(
        "ix_score_change_repository_id_scan_id",
        "score_change",
        ["repository_id", "scan_id"],
        unique=False,
    )


def _unreached() -> None:
    op.create_table(
        "unreached",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_unreached_owner_id"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_unreached_repository_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_unreached"),
    )
    op.create_index(
        "ix_unreached_owner_id_closed", "unreached", ["owner_id", "closed"], unique=False
    )
    op.create_index(
        "ix_unreached_repository_id_closed", "unreached", ["repository_id", "closed"], unique=False
    )
