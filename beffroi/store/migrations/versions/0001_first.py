"""Subscriptions, announcements, deliveries."""

from alembic import op

from beffroi.store import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    tables.metadata.create_all(op.get_bind())
