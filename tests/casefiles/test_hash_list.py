"""In whatever order lists and files come and go, what a list tells is what comparing one by one gives."""

import io
import tempfile
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from casefiles import hash_list
from casefiles.appearance import list_alerts
from casefiles.case import open_events
from casefiles.hash_list import (
    AddedHashes,
    DeclaredList,
    HashLists,
    ListProvenance,
    ListWatch,
    Meaning,
    add_list,
    list_counts,
    remove_list,
    standing_lists,
)
from evidence.authority import Doer
from evidence.custody.append import tree_size
from evidence.custody.event import Draft
from evidence.errors import HashListError, UnknownItemError
from evidence.keys import Unlocked
from evidence.match import hash_list as parts
from evidence.match.hash_csv import HashKind, ReadHashes, read_hashes
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.freeze import is_frozen
from evidence.times import parse_time
from tests.evidence.log.ledger import CASEWORK, NOBODY, Ledger, new_ledger
from tests.evidence.match.libraries import ALL, BASE, prints
from tests.nonempty import nonempty

KEY = generate_identity()
KEYS = Unlocked(CASEWORK, KEY)
ANN = Doer("ann", "nisisama/0", parse_time("2026-01-01T00:00:00.000Z"), reason="a hotline gave it")
FAR = [BASE, BASE ^ (((1 << 128) - 1) << 128), BASE ^ int("f0" * 32, 16)]
"""Pictures of which no two are alike, however they are turned."""
HOTLINE = ListProvenance("known pictures", "Hotline", date(2026, 1, 1), Meaning.SHARED_WITHOUT_CONSENT, "ann")


def listed(*rows: tuple[HashKind, int]) -> ReadHashes:
    lines = ["kind,hash", *(f"{kind},{number:0{2 * kind.size}x}" for kind, number in rows)]
    return read_hashes(io.BytesIO("\n".join(lines).encode()))


class Hotline:
    """A log with files and lists, and who looks."""

    def __init__(self, folder: Path) -> None:
        self.ledger: Ledger = new_ledger(folder)
        self.files: list[tuple[str, int, int]] = []
        self.lists: dict[str, list[tuple[HashKind, int]]] = {}
        self.expected: set[tuple[str, str]] = set()
        self.abuse: set[str] = set()
        self.frozen: set[str] = set()
        self.memory = HashLists(self.ledger.engine, KEYS)

    def post(self, picture: int, bits: int, turned: int) -> None:
        number = FAR[picture] ^ ((1 << bits) - 1)
        at, upright = len(self.files), number if not turned else number ^ ALL
        orientations = (number, *[number ^ ALL] * 6) if turned else None
        found = prints(upright, sha256=f"{at:064x}", md5=f"{at:032x}", turned=orientations)
        values = NOBODY | {"kind": "file", "channel_id": "7", "message_id": str(at), "mode": "hash_only"}
        body = seal_whole(found.sealing_bytes(), recipients=(KEY.recipient,))
        draft = Draft("observed", values | {"sha256": f"{at:064x}"}, prints=body)
        self.ledger.sequencer.append([draft])
        self.files.append((draft.event_id, number, at))

    def abuse_list(self, rows: Sequence[tuple[HashKind, int]]) -> None:
        self.add(rows, replace(HOTLINE, meaning=Meaning.CHILD_ABUSE))

    def add(self, rows: Sequence[tuple[HashKind, int]], said: ListProvenance = HOTLINE) -> AddedHashes:
        named = [(kind, FAR[at % 3] if kind is HashKind.PDQ else at) for kind, at in rows]
        done = add_list(self.ledger.engine, self.ledger.sequencer, DeclaredList(listed(*named), said), ANN, KEYS)
        self.lists[done.case_id] = named
        self.abuse |= {done.case_id} if said.meaning is Meaning.CHILD_ABUSE else set()
        return done

    def remove(self, which: int) -> None:
        if self.lists:
            case = list(self.lists)[which % len(self.lists)]
            remove_list(self.ledger.engine, self.ledger.sequencer, case, ANN)
            del self.lists[case]

    def look(self, restarted: int = 0) -> ListWatch:
        if restarted:
            self.memory = HashLists(self.ledger.engine, KEYS)
        self.memory.refresh()
        watch = ListWatch(self.memory, self.ledger.sequencer, "nisisama/0", lambda: ANN.at)
        with reading(self.ledger.engine) as connection:
            end = tree_size(connection)
        while watch.step(end, least=end // 2) or watch.step(end):
            pass
        self.frozen |= {item for case, item in self.slow(bits=31) if case in self.abuse}
        self.expected |= {(case, item) for case, item in self.slow() if case not in self.abuse}
        return watch

    def alerts(self) -> set[tuple[str, str]]:
        with reading(self.ledger.engine) as connection:
            found = list_alerts(connection)
        assert len({(alert.case_id, alert.item_id) for alert in found}) == len(found)
        return {(alert.case_id, alert.item_id) for alert in found}

    def held_back(self) -> set[str]:
        with reading(self.ledger.engine) as connection:
            return {item for item, _number, _at in self.files if is_frozen(connection, item)}

    def slow(self, bits: int = 46) -> set[tuple[str, str]]:
        """Every file beside every hash of each list that stands."""
        return {
            (case, item)
            for case, rows in self.lists.items()
            for item, number, at in self.files
            if any(
                (number ^ hash_).bit_count() <= bits if kind is HashKind.PDQ else hash_ == at for kind, hash_ in rows
            )
        }


ROWS = st.lists(st.tuples(st.sampled_from(list(HashKind)), st.integers(0, 4)), min_size=1, max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.integers(0, 2), st.sampled_from([0, 31, 46, 47]), st.integers(0, 1)),
        st.tuples(st.just("add"), ROWS),
        st.tuples(st.just("abuse_list"), ROWS),
        st.tuples(st.just("remove"), st.integers(0, 3)),
        st.tuples(st.just("look"), st.integers(0, 1)),
    ),
    max_size=14,
)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS, batch=st.sampled_from([1, 3, 250]))
def test_what_lists_tell_is_what_comparing_every_pair_gives(steps: Sequence[tuple[str, object]], batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(hash_list, "_BATCH", batch)
        hotline = Hotline(Path(folder))
        for what, *given_ in steps:
            if what in ("add", "abuse_list") and any(rows == _named(given_[0]) for rows in hotline.lists.values()):
                continue
            getattr(hotline, what)(*given_)
        hotline.look()
        assert hotline.held_back() == hotline.frozen
        assert hotline.alerts() == {(case, item) for case, item in hotline.expected if item not in hotline.frozen}
        hotline.ledger.engine.dispose()


def _named(rows: object) -> list[tuple[HashKind, int]]:
    return [(kind, FAR[at % 3] if kind is HashKind.PDQ else at) for kind, at in rows]  # type: ignore[attr-defined]


@pytest.fixture
def hotline(tmp_path: Path) -> Hotline:
    return Hotline(tmp_path)


def test_an_alert_names_the_list_and_the_file_and_neither_hash_nor_distance(hotline: Hotline) -> None:
    hotline.post(0, 31, 0)
    hotline.post(0, 46, 1)
    case = hotline.add([(HashKind.PDQ, 0), (HashKind.MD5, 4)]).case_id
    hotline.post(1, 0, 0)
    for at in range(2):
        hotline.post(1, at, 0)
    assert hotline.look().raised == 3
    indexes = range(len(hotline.ledger.leaves()))
    opened = [event.record for event in open_events(hotline.ledger.engine, indexes, CASEWORK)]
    (one,) = standing_lists(hotline.ledger.engine, CASEWORK)
    told = {str(record.values["item"]): record.values for record in opened if record and record.type == "alerted"}
    tiers = {item: [name for name in ("identical", "match", "review") if values[name]] for item, values in told.items()}
    assert [tiers.get(item) for item, _number, _at in hotline.files] == [
        ["match"],
        ["review"],
        None,
        None,
        ["identical"],
    ]
    for values in nonempty(told.values()):
        named = [each for tier in ("identical", "match", "review") for each in values[tier]]  # type: ignore[union-attr]
        assert (values["case"], named, values["actor"]) == (case, [one.event_id], None)


def test_the_same_file_is_added_once_and_another_may_have_the_same_hashes(hotline: Hotline) -> None:
    first = hotline.add([(HashKind.MD5, 1), (HashKind.MD5, 2)])
    size = len(hotline.ledger.leaves())
    again = hotline.add([(HashKind.MD5, 1), (HashKind.MD5, 2)])
    assert (again.case_id, again.added, again.known) == (first.case_id, 0, True)
    assert len(hotline.ledger.leaves()) == size
    other = hotline.add([(HashKind.MD5, 2), (HashKind.MD5, 3)])
    assert (other.added, other.common, other.known) == (2, 1, False)
    assert other.case_id != first.case_id


def test_the_same_file_with_another_meaning_is_refused(hotline: Hotline) -> None:
    hotline.add([(HashKind.MD5, 1)])
    said = ListProvenance("known pictures", "Hotline", date(2026, 1, 1), Meaning.CHILD_ABUSE, "ann")
    declared = DeclaredList(listed((HashKind.MD5, 1)), said)
    with pytest.raises(HashListError) as caught:
        add_list(hotline.ledger.engine, hotline.ledger.sequencer, declared, ANN, KEYS)
    assert caught.value.code == "hash_list.other_meaning"


def test_a_list_whose_adding_was_cut_short_counts_once_it_is_whole(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MAX_PART", 2)
    monkeypatch.setattr(hash_list, "_PARTS_AT_ONCE", 1)
    rows = [(HashKind.MD5, at) for at in range(5)]
    hotline.post(0, 0, 0)

    def killed(hashes: int) -> None:
        raise KeyboardInterrupt(hashes)

    declared = DeclaredList(listed(*rows), HOTLINE)
    with pytest.raises(KeyboardInterrupt):
        add_list(hotline.ledger.engine, hotline.ledger.sequencer, declared, ANN, KEYS, killed)
    (begun,) = standing_lists(hotline.ledger.engine, CASEWORK)
    assert (begun.is_whole, dict(begun.entries)) == (False, {1: 2})
    assert hotline.look().raised == 0
    done = hotline.add(rows)
    assert (done.case_id, done.added, done.known) == (begun.case_id, 3, False)
    (whole,) = standing_lists(hotline.ledger.engine, CASEWORK)
    assert (whole.is_whole, sorted(whole.entries)) == (True, [1, 2, 3])
    assert hotline.look().raised == 1


def test_a_begun_list_that_reads_differently_is_refused(hotline: Hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    hotline.add([(HashKind.MD5, 1)])
    with writing(hotline.ledger.engine) as connection:
        connection.execute(sa.select(1))
    read = listed((HashKind.MD5, 1))
    whole = HashLists(hotline.ledger.engine, KEYS)
    whole.refresh()
    assert [each.counts for each in whole.whole.values()] == [list_counts(read)]
    monkeypatch.setattr(hash_list.HashList, "is_whole", property(lambda _self: False))
    monkeypatch.setattr(hash_list, "list_counts", lambda _read: {"md5": 2})
    with pytest.raises(HashListError) as caught:
        add_list(hotline.ledger.engine, hotline.ledger.sequencer, DeclaredList(read, HOTLINE), ANN, KEYS)
    assert caught.value.code == "hash_list.other_parts"


def test_two_who_add_at_once_do_not_add_twice(hotline: Hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_PART", 1)
    monkeypatch.setattr(hash_list, "_PARTS_AT_ONCE", 1)
    rows = [(HashKind.MD5, at) for at in range(3)]
    other = [True]

    def meanwhile(_hashes: int) -> None:
        if other and other.pop():
            hotline.add(rows)

    declared = DeclaredList(listed(*rows), HOTLINE)
    with pytest.raises(HashListError) as caught:
        add_list(hotline.ledger.engine, hotline.ledger.sequencer, declared, ANN, KEYS, meanwhile)
    assert caught.value.code == "hash_list.changed_meanwhile"
    (whole,) = standing_lists(hotline.ledger.engine, CASEWORK)
    assert whole.is_whole


def test_a_removed_list_ends_at_once_where_others_hold_it_and_its_hashes_are_destroyed(hotline: Hotline) -> None:
    case = hotline.add([(HashKind.PDQ, 0), (HashKind.SHA256, 1)]).case_id
    hotline.look()
    assert _sealed_hashes(hotline) == 2
    hotline.remove(0)
    assert _sealed_hashes(hotline) == 0
    hotline.post(0, 0, 0)
    assert hotline.look().raised == 0
    assert standing_lists(hotline.ledger.engine, CASEWORK) == []
    assert hotline.ledger.leaves()[-2].public == {"entries": "1 2"}
    with pytest.raises(UnknownItemError):
        remove_list(hotline.ledger.engine, hotline.ledger.sequencer, case, ANN)
    again = hotline.add([(HashKind.PDQ, 0), (HashKind.SHA256, 1)])
    assert (again.added, again.case_id == case) == (2, False)
    assert hotline.look().raised == 1


def test_a_list_that_is_removed_while_it_is_compared_tells_nothing_more(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    hotline.post(0, 0, 0)
    hotline.add([(HashKind.PDQ, 0)])
    found = HashLists.tiers

    def removed_meanwhile(self: HashLists, *asked: Any) -> Any:  # noqa: ANN401 - whatever it is asked
        hotline.remove(0)
        return found(self, *asked)

    monkeypatch.setattr(HashLists, "tiers", removed_meanwhile)
    assert hotline.look().raised == 0


def _sealed_hashes(hotline: Hotline) -> int:
    table = database.sealed.c
    with reading(hotline.ledger.engine) as connection:
        wanted = sa.select(sa.func.count()).select_from(database.sealed).where(table.name == "hashes")
        return int(connection.execute(wanted).scalar_one())


@pytest.mark.parametrize("name", ["hashes", "record"])
def test_a_list_that_somebody_damaged_tells_nothing_and_stops_no_other(hotline: Hotline, name: str) -> None:
    hotline.post(0, 0, 0)
    hotline.post(1, 0, 0)
    hotline.add([(HashKind.PDQ, 0)])
    table = database.sealed.c
    with writing(hotline.ledger.engine) as connection:
        last = sa.select(sa.func.max(table.idx)).scalar_subquery()
        connection.execute(sa.update(database.sealed).where(table.idx == last, table.name == name).values(body=b"junk"))
    hotline.lists.clear()
    hotline.add([(HashKind.PDQ, 1)])
    hotline.look()
    assert hotline.alerts() == hotline.slow()
    assert len(hotline.alerts()) == 1


def forged(rows: list[tuple[HashKind, int]], parts: str) -> Draft:
    """A part of a list with these rows, in a case that is there, sealed to a key that nobody has."""
    said = ANN.values() | HOTLINE.values() | {"case": "case-000000000002", "counts": {"md5": "1"}}
    said |= {"part": "1", "parts": parts, "container_sha256": listed(*rows).file_sha256[::-1]}
    return Draft("hashes_added", said, hashes=seal_whole(b"junk", recipients=(generate_identity().recipient,)))


def with_case(hotline: Hotline) -> None:
    with writing(hotline.ledger.engine) as connection:
        row = {"case_id": "case-000000000002", "idx": 0, "opened_at": ""}
        connection.execute(sa.insert(database.case_file), row)


def test_a_part_that_is_sealed_to_a_stranger_stops_no_other_list_and_no_later_one(hotline: Hotline) -> None:
    hotline.post(0, 0, 0)
    hotline.post(1, 0, 0)
    with_case(hotline)
    hotline.add([(HashKind.PDQ, 0)])
    hotline.ledger.sequencer.append([forged([(HashKind.MD5, 9)], "1")])
    assert hotline.look().raised == 1
    hotline.add([(HashKind.PDQ, 1)])
    assert hotline.look().raised == 1
    assert hotline.alerts() == hotline.slow()


@pytest.mark.parametrize(("parts", "lists"), [("1", 1), ("999999", 1), ("99999999999", 0), ("0", 0), ("1_0", 0)])
def test_however_many_parts_somebody_says_a_list_has_it_costs_nothing(hotline: Hotline, parts: str, lists: int) -> None:
    with_case(hotline)
    hotline.ledger.sequencer.append([forged([(HashKind.MD5, 9)], parts)])
    tracemalloc.start()
    try:
        assert len(standing_lists(hotline.ledger.engine, CASEWORK)) == lists
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
    finally:
        tracemalloc.stop()


def test_whoever_may_only_add_entries_stops_no_list(hotline: Hotline) -> None:
    hotline.post(0, 0, 0)
    case = hotline.add([(HashKind.PDQ, 0)]).case_id
    odd = NOBODY | {"case": case, "part": "one", "parts": "1"}
    stranger = seal_whole(b"junk", recipients=(generate_identity().recipient,))
    drafts = [
        Draft("hashes_added", odd, hashes=stranger),
        Draft("hashes_added", odd | {"case": "case-000000000001"}, hashes=b"junk"),
        Draft("hashes_removed", NOBODY | {"case": case}, public={"entries": "1 x"}),
        Draft("hashes_removed", NOBODY | {"case": "case-000000000001"}, public={"entries": "0"}),
    ]
    with writing(hotline.ledger.engine) as connection:
        row = {"case_id": "case-000000000001", "idx": 0, "opened_at": ""}
        connection.execute(sa.insert(database.case_file), row)
    for draft in nonempty(drafts):
        hotline.ledger.sequencer.append([draft])
    assert hotline.look().raised == 1
