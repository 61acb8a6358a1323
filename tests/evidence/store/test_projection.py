"""Every row in clear follows from the log, and a row that does not is found."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.addition import Brought, add_files
from api.office.approval import Means, approve, refuse
from api.office.audit import run_audit
from api.office.case import record_consent, show_case
from api.office.channel import add_channel, lower_ended_modes, remove_channel
from api.office.check import check_picture
from api.office.erase import ErasureCause, ErasureWish, erase_items
from api.office.freeze import freeze, lift_freeze
from api.office.hash_list import remove_hash_list
from api.office.hold import HoldWish, end_holds, place_hold
from api.office.item import DigestLook
from api.office.receiver import add_receiver, remove_receiver
from api.office.recognition import recognise_seen
from api.office.request import find_request
from api.office.retention import agree_to_rule
from api.office.search import Quest, search_items
from api.office.sheet import SheetWish, write_sheet
from casefiles.case import OpenedEvent, add_items, open_case, open_events, remove_items
from casefiles.errors import RecordsError
from casefiles.format.schema import require_schema
from casefiles.left_out import AnsweringItem, left_out_drafted
from casefiles.recognition import Statement
from casefiles.sheet.data import SheetKind
from config.watchlist import probe_entry, watch_entry
from evidence.authority import Doer
from evidence.custody.append import tree_size
from evidence.custody.event import Draft
from evidence.log.leaf import parse_leaf
from evidence.log.schema import SCHEMAS
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import open_engine, reading, writing
from evidence.store.erase import tombstones
from evidence.store.hold import HoldKind
from evidence.store.marks import SeenKey
from evidence.store.projection import Placed, project, row_differences
from tests.erasing import COUNSEL, report_now
from tests.homes import PASSPHRASE, Office, consent_to, copy_of, doer, export_of, items_of, legal_basis, tell_case
from tests.listing import give_list
from tests.nonempty import nonempty

CLEAR = [table for table in database.PROJECTIONS if table is not database.tile]


@pytest.fixture(scope="module")
def home(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home in which every type of event was logged."""
    home = copy_of(office, tmp_path_factory.mktemp("every"))
    keys, ann = home.keys.unlock(PASSPHRASE), doer(home)
    for name, mode in (("kanali_a", Mode.METADATA_ONLY), ("kanali_b", Mode.SEALED), ("kanali_a", Mode.SEALED)):
        entry = watch_entry(
            channel=name, report_url="https://example.org", reported_by="Org", reported_on="2026-01-01", access="public"
        )
        basis = None if mode is Mode.METADATA_ONLY else legal_basis(home.path.parent)
        add_channel(home, entry, mode, basis, doer(home, approver="bo"))
    remove_channel(home, "kanali_b", ann)
    probe = probe_entry(channel="zyra_prova", channel_id="17", access="public", rights="creator")
    add_channel(home, probe, Mode.METADATA_ONLY, None, doer(home, approver=None))
    with home.writing() as writer:
        lower_ended_modes(writer, ann, today=date.max)
        case = open_case(writer.sequencer, ann)
        items = [item.item_id for item in items_of(home)]
        for change in (add_items, remove_items, add_items):  # the second row is of the same item
            change(home.engine, writer.sequencer, case, items[:4], ann)
        tell_case(writer.sequencer, ann, case, items[5])
    remove_hash_list(home, give_list(home, b"0f" * 16).done.case_id, ann)
    give_list(home, b"1f" * 16)
    show_case(home, case, ann, keys.casework)
    items_of(home, DigestLook(ann, keys.casework))
    search_items(home, Quest(case, ann, ("word",), "user1"), keys.casework, lambda _more: None)
    picture = next(office.export.folder / name for name in sorted(office.export.media) if name.endswith(".jpg"))
    with picture.open("rb") as stream:
        check_picture(home, stream, case, ann, keys)
    export_of(home, case, home.path.parent / "out.asice")
    held = next(item.item_id for item in items_of(home) if item.kind == "message" and item.item_id in items[:4])
    act_for_client(home, case, held)
    for name in ("Court", "Other"):
        add_receiver(home, name, "court", ann)
    remove_receiver(home, "Other", "court", ann, keys.casework)
    alone = doer(home, approver=None)
    for name, answer in (("Asked", approve), ("Refused", None), ("Waits", False)):
        asked = find_request(home, add_receiver(home, name, "court", alone).request, keys.casework)
        if answer:
            answer(home, asked, Doer("bo", "test", home.clock()), Means(keys.casework))
        elif answer is None:
            refuse(home, asked, ann)
    export_of(home, case, home.path.parent / "alone.asice", by=alone, to="Court")
    freeze_and_lift(home, items[-2:])
    erase_one_of_each(home, case, [item for item in items[:4] if item != held])
    hold_and_rule(home, case, items[-1])
    yield home
    home.engine.dispose()


def hold_and_rule(home: Home, case: str, item: str) -> None:
    """Two holds, of which one ended, a rule of retention, and a case whose client took her consent back."""
    day = home.today() + timedelta(days=9)
    place_hold(home, HoldWish(HoldKind.LEGAL, day, case), doer(home))
    ended = place_hold(home, HoldWish(HoldKind.RENEWAL, day, items=(item,)), doer(home))
    end_holds(home, [ended.hold_id], doer(home))
    agree_to_rule(home, doer(home))
    with home.writing() as writer:
        closed = open_case(writer.sequencer, doer(home))
    record_consent(home, closed, consent_to(home, given=False), doer(home))


def act_for_client(home: Home, case: str, item: str) -> None:
    """What the client agrees to and states, and a sheet for the platform."""
    ann, casework = doer(home), home.keys.unlock(PASSPHRASE).casework
    record_consent(home, case, consent_to(home, "check", "court", "prosecutor"), ann)
    recognise_seen(home, case, Statement("mila", item, home.clock().date(), "en", "I saw it there."), ann, casework)
    write_sheet(home, SheetWish(case, SheetKind.DISCLOSURE, home.path.parent / "a.txt"), ann, casework)
    with home.writing() as writer:
        sealed = Draft("counter_sealed", ann.values() | {"bundle_sha256": "0" * 64})
        writer.sequencer.append([left_out_drafted(case, [AnsweringItem(item, "42", 2, 1)], ann), sealed])
    brought = home.path.parent / "a.txt"  # whatever it is
    add_files(home, Brought([brought], "her phone", "mila", replace(ann, approver=None), case))


def freeze_and_lift(home: Home, items: list[str]) -> None:
    """Freeze items, end the first freeze, and leave the other waiting."""
    keys, ann = home.keys.unlock(PASSPHRASE), doer(home, approver=None)
    freeze(home, items, ann)
    asked = find_request(home, lift_freeze(home, items[:1], ann, None).request, keys.casework)
    approve(home, asked, Doer("bo", "test", home.clock()), Means(keys.casework))


def erase_one_of_each(home: Home, case: str, items: list[str]) -> None:
    """Erase an item of a case with two persons at once, and one that may show a child after a request."""
    keys, ann, alone = home.keys.unlock(PASSPHRASE), doer(home), doer(home, approver=None)
    erase_items(home, ErasureWish((items[0],), ErasureCause.MISTAKE, case), ann, keys)
    freeze(home, items[1:2], ann)
    report_now(home, items[1])
    asked = erase_items(home, ErasureWish((items[1],), ErasureCause.CHILD, case, COUNSEL), alone, None)
    approve(
        home, find_request(home, asked.request, keys.casework), Doer("bo", "test", home.clock()), Means(keys.casework)
    )


def read_events(home: Home, size: int) -> Iterator[OpenedEvent]:
    """Every event whose record is left."""
    with reading(home.engine) as connection:
        gone = {each.index for each in tombstones(connection)}
    indexes = [index for index in range(size) if index not in gone]
    yield from open_events(home.engine, indexes, home.keys.unlock(PASSPHRASE).casework)


@pytest.fixture(scope="module")
def rebuilt(home: Home) -> Iterator[sa.Engine]:
    """The rows in clear, made from the log and the casework key alone."""
    engine = open_engine("sqlite://")
    seen = home.keys.seen_key()
    with reading(home.engine) as connection:
        size = tree_size(connection)
    with writing(engine) as connection:
        database.metadata.create_all(connection)
        for event in read_events(home, size):
            values = event.record.values if event.record else {}
            place = Placed(event.index, event.leaf.event_id, event.leaf.type, values, event.leaf.sealed.get("media"))
            project(connection, [place], seen)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def kept(home: Home) -> Iterator[sa.Engine]:
    """A copy of the home's rows that takes wrong ones too."""
    engine = sa.create_engine("sqlite://")
    with reading(home.engine) as source, engine.begin() as target:
        database.metadata.create_all(target)
        for table in CLEAR:
            target.execute(sa.insert(table), [dict(row._mapping) for row in source.execute(sa.select(table))])
    yield engine
    engine.dispose()


def found(kept: sa.Engine, rebuilt: sa.Engine, change: Callable[[sa.Connection], object]) -> list[tuple[str, str]]:
    """The differences when the rows were changed; they are changed back."""
    with kept.connect() as connection, reading(rebuilt) as other:
        change(connection)
        return list(row_differences(connection, other))


def other_value(column: sa.Column[Any], value: Any) -> Any:  # noqa: ANN401 - a column of any type
    match value:
        case None:
            return 7 if isinstance(column.type, sa.Integer) else "x"
        case int():
            return value + 1_000_000
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case _:
            return f"{value[:-1]}{'x' if value[-1:] != 'x' else 'y'}"


COLUMNS = [(table, column) for table in CLEAR for column in table.c]


@pytest.mark.every(4)
@pytest.mark.repeats
@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda each: each.name)
def test_a_wrong_value_in_any_column_is_found(
    kept: sa.Engine, rebuilt: sa.Engine, table: sa.Table, column: sa.Column[Any]
) -> None:
    def change(connection: sa.Connection) -> None:
        row = connection.execute(sa.select(table).limit(1)).one()._mapping
        this = sa.and_(*(key == row[key.name] for key in table.primary_key))
        wrong = other_value(column, row[column.name])
        connection.execute(sa.update(table).where(this).values({column.name: wrong}))

    differing = found(kept, rebuilt, change)
    assert {name for name, _key in differing} == {table.name}
    assert len(differing) == (2 if column.primary_key else 1)


@pytest.mark.parametrize("table", CLEAR, ids=lambda table: table.name)
def test_a_row_too_few_and_a_row_too_many_are_found(kept: sa.Engine, rebuilt: sa.Engine, table: sa.Table) -> None:
    with kept.connect() as connection:
        row = dict(connection.execute(sa.select(table).limit(1)).one()._mapping)
    key = " ".join(str(row[column.name]) for column in table.primary_key)
    this = sa.and_(*(column == row[column.name] for column in table.primary_key))
    assert found(kept, rebuilt, lambda connection: connection.execute(sa.delete(table).where(this))) == [
        (table.name, key)
    ]
    added = row | {
        column.name: other_value(column, row[column.name]) for column in table.c if column.primary_key or column.unique
    }
    differing = found(kept, rebuilt, lambda connection: connection.execute(sa.insert(table), added))
    assert [name for name, _key in differing] == [table.name]


def test_the_rows_rebuilt_from_the_log_are_those_that_are_kept(kept: sa.Engine, rebuilt: sa.Engine) -> None:
    assert found(kept, rebuilt, lambda _connection: None) == []
    with reading(rebuilt) as connection:
        for table in CLEAR:
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() > 0, table.name


NOT_WRITTEN_YET = {"account_lost", "channel_viewed", "downloaded", "drilled", "key_changed", "released"}


def test_the_scenario_has_every_type_of_event_that_anything_writes(home: Home) -> None:
    with reading(home.engine) as connection:
        types = {parse_leaf(leaf).type for leaf in connection.execute(sa.select(database.event.c.leaf)).scalars()}
    assert types == SCHEMAS.keys() - NOT_WRITTEN_YET


def test_every_value_that_the_program_logs_has_the_form_of_its_name(home: Home) -> None:
    row = {"after": "0" * 64, "event": "0" * 32, "index": "0", "not_before": None, "public": {}, "sealed": {}}
    row |= {"stamped_at": "2026-01-01T00:00:00.000Z", "withheld": []}
    with reading(home.engine) as connection:
        size = tree_size(connection)
    for event in nonempty(read_events(home, size)):
        values = event.record.values if event.record else {}
        name = "item" if event.leaf.type == "observed" else "event"
        require_schema({**row, "type": event.leaf.type, "values": values}, name, where=f"leaf {event.index}")
        with pytest.raises(RecordsError):
            require_schema({**row, "type": event.leaf.type, "values": {**values, "at": "now"}}, name, where="")


def test_the_audit_finds_a_row_that_does_not_follow(home: Home, tmp_path: Path) -> None:
    def problems() -> list[str]:
        report = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report
        return [problem.id for problem in report.problems]

    assert problems() == []
    one = sa.update(database.channel).where(database.channel.c.channel == "kanali_a")
    with writing(home.engine) as connection:
        connection.execute(one.values(mode="hash_only"))
    assert problems() == ["records.rows"]
    with writing(home.engine) as connection:
        connection.execute(one.values(mode="metadata_only"))
    assert problems() == []


def test_an_event_of_another_type_has_no_row(kept: sa.Engine, rebuilt: sa.Engine) -> None:
    def change(connection: sa.Connection) -> None:
        project(connection, [Placed(0, "ab", "anchor", {}, None)], SeenKey(b""))

    assert found(kept, rebuilt, change) == []
