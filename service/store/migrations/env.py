"""What Alembic runs for each command: the migrations, in the transaction that its caller has begun."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
