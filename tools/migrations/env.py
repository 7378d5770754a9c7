"""What Alembic runs to reach the database; the connection comes from `tools.migrations.run`."""

from __future__ import annotations

from alembic import context

from tools.schema import metadata

attributes = context.config.attributes
if context.is_offline_mode():
    context.configure(
        dialect_name=attributes["dialect"],
        target_metadata=metadata,
        literal_binds=True,
        transactional_ddl=True,
    )
else:
    context.configure(
        connection=attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
with context.begin_transaction():
    context.run_migrations()
