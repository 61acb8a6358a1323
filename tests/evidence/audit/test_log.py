"""Each check of the log passes on the smallest log that it can judge, and fails when one thing in it is wrong."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.audit.log import AuditInput, LogAudit, Place
from evidence.canonical import sha256_hex
from evidence.custody.event import Draft, SealedPayload, prepare
from evidence.errors import CheckpointError, LeafError
from evidence.finding import Finding, Verdict
from evidence.log.merkle import HASH_BYTES, leaf_hash
from evidence.log.note import Checkpoint, sign_checkpoint
from evidence.log.schema import NO_TOKEN
from evidence.objects.local import LocalObjects
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.stamp.token import build_query, token_of_reply
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.times import MAX_SKEW, format_time, system_clock
from tests.evidence.log.ledger import CASEWORK, KEY, ORIGIN, Ledger, case_opened, new_ledger
from tests.evidence.log.reference import mth

Check = Callable[[LogAudit], Iterable[Finding]]
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> RehearsalOffice:
    return RehearsalOffice.create(tmp_path_factory.mktemp("office"), at=system_clock() - timedelta(days=1))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Three entries and a checkpoint over them."""
    ledger = new_ledger(tmp_path)
    ledger.sequencer.append([case_opened(number) for number in range(3)])
    ledger.sequencer.checkpoint()
    yield ledger
    ledger.engine.dispose()


def known_of(ledger: Ledger, **known: object) -> AuditInput:
    """What an audit is given, but for what a test says otherwise."""
    objects = LocalObjects(ledger.signed.parent / "objects")
    return AuditInput(ledger.engine, objects, ledger.sequencer.verifier_key, known.pop("roots", {}), **known)  # type: ignore[arg-type]


def found(ledger: Ledger, check: Check, **known: object) -> list[tuple[str, str]]:
    """Where and what a check finds, once all leaves were read."""
    return [(each.where, cause_of(each)) for each in findings(ledger, check, **known)]


def findings(ledger: Ledger, check: Check, **known: object) -> list[Finding]:
    with reading(ledger.engine) as connection:
        log = LogAudit(connection, known_of(ledger, **known), lambda _more: None)
        leaves = list(log.leaves())
        return leaves if check is LogAudit.leaves else list(check(log))


def cause_of(finding: Finding) -> str:
    """The code of the raise that a finding tells of, or its own."""
    return getattr(finding.facts.get("cause"), "code", finding.code)


def change(ledger: Ledger, statement: str, *values: object) -> None:
    with writing(ledger.engine) as connection:
        changed = connection.exec_driver_sql(statement, values)
        assert changed.rowcount > 0, "nothing was damaged"


def column(ledger: Ledger, statement: str) -> list[bytes]:
    with reading(ledger.engine) as connection:
        return list(connection.exec_driver_sql(statement).scalars())


def leaves_of(ledger: Ledger) -> list[bytes]:
    return column(ledger, "SELECT leaf FROM event ORDER BY idx")


def note_of(ledger: Ledger, size: int) -> bytes:
    [note] = column(ledger, f"SELECT note FROM checkpoint WHERE size = {size}")
    return note


def anchor(ledger: Ledger, office: RehearsalOffice, *, size: int = 3, at: datetime | None = None, **public: str) -> int:
    """Have a checkpoint stamped and log the token as it is, or with other words in clear; where it stands."""
    note, at = note_of(ledger, size), at or system_clock()
    reply = office.stamp_reply(build_query(sha256=bytes.fromhex(sha256_hex(note)), nonce=7), at)
    token = token_of_reply(reply)
    said = {
        "checkpoint_sha256": sha256_hex(note),
        "gen_time": format_time(at),
        "office": "office",
        "reply_sha256": sha256_hex(reply),
        "token_sha256": sha256_hex(token),
    }
    row = {"size": size, "token": token, "reply": reply}
    [placed] = ledger.sequencer.append(
        [Draft("anchor", public=said | public)],
        lambda connection, placed: connection.execute(sa.insert(database.token), row | {"idx": placed[0].idx}) and None,
    )
    return placed.idx


# The database


def test_the_database_s_own_check_finds_a_damaged_page(ledger: Ledger) -> None:
    assert found(ledger, LogAudit.integrity) == []
    ledger.engine.dispose()
    file = ledger.signed.with_name("log.db")
    pages = bytearray(file.read_bytes())
    pages[36:40] = (5).to_bytes(4, "big")  # the header's count of free pages; there are none
    file.write_bytes(pages)
    [(where, code)] = found(ledger, LogAudit.integrity)
    assert (where, code) == ("database", "database.integrity.not_ok")


# Leaves


def test_reading_the_leaves_gives_their_number_and_what_rows_in_clear_may_stand_at(
    ledger: Ledger, office: RehearsalOffice
) -> None:
    payload = SealedPayload("ab" * 32, b"header")
    [kept] = ledger.sequencer.append([Draft("case_opened", case_opened(9).values, payload=payload)])
    anchored = anchor(ledger, office)
    heard: list[int] = []
    with reading(ledger.engine) as connection:
        log = LogAudit(connection, known_of(ledger), heard.append)
        assert list(log.leaves()) == []
    assert (log.size, heard) == (5, [5])
    assert log.media == {"ab" * 32: kept.idx}
    assert log.places[kept.idx] == Place(kept.event_id, "case_opened", "ab" * 32)
    assert log.places.keys() == {0, 1, 2, 3}
    assert anchored == 4


def leaf(*, origin: str = ORIGIN, after: str = NO_TOKEN) -> bytes:
    return prepare(case_opened(7), origin=origin, casework=CASEWORK.recipient).leaf(after)


def test_a_leaf_that_does_not_belong_is_a_finding_at_its_place(ledger: Ledger) -> None:
    assert found(ledger, LogAudit.leaves) == []
    for body, code in (
        (leaf(), None),
        (leaf(origin="prova/deadbeef"), "leaf.of_another_log"),
        (leaf(after="11" * 32), "leaf.names_another_token"),
    ):
        change(ledger, "UPDATE event SET leaf = ? WHERE idx = 1", body)
        assert found(ledger, LogAudit.leaves) == ([] if code is None else [("leaf 1", code)])


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", "text"])
def test_a_leaf_that_is_none_hides_no_other(ledger: Ledger, body: object) -> None:
    change(ledger, "UPDATE event SET leaf = ? WHERE idx = 0", body)
    change(ledger, "UPDATE event SET leaf = ? WHERE idx = 2", leaf(origin="prova/deadbeef"))
    assert [where for where, _code in found(ledger, LogAudit.leaves)] == ["leaf 0", "leaf 2"]


def test_a_leaf_behind_a_token_must_name_it(ledger: Ledger, office: RehearsalOffice) -> None:
    anchor(ledger, office)
    ledger.sequencer.append([case_opened(4)])
    assert found(ledger, LogAudit.leaves) == []
    change(ledger, "UPDATE event SET leaf = ? WHERE idx = 4", leaf(after=NO_TOKEN))
    assert found(ledger, LogAudit.leaves) == [("leaf 4", "leaf.names_another_token")]


@pytest.mark.parametrize("index", [0, 1])
def test_a_missing_leaf_stops_the_reading(ledger: Ledger, index: int) -> None:
    change(ledger, f"DELETE FROM event WHERE idx = {index}")
    with pytest.raises(LeafError) as raised:
        found(ledger, LogAudit.leaves)
    assert raised.value.code == "leaf.missing"


# Tiles


def test_a_flip_in_a_tile_names_the_tile_alone_where_a_checkpoint_proves_the_leaf(ledger: Ledger) -> None:
    ledger.sequencer.append([case_opened(4)])  # no checkpoint is over this one
    assert found(ledger, LogAudit.tiles) == []
    [hashes] = column(ledger, "SELECT hashes FROM tile")
    assert len(hashes) == 4 * HASH_BYTES
    for at in range(len(hashes)):
        flipped = bytearray(hashes)
        flipped[at] ^= 1 << at % 8
        change(ledger, "UPDATE tile SET hashes = ?", bytes(flipped))
        where = "tile 0/0" if at // HASH_BYTES < 3 else "leaf 3 or tile 0/0"
        assert found(ledger, LogAudit.tiles) == [(where, "log.tiles.other_hashes")]


def test_a_changed_leaf_is_named_beside_the_tile_that_no_longer_fits(ledger: Ledger) -> None:
    change(ledger, "UPDATE event SET leaf = ? WHERE idx = 1", leaf())
    assert found(ledger, LogAudit.tiles) == [("leaf 1 or tile 0/0", "log.tiles.other_hashes")]


def test_a_tile_that_is_missing_added_or_no_bytes_is_found(ledger: Ledger) -> None:
    [hashes] = column(ledger, "SELECT hashes FROM tile")
    change(ledger, "INSERT INTO tile VALUES (1, 0, ?)", b"\0" * HASH_BYTES)
    assert found(ledger, LogAudit.tiles) == [("tile 1/0", "log.tiles.other_hashes")]
    change(ledger, "DELETE FROM tile WHERE level = 1")
    change(ledger, "UPDATE tile SET hashes = 'text'")
    assert [where for where, _code in found(ledger, LogAudit.tiles)] == ["tile 0/0", "tile 0/0"]
    change(ledger, "DELETE FROM tile")
    assert found(ledger, LogAudit.tiles) == [("tile 0/0", "log.tiles.other_hashes")]
    change(ledger, "INSERT INTO tile VALUES (0, 0, ?)", hashes)
    assert found(ledger, LogAudit.tiles) == []


# Checkpoints


def signed(ledger: Ledger, *, size: int = 3, root: bytes | None = None, key: Ed25519PrivateKey = KEY) -> bytes:
    held = mth([leaf_hash(each) for each in leaves_of(ledger)[:size]])
    return sign_checkpoint(Checkpoint(ORIGIN, size, held if root is None else root), key=key)


def test_a_checkpoint_that_the_leaves_do_not_bear_out_is_a_finding(ledger: Ledger) -> None:
    for note, code in (
        (signed(ledger), None),
        (signed(ledger, size=2), "checkpoint.another_size"),
        (signed(ledger, root=bytes(32)), "checkpoint.another_root"),
        ("text", "store.no_bytes"),
    ):
        change(ledger, "UPDATE checkpoint SET note = ?", note)
        assert found(ledger, LogAudit.checkpoints) == ([] if code is None else [("checkpoint 3", code)])


def test_a_checkpoint_that_another_key_signed_is_a_finding(ledger: Ledger) -> None:
    change(ledger, "UPDATE checkpoint SET note = ?", signed(ledger, key=OTHER_KEY))
    [(where, code)] = found(ledger, LogAudit.checkpoints)
    assert (where, code.partition(".")[0]) == ("checkpoint 3", "note")


def test_a_checkpoint_over_more_than_the_log_holds_is_a_finding(ledger: Ledger) -> None:
    change(ledger, "DELETE FROM event WHERE idx = 2")
    assert found(ledger, LogAudit.checkpoints) == [("checkpoint 3", "checkpoint.log_shorter")]


def test_a_cosignature_that_this_program_did_not_write_is_a_finding(ledger: Ledger) -> None:
    change(ledger, "UPDATE checkpoint SET cosigned = ?", b"x")
    assert found(ledger, LogAudit.checkpoints) == [("checkpoint 3", "checkpoint.cosigned")]


# Tokens


def test_a_token_and_a_reply_are_those_of_their_anchor(ledger: Ledger, office: RehearsalOffice) -> None:
    at, roots = anchor(ledger, office), {"office": (office.root,)}
    assert found(ledger, LogAudit.tokens, roots=roots) == []
    [kept] = column(ledger, "SELECT token FROM token")
    for name in ("token", "reply"):
        [body] = column(ledger, f"SELECT {name} FROM token")
        for other in (body[:-1], b"", bytes([body[0] ^ 1]) + body[1:]):
            change(ledger, f"UPDATE token SET {name} = ?", other)
            assert found(ledger, LogAudit.tokens, roots=roots) == [(f"token {at}", "checkpoint.other_bytes")]
        change(ledger, f"UPDATE token SET {name} = ?", body)
    change(ledger, "INSERT INTO token VALUES (2, 3, ?, ?)", kept, kept)
    assert found(ledger, LogAudit.tokens, roots=roots) == [("token 2", "log.tokens.no_anchor")]
    change(ledger, "DELETE FROM token")
    assert found(ledger, LogAudit.tokens, roots=roots) == [(f"token {at}", "log.tokens.no_row")]


def test_a_token_is_for_a_checkpoint_of_its_size_that_is_there(ledger: Ledger, office: RehearsalOffice) -> None:
    at, roots = anchor(ledger, office), {"office": (office.root,)}
    change(ledger, "UPDATE token SET size = 2")
    assert found(ledger, LogAudit.tokens, roots=roots) == [(f"token {at}", "checkpoint.stamped_missing")]
    change(ledger, "UPDATE token SET size = 3")
    assert found(ledger, LogAudit.tokens, roots=roots) == []
    change(ledger, "DELETE FROM checkpoint")
    assert found(ledger, LogAudit.tokens, roots=roots) == [(f"token {at}", "checkpoint.stamped_missing")]


def test_a_token_under_no_root_that_is_trusted_for_its_office_proves_nothing(
    ledger: Ledger, office: RehearsalOffice
) -> None:
    at = anchor(ledger, office)
    for roots in ({}, {"office": ()}, {"another office": (office.root,)}):
        [(where, code)] = found(ledger, LogAudit.tokens, roots=roots)
        assert where == f"token {at}"
        assert not code.startswith(("log.", "checkpoint."))
    assert found(ledger, LogAudit.tokens, roots={"office": (office.root,)}) == []


def test_an_anchor_that_names_another_time_than_its_token_is_found(ledger: Ledger, office: RehearsalOffice) -> None:
    at = anchor(ledger, office, gen_time=format_time(system_clock() - timedelta(hours=1)))
    roots = {"office": (office.root,)}
    assert found(ledger, LogAudit.tokens, roots=roots) == [(f"token {at}", "checkpoint.another_time")]


@pytest.mark.parametrize(
    ("sizes", "later", "codes"),
    [
        ((3, 3), -MAX_SKEW, []),
        ((3, 3), -MAX_SKEW - SECOND, ["earlier_time"]),
        ((4, 3), SECOND, ["smaller_checkpoint"]),
        ((4, 3), -2 * MAX_SKEW, ["smaller_checkpoint", "earlier_time"]),
    ],
)
def test_sizes_and_times_of_the_anchors_never_go_back(
    ledger: Ledger, office: RehearsalOffice, sizes: tuple[int, int], later: timedelta, codes: list[str]
) -> None:
    ledger.sequencer.append([case_opened(4)])
    ledger.sequencer.checkpoint()
    now = system_clock()
    anchor(ledger, office, size=sizes[0], at=now)
    last = anchor(ledger, office, size=sizes[1], at=now + later)
    expected = [(f"token {last}", f"log.tokens.{code}") for code in codes]
    assert found(ledger, LogAudit.tokens, roots={"office": (office.root,)}) == expected


# What is stamped


def test_a_checkpoint_with_news_is_undecided_until_it_is_stamped(ledger: Ledger, office: RehearsalOffice) -> None:
    def verdicts(**known: object) -> list[tuple[Verdict, str]]:
        return [(each.verdict, each.code) for each in findings(ledger, LogAudit.anchored, **known)]

    undecided = [(Verdict.INDETERMINATE, "log.anchored.not_stamped")]
    passed = [(Verdict.PASSED, "log.anchored.newer_entries")]
    assert verdicts() == undecided
    anchor(ledger, office)
    assert verdicts() == passed
    ledger.sequencer.checkpoint()
    assert verdicts() == passed  # over the anchor alone
    ledger.sequencer.append([case_opened(5)])
    ledger.sequencer.checkpoint()
    assert verdicts() == undecided
    assert verdicts(asked=3) == passed  # it waits for the beat


def test_a_token_that_the_log_does_not_name_stamps_nothing(ledger: Ledger, office: RehearsalOffice) -> None:
    anchor(ledger, office)
    change(ledger, "UPDATE token SET size = 'many'")  # what is stamped is asked of the checkpoint
    assert [each.verdict for each in findings(ledger, LogAudit.anchored)] == [Verdict.PASSED]
    change(ledger, "UPDATE token SET token = x'05'")
    assert [each.verdict for each in findings(ledger, LogAudit.anchored)] == [Verdict.INDETERMINATE]


# What was signed last


def test_what_was_signed_last_is_held_missing_or_unknown(ledger: Ledger) -> None:
    note = ledger.signed.read_bytes()
    assert findings(ledger, LogAudit.signed, signed=note, keys=True) == []
    assert found(ledger, LogAudit.signed, keys=True) == [("log.signed", "log.signed.missing")]
    [unknown] = findings(ledger, LogAudit.signed, keys=False)
    assert (unknown.verdict, unknown.code) == (Verdict.INDETERMINATE, "log.signed.no_keys")


def test_an_anchor_alone_shows_that_something_was_signed(ledger: Ledger, office: RehearsalOffice) -> None:
    anchor(ledger, office)
    change(ledger, "DELETE FROM checkpoint")
    assert found(ledger, LogAudit.signed, keys=True) == [("log.signed", "log.signed.missing")]


def test_a_log_that_never_had_a_checkpoint_misses_none(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    ledger.sequencer.append([case_opened()])
    assert findings(ledger, LogAudit.signed, keys=True) == []
    ledger.sequencer.checkpoint()
    assert len(findings(ledger, LogAudit.signed, keys=True)) == 1
    ledger.engine.dispose()


@pytest.mark.parametrize(
    ("size", "root", "key", "code"),
    [
        (3, None, OTHER_KEY, "checkpoint.not_of_this_log"),
        (4, bytes(32), KEY, "checkpoint.log_shorter"),
        (2, bytes(32), KEY, "checkpoint.another_root"),
    ],
)
def test_a_log_does_not_hold_another_s_a_longer_or_a_forked_checkpoint(
    ledger: Ledger, size: int, root: bytes | None, key: Ed25519PrivateKey, code: str
) -> None:
    for outside in (2, 3):
        held = findings(ledger, LogAudit.signed, signed=signed(ledger, size=outside))
        assert {each.code for each in held} <= {"log.signed.no_row"}  # the ledger may have no row of it
    with pytest.raises(CheckpointError) as raised:
        findings(ledger, LogAudit.signed, signed=signed(ledger, size=size, root=root, key=key))
    assert raised.value.code == code
