"""What goes in is sealed, comes back whole with the cards, and goes in once."""

import base64
import hashlib
import io
import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.audit import run_audit
from casefiles.case import OpenedEvent, add_items, open_events
from evidence.canonical import jcs
from evidence.errors import AuthorityError, NoMatchingKeyError, ObjectMissingError
from evidence.finding import Verdict
from evidence.intake.preserve import type_of
from evidence.intake.slices import read_slices
from evidence.log.leaf import parse_leaf
from evidence.observation import HoleReason, Medium, Mode
from evidence.pictures import find_encoded
from evidence.seal.envelopes import open_whole
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.payload import read_payload
from monitor.rehearsal.export import rehearsal_picture, write_export
from tests.homes import PASSPHRASE, Office, copy_of, doer, export_of, items_of, new_case, new_home, take_in
from tests.monitor.desktop.kinds import NOT_INCLUDED, every_sample
from tests.opening import evidence_of


def records_of(home: Home) -> dict[int, tuple[object, dict[str, object]]]:
    """Every event's opened record and source, by index."""
    with reading(home.engine) as connection:
        indexes = connection.execute(sa.select(database.event.c.idx)).scalars().all()
    casework = home.keys.unlock(PASSPHRASE).casework
    return {event.index: event for event in open_events(home.engine, indexes, casework)}


def opened(home: Home, cards: tuple[str, ...], index: int, address: str) -> bytes:
    with reading(home.engine) as connection:
        table = database.sealed
        header = connection.execute(
            sa.select(table.c.body).where(table.c.idx == index, table.c.name == "media_header")
        ).scalar_one()
        payload = list(read_payload(connection, home.objects, index=index, address=address))
        leaf = parse_leaf(
            connection.execute(sa.select(database.event.c.leaf).where(database.event.c.idx == index)).scalar_one()
        )
    origin = home.settings.log.origin
    content, _told = evidence_of(bytes(header), payload, cards=cards[:2], event=leaf.event_id, origin=origin)
    return content


def holes_of(home: Home) -> list[tuple[str, int | None, int | None]]:
    table = database.hole
    with reading(home.engine) as connection:
        return [(row.reason, row.lo, row.hi) for row in connection.execute(sa.select(table).order_by(table.c.idx))]


def payloads_of(home: Home) -> int:
    """How many payloads are kept, as objects and in rows."""
    table = database.sealed
    with reading(home.engine) as connection:
        rows = connection.execute(sa.select(sa.func.count()).where(table.c.name == "media")).scalar_one()
    return int(rows) + len(list(home.objects.addresses()))


def test_the_cards_give_the_export_back_byte_for_byte(office: Office) -> None:
    home, original = office.home, (office.export.folder / "result.json").read_bytes()
    events = records_of(home)
    imported = next(event for event in events.values() if event.leaf.type == "imported")
    whole = bytearray(len(original))
    rest = bytearray(opened(home, office.cards, imported.index, imported.leaf.sealed["media"]))
    covered = bytearray(len(original))
    for each in read_slices(imported.record.source["slices"]):
        at, piece = each.offset, opened(home, office.cards, each.index, events[each.index].leaf.sealed["media"])
        assert len(piece) == each.length
        whole[at : at + len(piece)] = piece
        covered[at : at + len(piece)] = b"\1" * len(piece)
    gaps = [at for at, mark in enumerate(covered) if not mark]
    assert len(gaps) == len(rest)
    for at, byte in zip(gaps, rest, strict=True):
        whole[at] = byte
    assert bytes(whole) == original
    assert imported.record.values["container_sha256"] == hashlib.sha256(original).hexdigest()


def test_every_file_of_the_export_is_sealed_with_its_digest(office: Office) -> None:
    files = {
        event.record.values["file_name"]: event
        for event in records_of(office.home).values()
        if event.leaf.type == "observed" and event.record.values["kind"] == "file"
    }
    assert files.keys() == office.export.media.keys()
    for name, event in files.items():
        content = opened(office.home, office.cards, event.index, event.leaf.sealed["media"])
        assert content == (office.export.folder / name).read_bytes()
        assert event.record.values["sha256"] == office.export.media[name]


def test_the_same_export_again_adds_nothing_but_one_event(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    before, holes, payloads = items_of(home), holes_of(home), payloads_of(home)
    counts = take_in(home, office.export.folder).counts
    assert items_of(home) == before
    assert holes_of(home) == holes
    assert counts.already_known == len(before)
    assert (counts.messages, counts.service, counts.media, counts.sealed, counts.missing_media) == (0, 0, 0, 0, 0)
    assert payloads_of(home) == payloads + 1  # the container's rest
    home.engine.dispose()


def test_the_counts_are_those_of_the_export(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=2, messages=24, photos=4)
    counts = take_in(home, export.folder).counts
    assert counts.messages == export.ordinary
    assert counts.service == export.service
    assert counts.unsupported == export.unsupported
    assert counts.edits == export.edits
    assert counts.media == counts.sealed == len(export.media)
    assert counts.missing_media == export.withheld
    assert counts.already_known == 0
    assert ("gap", *export.gaps[0]) in holes_of(home)
    home.engine.dispose()


def test_metadata_only_reads_no_file_and_says_so(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=2, messages=16, photos=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evidence.intake.preserve._chunks", None)  # whoever opens a medium goes through it
        counts = take_in(home, export.folder, Mode.METADATA_ONLY).counts
    assert (counts.media, counts.sealed) == (len(export.media), 0)
    assert [reason for reason, _lo, _hi in holes_of(home)].count("mode") == len(export.media)
    with reading(home.engine) as connection:
        prints = sa.select(database.sealed.c.idx).where(database.sealed.c.name == "prints")
        assert connection.execute(prints).first() is None
    home.engine.dispose()


def test_hash_only_keeps_fingerprints_and_no_bytes_until_a_higher_mode_comes(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=2, messages=16, photos=0)
    counts = take_in(home, export.folder, Mode.HASH_ONLY).counts
    assert (counts.media, counts.sealed) == (len(export.media), 0)
    again = take_in(home, export.folder, Mode.SEALED).counts
    assert (again.messages, again.sealed) == (0, len(export.media))
    assert take_in(home, export.folder, Mode.HASH_ONLY).counts.media == 0
    home.engine.dispose()


def test_prints_are_sealed_to_the_matching_key_alone(office: Office) -> None:
    keys = office.home.keys.unlock(PASSPHRASE)
    with reading(office.home.engine) as connection:
        body = connection.execute(
            sa.select(database.sealed.c.body).where(database.sealed.c.name == "prints").limit(1)
        ).scalar_one()
    assert json.loads(open_whole(bytes(body), identities=(keys.matching,)))["format"] == "nisisama/prints/1"
    with pytest.raises(NoMatchingKeyError):
        open_whole(bytes(body), identities=(keys.casework,))


def test_a_file_that_is_no_picture_is_kept_with_a_hole(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=2, messages=16, photos=0)
    photo = next(name for name in sorted(export.media) if name.endswith(".jpg"))
    (export.folder / photo).write_bytes(b"this is no picture" * 100)
    counts = take_in(home, export.folder).counts
    assert counts.sealed == len(export.media)
    assert [reason for reason, _lo, _hi in holes_of(home)].count(HoleReason.NOT_DECODED.value) == 1
    home.engine.dispose()


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("Image/x-icon", "Image/x-icon"),
        ("image/\ud800", "image/png"),
        ("x" * 70_000, "image/png"),
        ("a/" + "b" * 65, "image/png"),
        ("image/png; charset=x", "image/png"),
        ("image/\u0430", "image/png"),
        ("text/plain\n", "image/png"),
        (None, "image/png"),
    ],
)
def test_a_manifest_holds_only_what_has_the_form_of_a_type(declared: str | None, kept: str) -> None:
    assert type_of(Medium("a.png", lambda: nullcontext(io.BytesIO()), declared)) == kept
    assert type_of(Medium("a.unknown", lambda: nullcontext(io.BytesIO()), "x" * 70_000)) == "application/octet-stream"


def test_a_mode_above_metadata_needs_two_persons(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=2, messages=16, photos=0)
    for approver in (" ", "ann", " ANN "):
        alone = doer(home, approver=approver)
        with pytest.raises(AuthorityError):
            take_in(home, export.folder, by=alone)
    assert items_of(home) == []
    home.engine.dispose()


def test_an_edited_message_that_is_known_becomes_an_edit(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    folder = tmp_path / "again"
    write_export(folder, seed=7, messages=16, photos=0)
    export = json.loads((folder / "result.json").read_text())
    message = next(each for each in export["messages"] if each["type"] == "message" and each["text"])
    message |= {"text": "other words", "text_entities": [], "edited_unixtime": "1733011200"}
    (folder / "result.json").write_text(json.dumps(export, indent=1, ensure_ascii=False))
    counts = take_in(home, folder).counts
    kinds = [item.kind for item in items_of(home) if item.message_id == message["id"]]
    assert "edit" in kinds
    assert counts.edits >= 1
    home.engine.dispose()


def test_metadata_only_after_sealed_adds_nothing(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    before, holes = items_of(home), holes_of(home)
    counts = take_in(home, office.export.folder, Mode.METADATA_ONLY).counts
    assert (counts.already_known, counts.media) == (len(before), 0)
    assert (items_of(home), holes_of(home)) == (before, holes)
    home.engine.dispose()


def test_the_same_message_at_a_higher_mode_is_no_edit(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=2, messages=16, photos=0)
    file = export.folder / "result.json"
    result = json.loads(file.read_text())
    message = next(each for each in result["messages"] if each.get("edited_unixtime"))
    message["text"] = "data:image/png;base64," + "iVBORw0KGgo" + "A" * 80
    message["text_entities"] = []
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False))
    for mode in (Mode.METADATA_ONLY, Mode.SEALED):
        take_in(home, export.folder, mode)
    kinds = [item.kind for item in items_of(home) if item.message_id == message["id"]]
    assert kinds == ["message"]  # both are kept, and the higher mode stands for them
    home.engine.dispose()


def test_an_edit_beside_its_first_state_in_one_batch_is_an_edit(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    folder = tmp_path / "export"
    folder.mkdir()
    first = {"id": 1, "type": "message", "date_unixtime": "1731570000", "text": "one"}
    export = {
        "name": "x",
        "type": "private_group",
        "id": 5,
        "messages": [first, first | {"text": "two", "edited_unixtime": "1731570001"}],
    }
    (folder / "result.json").write_text(json.dumps(export))
    take_in(home, folder)
    assert [item.kind for item in items_of(home)] == ["message", "edit"]
    home.engine.dispose()


PICTURE = rehearsal_picture(np.random.default_rng(7))
MEDIA = ("photo", "file", "thumbnail", "contact_vcard")


def jpeg() -> bytes:
    stream = io.BytesIO()
    PICTURE.save(stream, "JPEG")
    return stream.getvalue()


def media_everywhere(folder: Path) -> None:
    """An export with a message of every kind, each naming a picture that is there, and pictures between them."""
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "a.jpg").write_bytes(jpeg())
    spelled = base64.b64encode(jpeg()).decode()
    messages = []
    for number, named in enumerate(every_sample(), start=1):
        text = json.dumps(dict(named.sample.members)).replace(json.dumps(NOT_INCLUDED), '"files/a.jpg"')
        members = json.loads(text) | {
            "id": number,
            "type": named.sample.kind,
            "date_unixtime": str(1767222000 + number),
        }
        if number % 2:
            members["hologram"] = f"data:image/jpeg;base64,{spelled}"
        messages.append(members)
    for number, key in enumerate(MEDIA, start=len(messages) + 1):
        messages.append({"id": number, "type": "message", "date_unixtime": "1767300000", key: "files/a.jpg"})
    chat = {"name": "Hedge", "type": "public_channel", "id": 42, "messages": messages, "hologram": [spelled]}
    (folder / "result.json").write_text(json.dumps(chat))


@pytest.mark.repeats
@pytest.mark.parametrize("mode", list(Mode))
def test_metadata_only_keeps_no_picture_wherever_in_an_export_it_stands(
    office: Office, tmp_path: Path, mode: Mode
) -> None:
    home = copy_of(office, tmp_path)
    media_everywhere(tmp_path / "export")
    before = len(records_of(home))
    done = take_in(home, tmp_path / "export", mode)
    added = [event for index, event in records_of(home).items() if index >= before and event.record]
    pictured = [event for event in added if "media" in event.leaf.sealed and shows(home, office, event)]
    assert bool(pictured) is (mode is Mode.SEALED)
    assert done.counts.media > 0
    kept_by_mode = [event for event in added if event.record.values.get("hole") == HoleReason.MODE]
    assert bool(kept_by_mode) is (mode is not Mode.SEALED)
    for event in added:
        assert not any(find_encoded(jcs(event.record.values)))
    done_audit = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    assert done_audit.report.verdict is Verdict.PASSED
    home.engine.dispose()


def shows(home: Home, office: Office, event: OpenedEvent) -> bool:
    content = opened(home, office.cards, event.index, event.leaf.sealed["media"]).replace(b"\\/", b"/")
    return content == jpeg() or any(find_encoded(content))


LOST = {
    "the object": lambda home, index, address: (home.path / "objects" / address[:2] / address).unlink(),
    "its header": lambda home, index, _address: _without(home, index, "media_header"),
    "its record": lambda home, index, _address: _without(home, index, "record"),
    "its fingerprints": lambda home, index, _address: _without(home, index, "prints"),
}


def _without(home: Home, index: int, name: str) -> None:
    with writing(home.engine) as connection:
        table = database.sealed
        connection.execute(sa.delete(table).where(table.c.idx == index, table.c.name == name))


def _large_file(home: Home) -> tuple[int, str, str]:
    """Log index, item and object of the first file that lies as an object."""
    table = database.item
    with reading(home.engine) as connection:
        files = connection.execute(sa.select(table).where(table.c.kind == "file").order_by(table.c.idx)).all()
    return next(
        (row.idx, row.item_id, row.payload_sha256)
        for row in files
        if (home.path / "objects" / row.payload_sha256[:2] / row.payload_sha256).exists()
    )


@pytest.mark.parametrize("part", LOST)
def test_what_lost_a_sealed_part_is_sealed_again_as_a_new_item(part: str, office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    index, lost, address = _large_file(home)
    case, before = new_case(home, [lost]), {item.item_id for item in items_of(home)}
    LOST[part](home, index, address)
    with pytest.raises(ObjectMissingError, match="gone") as raised:
        export_of(home, case, tmp_path / "refused.asice")
    assert lost in raised.value.where
    assert "import" in raised.value.fix
    counts = take_in(home, office.export.folder).counts
    assert (counts.media, counts.sealed, counts.messages) == (1, 1, 0)
    again = [item for item in items_of(home) if item.item_id not in before]  # it stands for the one that lost a part
    assert [item.kind for item in again] == ["file"]
    assert take_in(home, office.export.folder).counts.media == 0  # CONTROL: what is whole does not come again
    told = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report
    problem = told.problems[0]
    assert problem.verdict is (Verdict.INDETERMINATE if part == "the object" else Verdict.FAILED)
    assert lost in problem.where + problem.expected
    if part != "its record":
        with home.writing() as writer:
            add_items(home.engine, writer.sequencer, case, [again[0].item_id], doer(home))
        assert export_of(home, case, tmp_path / "both.asice").facts.items == 2
    home.engine.dispose()
