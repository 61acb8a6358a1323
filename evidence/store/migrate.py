"""Brings a database to the schema of this program, by the revisions that lie beside its tables."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from evidence.store import database

SCRIPTS = Path(__file__).parent / "migrations"


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = database.metadata
    return config


def upgrade(engine: sa.Engine) -> None:
    """Migrate a database: run every revision that it has not seen yet, in one transaction."""
    with database.writing(engine) as connection:
        upgrade_within(connection)


def upgrade_within(connection: sa.Connection) -> None:
    """Migrate a database by those revisions in a transaction that is already open."""
    command.upgrade(_config(connection), "head")
