"""A new casework or matching key: every row is sealed again, whoever stops it and whoever works beside it."""

import contextlib
import errno
import io
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.home import NEXT, SEAL_FILE, SEAL_KEY_FILE, Home, certificate_sha256, read_certificate
from api.http.keyring import Keyring
from api.office.alert import Lookout
from api.office.audit import run_audit
from api.office.backup import Wishes, back_up, restore
from api.office.check import check_picture
from api.office.erase import ErasureCause, ErasureWish, erase_items
from api.office.hash_list import add_hash_list
from api.office.key import Renewed, change_passphrase, drill, recover, renew_seal
from api.office.look import look_at_case
from api.office.new_key import NewKey, renew_key
from api.office.opened import OpenOffice
from api.office.task import TaskKind, new_task_id, seal_of
from api.offline.drill import Trial, drill_with
from casefiles.case import open_events
from casefiles.hash_list import DeclaredList
from config.errors import CallError, Explained
from evidence import rekey
from evidence.custody.event import Draft
from evidence.custody.pins import SealingTo
from evidence.custody.reseal import KeyChange, _Row, exchange, reseal_ahead
from evidence.errors import (
    AuthorityError,
    CheckpointError,
    HomeError,
    NoMatchingKeyError,
    PassphraseError,
    StorageFullError,
)
from evidence.finding import Verdict
from evidence.keys import Unlocked
from evidence.match.hash_csv import read_hashes
from evidence.match.library import Library
from evidence.match.segments import SealedSegment
from evidence.match.stored import sealed_prints
from evidence.recovery import recover_identities
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.question import QuestionState, StoredQuestion, add_question, end_questions
from evidence.store.work import Task, TaskState, add_task, find_task
from evidence.store.work_ahead import WorkAhead
from evidence.times import system_clock
from tests.appearing import jpeg, photo
from tests.homes import PASSPHRASE, Office, copy_of, doer, export_of, items_of, new_case, records_of, size_of
from tests.listing import provenance
from tests.nonempty import nonempty

NEW = "an eel sang at noon"
NAMES = {"casework": {"record"}, "matching": {"hashes", "prints"}}
ROLES = pytest.mark.parametrize("role", sorted(NAMES))


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    made = copy_of(office, tmp_path)
    yield made
    made.engine.dispose()


@contextmanager
def unheard(_total: int) -> Iterator[Callable[[int], object]]:
    yield lambda _done: None


def renewed(home: Home, role: str = "casework", *, passphrase: str = PASSPHRASE, new: str = NEW) -> NewKey:
    return renew_key(home, role, home.unlock(passphrase), new, doer(home), unheard)


def opening(home: Home) -> list[str]:
    """The passphrases that open the keys of this home; every record and every fingerprint opens with those keys."""
    found = []
    for passphrase in (PASSPHRASE, NEW):
        try:
            keys = home.unlock(passphrase)
        except PassphraseError:
            continue
        assert sum(1 for _event in open_events(home.engine, range(size_of(home)), keys.casework)) == size_of(home)
        with reading(home.engine) as connection:
            assert list(sealed_prints(connection, keys.matching, after=-1))
        found.append(passphrase)
    return found


def verdict(home: Home, passphrase: str | None = NEW, level: int = 3) -> Verdict:
    audited = run_audit(home, level=level, against=None, passphrase=passphrase, progress=lambda _more: None)
    return audited.report.verdict


def problems(home: Home) -> list[str]:
    audited = run_audit(home, level=2, against=None, passphrase=None, progress=lambda _more: None)
    return [each.code for each in audited.report.problems]


def rows_of(home: Home) -> Mapping[tuple[int, str], bytes]:
    with reading(home.engine) as connection:
        rows = connection.execute(sa.select(database.sealed)).all()
    return {(row.idx, row.name): bytes(row.body) for row in rows}


def left_over(home: Home) -> list[Path]:
    """Files of a change that is not finished."""
    beside = [*(home.path / "recipients").glob("*.next"), *(home.path / "recovery").glob("*.next")]
    return [*home.keys.path.glob("next*"), *beside]


def stop(*_told: object, **_more: object) -> Any:  # noqa: ANN401 - in the place of any function
    raise KeyboardInterrupt


def restored(backup: Path, place: Path, passphrase: str) -> Home:
    restore(backup, place, system_clock, passphrase=lambda: passphrase, progress=unheard)
    return Home.open(place)


@ROLES
def test_a_new_key_opens_every_row_and_the_old_one_none(home: Home, role: str) -> None:
    old, before, was = home.unlock(PASSPHRASE), rows_of(home), size_of(home)
    values = [record.values for record in records_of(home)]
    done = renewed(home, role)
    sealed_to_it = [place for place in before if place[1] in NAMES[role]]
    assert (done.role, done.resealed, done.old_pages) == (role, len(sealed_to_it), None)
    assert sealed_to_it
    assert opening(home) == [NEW]
    assert [record.values for record in records_of(home, 0, NEW)][: len(values)] == values
    after = rows_of(home)
    for place, body in nonempty(before.items()):
        assert (after[place] != body) is (place[1] in NAMES[role])
        assert after[place][-64:] == body[-64:]  # the payload is as it was
    with reading(home.engine) as connection, pytest.raises(NoMatchingKeyError):
        list(
            open_events(home.engine, [0], old.casework)
            if role == "casework"
            else sealed_prints(connection, old.matching)
        )
    told = [(each.type, each.values.get("key")) for each in records_of(home, was, NEW)]
    changes = [("key_changed", key) for key in (role, f"{role}_recovery", "passphrase")]
    assert told == [("requested", None), ("approved", None), *changes]
    assert (verdict(home), verdict(home, None, 2), home.unpinned(recovery=True)) == (Verdict.PASSED, Verdict.PASSED, [])
    assert left_over(home) == []


@pytest.mark.slow
def test_one_key_after_the_other_and_again_and_the_seal_goes_on(home: Home, office: Office, tmp_path: Path) -> None:
    case = new_case(home)
    renewed(home)
    renewed(home, "matching", passphrase=NEW)
    renewed(home, passphrase=NEW, new=PASSPHRASE)
    assert opening(home) == [PASSPHRASE]
    assert verdict(home, PASSPHRASE) is Verdict.PASSED
    assert verdict(home, PASSPHRASE) is Verdict.PASSED
    assert isinstance(renew_seal(home, office.cards[:2], doer(home)), Renewed)
    assert export_of(home, case, tmp_path / "case.asice").facts.seal_fingerprint
    assert drill(home, office.cards[:2]).cards == 2
    assert recover(home, office.cards[1:], NEW, doer(home)).logged
    assert opening(home) == [NEW]
    assert verdict(home) is Verdict.PASSED


def test_a_key_is_made_anew_by_two_persons_with_the_keys_of_this_home(home: Home) -> None:
    before, files = rows_of(home), {file: file.read_bytes() for file in home.keys.files()}
    keys = home.unlock(PASSPHRASE)
    with pytest.raises(AuthorityError):
        renew_key(home, "casework", keys, NEW, doer(home, approver=None), unheard)
    with pytest.raises(PassphraseError, match="too short"):
        renewed(home, new="short")
    swapped = type(keys)(keys.matching, keys.casework)
    with pytest.raises(HomeError, match="do not open it"):
        renew_key(home, "casework", swapped, NEW, doer(home), unheard)
    rekey.forget_ahead(home.keys)
    assert (rows_of(home), {file: file.read_bytes() for file in home.keys.files()}) == (before, files)


# Stopped


CUTS = (
    "api.office.new_key.write_file",  # the new key itself
    "evidence.custody.reseal.rewrap",  # ahead
    "api.office.new_key.exchange",  # before the turn
    "evidence.custody.reseal.put",  # in it
    "api.office.new_key.prepare",
    "evidence.rekey.write_file",  # while the new files are laid
    "api.office.new_key.lay_public",
    "evidence.renewal.replace_file",
    "evidence.custody.sequencer.append",  # laid, and not logged
    "api.home.Home.finish_keys",  # logged, and nothing is in its place
    "evidence.rekey.finish",
    "evidence.renewal.move_file",  # the key files are in their places, and what the cards open is not
    "evidence.rekey.forget_ahead",
    "evidence.erasure.reading",
    "api.home.Writer.beat",
)


def stopped_by(home: Home, monkeypatch: pytest.MonkeyPatch, cut: str) -> None:
    """Change the key, and stop where a function is called once the home is open for it."""
    keys, original = home.unlock(PASSPHRASE), Home.writing
    with monkeypatch.context() as patch:

        @contextmanager
        def entered(self: Home) -> Iterator[Any]:
            with original(self) as writer:
                patch.setattr(cut, stop)
                yield writer

        patch.setattr(Home, "writing", entered)
        with pytest.raises(KeyboardInterrupt):
            renew_key(home, "casework", keys, NEW, doer(home), unheard)


@pytest.mark.every(8)
@pytest.mark.parametrize("cut", CUTS)
def test_what_is_stopped_leaves_the_old_key_or_the_new_one_and_is_done_again(
    home: Home, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    before = size_of(home)
    stopped_by(home, monkeypatch, cut)
    home.engine.dispose()
    fresh = Home.open(home.path)  # only opened to be read: nobody who reads meets two keys
    logged = size_of(fresh) > before
    assert opening(fresh) == [NEW if logged else PASSPHRASE]
    assert verdict(fresh, opening(fresh)[0]) is not Verdict.FAILED
    assert renewed(fresh, passphrase=opening(fresh)[0]).role == "casework"
    assert opening(fresh) == [NEW]
    assert left_over(fresh) == []
    assert verdict(fresh) is Verdict.PASSED
    fresh.engine.dispose()


def statements_until(home: Home, last: int) -> int:
    """Change the key, and stop at a statement; how many there were."""
    seen = 0

    def count(*_told: object) -> None:
        nonlocal seen
        seen += 1
        if seen == last:
            raise KeyboardInterrupt

    keys = home.unlock(PASSPHRASE)
    sa.event.listen(home.engine, "before_cursor_execute", count)
    with contextlib.suppress(KeyboardInterrupt, HomeError):
        renew_key(home, "casework", keys, NEW, doer(home), unheard)
    sa.event.remove(home.engine, "before_cursor_execute", count)
    return seen


def stopped_at(office: Office, folder: Path, last: int) -> str:
    """What is wrong after a change that was stopped at a statement."""
    home = copy_of(office, folder)
    statements_until(home, last)
    home.engine.dispose()
    fresh = Home.open(home.path)
    try:
        found = opening(fresh)
        if len(found) != 1:
            return f"{last}: {found} open"
        with fresh.writing():
            pass
        wrong = verdict(fresh, found[0]) is Verdict.FAILED or opening(fresh) != found
    except Explained as error:
        return f"{last}: {error}"
    else:
        return f"{last}: {found}" if wrong else ""
    finally:
        fresh.engine.dispose()
        shutil.rmtree(folder)


STRIDE = pytest.mark.parametrize("stride", [47, pytest.param(1, marks=pytest.mark.slow)])


@STRIDE
def test_at_each_statement_one_key_opens_everything(office: Office, home: Home, tmp_path: Path, stride: int) -> None:
    every = statements_until(home, -1)
    assert every > 2 * stride
    wrong = [stopped_at(office, tmp_path / str(last), last) for last in range(1, every, stride)]
    assert [each for each in nonempty(wrong) if each] == []


def test_the_walk_over_statements_finds_rows_that_are_exchanged_before_they_are_logged(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONTROL: the rows are exchanged in a transaction of their own."""

    def too_early(engine: sa.Engine, change: KeyChange, ahead: WorkAhead, hear: Callable[[int], object]) -> None:
        reseal_ahead(engine, change, ahead, hear)
        with writing(engine) as connection:
            exchange(connection, change, ahead)

    monkeypatch.setattr("api.office.new_key.reseal_ahead", too_early)
    assert stopped_at(office, tmp_path / "early", -1)


def test_work_that_was_stopped_goes_on_and_is_begun_anew_under_another_passphrase(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[tuple[int, str]]()
    original = _Row.new_header

    def counted(self: _Row, change: Any) -> bytes:  # noqa: ANN401
        made.append(self.place)
        return original(self, change)

    monkeypatch.setattr(_Row, "new_header", counted)
    with monkeypatch.context() as patch:
        patch.setattr("api.office.new_key.exchange", stop)
        with pytest.raises(KeyboardInterrupt):
            renewed(home)
    rows = len(made)
    assert rows == sum(name == "record" for _at, name in rows_of(home))
    with monkeypatch.context() as patch:
        patch.setattr("api.office.new_key.exchange", stop)
        with pytest.raises(KeyboardInterrupt):
            renewed(home, new="another one of the sea")
    assert len(made) == 2 * rows
    (home.keys.path / rekey.AHEAD / "rows").write_bytes(b"damaged")
    assert renewed(home, new="another one of the sea").resealed == rows
    assert len(made) == 3 * rows
    assert verdict(home, "another one of the sea") is Verdict.PASSED


def test_work_ahead_is_gone_with_the_change_and_what_is_left_of_one_is_not_gone_on_with(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = home.keys.path / rekey.AHEAD
    with monkeypatch.context() as patch:
        patch.setattr("api.office.new_key.exchange", stop)
        with pytest.raises(KeyboardInterrupt):
            renewed(home)
    with home.writing():
        pass
    assert ahead.exists()  # nothing is logged of it, so it goes on later
    with monkeypatch.context() as patch:
        patch.setattr(Home, "finish_keys", stop_finishing)
        with pytest.raises(KeyboardInterrupt):
            renewed(home)
    shutil.copytree(ahead, home.keys.path / "copy")
    assert Home.open(home.path).unlock(NEW)
    assert left_over(home) == []
    (home.keys.path / "copy").rename(ahead)
    now = home.recipients.casework
    assert renewed(home, passphrase=NEW).resealed
    assert home.recipients.casework != now
    assert (left_over(home), verdict(home)) == ([], Verdict.PASSED)


def stop_finishing(self: Home, take: Any) -> None:  # noqa: ANN401
    if rekey.laid(self.keys):
        stop()


@pytest.mark.every(2)
@pytest.mark.parametrize("where", ["evidence.rekey.write_file", "evidence.renewal.replace_file"])
def test_a_full_disk_keeps_the_old_key(home: Home, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    before, was = rows_of(home), size_of(home)

    def full(*_told: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(where, full)
        with pytest.raises(StorageFullError):
            renewed(home)
    assert (rows_of(home), size_of(home), opening(home)) == (before, was, [PASSPHRASE])
    assert verdict(home, PASSPHRASE) is Verdict.PASSED
    renewed(home)
    assert (opening(home), left_over(home)) == ([NEW], [])


def test_a_row_that_is_not_what_was_logged_is_not_sealed_again(home: Home, office: Office, tmp_path: Path) -> None:
    before = rows_of(home)
    table = database.sealed
    for name, value in (("cut", before[3, "record"][:-1]), ("of another", before[4, "record"])):
        damaged = copy_of(office, tmp_path / name)
        with writing(damaged.engine) as connection:
            connection.execute(sa.update(table).where(table.c.idx == 3, table.c.name == "record").values(body=value))
        with pytest.raises(HomeError, match="not what was logged") as raised:
            renewed(damaged)
        assert "3" in str(raised.value.where)
        assert problems(damaged) == ["sealed.rows.changed"]  # as before: damage was not logged as right
        damaged.engine.dispose()


# Beside others


def test_a_writer_that_began_before_logs_nothing_under_the_old_key(home: Home) -> None:
    there = Home.open(home.path)
    with there.writing() as writer:
        prepared = writer.sequencer.prepare([Draft("case_opened", doer(home).values() | {"case": "a" * 32})])
        renewed(home)
        was = size_of(home)
        with pytest.raises(HomeError, match="was changed while"):
            writer.sequencer.turn(lambda _connection: prepared)
    assert size_of(home) == was
    new_case(there)  # begun after it, in the same process
    assert size_of(home) > was
    assert verdict(home) is Verdict.PASSED
    there.engine.dispose()


def test_without_the_comparison_in_each_turn_an_entry_would_be_closed_for_ever(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONTROL: nobody compares."""
    there = Home.open(home.path)
    with there.writing() as writer:
        prepared = writer.sequencer.prepare([Draft("case_opened", doer(home).values() | {"case": "a" * 32})])
        renewed(home)
        monkeypatch.setattr(SealingTo, "require", lambda *_told: None)
        writer.sequencer.turn(lambda _connection: prepared)
    assert verdict(home) is Verdict.FAILED
    there.engine.dispose()


def test_what_comes_during_the_work_ahead_is_sealed_again_too(home: Home) -> None:
    cases = list[str]()

    @contextmanager
    def busy(_total: int) -> Iterator[Callable[[int], object]]:
        there = Home.open(home.path)
        yield lambda _done: None if cases else cases.append(new_case(there))
        new_case(there)
        there.engine.dispose()

    renew_key(home, "casework", home.unlock(PASSPHRASE), NEW, doer(home), busy)
    assert cases
    assert opening(home) == [NEW]
    assert verdict(home) is Verdict.PASSED


@ROLES
def test_a_passphrase_that_is_changed_with_keys_of_before_does_not_bring_them_back(home: Home, role: str) -> None:
    there = Home.open(home.path)
    keys = there.unlock(PASSPHRASE)
    renewed(home, role)
    was, files = size_of(home), {file: file.read_bytes() for file in home.keys.files()}
    with pytest.raises(HomeError, match="was changed while"):
        change_passphrase(there, keys, "another one of the sea", doer(home))
    assert (size_of(home), {file: file.read_bytes() for file in home.keys.files()}) == (was, files)
    assert opening(home) == [NEW]
    there.engine.dispose()


def test_cards_that_opened_the_key_of_before_do_not_bring_it_back(
    home: Home, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Home.open(home.path)

    def late(*told: Any) -> Unlocked:  # noqa: ANN401
        found = recover_identities(*told)
        renewed(home)
        return found

    monkeypatch.setattr("api.office.key.recover_identities", late)
    with pytest.raises(HomeError, match="was changed while"):
        recover(there, office.cards[:2], "another one of the sea", doer(home))
    assert opening(home) == [NEW]
    there.engine.dispose()


@pytest.mark.parametrize("how", ["done", "killed"])
def test_a_seal_that_is_renewed_during_the_work_ahead_stays(
    home: Home, office: Office, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    old = certificate_sha256(home.path / SEAL_FILE)

    def renew() -> None:
        there = Home.open(home.path)
        with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            if how == "killed":  # logged, and nothing is in its place
                patch.setattr(Home, "finish_renewal", stop_there)
            renew_seal(there, office.cards[:2], doer(home))
        there.engine.dispose()

    original = Home.finish_renewal

    def stop_there(self: Home, *told: Any) -> None:  # noqa: ANN401
        if (self.path / f"{SEAL_FILE}{NEXT}").exists():
            stop()
        original(self, *told)

    @contextmanager
    def busy(_total: int) -> Iterator[Callable[[int], object]]:
        yield lambda _done: None
        renew()

    renew_key(home, "casework", home.unlock(PASSPHRASE), NEW, doer(home), busy)
    assert certificate_sha256(home.path / SEAL_FILE) != old
    key = load_pem_private_key(home.keys.read_sealed(SEAL_KEY_FILE, home.unlock(NEW).casework), None)
    assert key.public_key() == read_certificate(home.path / SEAL_FILE).public_key()
    assert (home.unpinned(recovery=True), verdict(home)) == ([], Verdict.PASSED)


def add_list(home: Home, keys: Unlocked, _case: str) -> None:
    lines = f"algorithm,hash\nMD5,{'ab' * 16}\n".encode()
    declared = DeclaredList(read_hashes(io.BytesIO(lines)), provenance())
    add_hash_list(home, declared, doer(home), keys)


def check(home: Home, keys: Unlocked, case: str) -> None:
    check_picture(home, io.BytesIO(jpeg(photo())), case, doer(home), keys)


def erase(home: Home, keys: Unlocked, case: str) -> None:
    erase_items(home, ErasureWish((items_of(home)[0].item_id,), ErasureCause.MISTAKE, case), doer(home), keys)


def look_out(home: Home, keys: Unlocked, _case: str) -> None:
    Lookout(home, OpenOffice.of(home, keys)).look()


def look_at(home: Home, keys: Unlocked, case: str) -> None:
    look_at_case(home, case, doer(home), keys.casework)


@pytest.mark.parametrize(
    ("role", "verb"),
    [("matching", add_list), ("matching", check), ("casework", erase), ("matching", look_out), ("casework", look_at)],
)
def test_nothing_is_sealed_with_keys_that_were_opened_before_the_change(
    home: Home, monkeypatch: pytest.MonkeyPatch, role: str, verb: Callable[[Home, Unlocked, str], None]
) -> None:
    """The key is made anew while the verb waits to write."""
    there, original, sizes = Home.open(home.path), Home.writing, list[int]()

    def late(self: Home) -> Any:  # noqa: ANN401
        if self is there:
            monkeypatch.setattr(Home, "writing", original)
            renewed(home, role)
            sizes.append(size_of(home))
        return original(self)

    keys, case = there.unlock(PASSPHRASE), new_case(home)
    monkeypatch.setattr(Home, "writing", late)
    with pytest.raises(HomeError, match="was changed while"):
        verb(there, keys, case)
    assert sizes == [size_of(home)]
    there.engine.dispose()


def test_a_snapshot_that_was_made_before_the_change_is_not_kept_after_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, original = Home.open(home.path), Library.unsaved

    def late(self: Library) -> Sequence[SealedSegment]:
        segments = original(self)
        assert segments
        renewed(home, "matching")
        return segments

    monkeypatch.setattr("evidence.match.library.SAVE_FILES", 1)
    monkeypatch.setattr(Library, "unsaved", late)
    with pytest.raises(HomeError, match="was changed while"):
        Lookout(there, OpenOffice.of(there, there.unlock(PASSPHRASE))).look()
    with reading(home.engine) as connection:
        assert connection.execute(sa.select(database.print_segment)).all() == []
    there.engine.dispose()


def test_an_office_that_was_open_is_locked_by_the_change(home: Home) -> None:
    ring = Keyring(home, idle_s=1000.0)
    ring.unlock(PASSPHRASE)
    assert ring.is_open
    there = Home.open(home.path)
    renewed(there)
    with pytest.raises(CallError):
        _ = ring.casework
    ring.unlock(NEW)
    assert next(iter(open_events(home.engine, [0], ring.casework))).record
    there.engine.dispose()


def test_tasks_that_wait_open_with_the_new_key(home: Home) -> None:
    at = home.clock()
    task = Task(new_task_id(), TaskKind.CHECK, TaskState.QUEUED, "ann", None, None, b"", None, at)
    said = {"who": "mila"}
    seal = seal_of(home)
    sealed = Task(task.task_id, task.kind, task.state, "ann", None, None, seal.seal(task, "asked", said), None, at)
    with writing(home.engine) as connection:
        add_task(connection, sealed, subject="one")
    renewed(home)
    with reading(home.engine) as connection:
        kept = find_task(connection, task.task_id)
    assert seal_of(home).open(kept, "asked", kept.asked, lambda: home.unlock(NEW).casework) == said
    assert kept.asked != sealed.asked


def test_while_a_ticket_is_out_the_matching_key_stays(home: Home) -> None:
    at = home.clock()
    later = at.replace(year=at.year + 1)
    with writing(home.engine) as connection:
        add_question(connection, StoredQuestion("a" * 32, "m", QuestionState.TICKET, "ann", "c", b"", at, later))
    with pytest.raises(HomeError, match="only the old matching key opens"):
        renewed(home, "matching")
    renewed(home, new=PASSPHRASE)
    with writing(home.engine) as connection:
        end_questions(connection, "c")
    assert renewed(home, "matching").resealed


# What an audit finds


def test_a_row_or_a_list_that_is_changed_after_it_is_found_without_a_key(
    home: Home, office: Office, tmp_path: Path
) -> None:
    old = rows_of(home)
    renewed(home)
    table, after = database.sealed, rows_of(home)
    (listed,) = (place for place in after if place[1] == "resealed")
    keep = after[listed]
    for place, body, found in (
        ((3, "record"), old[3, "record"], {"sealed.rows.changed"}),  # the row as the old key opens it
        ((3, "record"), after[3, "record"][:-1], {"sealed.rows.changed"}),
        (listed, keep[:-1] + bytes([keep[-1] ^ 1]), {"sealed.rows.changed"}),
    ):
        here = table.c.idx == place[0], table.c.name == place[1]
        with writing(home.engine) as connection:
            connection.execute(sa.update(table).where(*here).values(body=body))
        assert set(problems(home)) == found
        with writing(home.engine) as connection:
            connection.execute(sa.update(table).where(*here).values(body=after[place]))
    assert problems(home) == []


def test_rows_of_nobody_that_a_change_logs_as_right_are_found_with_the_key(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What whoever has the log key could log; an audit without a key passes (LIMIT of ``resealed``)."""
    under = _Row.under
    with monkeypatch.context() as patch:
        patch.setattr(_Row, "under", lambda self, header: under(self, header)[: -1 if self.place[0] == 3 else None])
        renewed(home)
    assert (verdict(home, None, 2), verdict(home)) == (Verdict.PASSED, Verdict.FAILED)


# Older states


def test_an_older_home_beside_the_newer_keys_is_refused_with_a_remedy_and_the_cards_open_it(
    home: Home, office: Office, tmp_path: Path
) -> None:
    shutil.copytree(home.path, tmp_path / "older")
    shutil.copytree(home.keys.path, tmp_path / "older.keys")
    renewed(home)
    home.engine.dispose()
    shutil.rmtree(home.path)
    shutil.copytree(tmp_path / "older", home.path)
    back = Home.open(home.path)
    with pytest.raises(HomeError, match="do not open it") as refused:
        back.unlock(NEW)
    assert "key recover" in str(refused.value.fix)
    with pytest.raises(CheckpointError), back.writing():
        pass
    both = Home.open(tmp_path / "older")  # with the keys of that time
    assert opening(both) == [PASSPHRASE]
    assert verdict(both, PASSPHRASE) is Verdict.PASSED
    for each in (back, both):
        each.engine.dispose()


@pytest.mark.slow
def test_a_backup_from_before_and_one_from_after_open_each_with_its_keys(
    home: Home, office: Office, tmp_path: Path
) -> None:
    def backed_up(name: str) -> Path:
        return back_up(home, tmp_path / name, with_keys=True, progress=unheard).path

    before = backed_up("disk")
    renewed(home)
    after = backed_up("disk")
    for backup, passphrase in ((before, PASSPHRASE), (after, NEW)):
        there = restored(backup, tmp_path / backup.name / "home", passphrase)
        assert opening(there) == [passphrase]
        assert verdict(there, passphrase) is Verdict.PASSED
        there.engine.dispose()
    trial = Trial(2, unheard, lambda _one: None)
    assert drill_with(home, after, office.cards[1:], doer(home, approver=None), trial).cards == 2


@pytest.mark.slow
def test_what_another_organisation_kept_from_before_opens_with_the_cards(
    home: Home, office: Office, tmp_path: Path
) -> None:
    kept = back_up(home, tmp_path / "org", with_keys=False, progress=unheard, keeper="Org B").path
    renewed(home)
    home.engine.dispose()
    shutil.copytree(home.keys.path, tmp_path / "back.keys")
    with pytest.raises(HomeError, match="another casework key") as refused:
        restored(kept, tmp_path / "back", NEW)
    assert "--card FILE" in str(refused.value.fix)
    shutil.rmtree(tmp_path / "back.keys")
    cards = Wishes(cards=office.cards[:2])
    restore(kept, tmp_path / "back", system_clock, passphrase=lambda: "", progress=unheard, wishes=cards)
    there = Home.open(tmp_path / "back")
    assert recover(there, office.cards[:2], PASSPHRASE, doer(home)).logged is False
    assert opening(there) == [PASSPHRASE]
    there.engine.dispose()


def test_a_backup_between_the_log_and_the_key_files_has_rows_and_keys_that_fit(
    home: Home, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_by(home, monkeypatch, "api.home.Home.finish_keys")
    assert left_over(home)
    made = back_up(home, tmp_path / "disk", with_keys=False, progress=unheard).path
    kept = (made / "home" / "recipients" / "casework.txt").read_text().strip()
    assert kept == str(home.unlock(NEW).casework.recipient)
    assert left_over(home) == []
    there = restored(made, tmp_path / "back" / "home", NEW)
    assert recover(there, office.cards[:2], NEW, doer(home)).logged is False
    assert opening(there) == [NEW]
    there.engine.dispose()
