"""The first schema: the tables of `audits.store.schema.tables`.

It follows that module until the first release. The first revision after it replaces this body
by the tables as they were released, which ``alembic revision --autogenerate`` writes against an
empty database.
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
