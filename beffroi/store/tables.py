"""The tables, for both databases. Every moment is UTC, whole seconds since 1970 (SQLite has no date type)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

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
    Column("categories", Text, nullable=False),  # JSON array of slugs, sorted; [] is all
    Column("areas", Text, nullable=False),  # JSON array of slugs, sorted; [] is the whole commune
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("item_id", Text, nullable=False),
    Column("revision", String(64), nullable=False),  # what was said, hashed: another revision is an update
    Column("state", String(10), nullable=False),  # told | adopted (known, told to nobody)
    Column("payload", Text, nullable=False),  # the message as sent, JSON; empty when adopted
    Column("urgency", String(10), nullable=False),  # RFC 8030, section 5.3
    Column("topic", String(32), nullable=False),  # RFC 8030, section 5.4
    Column("expires_at", BigInteger, nullable=False),  # nothing is sent after it
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("item_id", "revision"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("announcement_id", Id, ForeignKey("announcements.id", ondelete="CASCADE"), nullable=False),
    # No foreign key: a delivery outlives the subscription it was owed to, as a count that names nobody.
    Column("subscription_id", Id, nullable=False),
    Column("state", String(10), nullable=False),  # owed | claimed | sent | gone | failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", BigInteger, nullable=False, default=0),
    Column("lease_until", BigInteger, nullable=False, default=0),
    Column("owner", String(40), nullable=False, default=""),
    Column("error", Text, nullable=False, default=""),
    UniqueConstraint("announcement_id", "subscription_id"),
    Index("ix_deliveries_state", "state", "not_before"),
)
