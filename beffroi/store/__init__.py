"""What the town must not forget: who subscribed, what was told, what is still owed. SQLite by default, PostgreSQL by
`BEFFROI_DATABASE_URL`."""

HEAD = "0001"
"""The newest migration: compared before Alembic, or even SQLAlchemy, is imported at all."""
