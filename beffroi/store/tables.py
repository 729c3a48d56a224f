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
    Column("state", String(10), nullable=False),  # told | adopted (known, told to nobody)
    Column("payload", Text, nullable=False),  # the message as sent, JSON; empty when adopted
    Column("urgency", String(10), nullable=False),  # RFC 8030, section 5.3
    Column("topic", String(32), nullable=False),  # RFC 8030, section 5.4
    Column("expires_at", BigInteger, nullable=False),  # nothing is sent from then on
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("item_id", "number"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("announcement_id", Id, ForeignKey("announcements.id", ondelete="CASCADE"), nullable=False),
    # No foreign key: a delivery outlives the subscription it was owed to, as a count that names nobody.
    Column("subscription_id", Id, nullable=False),
    Column("state", String(10), nullable=False),  # owed | claimed | sent | gone | failed | dropped
    Column("rank", Integer, nullable=False),  # of the urgency: 0 goes first
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", BigInteger, nullable=False, default=0),
    Column("lease_until", BigInteger, nullable=False, default=0),
    Column("owner", String(160), nullable=False, default=""),
    Column("error", Text, nullable=False, default=""),
    UniqueConstraint("announcement_id", "subscription_id"),
    # What `claim` walks: one range a rank, in the order of claiming.
    Index("ix_deliveries_due", "state", "rank", "not_before"),
    sqlite_autoincrement=True,
)
