"""Erasure destroys an item in every place of a home, two persons do it, and nothing revives what was erased."""

import shutil
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from api import TOOL
from api.home import Home
from api.office.approval import Means, approve
from api.office.backup import Wishes, back_up, restore
from api.office.bundle import trusted_roots
from api.office.case import remove_items
from api.office.erase import Erased, ErasureCause, ErasureWish, erase_items
from api.office.freeze import freeze, lift_freeze
from api.office.request import Waiting, find_request
from api.office.short import item_of
from api.office.verify import verify_bundle
from evidence.authority import Doer
from evidence.backup import Hear
from evidence.canonical import from_b64u
from evidence.custody.disclose import disclose_each
from evidence.erasure import finish_erasures
from evidence.errors import AuthorityError, EvidenceError, HomeError, UnknownItemError
from evidence.finding import Verdict
from evidence.log.commit import open_commitments
from evidence.log.leaf import named_entries, parse_leaf
from evidence.match import library
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.erase import tombstones
from tests.appearing import look_out
from tests.between import while_sealing
from tests.erasing import canaries_of, erase_now, problems_of, report_now
from tests.freezing import AGAIN, FIRST, OTHER, SAID, SECOND, Posts, write_album
from tests.homes import PASSPHRASE, doer, export_of, items_of, new_case, records_of, size_of, take_in
from tests.nonempty import nonempty


@pytest.fixture
def home(posted_home: Home) -> Home:
    return posted_home


def untold(_bytes: int) -> nullcontext[Hear]:
    return nullcontext(lambda _done: None)


def put_back(home: Home, backup: Path, **wishes: object) -> None:
    shutil.rmtree(home.path)
    restore(backup, home.path, home.clock, passphrase=lambda: PASSPHRASE, progress=untold, wishes=Wishes(**wishes))  # type: ignore[arg-type]


def test_nothing_of_an_erased_item_is_left_in_any_file_or_under_any_key_of_the_home(
    home: Home, posts: Posts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "SAVE_FILES", 1)
    hers, case = sorted(posts.of(OTHER)), new_case(home)
    look_out(home)
    said = {"words": SAID[OTHER].encode(), "digest": posts.digests[OTHER].encode()}
    said |= {"digest in prints": bytes.fromhex(posts.digests[OTHER])}
    canaries = canaries_of(home, hers, said)
    with reading(home.engine) as connection:  # the index has a snapshot, with these files
        assert connection.execute(sa.select(database.print_segment.c.first)).scalars().all() == [0]
    before = back_up(home, tmp_path / "before", with_keys=False, progress=untold).path
    # the control: each is found before, in the home and in its backup
    assert canaries.in_files(home.path) == canaries.in_files(before.parent) == canaries.raw.keys()
    assert canaries.opened_by_keys(home) == said.keys()

    done = erase_now(home, *hers, case=case)

    assert (set(done.items), done.unfinished) == (set(hers), None)
    assert canaries.opened_by_keys(home) == set()
    with reading(home.engine) as connection:  # sealed again without them, and not made anew
        assert connection.execute(sa.select(database.print_segment.c.first)).scalars().all() == [0]
    after = back_up(home, tmp_path / "after", with_keys=True, progress=untold).path.parent
    assert canaries.in_files(home.path, home.keys.path, after) == set()
    # and the next backup on a disk erases it in the older ones there too
    assert canaries.in_files(before.parent) == canaries.raw.keys()
    assert back_up(home, before.parent, with_keys=False, progress=untold).erased == done.entries
    assert canaries.in_files(before.parent) == set()
    assert problems_of(home) == []
    assert problems_of(home, passphrase=None) == []


def test_who_did_what_to_an_erased_item_can_still_be_shown(home: Home, posts: Posts) -> None:
    since, item = size_of(home), posts.messages[OTHER]
    before = {each.event_id: each for each in leaves_of(home)}[item]
    erase_now(home, item, case=new_case(home, [item]))
    (record,) = (each for each in records_of(home, since) if each.type == "erased")
    assert (record.values["cause"], record.values["items"]) == ("withdrawn", "1")
    kept = {each["entry"]: each for each in record.source["kept"]}  # type: ignore[index,call-overload]
    mine = next(each for each in kept.values() if each["type"] == "observed")
    assert mine["values"]["actor"] == "ann"
    assert "text" not in mine["values"]
    lines = disclose_each(from_b64u(mine["secret"]), mine["values"])
    lines |= {name: f"{name} {commitment}" for name, commitment in mine["withheld"].items()}
    shown = open_commitments(before.commit, [lines[name] for name in sorted(lines)])
    assert shown.values == mine["values"]
    assert {"text", "sha256", "channel_id"} <= set(shown.withheld)


def leaves_of(home: Home) -> list:  # type: ignore[type-arg]
    with reading(home.engine) as connection:
        return [
            parse_leaf(bytes(each)) for each in connection.execute(sa.select(database.event.c.leaf)).scalars().all()
        ]


def test_the_same_export_brings_nothing_back_and_a_new_message_still_comes(
    home: Home, posts: Posts, tmp_path: Path
) -> None:
    hers = sorted(posts.of(OTHER))
    erase_now(home, *hers, case=new_case(home))
    listed = {item.item_id for item in items_of(home)}
    again = take_in(home, write_album(tmp_path / "export", {**SAID, 50: "e re"})).counts
    assert (again.messages, again.media) == (1, 1)  # the new one, and its picture
    assert again.already_known == 2 * len(SAID)
    new = [item for item in items_of(home) if item.item_id not in listed]
    assert {item.message_id for item in new if item.kind in ("message", "file")} == {50}
    assert problems_of(home) == []


def test_a_file_that_was_erased_does_not_come_back_in_another_mode(home: Home, posts: Posts, tmp_path: Path) -> None:
    erase_now(home, *sorted(posts.of(OTHER)), case=new_case(home))
    take_in(home, write_album(tmp_path / "export"), Mode.METADATA_ONLY)
    assert not any(item.message_id == OTHER for item in items_of(home))


def test_one_person_only_asks_and_the_second_one_does_it(home: Home, posts: Posts) -> None:
    item, alone = posts.files[OTHER], doer(home, approver=None)
    case = new_case(home, [item])
    wish = ErasureWish((item,), ErasureCause.ORDER, case)
    asked = erase_items(home, wish, alone, home.keys.unlock(PASSPHRASE))
    assert isinstance(asked, Waiting)
    assert item in {each.item_id for each in items_of(home)}
    casework = home.keys.unlock(PASSPHRASE).casework
    request = find_request(home, asked.request, casework)
    with pytest.raises(AuthorityError):  # nobody approves their own
        approve(home, request, Doer("ann", TOOL, home.clock()), Means(casework))
    done = approve(home, request, Doer("bo", TOOL, home.clock()), Means(casework)).done
    assert isinstance(done, Erased)
    assert item not in {each.item_id for each in items_of(home)}
    assert problems_of(home) == []


def test_what_another_case_has_is_not_erased_until_that_case_gives_it_up(home: Home, posts: Posts) -> None:
    item = posts.files[OTHER]
    hers, other = new_case(home, [item]), new_case(home, [item])
    size = size_of(home)
    for case, code in ((hers, "authority.erase_claimed"), (None, "authority.erase_names_no_case")):
        with pytest.raises(AuthorityError) as refused:
            erase_now(home, item, case=case)
        assert refused.value.code == code
    assert size_of(home) == size
    remove_items(home, other, (item,), doer(home))
    assert erase_now(home, item, case=hers).items == (item,)
    assert problems_of(home) == []


REFUSED: list[tuple[str, Callable[[Home, Posts], object], type[EvidenceError], str]] = [
    (
        "unknown",
        lambda home, _posts: erase_now(home, "0" * 32),
        UnknownItemError,
        "unknown_item.no_such_item",
    ),
    (
        "not in the case",
        lambda home, posts: erase_now(home, posts.files[OTHER], case=new_case(home, [posts.files[FIRST]])),
        UnknownItemError,
        "unknown_item.not_in_the_case",
    ),
    (
        "no reason",
        lambda home, posts: erase_now(home, posts.files[OTHER], by=replace(doer(home), reason=None)),
        AuthorityError,
        "authority.needs_reason",
    ),
    (
        "one person twice",
        lambda home, posts: erase_now(home, posts.files[OTHER], by=doer(home, approver="ann")),
        AuthorityError,
        "authority.names_too_like",
    ),
    (
        "a child's that nobody froze",
        lambda home, posts: erase_now(home, posts.files[OTHER], cause=ErasureCause.CHILD),
        AuthorityError,
        "authority.not_frozen_first",
    ),
]


@pytest.mark.parametrize(("act", "error", "code"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_what_may_not_be_erased_is_refused_and_nothing_is_destroyed(
    home: Home, posts: Posts, act: Callable[[Home, Posts], object], error: type[EvidenceError], code: str
) -> None:
    held = {each.item_id for each in items_of(home)}
    with pytest.raises(error) as refused:
        act(home, posts)
    assert refused.value.code.startswith(code)
    assert {each.item_id for each in items_of(home)} == held
    with reading(home.engine) as connection:
        assert tombstones(connection) == []


def test_erasing_twice_says_that_it_was_erased(home: Home, posts: Posts) -> None:
    item = posts.files[OTHER]
    erase_now(home, item)
    size = size_of(home)
    with pytest.raises(UnknownItemError) as refused:
        erase_now(home, item)
    assert (refused.value.code, size_of(home)) == ("unknown_item.erased", size)


def test_whoever_names_an_erased_item_is_told_that_it_was_erased(home: Home, posts: Posts) -> None:
    item = posts.files[OTHER]
    assert item_of(home, item) == item
    erase_now(home, item)
    for named, code in ((item, "unknown_item.erased"), ("0" * 32, "unknown_item.no_such_item")):
        with pytest.raises(UnknownItemError) as refused:
            item_of(home, named)
        assert refused.value.code == code


def test_a_frozen_item_is_erased_with_its_album_as_a_childs_and_as_nothing_else(
    home: Home, posts: Posts, tmp_path: Path
) -> None:
    item, case = posts.files[FIRST], new_case(home)
    freeze(home, [item], Doer("mira", TOOL, home.clock(), reason="she looks very young"))
    with pytest.raises(AuthorityError) as refused:
        erase_now(home, item, case=case)
    assert refused.value.code == "authority.erase_frozen"
    with pytest.raises(AuthorityError) as refused:  # whoever froze does not agree to the end of it
        erase_now(home, item, cause=ErasureCause.CHILD, by=doer(home, approver="mira"))
    assert refused.value.code == "authority.froze_it"
    report_now(home, item)
    done = erase_now(home, item, cause=ErasureCause.CHILD)
    assert set(done.items) == posts.of(FIRST, SECOND)
    # the same file elsewhere is frozen before its digest goes
    assert not {posts.files[AGAIN], posts.messages[AGAIN]} & {each.item_id for each in items_of(home)}
    assert problems_of(home) == []
    # nothing of its messages is fetched or kept again, whoever brings it
    before = {each.item_id for each in items_of(home)}
    take_in(home, write_album(tmp_path / "export", {FIRST: "other words"}), by=doer(home))
    assert {each.item_id for each in items_of(home)} <= before


def test_an_older_backup_is_erased_again_before_anything_is_read(home: Home, posts: Posts, tmp_path: Path) -> None:
    hers, case = sorted(posts.of(OTHER)), new_case(home)
    canaries = canaries_of(home, hers, {"words": SAID[OTHER].encode()})
    backup = back_up(home, tmp_path / "old", with_keys=True, progress=untold).path
    erase_now(home, *hers, case=case)
    home.engine.dispose()
    with pytest.raises(HomeError) as behind:  # it is in its place, and older than its keys know
        put_back(home, backup)
    assert behind.value.code == "home.restored_behind"
    restored = Home.open(home.path, home.clock)
    assert canaries.in_files(home.path) == canaries.opened_by_keys(restored) == set()
    assert not posts.of(OTHER) & {each.item_id for each in items_of(restored)}
    # and it says that its own log does not tell of it
    assert {(each.id, each.code, each.verdict) for each in problems_of(restored) if each.id == "rows.places"} == {
        ("rows.places", "rows.places.erased_before", Verdict.INDETERMINATE)
    }
    restored.engine.dispose()


def test_keys_as_old_as_the_backup_need_the_list_that_was_kept_elsewhere(
    home: Home, posts: Posts, tmp_path: Path
) -> None:
    hers, case = sorted(posts.of(OTHER)), new_case(home)
    backup = back_up(home, tmp_path / "old", with_keys=True, progress=untold).path
    erase_now(home, *hers, case=case)
    kept = tmp_path / "kept"
    shutil.copy(home.keys.graves, kept)
    home.engine.dispose()
    shutil.rmtree(home.keys.path)
    put_back(home, backup)
    restored = Home.open(home.path, home.clock)
    assert set(hers) <= {each.item_id for each in items_of(restored)}  # the control: nobody could know
    restored.engine.dispose()
    shutil.rmtree(home.keys.path)
    put_back(home, backup, erased=kept)
    restored = Home.open(home.path, home.clock)
    assert not set(hers) & {each.item_id for each in items_of(restored)}
    assert {each.code for each in problems_of(restored)} == {"rows.places.erased_before"}
    # two persons make up for it in this log, and then it is clean
    erase_now(restored, *hers, case=case)
    assert problems_of(restored) == []
    restored.engine.dispose()


def test_whoever_puts_back_a_destroyed_row_is_found(home: Home, posts: Posts) -> None:
    item = posts.files[OTHER]
    with reading(home.engine) as connection:
        index = connection.execute(sa.select(database.item.c.idx).where(database.item.c.item_id == item)).scalar_one()
        rows = [dict(row._mapping) for row in connection.execute(sa.select(database.sealed).filter_by(idx=index))]
        mine = dict(connection.execute(sa.select(database.item).filter_by(idx=index)).one()._mapping)
    erase_now(home, item)
    for table, row in nonempty([*((database.sealed, row) for row in rows), (database.item, mine)]):
        with writing(home.engine) as connection:
            connection.execute(sa.insert(table), row)
        found = problems_of(home, passphrase=None)
        assert any(str(index) in str(each.where) for each in found), table.name
        with writing(home.engine) as connection:
            connection.execute(sa.delete(table).filter_by(idx=index))
    assert problems_of(home) == []


def test_whoever_makes_an_item_look_erased_is_found(home: Home, posts: Posts) -> None:
    item = posts.files[OTHER]
    with writing(home.engine) as connection:
        row = connection.execute(sa.select(database.item).where(database.item.c.item_id == item)).one()
        for table in (database.sealed, database.item):
            connection.execute(sa.delete(table).where(table.c.idx == row.idx))
        stone = {"idx": row.idx, "erased_idx": None, "item_id": item, "seen": row.seen}
        connection.execute(sa.insert(database.tombstone), stone)
    found = problems_of(home, passphrase=None)
    assert [each.code for each in found if each.verdict is Verdict.FAILED] == ["rows.places.erased_by_nobody"]


def test_a_killed_erasure_is_finished_by_whoever_writes_next(
    home: Home, posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = posts.files[OTHER]
    canaries = canaries_of(home, [item], {})
    with monkeypatch.context() as killed:
        killed.setattr(Home, "finish_erasures", lambda _home, _take: None)
        erase_now(home, item)
    assert canaries.in_files(home.path) == {"file object"} | canaries.in_files(home.path)
    assert {each.code for each in problems_of(home)} == {"objects.bytes.erased_and_there"}
    with home.writing():
        pass
    assert canaries.in_files(home.path) == set()
    assert problems_of(home) == []
    with home.writing() as writer:
        assert finish_erasures(home.engine, home.objects, home.graves, writer.sequencer.take, lambda: None) is None


def test_an_erasure_of_many_names_each_entry_once(home: Home, posts: Posts) -> None:
    every = sorted(posts.files.values())
    erase_now(home, *every)
    named = [entry for leaf in leaves_of(home) if leaf.type == "erased" for entry in named_entries(leaf)]
    assert len(named) == len(set(named)) >= len(every)
    assert problems_of(home) == []


def exported(home: Home, case: str, out: Path) -> tuple[Path, dict[str, bytes]]:
    export_of(home, case, out)
    with zipfile.ZipFile(out) as members:
        return out, {name: members.read(name) for name in members.namelist()}


def verdict_of(home: Home, bundle: Path) -> Verdict:
    with bundle.open("rb") as stream:
        return verify_bundle(stream, roots=trusted_roots(home)).verdict


@pytest.mark.parametrize("cause", [ErasureCause.WITHDRAWN, ErasureCause.CHILD])
def test_an_older_bundle_still_verifies_and_a_new_one_says_that_an_item_was_erased(
    home: Home, posts: Posts, tmp_path: Path, cause: ErasureCause
) -> None:
    case, number = new_case(home), FIRST if cause is ErasureCause.CHILD else OTHER
    older, members = exported(home, case, tmp_path / "older.asice")
    expected = verdict_of(home, older)
    hers = sorted(posts.of(number))
    told = [SAID[number].encode(), posts.digests[number].encode(), *(item.encode() for item in hers)]
    assert all(any(each in body for body in members.values()) for each in told)  # the control
    if cause is ErasureCause.CHILD:
        freeze(home, hers[:1], Doer("mira", TOOL, home.clock(), reason="she looks very young"))
        report_now(home)
    erase_now(home, *hers, case=case, cause=cause)
    newer, members = exported(home, case, tmp_path / "newer.asice")
    assert verdict_of(home, older) is verdict_of(home, newer) is expected
    assert [each for each in told if any(each in body for body in members.values())] == []
    report = next(body.decode() for name, body in members.items() if name == "data/report.en.txt")
    ground = {ErasureCause.CHILD: "it may show a child", ErasureCause.WITHDRAWN: "the client took back her consent"}
    assert f"on this ground: {ground[cause]}; nobody can read them again" in " ".join(report.split())


def test_a_case_of_which_everything_was_erased_has_nothing_to_export(home: Home, posts: Posts, tmp_path: Path) -> None:
    item = posts.files[OTHER]
    case = new_case(home, [item])
    erase_now(home, item, case=case)
    with pytest.raises(UnknownItemError) as refused:
        export_of(home, case, tmp_path / "out.asice")
    assert refused.value.code == "unknown_item.case_is_erased"


def test_whoever_freezes_it_again_meanwhile_is_not_the_second_person_who_destroys_it(home: Home, posts: Posts) -> None:
    item, casework = posts.messages[OTHER], home.keys.unlock(PASSPHRASE).casework
    freeze(home, [item], replace(doer(home, approver=None), actor="zana"))
    report_now(home, item)

    def again() -> None:
        other = Home.open(home.path)
        lift_freeze(other, [item], doer(other), casework)
        freeze(other, [item], replace(doer(other, approver=None), actor="bo"))
        other.engine.dispose()

    with while_sealing("erased", again), pytest.raises(AuthorityError) as caught:
        erase_now(home, item, cause=ErasureCause.CHILD)
    assert caught.value.code == "authority.erase_changed"
    with pytest.raises(AuthorityError) as caught:
        erase_now(home, item, cause=ErasureCause.CHILD)
    assert caught.value.code == "authority.froze_it"
    assert problems_of(home) == []


def test_the_words_of_a_childs_post_do_not_come_in_again_whatever_another_source_says(
    home: Home, posts: Posts, tmp_path: Path
) -> None:
    freeze(home, [posts.files[OTHER]], replace(doer(home, approver=None), actor="zana"))
    report_now(home, posts.files[OTHER])
    erase_now(home, posts.files[OTHER], cause=ErasureCause.CHILD)
    erase_now(home, posts.messages[FIRST], cause=ErasureCause.MISTAKE)
    before = size_of(home)
    again = write_album(tmp_path / "other", {OTHER: "said by somebody else", FIRST: "other words"})
    assert take_in(home, again, Mode.METADATA_ONLY).counts.already_known >= 1
    said = [each.values["text"] for each in records_of(home, before) if each.type == "observed"]
    assert "other words" in said  # the control: what was erased on another ground is another message in other words
    assert "said by somebody else" not in said
    assert problems_of(home) == []
