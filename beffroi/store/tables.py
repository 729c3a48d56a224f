"""The tables, for both databases. Every moment is UTC, whole seconds since 1970 (SQLite has no date type)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for the exact type INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("endpoint", Text, nullable=False, unique=True),
    Column("origin", Text, nullable=False),  # scheme://host[:port] of the endpoint: the vendor
    Column("p256dh", String(100), nullable=False),  # base64url, 65 bytes (RFC 8291)
    Column("auth", String(40), nullable=False),  # base64url, 16 bytes (RFC 8291)
    Column("vapid", String(100), nullable=False),  # the public VAPID key it was made with; "" for the first one
    Column("categories", Text, nullable=False),  # JSON array of slugs, sorted; [] is all
    Column("areas", Text, nullable=False),  # JSON array of slugs, sorted; [] is the whole commune
    Column("quiet", String(11), nullable=False),  # "21:30-07:00", commune's time; "" for no quiet hours
    Column("alerts_only", Integer, nullable=False),  # 0 or 1
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Index("ix_subscriptions_origin", "origin", "id"),  # what a shard walks
    # Without it SQLite gives a deleted subscriber's number to the next one, who would inherit what was owed.
    sqlite_autoincrement=True,
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("item_id", Text, nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, 3...: an item that takes back its first words is an update too
    Column("revision", String(64), nullable=False),  # SHA-256 of what was said, hexadecimal
    Column("state", String(10), nullable=False),  # told | adopted (known, told to nobody) | summary (of several)
    Column("payload", Text, nullable=False),  # the message as sent, JSON; empty when adopted
    Column("urgency", String(10), nullable=False),  # RFC 8030, section 5.3
    Column("topic", String(32), nullable=False),  # RFC 8030, section 5.4
    Column("expires_at", BigInteger, nullable=False),  # nothing is sent from then on
    Column("audience", Text, nullable=False),  # JSON: whom it concerns, see `audience.py`
    Column("wait", String(5), nullable=False),  # loud (never waits) | quiet (waits in quiet hours) | later (always)
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("item_id", "number"),
    sqlite_autoincrement=True,
)

shards = Table(
    "shards",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("announcement_id", Id, ForeignKey("announcements.id", ondelete="CASCADE"), nullable=False),
    Column("origin", Text, nullable=False),
    Column("low", BigInteger, nullable=False),  # subscriptions of this vendor with low < id <= high
    Column("high", BigInteger, nullable=False),
    Column("cursor", BigInteger, nullable=False),  # up to here everybody was answered, or is in `flying` or `retries`
    Column("flying", Text, nullable=False),  # JSON array of ids up to `cursor` that were handed over, not answered yet
    Column("rank", Integer, nullable=False),  # of the urgency: 0 goes first
    Column("state", String(10), nullable=False),  # open | done | dropped
    Column("due_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("owner", String(160), nullable=False),
    Column("total", Integer, nullable=False),  # how many it concerned when it was written
    Column("sent", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("error", Text, nullable=False),  # why it was dropped
    Index("ix_shards_due", "state", "rank", "due_at"),
    Index("ix_shards_announcement_id", "announcement_id"),
    sqlite_autoincrement=True,
)

# No foreign key to subscriptions: what is owed to somebody who left is found and forgotten when it falls due.
retries = Table(
    "retries",
    metadata,
    Column("shard_id", Id, ForeignKey("shards.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("subscription_id", Id, primary_key=True, autoincrement=False),
    Column("kind", String(7), nullable=False),  # retry | refused (by the vendor, for our fault) | held (quiet hours)
    Column("attempts", Integer, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_retries_due", "kind", "not_before"),
)

vendors = Table(
    "vendors",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("closed_until", BigInteger, nullable=False),  # nothing is sent to it before, by no worker
    Column("alarm", Text, nullable=False),  # why somebody must look; "" when all is well
)

armed = Table(
    "armed",
    metadata,
    Column(
        "subscription_id",
        Id,
        ForeignKey("subscriptions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("material", LargeBinary, nullable=False),  # 32 bytes of a key, 70 with our public point
)

census = Table(
    "census",
    metadata,
    Column("day", String(10), primary_key=True),  # ISO 8601, UTC
    Column("subscriptions", Integer, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
