"""A release: two persons and two cards, in the log before a byte leaves, and whole or not begun at any interruption."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.home import Home
from api.made import RELEASES, drop_releases, unfinished_releases
from api.office.approval import Means, approve
from api.office.case import record_consent
from api.office.freeze import freeze
from api.office.release import ReleaseWish, ask_release
from api.office.request import find_request
from api.office.withdrawal import write_answer
from api.offline import release as releasing
from api.offline.release import Released, ReleaseMeans, release_asked, release_now
from config.errors import Explained
from evidence.authority import Doer
from evidence.canonical import sha256_hex
from evidence.errors import AuthorityError, CardError, HomeError, ReleaseError, StorageFullError, UnknownItemError
from evidence.handover.recipient import ARCHIVE, HandoverForm, read_recipient_key
from evidence.seal.cards import make_cards
from evidence.seal.recipients import generate_identity
from evidence.store.database import reading
from tests.erasing import erase_now, problems_of
from tests.freezing import ALONE, FIRST, OTHER, Posts, posts_of
from tests.handing import CLASSICAL, age_key, case_in, flipped, posted_office, wish_of
from tests.homes import PASSPHRASE, consent_to, copy_of, doer, records_of, size_of
from tests.homes import Office as Made
from tests.nonempty import nonempty
from tests.recipients import certified, opened_by_7z, opened_by_age, opened_by_openssl, pem

SECRET = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return posted_office(tmp_path_factory)


@pytest.fixture
def home(posted: Made, tmp_path: Path) -> Iterator[Home]:
    made = copy_of(posted, tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture(autouse=True)
def _unprinted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The typesetter takes longer than all the rest; one test has it."""
    if request.node.name != "test_age_opens_what_was_released_to_it":
        monkeypatch.setattr(releasing, "receipt_pages", lambda _receipt: b"%PDF")


@pytest.fixture
def posts(home: Home) -> Posts:
    return posts_of(home)


def means(home: Home, posted: Made, out: Path, *, cards: tuple[str, ...] | None = None) -> ReleaseMeans:
    chosen = posted.cards[:2] if cards is None else cards
    return ReleaseMeans(home.keys.unlock(PASSPHRASE).casework, lambda: chosen, out)


def released_entries(home: Home) -> list[dict[str, Any]]:
    return [dict(each.values) for each in records_of(home) if each.type == "released"]


def asked_and_approved(home: Home, wish: ReleaseWish) -> str:
    casework = home.keys.unlock(PASSPHRASE).casework
    waits = ask_release(home, wish, doer(home, approver=None), casework)
    done = approve(home, find_request(home, waits.request, casework), by_bo(home), Means(casework))
    assert done.done is None
    return waits.request


def by_bo(home: Home) -> Doer:
    return replace(doer(home, approver=None), actor="bo", reason=None)


def test_age_opens_what_was_released_to_it(home: Home, posts: Posts, posted: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = release_now(
        home, wish_of(home, posts.files[OTHER], posts.files[FIRST]), doer(home), means(home, posted, out)
    )
    told = {each.file: each for each in done.receipt.files}
    assert list(told) == ["1.jpg.age", "2.jpg.age"]
    for number, name in nonempty([(OTHER, "1.jpg.age"), (FIRST, "2.jpg.age")]):
        content = opened_by_age(out / name, CLASSICAL.secret_string(), tmp_path)
        assert sha256_hex(content) == posts.digests[number] == told[name].sha256
        assert sha256_hex((out / name).read_bytes()) == told[name].file_sha256
    assert sorted(each.name for each in out.iterdir()) == ["1.jpg.age", "2.jpg.age", "receipt.pdf", "receipt.txt"]
    assert (done.passphrase, done.resumed) == (None, False)
    assert problems_of(home) == []


def test_openssl_opens_what_was_released_to_a_certificate(
    home: Home, posts: Posts, posted: Made, tmp_path: Path
) -> None:
    certificate, out = certified(SECRET, days=4000), tmp_path / "out"
    wish = wish_of(home, posts.files[OTHER], key=read_recipient_key(pem(certificate)))
    release_now(home, wish, doer(home), means(home, posted, out))
    content = opened_by_openssl(out / "1.jpg.p7m", certificate, SECRET, tmp_path)
    assert sha256_hex(content) == posts.digests[OTHER]


def test_7zip_opens_an_archive_with_the_passphrase_that_is_kept_nowhere(
    home: Home, posts: Posts, posted: Made, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    wish = wish_of(home, posts.files[OTHER], posts.files[FIRST], key=ARCHIVE)
    done = release_now(home, wish, doer(home), means(home, posted, out))
    assert done.passphrase is not None
    found = opened_by_7z(out / "files.zip", done.passphrase, tmp_path)
    assert {name: sha256_hex(each) for name, each in found.items()} == {
        "1.jpg": posts.digests[OTHER],
        "2.jpg": posts.digests[FIRST],
    }
    files = [file for folder in (home.path, home.keys.path, out) for file in folder.rglob("*") if file.is_file()]
    assert not [file for file in files if done.passphrase.encode() in file.read_bytes()]


def test_the_log_says_what_left_to_whom_and_on_whose_word(
    home: Home, posts: Posts, posted: Made, tmp_path: Path
) -> None:
    wish = wish_of(home, posts.files[OTHER])
    done = release_now(home, wish, doer(home), means(home, posted, tmp_path / "out"))
    (entry,) = released_entries(home)
    said = {name: entry[name] for name in ("item", "sha256", "audience", "recipient", "recipient_sha256", "actor")}
    assert said == {
        "item": posts.files[OTHER],
        "sha256": posts.digests[OTHER],
        "audience": "authority",
        "recipient": "Prosecutor of example.org",
        "recipient_sha256": wish.key.sha256,
        "actor": "ann",
    }
    assert (entry["approver"], entry["authority"]) == ("bo", done.receipt.request)
    assert entry["released_sha256"] == sha256_hex((tmp_path / "out" / "1.jpg.age").read_bytes())
    text = (tmp_path / "out" / "receipt.txt").read_text()
    for said_there in nonempty(["KT 12/26", "2026-11-20", "Prosecutor of example.org", "ann", "bo"]):
        assert said_there in text
    digest = posts.digests[OTHER]
    assert " ".join(digest[at : at + 4] for at in range(0, 32, 4)) in text


def test_no_plaintext_touches_a_disk_and_nothing_leaves_before_the_log_says_so(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, written = tmp_path / "out", list[tuple[Path, bytes]]()
    write = releasing.write_new

    def watched(file: Path, chunks: Iterator[bytes]) -> str:
        if file.is_relative_to(out):
            assert len(released_entries(home)) == 1  # logged before
        pieces = list(chunks)
        written.append((file, b"".join(pieces)))
        return write(file, iter(pieces))

    monkeypatch.setattr(releasing, "write_new", watched)
    release_now(home, wish_of(home, posts.files[OTHER]), doer(home), means(home, posted, out))
    head = opened_by_age(out / "1.jpg.age", CLASSICAL.secret_string(), tmp_path)[:200]
    assert [file.name for file, _ in written] == ["1.jpg.age", "1.jpg.age.part"]
    assert not any(head[:40] in data for _, data in nonempty(written))
    assert head.startswith(b"\xff\xd8")  # the control: it is the picture


def test_what_may_show_a_child_is_never_released(home: Home, posts: Posts, posted: Made, tmp_path: Path) -> None:
    wish = wish_of(home, posts.files[FIRST])
    request = asked_and_approved(home, wish)
    freeze(home, [posts.messages[FIRST]], doer(home, approver=None))
    with pytest.raises(UnknownItemError, match="frozen"):
        release_asked(home, request, doer(home, approver=None), means(home, posted, tmp_path / "out"))
    with pytest.raises(UnknownItemError, match="frozen"):
        release_now(home, wish, doer(home), means(home, posted, tmp_path / "out"))
    assert (released_entries(home), (tmp_path / "out").exists()) == ([], False)


def test_one_that_is_frozen_while_it_is_sealed_does_not_leave(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = releasing._seal

    def frozen_meanwhile(*given: Any) -> Any:  # noqa: ANN401 - whatever it takes
        sealed = seal(*given)
        freeze(home, [posts.messages[OTHER]], doer(home, approver=None))
        return sealed

    monkeypatch.setattr(releasing, "_seal", frozen_meanwhile)
    with pytest.raises(UnknownItemError, match="frozen"):
        release_now(home, wish_of(home, posts.files[OTHER]), doer(home), means(home, posted, tmp_path / "out"))
    assert (released_entries(home), (tmp_path / "out").exists()) == ([], False)
    assert [each.name for each in (home.path / RELEASES).iterdir()] == ["lock"]


def refused(
    home: Home, posted: Made, out: Path, wish: ReleaseWish, cards: tuple[str, ...] | None = None, by: Doer | None = None
) -> Callable[[], Released]:
    return lambda: release_now(home, wish, by or doer(home), means(home, posted, out, cards=cards))


def test_what_cannot_be_released_so_is_refused_and_nothing_is_logged(
    home: Home, posts: Posts, posted: Made, tmp_path: Path
) -> None:
    out, item = tmp_path / "out", posts.files[OTHER]
    wish, since = wish_of(home, item), size_of(home)
    old = read_recipient_key(pem(certified(SECRET, days=1)))
    strange = make_cards(generate_identity().seed, threshold=2, count=2)
    cases: list[tuple[type[Explained], str, Callable[[], Released]]] = [
        (CardError, "too few|at least|needs", refused(home, posted, out, wish, posted.cards[:1])),
        (CardError, "another office", refused(home, posted, out, wish, strange)),
        (ReleaseError, "has expired", refused(home, posted, out, replace(wish, key=old))),
        (ReleaseError, "no file", refused(home, posted, out, replace(wish, items=(posts.messages[OTHER],)))),
        (ReleaseError, "written request", refused(home, posted, out, replace(wish, asked_on=date(2999, 1, 1)))),
        (ReleaseError, "written request", refused(home, posted, out, replace(wish, reference=" "))),
        (ReleaseError, "1 to 200", refused(home, posted, out, replace(wish, items=()))),
        (UnknownItemError, "case", refused(home, posted, out, replace(wish, case_id="case-000000000000"))),
        (AuthorityError, ".", refused(home, posted, out, wish, by=doer(home, approver="ann"))),
        (HomeError, "in the home", refused(home, posted, home.path / "out", wish)),
        (HomeError, "folder", refused(home, posted, tmp_path / "no" / "out", wish)),
        (HomeError, "already", refused(home, posted, home.path.parent, wish)),
    ]
    for error, words, act in nonempty(cases):
        with pytest.raises(error, match=words):
            act()
    assert (size_of(home), out.exists()) == (since, False)


def test_another_key_of_the_same_name_is_refused(home: Home, posts: Posts, posted: Made, tmp_path: Path) -> None:
    wish = wish_of(home, posts.files[OTHER])
    release_now(home, wish, doer(home), means(home, posted, tmp_path / "first"))
    other = read_recipient_key(str(generate_identity().recipient).encode())
    with pytest.raises(ReleaseError, match="another key"):
        release_now(
            home,
            replace(wish, key=other, to="PROSECUTOR of example.org"),
            doer(home),
            means(home, posted, tmp_path / "b"),
        )
    named = replace(wish, key=other, to="Prosecutor of example.org (key of 2027)")
    assert release_now(home, named, doer(home), means(home, posted, tmp_path / "c")).receipt.key_sha256 == other.sha256


def test_a_damaged_payload_is_found_before_anything_is_logged(
    home: Home, posts: Posts, posted: Made, tmp_path: Path
) -> None:
    flipped([each for each in (home.path / "objects").rglob("*") if each.is_file()])
    with pytest.raises(Explained, match="damaged"):
        release_now(home, wish_of(home, posts.files[OTHER]), doer(home), means(home, posted, tmp_path / "out"))
    assert (released_entries(home), (tmp_path / "out").exists()) == ([], False)


def test_a_request_waits_for_a_second_person_and_is_done_by_one_of_the_two(
    home: Home, posts: Posts, posted: Made, tmp_path: Path
) -> None:
    wish, casework = wish_of(home, posts.files[OTHER]), home.keys.unlock(PASSPHRASE).casework
    waits = ask_release(home, wish, doer(home, approver=None), casework)
    brought = means(home, posted, tmp_path / "out")
    with pytest.raises(AuthorityError, match="nobody has approved"):
        release_asked(home, waits.request, doer(home, approver=None), brought)
    approve(home, find_request(home, waits.request, casework), by_bo(home), Means(casework))
    with pytest.raises(AuthorityError, match="already approved"):
        approve(home, find_request(home, waits.request, casework), by_bo(home), Means(casework))
    with pytest.raises(AuthorityError, match="who asked"):
        release_asked(home, waits.request, replace(by_bo(home), actor="zana"), brought)
    assert release_asked(home, waits.request, by_bo(home), brought).receipt.approved_by == "bo"
    with pytest.raises(ReleaseError, match="already logged"):
        release_asked(home, waits.request, by_bo(home), brought)
    assert len(released_entries(home)) == 1


def test_a_full_disk_of_the_recipient_is_told_and_the_same_request_goes_on(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, wish = tmp_path / "out", wish_of(home, posts.files[OTHER], posts.files[FIRST], key=ARCHIVE)
    request, write = asked_and_approved(home, wish), releasing.write_new

    def full(file: Path, chunks: Iterator[bytes]) -> str:
        if file.is_relative_to(out):
            raise StorageFullError("storage_full.no_space", where=str(out))
        return write(file, chunks)

    with monkeypatch.context() as patched:
        patched.setattr(releasing, "write_new", full)
        with pytest.raises(StorageFullError):
            release_asked(home, request, by_bo(home), means(home, posted, out))
    with reading(home.engine) as connection:
        assert unfinished_releases(connection, home.path) == [request]
    done = release_asked(home, request, by_bo(home), means(home, posted, out))
    assert (done.resumed, len(released_entries(home))) == (True, 2)
    assert set(opened_by_7z(out / "files.zip", done.passphrase or "", tmp_path)) == {"1.jpg", "2.jpg"}


def test_what_was_cut_off_and_then_frozen_or_erased_is_not_handed_over(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_given: object) -> NoReturn:
        raise KeyboardInterrupt

    requests = {number: asked_and_approved(home, wish_of(home, posts.files[number])) for number in (OTHER, ALONE)}
    with monkeypatch.context() as patched:
        patched.setattr(releasing, "_hand_over", cut_off)
        for request in nonempty(requests.values()):
            with pytest.raises(KeyboardInterrupt):
                release_asked(home, request, by_bo(home), means(home, posted, tmp_path / "out"))
    freeze(home, [posts.messages[OTHER]], doer(home, approver=None))
    with pytest.raises(UnknownItemError, match="frozen"):
        release_asked(home, requests[OTHER], by_bo(home), means(home, posted, tmp_path / "out"))
    erase_now(home, posts.files[ALONE], case=case_in(home))
    assert [each.name for each in (home.path / RELEASES).iterdir()] == ["lock"]
    with pytest.raises(ReleaseError, match="already logged"):
        release_asked(home, requests[ALONE], by_bo(home), means(home, posted, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_one_that_runs_is_not_disturbed(home: Home, posts: Posts, posted: Made, tmp_path: Path) -> None:
    with releasing._alone(home):
        (home.path / RELEASES / "part").mkdir()
        drop_releases(home.path)
        assert (home.path / RELEASES / "part").is_dir()
        with pytest.raises(ReleaseError, match="another release"):
            release_now(home, wish_of(home, posts.files[OTHER]), doer(home), means(home, posted, tmp_path / "out"))
    drop_releases(home.path)
    assert not (home.path / RELEASES / "part").exists()


def test_what_was_cut_off_before_the_log_goes_with_the_next_program_that_writes(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = releasing.move_file

    def killed(part: Path, staged: Path) -> NoReturn:
        move(part, staged)
        raise KeyboardInterrupt  # between the folder's name and the commit

    request = asked_and_approved(home, wish_of(home, posts.files[OTHER]))
    with monkeypatch.context() as patched:
        patched.setattr(releasing, "move_file", killed)
        with pytest.raises(KeyboardInterrupt):
            release_asked(home, request, by_bo(home), means(home, posted, tmp_path / "out"))
    assert (home.path / RELEASES / request).is_dir()
    with releasing._alone(home), home.writing():
        assert (home.path / RELEASES / request).is_dir()  # another release runs
    with home.writing():
        pass
    assert not (home.path / RELEASES / request).exists()
    done = release_asked(home, request, by_bo(home), means(home, posted, tmp_path / "out"))
    assert (done.resumed, len(released_entries(home))) == (False, 1)


def test_bytes_that_were_changed_while_they_waited_are_not_handed_over(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked_and_approved(home, wish_of(home, posts.files[OTHER]))
    copy = releasing._copy

    def changed(staged: Path, out: Path, sha256: str) -> None:
        staged.write_bytes(staged.read_bytes() + b"x")
        copy(staged, out, sha256)

    monkeypatch.setattr(releasing, "_copy", changed)
    with pytest.raises(Explained, match="was changed"):
        release_asked(home, request, by_bo(home), means(home, posted, tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


# Killed at any call


STEP = 9
_CALLS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}


def killed_at(position: int, home: Path, request: str, cards: tuple[str, ...], out: Path) -> NoReturn:
    """Run the release in this process, and end it at one of the calls that change a disk."""
    made, calls = Home.open(home), count(1)

    def hook(event: str, _args: object) -> None:
        if event in _CALLS and next(calls) == position:
            os._exit(9)

    brought = ReleaseMeans(made.keys.unlock(PASSPHRASE).casework, lambda: cards, out)
    by = by_bo(made)
    sys.addaudithook(hook)
    release_asked(made, request, by, brought)
    os._exit(0)


@pytest.mark.slow
@pytest.mark.parametrize("form", [HandoverForm.AGE, HandoverForm.ZIP])
def test_killed_anywhere_it_is_not_begun_or_goes_on_and_is_logged_once(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, form: HandoverForm
) -> None:
    key = ARCHIVE if form is HandoverForm.ZIP else age_key()
    request = asked_and_approved(home, wish_of(home, posts.files[OTHER], key=key))
    home.engine.dispose()
    ends = set[tuple[bool, bool]]()
    for position in count(1, STEP):
        copy, out = tmp_path / "copy" / "home", tmp_path / "copy" / "out"
        shutil.rmtree(copy.parent, ignore_errors=True)
        for end in ("", ".keys"):
            shutil.copytree(f"{home.path}{end}", f"{copy}{end}")
        child = get_context("fork").Process(target=killed_at, args=(position, copy, request, posted.cards[:2], out))
        child.start()
        child.join()
        made = Home.open(copy)
        logged, left = len(released_entries(made)), out.exists() and any(out.iterdir())
        assert logged or not left  # nothing leaves before the log says so
        ends.add((bool(logged), left))
        if not (child.exitcode == 0 or (logged and not any(each.is_dir() for each in (copy / RELEASES).iterdir()))):
            done = release_asked(made, request, by_bo(made), means(made, posted, out))
            assert (done.resumed, len(released_entries(made))) == (bool(logged), 1)
        if form is HandoverForm.AGE:
            content = opened_by_age(out / "1.jpg.age", CLASSICAL.secret_string(), tmp_path)
            assert sha256_hex(content) == posts.digests[OTHER]
        assert (out / "receipt.pdf").exists()
        assert problems_of(made) == []
        made.engine.dispose()
        if child.exitcode == 0:
            break
    assert ends == {(False, False), (True, False), (True, True)}  # each of them was met


def test_what_a_client_took_back_is_not_handed_over_at_any_step(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = wish_of(home, posts.files[OTHER])
    seal = releasing._seal

    def then_taken_back(*args: Any) -> Any:  # noqa: ANN401 - passed on as they are
        written = seal(*args)
        record_consent(home, wish.case_id, consent_to(home, given=False), doer(home))
        return written

    monkeypatch.setattr(releasing, "_seal", then_taken_back)
    with pytest.raises(UnknownItemError, match="took back"):
        release_now(home, wish, doer(home), means(home, posted, tmp_path / "out"))
    assert (released_entries(home), (tmp_path / "out").exists()) == ([], False)
    with pytest.raises(UnknownItemError, match="took back"):
        ask_release(home, wish, doer(home, approver=None), home.keys.unlock(PASSPHRASE).casework)


def test_who_takes_her_consent_back_is_told_who_has_her_pictures(
    home: Home, posts: Posts, posted: Made, tmp_path: Path
) -> None:
    wish = wish_of(home, posts.files[OTHER], posts.files[ALONE])
    release_now(home, wish, doer(home), means(home, posted, tmp_path / "out"))
    record_consent(home, wish.case_id, consent_to(home, given=False), doer(home))
    casework = home.keys.unlock(PASSPHRASE).casework
    (given,) = write_answer(home, wish.case_id, "en", tmp_path / "a.txt", doer(home), casework).answer.given_out
    assert (given.recipient, given.files) == (wish.to, 2)


def test_nothing_goes_under_another_key_to_a_name_that_got_something_meanwhile(
    home: Home, posts: Posts, posted: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, alone = certified(SECRET, days=4000), releasing._alone
    key = read_recipient_key(pem(certificate))

    def first(home: Home) -> Any:  # noqa: ANN401 - passed on
        monkeypatch.undo()
        monkeypatch.setattr(releasing, "receipt_pages", lambda _receipt: b"%PDF")
        other = wish_of(home, posts.files[OTHER], key=key)
        release_now(home, other, doer(home), means(home, posted, tmp_path / "first"))
        return alone(home)

    monkeypatch.setattr(releasing, "_alone", first)
    with pytest.raises(ReleaseError) as caught:
        release_now(home, wish_of(home, posts.files[OTHER]), doer(home), means(home, posted, tmp_path / "out"))
    assert caught.value.code == "release.another_key"
    assert len(released_entries(home)) == 1
    assert not (tmp_path / "out").exists()
