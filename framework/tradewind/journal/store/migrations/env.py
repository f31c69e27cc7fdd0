"""Run by Alembic: migrates on the connection that `tradewind.journal.store` hands over."""

from alembic import context

from tradewind.journal.store.tables import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"], version_table=VERSION_TABLE, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
