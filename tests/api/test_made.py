"""Bundles that wait in a home go once what they show was erased."""

import zipfile
from pathlib import Path

import sqlalchemy as sa

from api.made import BUNDLES, remove_erased, shown_items, shows_erased, shows_too_much
from casefiles.format.layout import ITEMS_JSONL
from evidence.store import database

GONE, KEPT = "ab" * 16, "cd" * 16


def made(home: Path, name: str, *items: str) -> Path:
    bundle = home / BUNDLES / f"{name}.asice"
    bundle.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(bundle, "w") as members:
        members.writestr(ITEMS_JSONL, "".join(f'{{"event": "{each}"}}\n' for each in items))
    bundle.with_suffix(".letter.txt").write_text("a letter", encoding="utf-8")
    return bundle


def test_a_bundle_that_shows_what_was_erased_is_removed_with_its_letter_and_no_other(tmp_path: Path) -> None:
    engine = sa.create_engine("sqlite://")
    shows, spared = made(tmp_path, "one", KEPT, GONE), made(tmp_path, "two", KEPT)
    damaged = tmp_path / BUNDLES / "three.asice"
    damaged.write_bytes(b"no archive")
    with engine.connect() as connection:
        database.metadata.create_all(connection)
        assert remove_erased(connection, tmp_path) == 0
        connection.execute(
            sa.insert(database.tombstone), {"idx": 1, "erased_idx": 2, "item_id": GONE, "seen": b"s" * 32}
        )
        assert list(shown_items(shows)) == [KEPT, GONE]
        assert shows_erased(connection, shows)
        assert shows_too_much(connection, shows)
        assert not shows_too_much(connection, spared)
        assert remove_erased(connection, tmp_path) == 1
    engine.dispose()
    left = {each.name for each in (tmp_path / BUNDLES).iterdir()}
    assert left == {"two.asice", "two.letter.txt", "three.asice"}
