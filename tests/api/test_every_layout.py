"""What the model of a chat says is what the store lists, the case shows and the bundle prints; hole by hole.

One office takes in one chat of each version, in another form each time, and each of them twice.
"""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from api.home import Home
from api.office.audit import run_audit
from api.office.completeness import completeness_of
from api.office.foresee import foresee_import
from api.office.intake import Imported, Wish, import_export
from api.office.item import show_item
from casefiles.verifier.__main__ import load_roots
from casefiles.verifier.checks import verify
from evidence.finding import Verdict
from evidence.observation import HoleReason, Mode
from evidence.spans import Spans
from monitor.rehearsal.telegram.rooms import Room
from tests.homes import PASSPHRASE, doer, export_of, items_of, legal_basis, new_case, new_home, records_of
from tests.monitor.desktop.both import Said
from tests.monitor.desktop.layouts import (
    ERAS,
    FORMS,
    HERE,
    NOW,
    Era,
    Facts,
    Given,
    ModelChat,
    facts_of,
    gaps_of,
    histories,
    sample_histories,
    told_by,
    write_folder,
    write_html,
)
from tests.nonempty import nonempty
from tests.watching import desk

FORM_OF = dict(
    zip(
        (era.name for era in ERAS),
        ("folder", "account", "archive in an archive", "slices", "UTF-16", "several archives"),
        strict=True,
    )
)
_OF_FILES = ("missing_file", "not_included", "too_large", "unavailable")
_SAID = ("message", "edit", "service")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Home]:
    home, _cards = new_home(tmp_path / "home")
    yield home
    home.engine.dispose()


def take(home: Home, brought: Given, mode: Mode = Mode.SEALED) -> Imported:
    """Import what somebody brings; a dry run before it foresees all of it."""
    basis = None if mode is Mode.METADATA_ONLY else legal_basis(home.path.parent)
    wish = Wish(brought.paths[0], brought.chat, "mila", mode, basis, doer(home), more=brought.paths[1:])
    foreseen = foresee_import(home, wish)
    done = import_export(home, wish)
    assert isinstance(done, Imported)
    assert foreseen.new == done.counts
    assert (foreseen.held.absent, foreseen.held.lacked) == (done.absent, done.lacked)
    return done


@dataclass(frozen=True, slots=True)
class TakenChat:
    """A chat of the model that an office took in."""

    history: ModelChat
    era: Era
    channel_id: str

    @property
    def numbers(self) -> list[int]:
        """The numbers of its messages."""
        return [each.id for each in self.history.said]


def take_twice(home: Home, history: ModelChat, era: Era, brought: Given) -> TakenChat:
    first = take(home, brought)
    before = items_of(home)
    again = take(home, brought)
    assert asdict(again.counts) | {"already_known": 0} == dict.fromkeys(asdict(again.counts), 0)
    assert again.counts.already_known == first.counts.messages + first.counts.service + first.counts.media
    assert items_of(home) == before
    return TakenChat(history, era, first.container.channel_id)


def printed(home: Home) -> dict[str, list[dict[str, Any]]]:
    """The items and the other entries of a bundle of all that is kept, once it is verified."""
    out = home.path.parent / "all.asice"
    export_of(home, new_case(home), out)
    report = verify(out, roots=load_roots(sorted(home.trust.glob("*.pem"))))
    assert report.verdict is Verdict.PASSED
    with zipfile.ZipFile(out) as bundle:
        tables = {name: bundle.read(f"data/{name}.jsonl").splitlines() for name in ("items", "events")}
    return {name: [json.loads(line) for line in lines] for name, lines in tables.items()}


def values_of(rows: Sequence[Mapping[str, Any]], channel_id: str) -> list[dict[str, Any]]:
    return [row["values"] for row in rows if row["values"].get("channel_id") == channel_id]


def facts_printed(items: Sequence[dict[str, Any]], holes: Sequence[dict[str, Any]]) -> list[Facts]:
    """What a bundle says of each message of a chat, and of its file."""
    files: dict[str, str | HoleReason] = {
        hole["lo"]: HoleReason(hole["hole"]) for hole in holes if hole.get("hole") in _OF_FILES
    }
    files |= {item["message_id"]: item["sha256"] for item in items if item["kind"] == "file"}
    return [facts_of(item, files.get(item["message_id"])) for item in items if item["kind"] in _SAID]


def require_printed(chat: TakenChat, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    items = values_of(tables["items"], chat.channel_id)
    holes = [values for values in values_of(tables["events"], chat.channel_id) if "hole" in values]
    assert facts_printed(items, holes) == told_by(chat.history, chat.era)
    spans = [(int(hole["lo"]), int(hole["hi"])) for hole in holes if hole["hole"] == "gap"]
    assert spans == gaps_of(chat.history)


def require_listed(home: Home, chat: TakenChat) -> None:
    rows = [row for row in items_of(home) if row.channel_id == chat.channel_id]
    told = told_by(chat.history, chat.era)
    assert [row.message_id for row in rows if row.kind != "file"] == chat.numbers
    assert [row.message_id for row in rows if row.kind == "file"] == [
        each.id for each in told if isinstance(each.file, str) and not isinstance(each.file, HoleReason)
    ]
    holes = {row.message_id: show_item(home, row.item_id).holes for row in rows if row.kind != "file"}
    shown = {number: {hole.reason for hole in each} & set(_OF_FILES) for number, each in holes.items()}
    assert shown == {each.id: {each.file} if isinstance(each.file, HoleReason) else set() for each in nonempty(told)}
    assert list(completeness_of(home, chat.channel_id).holes) == gaps_of(chat.history)


def require_clean_store(home: Home) -> None:
    done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert done.report.verdict is Verdict.PASSED, done.report.problems


def test_list_case_and_bundle_say_what_the_model_says_of_every_layout(office: Home, tmp_path: Path) -> None:
    chats = []
    for era, history in zip(nonempty(ERAS), sample_histories(len(ERAS)), strict=True):
        scratch = tmp_path / f"{history.number}"
        scratch.mkdir()
        chats.append(take_twice(office, history, era, FORMS[FORM_OF[era.name]](history, era, scratch)))
    pages = sample_histories(len(ERAS) + 1)[-1]
    paged = take_twice(office, pages, ERAS[0], write_html(pages, tmp_path / "pages"))
    tables = printed(office)
    for chat in nonempty(chats):
        require_listed(office, chat)
        require_printed(chat, tables)
    items = values_of(tables["items"], paged.channel_id)
    assert [int(item["message_id"]) for item in items if item["kind"] != "file"] == paged.numbers
    require_clean_store(office)


def renamed(history: ModelChat) -> ModelChat:
    """The same chat of two people in turn, so that it is an export of everybody's messages."""
    names = ("K", "Briar Rose")
    said = (replace(each, name=names[place % 2], service=None) for place, each in enumerate(history.said))
    return replace(history, said=tuple(replace(each, runs=each.runs or ("x",)) for each in said))


@pytest.mark.parametrize("mode", [Mode.METADATA_ONLY, Mode.SEALED])
def test_an_older_export_and_then_a_newer_one_are_the_history(office: Home, tmp_path: Path, mode: Mode) -> None:
    for history in nonempty(map(renamed, sample_histories(4))):
        numbers = [each.id for each in history.said]
        unseen, lost, edited = numbers[1], numbers[2], numbers[3]
        older = history.until(numbers[5]).without(unseen)
        was = tuple(
            replace(each, edited=None, runs=("as it was",)) if each.id == edited else each for each in older.said
        )
        later = {each.id: each.at + timedelta(minutes=9) for each in history.said}
        now = tuple(replace(each, edited=later[edited]) if each.id == edited else each for each in history.said)
        newer = replace(history, said=now).without(lost)
        folder = tmp_path / f"{history.number}"
        first = Given((write_folder(replace(older, said=was), NOW, folder / "older"),))
        second = Given((write_folder(newer, NOW, folder / "newer"),))
        assert take(office, first, mode).absent == 0
        assert take(office, second, mode).absent == 1
        require_history(office, history, edited=edited, lost=lost)
        for each in (second, first, second):
            before = items_of(office)
            assert take(office, each, mode).absent == 0
            assert items_of(office) == before
    require_clean_store(office)
    require_absence_printed(office)


def test_the_older_export_brought_last_is_the_same_history(office: Home, tmp_path: Path) -> None:
    history, further, same = map(renamed, sample_histories(3))
    numbers = [each.id for each in history.said]
    unseen, lost = numbers[1], numbers[2]
    newer = write_folder(history.without(lost), NOW, tmp_path / "newer")
    older = write_folder(history.until(numbers[5]).without(unseen), NOW, tmp_path / "older")
    first, second = Given((newer,)), Given((older,))
    assert told_absent(take(office, first, Mode.METADATA_ONLY)) == (0, 0)
    brought = take(office, second, Mode.METADATA_ONLY)
    assert told_absent(brought) == (0, 1)
    rows = Counter((row.message_id, row.kind) for row in items_of(office) if row.kind != "file")
    assert rows == Counter((each.id, "message") for each in history.said) + Counter({(lost, "deletion"): 1})
    seen = completeness_of(office, str(history.number))
    assert (list(seen.holes), list(seen.missing)) == (gaps_of(history), [(lost, lost)])
    for each in (first, second, first):
        before = items_of(office)
        assert told_absent(take(office, each, Mode.METADATA_ONLY)) == (0, 0)
        assert items_of(office) == before
    (gone,) = [row["values"] for row in printed(office)["items"] if row["values"]["kind"] == "deletion"]
    assert (gone["action"], gone["message_id"]) == ("lacked", str(lost))
    assert gone["container_sha256"] == brought.container.sha256
    assert "acquisition" not in gone
    # an export that goes further is fuller: it closes the gap of the one before; one that ends alike does not
    assert lacked_after(office, tmp_path / "further", further.until(further.said[-1].id), further) == 0
    assert lacked_after(office, tmp_path / "same", same, same) == 1
    require_clean_store(office)


def told_absent(done: Imported) -> tuple[int, int]:
    """How many messages of older exports this one lacks, and how many of its own a newer one lacks."""
    return done.absent, done.lacked


def numbers_of(history: ModelChat) -> set[int]:
    return {each.id for each in history.said}


def should_have(newer: ModelChat, older: ModelChat) -> set[int]:
    """The messages of an export that another one lacks, though it goes as far and is of everybody."""
    here, there = numbers_of(newer), numbers_of(older)
    if max(here) < max(there) or len({each.name for each in newer.said}) == 1:
        return set()
    return {number for number in there - here if min(here) < number < max(here)}


@st.composite
def two_exports(draw: st.DrawFn) -> tuple[ModelChat, ModelChat]:
    """A chat at two times, each of them as an export has it that may lack any of its messages."""
    history = renamed(draw(histories().filter(lambda each: len(each.said) > 3)))
    numbers = sorted(numbers_of(history))
    older = history.until(draw(st.sampled_from(numbers[2:])) + 1)
    return (
        older.without(*draw(st.sets(st.sampled_from(numbers), max_size=2)) - {numbers[0]}),
        history.without(*draw(st.sets(st.sampled_from(numbers), max_size=2)) - {numbers[0]}),
    )


@pytest.mark.slow
@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(two_exports(), st.permutations(sorted(FORMS.keys() - {"account that left"})), st.permutations(ERAS[1:]))
def test_any_two_exports_in_any_order_are_one_history(
    tmp_path_factory: pytest.TempPathFactory,
    exports: tuple[ModelChat, ModelChat],
    forms: Sequence[str],
    eras: Sequence[Era],
) -> None:
    folder = tmp_path_factory.mktemp("two")
    home, _cards = new_home(folder / "home")
    missing = should_have(*exports) | should_have(*exports[::-1])
    everything = set[int]().union(*map(numbers_of, exports))
    for turn, order in enumerate(((0, 1), (1, 0))):
        # the same chat under another number, in the other order
        moved = [replace(each, number=each.number + turn) for each in exports]
        brought = {place: folder / f"{turn}-{place}" for place in order}
        for path in brought.values():
            path.mkdir()
        told = [FORMS[forms[place]](moved[place], eras[place], brought[place]) for place in order]
        for each in (*told, *told):
            take(home, each, Mode.METADATA_ONLY)
        seen = completeness_of(home, str(moved[0].number))
        assert [within(seen.missing), within(seen.observed)] == [missing, everything]
    require_clean_store(home)
    home.engine.dispose()


def within(spans: Spans) -> set[int]:
    """All numbers of some spans."""
    return {number for lo, hi in spans for number in range(lo, hi + 1)}


def lacked_after(home: Home, folder: Path, first: ModelChat, second: ModelChat) -> int:
    """How many messages the first export lacks that the second, brought later, has; one is taken from the first."""
    told = (first.without(first.said[2].id), second)
    paths = [write_folder(each, NOW, folder / str(number)) for number, each in enumerate(nonempty(told))]
    return [take(home, Given((each,)), Mode.METADATA_ONLY).lacked for each in paths][-1]


def require_history(home: Home, history: ModelChat, *, edited: int, lost: int) -> None:
    """Every message that ever was is kept, as it was and as it became; one is missing since."""
    rows = [row for row in items_of(home) if row.channel_id == str(history.number) and row.kind != "file"]
    kinds = Counter((row.message_id, row.kind) for row in rows)
    wanted = Counter((each.id, "message") for each in history.said)
    assert kinds == wanted + Counter({(edited, "edit"): 1, (lost, "deletion"): 1})
    seen = completeness_of(home, str(history.number))
    assert list(seen.holes) == gaps_of(history)
    assert list(seen.missing) == [(lost, lost)]


def require_absence_printed(home: Home) -> None:
    gone = [row["values"] for row in printed(home)["items"] if row["values"]["kind"] == "deletion"]
    assert {each["action"] for each in nonempty(gone)} == {"missing"}
    assert {each["method"] for each in gone} == {"desktop-json"}


def absent_after(home: Home, folder: Path, older: ModelChat, newer: ModelChat, *, left: bool = False) -> int:
    """How many messages the second export lacks, as the import says."""
    for name, history in (("older", older), ("newer", newer)):
        form = FORMS["account that left"] if left and name == "newer" else FORMS["folder"]
        (folder / name).mkdir(parents=True)
        done = take(home, form(history, NOW, folder / name), Mode.METADATA_ONLY)
    return done.absent


def test_absence_is_told_within_the_span_of_a_newer_export_of_everybody(office: Home, tmp_path: Path) -> None:
    chats = [renamed(each) for each in sample_histories(7)]
    numbers = [[each.id for each in history.said] for history in chats]
    control, before, after, older, left, own, basic = chats
    alone = replace(own, said=tuple(replace(each, name="K") for each in own.said))
    mine, group = alone.without(numbers[5][2]), replace(basic, type="private_group", number=77)
    told = {
        "control": absent_after(office, tmp_path / "1", control, control.without(numbers[0][2])),
        "a message before its first": absent_after(office, tmp_path / "2", before, before.without(*numbers[1][:2])),
        "messages after its last": absent_after(office, tmp_path / "3", after, after.until(numbers[2][-2])),
        "an older export after the newer": absent_after(
            office, tmp_path / "4", older, older.until(numbers[3][-2]).without(numbers[3][2])
        ),
        "own messages only": absent_after(office, tmp_path / "5", left, left.without(numbers[4][2]), left=True),
        "one sender": absent_after(office, tmp_path / "6", own, mine),
        "a group whose numbers are an account's": absent_after(
            office, tmp_path / "7", group, group.without(numbers[6][2])
        ),
    }
    assert told == dict.fromkeys(told, 0) | {"control": 1}


def test_what_the_watch_saw_and_an_export_has_are_the_same_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as at:
        group = at.group("Hedge <1>", "hedge", mode=Mode.METADATA_ONLY, joined=tuple(at.accounts))
        people = {name: at.telegram.world.add_person(name) for name in ("K", "Briar Rose")}
        words = ("një", "dy", "tre", "katër", "pesë", "gjashtë")
        numbers = [
            group.post(text, sender=list(people.values())[place % 2], at=at.clock() - timedelta(hours=9 - place))
            for place, text in enumerate(words)
        ]
        assert at.once().ended_by is None
        told, lost = numbers[1], numbers[2]
        group.delete([told])
        assert at.once().ended_by is None
        export = write_folder(export_of_room(group, lost), NOW, tmp_path / "export")
        home = at.home
        done = take(home, Given((export,)), Mode.METADATA_ONLY)
        assert (done.counts.messages, done.absent) == (len(words) - 2, 1)
        places: dict[int | None, list[str]] = {}
        for row in items_of(home):
            if row.channel_id == str(group.id) and row.message_id in numbers:
                places.setdefault(row.message_id, []).append(row.kind)
        both = {number: ["message", "message"] for number in numbers}
        assert places == both | {number: ["message", "deletion"] for number in (told, lost)}
        seen = completeness_of(home, "hedge")
        assert [list(seen.deleted), list(seen.missing)] == [[(told, told)], [(lost, lost)]]
        home.engine.dispose()


@pytest.mark.parametrize("seed", [3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(20, 40))])
def test_whatever_happens_while_it_is_watched_an_export_later_completes_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    with desk(tmp_path, monkeypatch) as at:
        group = at.group("Hedge <1>", "hedge", mode=Mode.METADATA_ONLY, joined=tuple(at.accounts))
        people = [at.telegram.world.add_person(name) for name in ("Briar Rose", "K")]
        seen: dict[int, set[str]] = {}
        for step in range(24):
            there = [number for number in group.numbers if number > 1]
            happens = str(chance.choice(["post", "post", "edit", "delete", "look"])) if len(there) > 3 else "post"
            if happens == "post":
                group.post(f"{step}", sender=people[(max(group.numbers, default=0) + 1) % 2])
            elif happens == "edit":
                group.edit(int(chance.choice(there)), text=f"edited {step}")
            elif happens == "delete":
                group.delete([int(chance.choice(there[:-1]))])
            else:
                assert at.once().ended_by is None
                note_words(group, seen)
        note_words(group, seen)
        home = at.home
        done = take(home, Given((write_folder(export_of_room(group), NOW, tmp_path / "export"),)), Mode.METADATA_ONLY)
        assert done.lacked == 0
        require_seen(home, group, seen)
        home.engine.dispose()
        # what the export showed to be missing, the watch is told of
        assert at.once().ended_by is None
        home = at.home
        require_seen(home, group, seen)
        assert not completeness_of(home, "hedge").missing
        require_clean_store(home)
        home.engine.dispose()


def note_words(room: Room, seen: dict[int, set[str]]) -> None:
    """What the messages of a room say now, to whoever looks."""
    for number, post in room.posts.items():
        if room.is_there(number):
            seen.setdefault(number, set()).add(post.described.message)


def require_seen(home: Home, room: Room, seen: Mapping[int, set[str]]) -> None:
    """Whatever was seen is kept in all its words, and what is gone is said to be gone."""
    kept: dict[int, set[str]] = {}
    for record in records_of(home):
        values = record.values
        if values.get("channel_id") == str(room.id) and values.get("kind") in _SAID:
            kept.setdefault(int(values["message_id"]), set()).add(values["text"])
    assert kept == seen
    told = completeness_of(home, "hedge")
    gone = {number for number in seen if not room.is_there(number)}
    assert (within(told.deleted) | within(told.missing)) & seen.keys() == gone


def export_of_room(room: Room, lost: int | None = None) -> ModelChat:
    """What Telegram Desktop would export of a loopback group now, but for one message."""
    there = (post for number, post in sorted(room.posts.items()) if room.is_there(number) and number != lost)
    said = tuple(
        Said(
            post.number,
            post.described.date.astimezone(HERE).replace(tzinfo=None, microsecond=0),
            name=("K", "Briar Rose")[post.number % 2],
            runs=(post.described.message,),
        )
        for post in there
    )
    return ModelChat(said, {}, number=room.id)
