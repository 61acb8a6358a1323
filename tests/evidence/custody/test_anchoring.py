"""What is new is stamped once by each office; what is refused or unanswered is asked again."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from cryptography import x509

from config import oplog
from evidence.canonical import sha256_hex
from evidence.custody import anchoring
from evidence.custody.anchoring import Anchoring, has_news
from evidence.errors import StampRefusedError, StampUnreachableError, TokenError
from evidence.log.note import open_checkpoint
from evidence.log.schema import NO_TOKEN
from evidence.rehearsal.tsa import LIST_PATH, RehearsalOffice
from evidence.stamp.certificate import certificate_of
from evidence.stamp.client import Stamped, TimeStampOffice
from evidence.stamp.kept_lists import KeptLists
from evidence.stamp.token import verify_token
from evidence.store import database, follow
from evidence.store.database import reading, writing
from evidence.times import format_time, system_clock
from tests.evidence.log.ledger import Ledger, case_opened, new_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


@dataclass(frozen=True)
class Stamping:
    """A real office on loopback."""

    office: TimeStampOffice
    root: x509.Certificate


@pytest.fixture(scope="module")
def stamping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamping]:
    rehearsal = RehearsalOffice.create(tmp_path_factory.mktemp("office") / "a", at=system_clock())
    with rehearsal.serving(system_clock) as url:
        yield Stamping(TimeStampOffice("first", url, (rehearsal.root,), lists=(url + LIST_PATH,)), rehearsal.root)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def test_the_revocation_lists_above_a_token_are_kept_once_it_is_logged(
    ledger: Ledger, http: httpx.Client, stamping: Stamping, tmp_path: Path
) -> None:
    kept = KeptLists(tmp_path / "revocation")
    ledger.sequencer.append([case_opened(1)])
    ledger.sequencer.sign()
    anchoring = Anchoring(ledger.engine, ledger.sequencer, [stamping.office], http, lists=kept)
    follow.catch_up(ledger.engine, anchoring, ledger.sequencer.take)
    assert len(anchors(ledger)) == 1
    assert [found.names(certificate_of(stamping.root)) for found in kept.readable()] == [True]


def test_an_idle_log_is_stamped_again_only_where_somebody_has_to_know_the_time(
    ledger: Ledger, http: httpx.Client, stamping: Stamping
) -> None:
    new_checkpoint(ledger)
    run(ledger, http, stamping.office)
    ledger.sequencer.checkpoint()
    with unchanged(ledger):
        run(ledger, http, stamping.office)
    idle = Anchoring(ledger.engine, ledger.sequencer, [stamping.office], http, idle=True)
    follow.catch_up(ledger.engine, idle, ledger.sequencer.take)
    assert [size for _office, size in anchors(ledger)] == [1, 2]


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def run(ledger: Ledger, http: httpx.Client, *offices: TimeStampOffice) -> int:
    return follow.catch_up(
        ledger.engine, Anchoring(ledger.engine, ledger.sequencer, offices, http), ledger.sequencer.take
    )


def anchors(ledger: Ledger) -> Sequence[tuple[str, int]]:
    """Office and stamped size of every token, in the order of the log."""
    leaves = ledger.leaves()
    with reading(ledger.engine) as connection:
        rows = connection.execute(sa.select(database.token).order_by(database.token.c.idx)).all()
    for row in rows:
        assert leaves[row.idx].public["token_sha256"] == sha256_hex(row.token)
    return [(leaves[row.idx].public["office"], row.size) for row in rows]


@contextmanager
def unchanged(ledger: Ledger) -> Iterator[None]:
    before = (len(ledger.leaves()), anchors(ledger))
    yield
    assert (len(ledger.leaves()), anchors(ledger)) == before


def new_checkpoint(ledger: Ledger, number: int = 1) -> bytes:
    ledger.sequencer.append([case_opened(number)])
    return ledger.sequencer.checkpoint()


def test_an_office_that_does_not_answer_leaves_everything_for_later(ledger: Ledger, http: httpx.Client) -> None:
    new_checkpoint(ledger)
    gone = TimeStampOffice("gone", closed_port(), ())
    with unchanged(ledger), pytest.raises(StampUnreachableError):
        run(ledger, http, gone)
    with reading(ledger.engine) as connection:
        assert follow.position_of(connection, "anchoring") == 0


def test_what_an_office_said_is_in_the_operational_log(
    ledger: Ledger, http: httpx.Client, stamping: Stamping, tmp_path: Path
) -> None:
    new_checkpoint(ledger)
    oplog.start()
    oplog.keep_in(tmp_path, max_bytes=10_000, files=1)
    with pytest.raises(StampUnreachableError):
        run(ledger, http, TimeStampOffice("gone", closed_port(), ()))
    run(ledger, http, stamping.office)
    lines = [json.loads(line) for line in (tmp_path / oplog.FILE).read_text().splitlines()]
    assert [(line["event"], line.get("office"), line.get("error")) for line in lines[:4]] == [
        ("stamp_asked", "gone", None),
        ("stamp_failed", "gone", "StampUnreachableError"),
        ("stamp_asked", "first", None),
        ("stamp_had", "first", None),
    ]
    oplog.start()


def test_an_answer_that_does_not_hold_is_not_logged(ledger: Ledger, http: httpx.Client, stamping: Stamping) -> None:
    new_checkpoint(ledger)
    unknown = TimeStampOffice("unknown", stamping.office.url, ())
    with unchanged(ledger), pytest.raises(TokenError):
        run(ledger, http, unknown)


def test_a_refusal_is_not_logged(ledger: Ledger, http: httpx.Client, stamping: Stamping) -> None:
    new_checkpoint(ledger)
    picky = TimeStampOffice("picky", stamping.office.url, (stamping.root,), policy="1.2.3")
    with unchanged(ledger), pytest.raises(StampRefusedError):
        run(ledger, http, picky)


def test_nothing_is_asked_without_a_checkpoint_an_office_or_news(
    ledger: Ledger, http: httpx.Client, stamping: Stamping
) -> None:
    gone = TimeStampOffice("gone", closed_port(), ())
    assert run(ledger, http, gone) == 0
    new_checkpoint(ledger)
    assert run(ledger, http) == 0
    assert run(ledger, http, stamping.office) == 1
    with unchanged(ledger):
        assert run(ledger, http, gone) == 1
        ledger.sequencer.checkpoint()  # over the anchor alone
        assert run(ledger, http, gone) == 1


def test_a_position_beyond_the_log_stops_no_stamp(ledger: Ledger, http: httpx.Client, stamping: Stamping) -> None:
    new_checkpoint(ledger)
    with writing(ledger.engine) as connection:
        connection.execute(sa.insert(database.follower), {"name": "anchoring", "position": 2**62})
    assert run(ledger, http, stamping.office) == 1
    assert anchors(ledger) == [("first", 1)]
    with reading(ledger.engine) as connection:
        assert follow.position_of(connection, "anchoring") == 1


def test_who_has_stamped_is_not_asked_again_when_another_failed(
    ledger: Ledger, http: httpx.Client, stamping: Stamping
) -> None:
    new_checkpoint(ledger)
    first = stamping.office
    second = TimeStampOffice("second", first.url, first.roots)
    gone = TimeStampOffice("second", closed_port(), first.roots)
    for _ in range(2):
        with pytest.raises(StampUnreachableError):
            run(ledger, http, first, gone)
        assert anchors(ledger) == [("first", 1)]
    run(ledger, http, first, second)
    assert anchors(ledger) == [("first", 1), ("second", 1)]


def test_a_run_killed_before_its_position_is_kept_asks_nobody_twice(
    ledger: Ledger, http: httpx.Client, stamping: Stamping
) -> None:
    new_checkpoint(ledger)
    for _ in range(2):
        assert Anchoring(ledger.engine, ledger.sequencer, (stamping.office,), http).advance(0) == 1
        assert anchors(ledger) == [("first", 1)]


def test_each_checkpoint_with_news_is_stamped_and_its_token_logged(
    ledger: Ledger, http: httpx.Client, stamping: Stamping
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    notes = [new_checkpoint(ledger)]
    assert run(ledger, http, stamping.office) == 1
    notes.append(new_checkpoint(ledger, 2))
    assert run(ledger, http, stamping.office) == 3
    assert anchors(ledger) == [("first", 1), ("first", 3)]
    leaves = ledger.leaves()
    with reading(ledger.engine) as connection:
        rows = connection.execute(sa.select(database.token).order_by(database.token.c.idx)).all()
    for row, note in zip(rows, notes, strict=True):
        public = leaves[row.idx].public
        info = verify_token(token=row.token, sha256=bytes.fromhex(sha256_hex(note)), roots=[stamping.root])
        assert public["checkpoint_sha256"] == sha256_hex(note)
        assert public["reply_sha256"] == sha256_hex(row.reply)
        assert public["gen_time"] == format_time(info.gen_time)
        assert before < info.gen_time
        assert open_checkpoint(note, key=ledger.sequencer.verifier_key).size == row.size
    first, second = (sha256_hex(row.token) for row in rows)
    assert [leaf.after for leaf in leaves] == [NO_TOKEN, NO_TOKEN, first, first]
    ledger.sequencer.append([case_opened(3)])
    assert ledger.leaves()[-1].after == second


def test_anchors_alone_are_no_news(ledger: Ledger, http: httpx.Client, stamping: Stamping) -> None:
    new_checkpoint(ledger)
    run(ledger, http, stamping.office)
    with reading(ledger.engine) as connection:
        spans = [(0, 1), (1, 2), (0, 2), (2, 2), (1, 1 << 62)]
        assert [has_news(connection, *span) for span in spans] == [True, False, True, False, False]


def test_two_programs_that_stamp_one_checkpoint_log_one_token(
    ledger: Ledger, http: httpx.Client, stamping: Stamping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ask the office; the second comes to its turn when the first has logged its token."""
    new_checkpoint(ledger)
    other = ledger.fresh()
    request = anchoring.request_stamp

    def slow(**asked: Any) -> Stamped:  # noqa: ANN401 - passed on
        monkeypatch.setattr(anchoring, "request_stamp", request)
        stamped = request(**asked)
        assert run(other, http, stamping.office) == 1
        return stamped

    monkeypatch.setattr(anchoring, "request_stamp", slow)
    assert run(ledger, http, stamping.office) == 1
    assert anchors(ledger) == [("first", 1)]
    assert len(ledger.leaves()) == 2


def ask(ledger: Ledger, http: httpx.Client, office: TimeStampOffice) -> Callable[[], None]:
    """Have the newest checkpoint stamped; what is returned logs the token, however late."""
    slow = Anchoring(ledger.engine, ledger.sequencer, (office,), http)
    note = ledger.sequencer.checkpoint()
    size = open_checkpoint(note, key=ledger.sequencer.verifier_key).size
    stamped = slow._ask(office, note, size)
    return lambda: slow._log(office, stamped, note, size)


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_token_that_is_logged_behind_one_of_a_newer_checkpoint_is_left_out(
    ledger: Ledger, http: httpx.Client, stamping: Stamping, name: str
) -> None:
    """A program asks, and its machine sleeps; another logs more and stamps it; then the first one wakes."""
    new_checkpoint(ledger)
    log_late = ask(ledger.fresh(), http, TimeStampOffice(name, stamping.office.url, stamping.office.roots))
    new_checkpoint(ledger, 2)
    run(ledger, http, stamping.office)
    with unchanged(ledger):
        log_late()
    assert anchors(ledger) == [("first", 2)]


def test_another_office_may_stamp_the_same_checkpoint_late(
    ledger: Ledger, http: httpx.Client, stamping: Stamping
) -> None:
    new_checkpoint(ledger)
    log_late = ask(ledger.fresh(), http, TimeStampOffice("second", stamping.office.url, stamping.office.roots))
    run(ledger, http, stamping.office)
    log_late()
    assert anchors(ledger) == [("first", 1), ("second", 1)]


@pytest.mark.parametrize(("behind_s", "refused"), [(30, None), (120, "older than the newest")])
def test_an_office_whose_clock_is_far_behind_the_newest_time_stamp_is_refused(
    ledger: Ledger, http: httpx.Client, stamping: Stamping, tmp_path: Path, behind_s: int, refused: str | None
) -> None:
    new_checkpoint(ledger)
    run(ledger, http, stamping.office)
    new_checkpoint(ledger, 2)
    behind = RehearsalOffice.create(tmp_path / "behind", at=system_clock() - timedelta(days=1))
    with behind.serving(lambda: system_clock() - timedelta(seconds=behind_s)) as url:
        office = TimeStampOffice("behind", url, (behind.root,))
        with pytest.raises(TokenError, match=refused) if refused else nullcontext():
            run(ledger, http, office)
    assert (("behind", 3) in anchors(ledger)) is (refused is None)


def test_times_do_not_creep_back_from_office_to_office(
    ledger: Ledger, http: httpx.Client, stamping: Stamping, tmp_path: Path
) -> None:
    new_checkpoint(ledger)
    run(ledger, http, stamping.office)
    behind = RehearsalOffice.create(tmp_path / "behind", at=system_clock() - timedelta(days=1))
    for number, (behind_s, refused) in enumerate([(40, False), (80, True)], start=2):
        new_checkpoint(ledger, number)
        with behind.serving(lambda late=behind_s: system_clock() - timedelta(seconds=late)) as url:
            office = TimeStampOffice(f"behind-{behind_s}", url, (behind.root,))
            with pytest.raises(TokenError, match="older than the newest") if refused else nullcontext():
                run(ledger, http, office)
    assert [name for name, _size in anchors(ledger)] == ["first", "behind-40"]


def test_threads_that_stamp_and_append_leave_one_log(ledger: Ledger, stamping: Stamping) -> None:
    start = threading.Barrier(3)

    def work(name: int) -> None:
        mine = ledger.fresh()
        with httpx.Client(trust_env=False) as http:
            start.wait()
            for at in range(8):
                note = new_checkpoint(mine, 100 * name + at)
                newest = open_checkpoint(ledger.signed.read_bytes(), key=mine.sequencer.verifier_key)
                assert newest.size >= open_checkpoint(note, key=mine.sequencer.verifier_key).size
                run(mine, http, stamping.office)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    stamped = anchors(ledger)
    assert len(stamped) == len(set(stamped))
    assert [size for _office, size in stamped] == sorted(size for _office, size in stamped)
    newest = NO_TOKEN
    for leaf in ledger.leaves():
        assert leaf.after == newest
        newest = leaf.public["token_sha256"] if leaf.type == "anchor" else newest
