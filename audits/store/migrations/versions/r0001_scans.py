"""Scans, texts, words and caches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _action()
    _answer()
    _content()
    _owner()
    _resolved()
    _rule()
    _text()
    _unseen()
    _repository()
    _scan()
    _progress()
    _scan_lock()


def downgrade() -> None:
    """Drop them, with all that they hold."""
    for table in reversed(
        (
            "action",
            "answer",
            "content",
            "owner",
            "resolved",
            "rule",
            "text",
            "unseen",
            "repository",
            "scan",
            "progress",
            "scan_lock",
        )
    ):
        op.drop_table(table)


def _action() -> None:
    op.create_table(
        "action",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_action"),
        sa.UniqueConstraint("name", name="uq_action_name"),
    )


def _answer() -> None:
    op.create_table(
        "answer",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_answer"),
    )


def _content() -> None:
    op.create_table(
        "content",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content"),
        sa.UniqueConstraint("hash", name="uq_content_hash"),
    )


def _owner() -> None:
    op.create_table(
        "owner",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_owner"),
        sa.UniqueConstraint("key", name="uq_owner_key"),
    )


def _resolved() -> None:
    op.create_table(
        "resolved",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("slug", "ref", name="pk_resolved"),
    )


def _rule() -> None:
    op.create_table(
        "rule",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule"),
        sa.UniqueConstraint("name", name="uq_rule_name"),
    )


def _text() -> None:
    op.create_table(
        "text",
        sa.Column("oid", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("oid", name="pk_text"),
    )


def _unseen() -> None:
    op.create_table(
        "unseen",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unseen"),
        sa.UniqueConstraint(
            "need", "reason", "permission", name="uq_unseen_need_reason_permission"
        ),
    )


def _repository() -> None:
    op.create_table(
        "repository",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_repository_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_repository"),
        sa.UniqueConstraint("owner_id", "key", name="uq_repository_owner_id_key"),
    )


def _scan() -> None:
    op.create_table(
        "scan",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tool_version", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("repositories", sa.Integer(), nullable=False),
        sa.Column("not_reached", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.Column("totals", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_scan_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_scan"),
    )
    op.create_index("ix_scan_owner_id_finished", "scan", ["owner_id", "finished"], unique=False)


def _progress() -> None:
    op.create_table(
        "progress",
        sa.Column("scan_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("repository_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name="fk_progress_repository_id"
        ),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name="fk_progress_scan_id"),
        sa.PrimaryKeyConstraint("scan_id", "repository_id", name="pk_progress"),
    )


def _scan_lock() -> None:
    op.create_table(
        "scan_lock",
        sa.Column("owner_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.Column("beat", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_scan_lock_owner_id"),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name="fk_scan_lock_scan_id"),
        sa.PrimaryKeyConstraint("owner_id", name="pk_scan_lock"),
    )
