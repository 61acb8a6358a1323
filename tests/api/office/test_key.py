"""The drill: every card of an office opens it with enough others, and nobody else's does. Keys are changed whole."""

import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.home import Home, certificate_sha256
from api.office.audit import run_audit
from api.office.key import Changed, Drilled, Renewed, change_passphrase, drill, recover, renew_seal
from evidence.errors import AuthorityError, CardError, HomeError, PassphraseError
from evidence.finding import Verdict
from evidence.objects.durable import move_file
from evidence.seal.cards import set_of
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import read_recipients
from tests.homes import PASSPHRASE, Office, copy_of, doer, export_of, new_case, new_home, records_of, size_of


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase that is written anew costs as little as that of every home of these tests."""
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")


def test_any_two_or_all_three_cards_open_their_office_and_nothing_is_logged(office: Office) -> None:
    before = size_of(office.home)
    for count in (2, 3):
        for cards in itertools.combinations(office.cards, count):
            assert drill(office.home, cards) == Drilled(count, "Office of tests", set_of(cards))
    assert size_of(office.home) == before


@pytest.mark.parametrize("number", [0, 1])
def test_too_few_cards_open_nothing(office: Office, number: int) -> None:
    with pytest.raises(CardError):
        drill(office.home, office.cards[:number])


def test_cards_of_another_office_are_told_apart(office: Office, tmp_path: Path) -> None:
    other, cards = new_home(tmp_path / "other")
    with pytest.raises(CardError, match="another office"):
        drill(office.home, cards[:2])
    assert drill(other, cards[:2]).cards == 2
    other.engine.dispose()


@pytest.mark.parametrize("name", ["casework.age", "matching.age", "seal-root.age"])
def test_a_drill_opens_what_the_cards_must_recover(office: Office, tmp_path: Path, name: str) -> None:
    home, (other, _cards) = copy_of(office, tmp_path), new_home(tmp_path / "other")
    file = home.path / "recovery" / name
    drill(home, office.cards[:2])
    sealed_here = seal_whole(b"nothing of ours", recipients=(home.recipients.office,))
    swapped = file.with_name("casework.age" if name != "casework.age" else "matching.age").read_bytes()
    for data in (b"", (other.path / "recovery" / name).read_bytes(), sealed_here, swapped):
        file.write_bytes(data)
        with pytest.raises(HomeError, match="cards") as raised:
            drill(home, office.cards[:2])
        assert raised.value.where == str(file)
    file.unlink()
    with pytest.raises(HomeError, match="not there"):
        drill(home, office.cards[:2])
    home.engine.dispose()
    other.engine.dispose()


def renewed(home: Home, cards: Sequence[str]) -> Renewed:
    return renew_seal(home, cards, doer(home))


def test_a_renewed_seal_seals_the_next_bundle_and_the_log_pins_it(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    case, before = new_case(home), size_of(home)
    old = certificate_sha256(home.path / "seal.pem")
    done = renewed(home, office.cards[:2])
    assert certificate_sha256(home.path / "seal.pem") == done.fingerprint != old
    assert [record.type for record in records_of(home, before)] == ["requested", "approved", "key_changed"]
    assert records_of(home, before)[-1].values["new"] == done.fingerprint
    assert home.unpinned(recovery=True) == []
    assert export_of(home, case, tmp_path / "case.asice").facts.seal_fingerprint == done.fingerprint
    again = renewed(home, office.cards[:2])
    assert again.fingerprint == certificate_sha256(home.path / "seal.pem") != done.fingerprint
    assert not list(tmp_path.rglob("seal*.next"))
    home.engine.dispose()


def test_a_seal_is_renewed_by_two_persons_with_the_cards_of_this_office(office: Office, tmp_path: Path) -> None:
    home, (other, cards) = copy_of(office, tmp_path), new_home(tmp_path / "other")
    before, seal = size_of(home), (home.path / "seal.pem").read_bytes()
    with pytest.raises(AuthorityError):
        renew_seal(home, office.cards[:2], doer(home, approver="Ann"))
    for given in (cards[:2], office.cards[:1]):
        with pytest.raises(CardError):
            renewed(home, given)
    assert (size_of(home), (home.path / "seal.pem").read_bytes()) == (before, seal)
    home.engine.dispose()
    other.engine.dispose()


@pytest.mark.every(2)
@pytest.mark.parametrize("cut", range(4))
def test_a_renewal_that_is_cut_short_leaves_the_old_seal_or_the_new_one(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """Before the event, after it, between the two files, and after both."""
    home = copy_of(office, tmp_path)
    case = new_case(home)

    def stop(*_told: object, **_more: object) -> None:
        raise KeyboardInterrupt

    moves = iter([move_file] * (cut - 1) + [stop])
    if cut == 0:
        monkeypatch.setattr("evidence.custody.sequencer.Sequencer.turn", stop)
    elif cut < 3:
        monkeypatch.setattr("api.home.move_file", lambda *told: next(moves)(*told))  # noqa: PLW0108 - each call takes the next
    else:
        monkeypatch.setattr("api.home.Writer.beat", stop)
    with pytest.raises(KeyboardInterrupt):
        renewed(home, office.cards[:2])
    monkeypatch.undo()
    home.engine.dispose()
    fresh = Home.open(home.path)
    export_of(fresh, case, tmp_path / "case.asice")
    assert fresh.unpinned(recovery=True) == []
    assert renewed(fresh, office.cards[:2]).fingerprint
    fresh.engine.dispose()


# The passphrase

NEW = "an eel sang at noon"


def changed(home: Home) -> Changed:
    return change_passphrase(home, home.keys.unlock(PASSPHRASE), NEW, doer(home))


def opens(home: Home) -> list[str]:
    """The passphrases that open both keys of a home."""
    found = []
    for passphrase in (PASSPHRASE, NEW):
        try:
            home.keys.unlock(passphrase)
        except PassphraseError:
            continue
        found.append(passphrase)
    return found


def verdict(home: Home) -> Verdict:
    passphrase = opens(home)[0]
    return run_audit(home, level=3, against=None, passphrase=passphrase, progress=lambda _more: None).report.verdict


def test_a_changed_passphrase_opens_what_the_old_one_did_and_the_log_says_so(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    before, old = size_of(home), home.keys.unlock(PASSPHRASE)
    assert changed(home) == Changed(logged=True)
    assert opens(home) == [NEW]
    assert home.keys.unlock(NEW) == old
    shutil.copytree(home.keys.path, tmp_path / "copy.keys")
    records = records_of(home, before, NEW)
    assert [record.type for record in records] == ["requested", "approved", "key_changed"]
    assert (records[0].values["target"], records[2].values["key"]) == ("passphrase", "passphrase")
    assert verdict(home) is Verdict.PASSED
    again = change_passphrase(home, home.keys.unlock(NEW), PASSPHRASE, doer(home))
    assert (again.logged, opens(home)) == (True, [PASSPHRASE])
    assert records_of(home, before)[-1].values["old"] == records[2].values["new"]
    assert renewed(home, office.cards[:2]).fingerprint  # the two kinds of changes do not meet
    assert home.unpinned(recovery=True) == []
    home.engine.dispose()


def test_a_passphrase_is_changed_by_two_persons_to_one_that_fits(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    before, files = size_of(home), {file: file.read_bytes() for file in home.keys.files()}
    with pytest.raises(AuthorityError):
        change_passphrase(home, home.keys.unlock(PASSPHRASE), NEW, doer(home, approver=None))
    with pytest.raises(PassphraseError, match="too short"):
        change_passphrase(home, home.keys.unlock(PASSPHRASE), "short", doer(home))
    assert (size_of(home), {file: file.read_bytes() for file in home.keys.files()}) == (before, files)
    home.engine.dispose()


@pytest.mark.parametrize(
    ("cut", "left"),
    [
        ("evidence.rekey.write_file", [PASSPHRASE]),  # while the new files are laid
        ("evidence.custody.sequencer.append", [PASSPHRASE]),  # laid, and not logged
        ("api.home.Home.finish_keys", [PASSPHRASE]),  # logged, and the next writer finishes it
        ("evidence.rekey.finish", [PASSPHRASE]),
        ("api.home.Writer.beat", [NEW]),
    ],
)
def test_a_change_that_is_cut_short_is_finished_or_forgotten_by_the_next_writer(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str, left: list[str]
) -> None:
    home = copy_of(office, tmp_path)
    before = size_of(home)

    def stop(*_told: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with home.writing():
        pass
    unlocked = home.keys.unlock(PASSPHRASE)
    original = Home.writing
    with monkeypatch.context() as patch:

        def writing(self: Home) -> object:
            manager = original(self)
            enter = manager.__enter__

            class Entered:
                def __enter__(self) -> object:
                    writer = enter()
                    patch.setattr(cut, stop)
                    return writer

                def __exit__(self, *error: object) -> object:
                    return manager.__exit__(*error)  # type: ignore[arg-type]

            return Entered()

        patch.setattr(Home, "writing", writing)
        with pytest.raises(KeyboardInterrupt):
            change_passphrase(home, unlocked, NEW, doer(home))
    assert opens(home) == left
    home.engine.dispose()
    fresh = Home.open(home.path)
    logged = size_of(fresh) > before
    with fresh.writing():
        pass
    assert opens(fresh) == [NEW if logged else PASSPHRASE]
    assert not list(fresh.keys.path.glob("next*"))
    assert verdict(fresh) is Verdict.PASSED
    fresh.engine.dispose()


# Recovery


@pytest.mark.parametrize("lost", ["passphrase", "casework.age", "matching.age", "damaged", "seal.age"])
def test_two_cards_write_the_keys_again_and_the_log_goes_on(office: Office, tmp_path: Path, lost: str) -> None:
    home = copy_of(office, tmp_path)
    before, identities = size_of(home), home.keys.unlock(PASSPHRASE)
    if lost == "damaged":
        (home.keys.path / "casework.age").write_bytes(b"age-encryption.org/v1\n")
    elif lost != "passphrase":
        (home.keys.path / lost).unlink()
    assert recover(home, office.cards[1:], NEW, doer(home)) == Changed(logged=True)
    assert home.keys.unlock(NEW) == identities
    assert opens(home) == [NEW]
    last = records_of(home, before, NEW)[-1].values
    assert (last["key"], last["old"] is None) == ("passphrase", lost.endswith("k.age") or lost.startswith("matching"))
    if lost == "seal.age":
        renewed(home, office.cards[:2])
        assert (home.keys.path / "seal.age").exists()
    assert verdict(home) is Verdict.PASSED
    home.engine.dispose()


@pytest.mark.parametrize("lost", ["", "log.key", "seen.key", "log.signed"])
def test_without_the_logs_own_keys_a_home_is_recovered_for_reading(office: Office, tmp_path: Path, lost: str) -> None:
    home = copy_of(office, tmp_path)
    before, identities = size_of(home), home.keys.unlock(PASSPHRASE)
    shutil.rmtree(home.keys.path) if not lost else (home.keys.path / lost).unlink()
    for _ in range(2):
        assert recover(home, office.cards[:2], NEW, doer(home)) == Changed(logged=False)
        assert home.keys.unlock(NEW) == identities
    assert size_of(home) == before
    assert not list(home.keys.path.glob("next*"))
    audited = run_audit(home, level=1, against=None, passphrase=None, progress=lambda _more: None).report
    expected = {"": Verdict.INDETERMINATE, "log.signed": Verdict.FAILED}  # nobody knows what was signed; it was removed
    assert audited.verdict is expected.get(lost, Verdict.PASSED)
    home.engine.dispose()


def test_only_cards_of_this_office_recover_and_only_what_the_log_pins(office: Office, tmp_path: Path) -> None:
    home, (other, cards) = copy_of(office, tmp_path), new_home(tmp_path / "other")
    before = {file: file.read_bytes() for file in home.keys.files()}
    for given, words in (
        (cards[:2], "another office"),
        (office.cards[:1], "too few"),
        ((office.cards[0], cards[1]), "different sets"),
        ((), "no card"),
    ):
        with pytest.raises(CardError, match=words):
            recover(home, given, NEW, doer(home))
    with pytest.raises(AuthorityError):
        recover(home, office.cards, NEW, doer(home, approver=None))
    stranger = seal_whole(
        f"{other.keys.unlock(PASSPHRASE).casework.secret_string()}\n".encode(), recipients=(home.recipients.office,)
    )
    (home.path / "recovery" / "casework.age").write_bytes(stranger)
    (home.path / "recipients" / "casework.txt").write_text(f"{read_recipients(other.path).casework}\n")
    home.engine.dispose()
    fresh = Home.open(home.path)
    with pytest.raises(HomeError, match="pins"):
        recover(fresh, office.cards, NEW, doer(fresh))
    assert {file: file.read_bytes() for file in home.keys.files()} == before
    fresh.engine.dispose()
    other.engine.dispose()
