"""Run by Alembic with the connection that `beffroi.store.db` opened and locked."""

from alembic import context

from beffroi.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
