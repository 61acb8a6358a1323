"""A list is a case of its own: it tells what is like its hashes, and none of these lies anywhere in clear."""

import io
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import DATABASE_FILE, Home
from api.office.alert import Lookout, alerts_of, dismiss_alert
from api.office.audit import run_audit
from api.office.case import show_case
from api.office.freeze import freeze, lift_freeze
from api.office.hash_list import hash_lists, remove_hash_list, require_provenance
from api.office.opened import OpenOffice
from casefiles.hash_list import list_counts
from config.errors import Explained
from evidence.authority import Doer
from evidence.errors import AuthorityError, HashListError, UnknownItemError
from evidence.match.hash_csv import read_hashes
from evidence.match.hash_list import ListedHashes
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.freeze import is_frozen
from tests.appearing import case_with, edits, jpeg, look_out, photo, post
from tests.homes import PASSPHRASE, doer, items_of, records_of, size_of
from tests.leaks import spellings
from tests.listing import ABUSE, give_list, md5_hex, pdq_of, provenance, rows_of, sha256_hex_of
from tests.nonempty import nonempty

PICTURE = jpeg(photo())
EDITS = edits(photo())


def open_items(home: Home, case: str) -> list[str]:
    return [alert.item_id for alert in alerts_of(home, cases=[case]).entries]


def problems(home: Home, passphrase: str | None = PASSPHRASE) -> list[str]:
    done = run_audit(home, level=3, against=None, passphrase=passphrase, progress=lambda _read: None)
    return [each.code for each in done.report.problems]


@pytest.mark.slow
def test_a_list_tells_every_edit_of_its_picture_before_it_and_after_it_and_no_other(home: Home, tmp_path: Path) -> None:
    before = post(home, tmp_path / "before", dict(enumerate(EDITS.values(), start=10)))
    others = post(home, tmp_path / "others", {at: jpeg(photo(seed=at)) for at in range(100, 110)})
    look_out(home)
    case = give_list(home, rows_of(pdq=[PICTURE])).done.case_id
    assert look_out(home).raised == len(EDITS)
    assert open_items(home, case) == before
    after = post(home, tmp_path / "after", {30: EDITS["mirrored"], 31: jpeg(photo(seed=300))})
    assert look_out(home).raised == 1
    assert open_items(home, case) == [*before, after[0]]
    assert not set(open_items(home, case)) & set(nonempty(others))
    assert look_out(home).raised == 0
    assert problems(home) == []


def test_digests_find_the_file_itself_and_nothing_else(home: Home, tmp_path: Path) -> None:
    one, other = post(home, tmp_path / "first", {1: PICTURE, 2: EDITS["smaller"]})
    case = give_list(home, rows_of(md5=[PICTURE], sha256=[EDITS["smaller"]])).done.case_id
    post(home, tmp_path / "again", {3: EDITS["recompressed"]})
    assert look_out(home).raised == 2
    assert open_items(home, case) == [one, other]


def test_an_alert_of_a_list_ends_like_any_other(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: PICTURE, 2: EDITS["mirrored"]})
    case = give_list(home, rows_of(pdq=[PICTURE])).done.case_id
    look_out(home)
    for item in nonempty(items):
        dismiss_alert(home, case, item, doer(home))
    assert open_items(home, case) == []
    shown = show_case(home, case, doer(home), home.keys.unlock(PASSPHRASE).casework)
    assert (shown.reason, shown.consent, shown.alerts) == ("a test", None, 0)


def test_a_case_and_a_list_are_told_of_the_same_file_each_for_itself(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: PICTURE, 2: EDITS["smaller"]})
    of_client = case_with(home, items[0])
    of_list = give_list(home, rows_of(pdq=[PICTURE])).done.case_id
    look_out(home)
    assert (open_items(home, of_client), open_items(home, of_list)) == ([items[1]], items)


def test_a_removed_list_ends_in_a_process_that_holds_it_and_the_audit_is_clean(home: Home, tmp_path: Path) -> None:
    standing = Lookout(home, OpenOffice.of(home, home.keys.unlock(PASSPHRASE)))
    case = give_list(home, rows_of(pdq=[PICTURE], md5=[b"1"])).done.case_id
    first = post(home, tmp_path / "first", {1: EDITS["turned"]})
    assert standing.look().raised == 1
    remove_hash_list(home, case, doer(home))
    post(home, tmp_path / "second", {2: EDITS["smaller"]})
    assert standing.look().raised == 0
    assert open_items(home, case) == first
    assert hash_lists(home, home.keys.unlock(PASSPHRASE).casework) == []
    for passphrase in (PASSPHRASE, None):
        assert problems(home, passphrase) == []
    for wrong in (case, "case-000000000000"):
        with pytest.raises(UnknownItemError):
            remove_hash_list(home, wrong, doer(home))


def lift(home: Home, *items: str) -> None:
    keys = home.keys.unlock(PASSPHRASE)
    lift_freeze(home, items, Doer("bo", "test", home.clock(), reason="a mistake", approver="cy"), keys.casework)


def test_what_was_frozen_by_mistake_is_told_once_when_two_persons_lift_it(home: Home, tmp_path: Path) -> None:
    (original,) = post(home, tmp_path / "first", {1: PICTURE})
    of_client = case_with(home, original)
    look_out(home)
    of_list = give_list(home, rows_of(pdq=[PICTURE])).done.case_id
    (again,) = post(home, tmp_path / "again", {2: EDITS["recompressed"]})
    freeze(home, [again], doer(home))
    assert look_out(home).raised == 1  # the original, by the list
    lift(home, again)
    assert look_out(home).raised == 2
    assert (open_items(home, of_client), open_items(home, of_list)) == ([again], [original, again])
    freeze(home, [again], doer(home))
    lift(home, again)
    assert look_out(home).raised == 0
    assert (open_items(home, of_client), open_items(home, of_list)) == ([again], [original, again])
    assert problems(home) == []


def test_a_picture_of_a_case_that_was_frozen_is_compared_with_what_came_meanwhile(home: Home, tmp_path: Path) -> None:
    (original,) = post(home, tmp_path / "first", {1: PICTURE})
    case = case_with(home, original)
    freeze(home, [original], doer(home))
    look_out(home)
    (again,) = post(home, tmp_path / "again", {2: EDITS["recompressed"]})
    assert look_out(home).raised == 0
    lift(home, original)
    assert look_out(home).raised == 1
    assert open_items(home, case) == [again]


def test_a_list_of_child_abuse_does_not_freeze_again_what_two_persons_lift(home: Home, tmp_path: Path) -> None:
    (item,) = post(home, tmp_path / "first", {1: PICTURE})
    give_list(home, rows_of(sha256=[PICTURE]), ABUSE)
    look_out(home)
    with reading(home.engine) as connection:
        assert is_frozen(connection, item)
    lift(home, item)
    look_out(home)
    with reading(home.engine) as connection:
        assert not is_frozen(connection, item)


def test_a_file_that_a_list_has_is_frozen_again_once_if_nobody_knew_when_its_freeze_was_lifted(
    home: Home, tmp_path: Path
) -> None:
    (item, like) = post(home, tmp_path / "first", {1: PICTURE, 2: EDITS["recompressed"]})
    freeze(home, [item, like], doer(home))
    give_list(home, rows_of(sha256=[PICTURE], pdq=[PICTURE]), ABUSE)
    for expected in (True, False):
        look_out(home)
        lift(home, item)
        look_out(home)
        with reading(home.engine) as connection:
            assert is_frozen(connection, item) is expected
    lift(home, like)
    look_out(home)
    with reading(home.engine) as connection:
        assert not is_frozen(connection, like)  # only like it: two persons have looked


def test_a_list_that_could_not_be_taken_in_is_compared_with_the_next_look(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = Lookout(home, OpenOffice.of(home, home.keys.unlock(PASSPHRASE)))
    items = post(home, tmp_path / "first", {1: PICTURE})
    standing.look()
    case = give_list(home, rows_of(md5=[PICTURE])).done.case_id

    def full(*_asked: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(ListedHashes, "take", full)
        with pytest.raises(MemoryError):
            standing.look()
    assert standing.look().raised == 1
    assert open_items(home, case) == items


def test_a_list_of_child_abuse_freezes_what_it_finds_and_shows_it_nowhere(home: Home, tmp_path: Path) -> None:
    pictures = {1: PICTURE, 2: EDITS["mirrored"], 3: jpeg(photo(seed=9))}
    same, near, other = post(home, tmp_path / "first", pictures)
    client, shared = case_with(home, other), give_list(home, rows_of(pdq=[PICTURE])).done.case_id
    case = give_list(home, rows_of(pdq=[PICTURE], sha256=[PICTURE]), ABUSE).done.case_id
    assert look_out(home).raised == 0
    assert [alert for case in (case, shared, client) for alert in open_items(home, case)] == []
    assert alerts_of(home, every=True).entries == ()
    (again,) = post(home, tmp_path / "again", {4: EDITS["turned"]})
    assert look_out(home).raised == 0
    with reading(home.engine) as connection:
        assert [item for item in (same, near, again, other) if is_frozen(connection, item)] == [same, near, again]
    assert {item.item_id for item in items_of(home)} & {same, near, again, other} == {other}
    frozen = [record.values for record in records_of(home) if record.type == "frozen"]
    assert [(values["hint"], values["actor"]) for values in frozen] == [
        ("list", None),
        ("machine", None),
        ("machine", None),
    ]
    shown = show_case(home, case, doer(home), home.keys.unlock(PASSPHRASE).casework)
    assert (shown.alerts, shown.items.entries) == (0, ())
    assert problems(home) == []
    size = size_of(home)
    begin_again(home, case)
    assert (look_out(home).raised, size_of(home)) == (0, size)


def begin_again(home: Home, case: str) -> None:
    """As if whoever looked was killed before the position of a list was written."""
    table = database.follower
    with writing(home.engine) as connection:
        connection.execute(sa.delete(table).where(table.c.name == f"hashes/{case}"))


def test_what_is_listed_is_where_it_came_from_and_counts(home: Home) -> None:
    table = b"kind,hash\nmd5,%s\nphotodna,x\nsha1,x\n" % (b"0f" * 16)
    done = give_list(home, table).done
    (one,) = hash_lists(home, home.keys.unlock(PASSPHRASE).casework)
    assert (one.case_id, one.provenance, one.added_by) == (done.case_id, provenance(), "ann")
    assert one.counts == {"md5": 1, "not_photodna": 1, "not_sha1": 1, "twice": 0, "bad_lines": 0}
    assert one.file_sha256 == sha256_hex_of(table)
    size = size_of(home)
    again = give_list(home, table)
    assert (again.done.known, again.done.added, size_of(home)) == (True, 0, size)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "hash_list.unnamed"),
        ({"provider": "x" * 201}, "hash_list.unnamed"),
        ({"name": "a\nb"}, "hash_list.unnamed"),
        ({"obtained_on": date.max}, "hash_list.in_the_future"),
        ({"declared_by": "-"}, "authority.no_name"),
    ],
)
def test_whoever_adds_a_list_says_where_it_came_from(home: Home, change: dict[str, object], code: str) -> None:
    with pytest.raises(Explained) as caught:
        require_provenance(home, replace(provenance(), **change), doer(home))  # type: ignore[arg-type]
    assert caught.value.code.partition(".")[0] == code.partition(".")[0]
    require_provenance(home, replace(provenance(), obtained_on=home.today() - timedelta(days=1)), doer(home))
    with pytest.raises(AuthorityError, match="reason"):
        require_provenance(home, provenance(), Doer("ann", "test", home.clock()))
    with pytest.raises(AuthorityError, match="reason"):
        remove_hash_list(home, "case-000000000000", Doer("ann", "test", home.clock()))


def test_an_audit_finds_hashes_that_are_missing_changed_or_put_back(home: Home) -> None:
    give_list(home, rows_of(md5=[b"1", b"2"]))
    second = give_list(home, rows_of(md5=[b"3"])).done.case_id
    assert problems(home) == []
    with sqlite3.connect(home.path / DATABASE_FILE) as rows:
        kept = rows.execute("SELECT idx, body FROM sealed WHERE name = 'hashes' ORDER BY idx").fetchall()
    for statement, given, expected in (
        ("DELETE FROM sealed WHERE name = 'hashes' AND idx = ?", kept[0][:1], ["sealed.rows.missing"]),
        ("INSERT INTO sealed VALUES (?, 'hashes', ?)", kept[0], []),
        ("UPDATE sealed SET body = x'00' WHERE name = 'hashes' AND idx = ?", kept[0][:1], None),
        ("UPDATE sealed SET body = ?2 WHERE name = 'hashes' AND idx = ?1", kept[0], []),
    ):
        with sqlite3.connect(home.path / DATABASE_FILE) as rows:
            rows.execute(statement, given)
        found = problems(home)
        assert "sealed.rows.changed" in found if expected is None else found == expected
    remove_hash_list(home, second, doer(home))
    assert problems(home) == []
    with sqlite3.connect(home.path / DATABASE_FILE) as rows:
        rows.execute("INSERT INTO sealed VALUES (?, 'hashes', ?)", kept[1])
    assert problems(home) == ["sealed.rows.added"]


def everything(home: Home) -> Iterator[bytes]:
    """Every byte that is at rest in a home and beside it."""
    home.engine.dispose()
    for folder in (home.path, home.keys.path):
        yield from (file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_no_hash_of_a_list_lies_anywhere_in_clear(home: Home, tmp_path: Path) -> None:
    table = rows_of(pdq=[PICTURE], md5=[PICTURE], sha256=[PICTURE])
    digits = [pdq_of(PICTURE), md5_hex(PICTURE), sha256_hex_of(PICTURE)]
    wanted = [spelled for each in digits for spelled in spellings(bytes.fromhex(each))]
    assert all(each.encode() in table for each in nonempty(digits))  # the control: in the list they are found
    first = give_list(home, table).done.case_id
    post(home, tmp_path / "first", {1: EDITS["mirrored"]})
    assert look_out(home).raised == 1
    told = repr([record for record in records_of(home) if record.type in ("alerted", "hashes_added")]).encode()
    assert first.encode() in told
    places = [told, repr(hash_lists(home, home.keys.unlock(PASSPHRASE).casework)).encode(), *everything(home)]
    assert not [spelled for place in nonempty(places) for spelled in wanted if spelled in place]
    remove_hash_list(home, first, doer(home))
    assert not [spelled for place in everything(home) for spelled in wanted if spelled in place]


def test_an_error_of_a_list_holds_none_of_its_hashes() -> None:
    table = b"md5\n%s\n%s" % (md5_hex(b"1").encode(), md5_hex(b"2").encode()[:-1])
    with pytest.raises(HashListError) as caught:
        read_hashes(io.BytesIO(table))
    assert md5_hex(b"2")[:8] not in f"{caught.value!r}{caught.value}{caught.value.as_json()}"


def test_what_is_counted_names_every_kind() -> None:
    read = read_hashes(io.BytesIO(b"kind,hash\nmd5,%s\ntmk,x" % (b"0f" * 16)))
    assert list_counts(read) == {"md5": 1, "not_tmk": 1, "twice": 0, "bad_lines": 0}


def test_an_entry_that_cases_and_lists_looked_at_is_counted_once(home: Home, tmp_path: Path) -> None:
    (item,) = post(home, tmp_path / "first", {1: PICTURE})
    case_with(home, item)
    for picture in (b"1", b"2"):
        give_list(home, rows_of(md5=[picture]))
    done = look_out(home)
    assert 0 < done.entries <= size_of(home)
