"""Alembic revisions; run by ``nisisama init`` and by upgrades, without any ini file."""
