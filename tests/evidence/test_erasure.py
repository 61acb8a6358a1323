"""The file beside the keys that names what was erased, and what an erasure keeps of each entry."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence.custody.event import Record
from evidence.erasure import Grave, erased_draft, keep_graves, kept_of, read_graves
from evidence.errors import HomeError
from evidence.log.schema import SCHEMAS
from evidence.store.erase import Tombstone

GRAVES = [
    Grave(3, "0" * 64, b"h" * 32, None, None),
    Grave(12, "f" * 64, b"s" * 32, b"u" * 32, b"p" * 8),
]


def test_the_file_is_read_as_it_was_kept_and_what_is_added_is_there_once(tmp_path: Path) -> None:
    file = tmp_path / "erased"
    assert read_graves(file) == ()
    keep_graves(file, GRAVES[1:])
    keep_graves(file, GRAVES)
    assert read_graves(file) == GRAVES
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("line", ["", "3", "x " + "0" * 64, GRAVES[0].line() + " ", GRAVES[1].line().upper()])
def test_a_damaged_file_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "erased"
    file.write_text(f"{GRAVES[0].line()}\n{line}\n", encoding="ascii")
    with pytest.raises(HomeError) as refused:
        read_graves(file)
    assert (refused.value.code, refused.value.facts["line"]) == ("home.graves_damaged", 2)


def test_what_is_kept_of_an_entry_has_its_acts_and_no_value_of_its_subject() -> None:
    schema = SCHEMAS["observed"]
    values = {name: f"value of {name}" for name in sorted(schema.names)}
    kept = kept_of(4, Record("observed", values, b"s" * 32, b"a" * 32, None))
    assert set(kept["values"]) == set(schema.act)  # type: ignore[call-overload,arg-type]
    assert set(kept["withheld"]) == set(schema.subject)  # type: ignore[call-overload,arg-type]
    assert not any(f"value of {name}" in str(kept) for name in schema.subject)


def test_the_entry_names_what_was_erased_and_counts_its_items() -> None:
    named = [Tombstone(3, None, b"h" * 32), Tombstone(7, "ab" * 16, b"s" * 32)]
    draft = erased_draft(named, [], {"actor": "ann"}, cause="order", backups_until=datetime(2026, 1, 1, tzinfo=UTC))
    assert (draft.public, draft.values["items"], draft.values["cause"]) == ({"entries": "3 7"}, "1", "order")
