"""The migrations that Alembic runs; each is a module in ``versions``."""
