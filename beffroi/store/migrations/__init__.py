"""Alembic's scripts: how a database gets from one version to the next."""
