"""Each batch is one transaction, and what another writer added meanwhile is not added again."""

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from casefiles.case import open_events
from evidence.custody.sequencer import Sequencer
from evidence.errors import HomeBusyError
from evidence.intake.slices import read_slices
from evidence.observation import Container, Hole, Kind, Observation, Reply
from evidence.store.payload import ROW_BYTES
from tests.evidence.intake.live import CHANNEL, NOW, Live, file_of, files_below, hole, live, message

LATER = "2026-01-01T10:00:00.000Z"
LATER_STILL = "2026-01-01T11:00:00.000Z"


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as ready:
        yield ready
    ready.ledger.engine.dispose()


# One transaction


def test_a_batch_and_its_cursor_are_one_transaction(source: Live) -> None:
    def fails(_connection: sa.Connection, _placed: object) -> None:
        raise RuntimeError("the cursor cannot be written")

    with pytest.raises(RuntimeError):
        source.keep(message(1), also=fails)
    assert source.items() == []
    heard: list[int] = []
    kept = source.keep(message(1), message(2), also=lambda _connection, placed: heard.append(len(placed)))
    assert heard == [2]
    assert kept.indexes == (0, 1)


def test_the_cursor_moves_although_everything_was_known(source: Live) -> None:
    source.keep(message(1))
    heard: list[int] = []
    kept = source.keep(message(1), also=lambda _connection, placed: heard.append(len(placed)))
    assert (heard, kept.indexes, kept.counts["already_known"]) == ([0], (0,), 1)


def test_nothing_is_written_where_everything_is_known_and_no_cursor_moves(
    source: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.keep(message(1), hole())
    monkeypatch.setattr(Sequencer, "turn", None)
    assert source.keep(message(1), hole()).indexes == (0, 1)


def test_a_batch_beyond_its_limit_is_refused(tmp_path: Path) -> None:
    with live(tmp_path, batch=2) as small:
        small.keep(message(1), message(2))
        with pytest.raises(ValueError, match="3 in one batch, of at most 2"):
            small.keep(message(3), message(4), message(5))
        assert len(small.items()) == 2


def test_the_same_thing_twice_in_one_batch_is_one_item(source: Live) -> None:
    kept = source.keep(message(1), message(1), hole(), hole())
    assert kept.indexes == (0, 0, 1, 1)
    assert kept.counts["already_known"] == 1
    assert len(source.items()) == len(source.holes()) == 1


def edited(number: int, text: str, at: str = LATER, **fields: object) -> Observation:
    return message(number, text, edited_at=at, **fields)


# After the commit


class FailingUnlink:
    """The disk removes nothing below ``pending`` while this is in force."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        unlink, self.met = Path.unlink, 0

        def fail(file: Path, *, missing_ok: bool = False) -> None:
            if "pending" in file.parts:
                self.met += 1
                raise OSError(number, os.strerror(number))
            unlink(file, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "unlink", fail)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("removing", ["settle", "take_back"])
def test_what_was_committed_is_acknowledged_though_its_pending_files_stay(
    source: Live, monkeypatch: pytest.MonkeyPatch, number: int, removing: str
) -> None:
    carrier, content = message(1), os.urandom(ROW_BYTES * 3)
    with monkeypatch.context() as patch:
        if removing == "take_back":
            meanwhile(source, patch, [carrier, file_of(carrier, content)])
        failing = FailingUnlink(patch, number)
        kept = source.keep(carrier, file_of(carrier, content))
        assert failing.met > 0
    assert kept.indexes == (0, 1)
    require_tidied_up(source)
    assert source.keep(carrier, file_of(carrier, content), message(2)).counts["already_known"] == 2


def test_a_container_is_acknowledged_though_its_pending_files_stay(
    source: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = os.urandom(ROW_BYTES * 3)
    container = Container(
        "desktop-json",
        "application/json",
        "a.json",
        CHANNEL,
        None,
        None,
        "ab" * 32,
        len(rest),
        lambda: rest,
        lambda: iter(()),
        0,
    )
    with monkeypatch.context() as patch:
        failing = FailingUnlink(patch, errno.ENOSPC)
        source.intake.take_container(container, source.provenance, lambda _done: None)
        assert failing.met > 0
    assert [leaf.type for leaf in source.ledger.leaves()] == ["imported"]
    require_tidied_up(source)


def require_tidied_up(source: Live) -> None:
    """What the next writer does before it writes; the object that the log names is there, and nothing else is."""
    addresses = source.ledger.sequencer.logged_objects()
    source.objects.recover(lambda: addresses)
    (kept,) = source.objects.addresses()
    assert kept in addresses
    assert [file.name for file in files_below(source.folder / "objects")] == [kept]


# Two writers


def meanwhile(source: Live, monkeypatch: pytest.MonkeyPatch, *others: list[Observation | Hole]) -> None:
    """Another writer is first: it keeps its batches between the look outside the turn and the turn."""
    waiting, turn = list(others), Sequencer.turn

    def later(self: Sequencer, *arguments: object) -> object:
        if waiting:
            batch = waiting.pop(0)
            with live(source.folder, source.ledger) as other:
                other.keep(*batch)
        return turn(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Sequencer, "turn", later)


def test_what_another_writer_added_meanwhile_is_not_added_again(
    source: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier, content = message(1), os.urandom(ROW_BYTES * 3)
    meanwhile(source, monkeypatch, [carrier, file_of(carrier, content), hole()])
    kept = source.keep(message(2), carrier, file_of(carrier, content), hole())
    assert source.items() == [("message", 1), ("file", 1), ("message", 2)]
    assert (kept.counts["already_known"], kept.counts["messages"]) == (2, 1)
    assert kept.indexes == (4, 0, 1, 3)
    assert len(files_below(tmp_path / "objects")) == 1


def test_a_message_that_became_an_edit_meanwhile_is_prepared_anew(
    source: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(source, monkeypatch, [message(1, "one")])
    source.keep(message(2), edited(1, "two"))
    assert source.items() == [("message", 1), ("message", 2), ("edit", 1)]


def test_an_edit_whose_words_another_writer_had_is_none(source: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    source.keep(message(1, "one"))
    meanwhile(source, monkeypatch, [edited(1, "two", action="of another service")])
    source.keep(edited(1, "two"))
    assert source.kinds() == ["message", "edit", "message"]


@pytest.mark.parametrize("shared", [False, True])
def test_an_error_in_one_batch_loses_no_object_of_another(
    source: Live, monkeypatch: pytest.MonkeyPatch, *, shared: bool
) -> None:
    """One writer waits for its turn; meanwhile a batch fails, and a third program recovers."""
    carrier, turn = message(1), Sequencer.turn

    def fails(_connection: sa.Connection, _placed: object) -> None:
        raise ZeroDivisionError

    def waits(self: Sequencer, *arguments: object) -> object:
        monkeypatch.setattr(Sequencer, "turn", turn)
        if shared:
            with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="one batch at a time"):
                pool.submit(source.keep, message(7), also=fails).result()
        else:
            with live(source.folder, source.ledger) as other, pytest.raises(ZeroDivisionError):
                other.keep(message(7), also=fails)
        source.objects.recover(self.logged_objects)
        return turn(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Sequencer, "turn", waits)
    source.keep(carrier, file_of(carrier, os.urandom(ROW_BYTES * 3)))
    assert source.items() == [("message", 1), ("file", 1)]
    assert len(list(source.objects.addresses())) == 1
    source.keep(message(2))


def test_a_batch_that_is_overtaken_for_ever_gives_up_and_writes_nothing(
    source: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.keep(message(1, "0"))
    words = iter(range(1, 100))
    turn = Sequencer.turn

    def overtaken(self: Sequencer, choose: object, also: object = None) -> object:
        monkeypatch.setattr("evidence.intake.known.Known.is_edit", lambda *_: next(words) % 2 == 0)
        return turn(self, choose, also)  # type: ignore[arg-type]

    monkeypatch.setattr(Sequencer, "turn", overtaken)
    with pytest.raises(HomeBusyError):
        source.keep(edited(1, "x"))
    assert source.kinds() == ["message"]


def test_holes_beside_what_was_known_meanwhile_are_not_added(source: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def one() -> Observation:
        return Observation(
            Kind.FILE,
            CHANNEL,
            1,
            NOW,
            fields={"position": "0", "message_sha256": "ab"},
            medium=file_of(message(1), b"x").medium,
        )

    meanwhile(source, monkeypatch, [one()])
    source.keep(one())
    assert [row.reason for row in source.holes()] == ["not_decoded"]


# Replies of a live source


def reply_of(*numbers: int) -> tuple[Reply, list[Observation | Hole]]:
    """A reply that holds these messages one after the other, and what it says."""
    body, contents = bytearray(b"<"), list[Observation | Hole]()
    for number in numbers:
        said = message(number, f"words {number}")
        contents.append(replace(said, offset=len(body)))
        body += (said.raw or b"") + b"|"
    return Reply("messages.GetHistory", CHANNEL, bytes(body), "application/vnd.telegram.tl"), [*contents, hole()]


def nothing(_connection: sa.Connection, _placed: object) -> None:
    pass


def died(_connection: sa.Connection, _placed: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("seed", range(2))
def test_a_message_names_no_container_that_has_no_entry_wherever_a_reply_broke_off(source: Live, seed: int) -> None:
    chance = np.random.default_rng(seed)
    outcomes = [(nothing, nothing), (died, nothing), (nothing, died)]
    for _reply in range(12):
        numbers = chance.choice(1000, chance.choice((1, 4, 90)), replace=False)
        reply, contents = reply_of(*sorted(int(number) for number in numbers))
        beside, end = outcomes[chance.integers(len(outcomes))]
        with suppress(ZeroDivisionError):
            source.intake.take_reply(reply, contents, source.provenance, beside=beside, end=end)
    every = list(open_events(source.ledger.engine, range(len(source.ledger.leaves())), source.ledger.casework))
    records = [event.record for event in every if event.record is not None]
    named = {record.values["container_sha256"] for record in records if record.type in ("observed", "hole")} - {None}
    replies = [record for record in records if record.type == "imported"]
    assert named == {record.values["container_sha256"] for record in replies}
    assert named
    unkept = [each for each in records if each.type == "observed" and each.values["container_sha256"] is None]
    assert unkept
    assert {each.values["offset"] for each in unkept} == {None}
    for record in replies:
        assert isinstance(record.source, dict)
        slices = list(read_slices(str(record.source["slices"])))
        assert [records[each.index].values["offset"] for each in slices] == [str(each.offset) for each in slices]
        assert isinstance(record.values["counts"], dict)
        assert record.values["counts"]["messages"] == str(len(slices))


def test_the_longest_reply_of_telegram_is_kept_whole(source: Live) -> None:
    reply, contents = reply_of(*range(1, 101))
    kept = source.intake.take_reply(reply, contents, source.provenance, beside=nothing, end=nothing)
    assert all(kept.added)
    assert [leaf.type for leaf in source.ledger.leaves()].count("imported") == 1


def test_a_reply_of_which_another_writer_had_a_message_meanwhile_is_kept_in_batches(
    source: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(source, monkeypatch, [message(2, "words 2")])
    reply, contents = reply_of(1, 2)
    heard: list[int] = []
    kept = source.intake.take_reply(
        reply, contents, source.provenance, beside=nothing, end=lambda _connection, placed: heard.append(len(placed))
    )
    assert kept.added == (True, False, True)
    assert heard == [2]
    assert source.items() == [("message", 2), ("message", 1)]
    assert "imported" not in [leaf.type for leaf in source.ledger.leaves()]
