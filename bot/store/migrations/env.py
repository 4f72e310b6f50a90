"""Alembic's entry: runs on the connection it is handed, in batch mode for SQLite."""

from alembic import context

from bot.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    user_module_prefix="schema.",
)
with context.begin_transaction():
    context.run_migrations()
