"""Alembic's entry point: the connection and the tables come from the caller."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=context.config.attributes["metadata"], render_as_batch=True)
context.run_migrations()
