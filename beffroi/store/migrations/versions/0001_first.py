"""Subscriptions, announcements, shards and what goes with them.

Written out, not taken from `tables.py`: that file moves on, this one never changes again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    _subscriptions()
    _announcements()
    _shards()
    _retries()
    _vendors()
    _figures()


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", Id, nullable=False, autoincrement=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("p256dh", sa.String(100), nullable=False),
        sa.Column("auth", sa.String(40), nullable=False),
        sa.Column("vapid", sa.String(100), nullable=False),
        sa.Column("categories", sa.Text, nullable=False),
        sa.Column("areas", sa.Text, nullable=False),
        sa.Column("quiet", sa.String(11), nullable=False),
        sa.Column("alerts_only", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.UniqueConstraint("endpoint", name="uq_subscriptions_endpoint"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscriptions_origin", "subscriptions", ["origin", "id"])
    op.create_table(
        "armed",
        sa.Column("subscription_id", Id, nullable=False, autoincrement=False),
        sa.Column("material", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", name="pk_armed"),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name="fk_armed_subscription_id", ondelete="CASCADE"
        ),
    )


def _announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", Id, nullable=False, autoincrement=True),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("urgency", sa.String(10), nullable=False),
        sa.Column("topic", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("wait", sa.String(5), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_announcements"),
        sa.UniqueConstraint("item_id", "number", name="uq_announcements_item_id"),
        sqlite_autoincrement=True,
    )


def _shards() -> None:
    counts = [sa.Column(name, sa.Integer, nullable=False) for name in ("total", "sent", "gone", "refused", "late")]
    op.create_table(
        "shards",
        sa.Column("id", Id, nullable=False, autoincrement=True),
        sa.Column("announcement_id", Id, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("low", sa.BigInteger, nullable=False),
        sa.Column("high", sa.BigInteger, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("flying", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.String(160), nullable=False),
        *counts,
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shards"),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name="fk_shards_announcement_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shards_due", "shards", ["state", "rank", "due_at"])
    op.create_index("ix_shards_announcement_id", "shards", ["announcement_id"])


def _retries() -> None:
    op.create_table(
        "retries",
        sa.Column("shard_id", Id, nullable=False, autoincrement=False),
        sa.Column("subscription_id", Id, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(7), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("shard_id", "subscription_id", name="pk_retries"),
        sa.ForeignKeyConstraint(["shard_id"], ["shards.id"], name="fk_retries_shard_id", ondelete="CASCADE"),
    )
    op.create_index("ix_retries_due", "retries", ["kind", "not_before"])


def _vendors() -> None:
    op.create_table(
        "vendors",
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("closed_until", sa.BigInteger, nullable=False),
        sa.Column("alarm", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("origin", name="pk_vendors"),
    )


def _figures() -> None:
    op.create_table(
        "census",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("subscriptions", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_census"),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_marks"),
    )
