"""The first schema: the tables of `audits.store.schema.tables`.

It follows that module as long as nothing was released. The first revision after a release
replaces this body by the tables as they were released (``alembic revision --autogenerate``
against an empty database writes it).
"""

from __future__ import annotations

from alembic import op

from audits.store.schema.tables import metadata

revision = "v001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    metadata.create_all(op.get_bind(), checkfirst=False)


def downgrade() -> None:
    """Drop them, with all that they hold."""
    metadata.drop_all(op.get_bind())
