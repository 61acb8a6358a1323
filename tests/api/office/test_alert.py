"""A case is told once that a picture of it appeared again, wherever it was first, and of nothing else."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image

from api.home import Home
from api.office.alert import Lookout, alerts_of, dismiss_alert
from api.office.audit import run_audit
from api.office.case import add_items, remove_items, show_case
from api.office.opened import OpenOffice
from casefiles.appearance import FOLLOWER
from evidence.authority import Doer
from evidence.custody.event import Draft
from evidence.errors import AuthorityError, UnknownItemError
from evidence.observation import Mode
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import writing
from tests.appearing import agree, case_with, edits, jpeg, look_out, photo, post
from tests.evidence.fingerprint.videos import film, view
from tests.homes import PASSPHRASE, doer, records_of, size_of
from tests.nonempty import nonempty

EDITS = edits(photo())


def open_items(home: Home, case: str | None = None) -> list[tuple[str, str]]:
    page = alerts_of(home, cases=None if case is None else [case])
    return [(alert.case_id, alert.item_id) for alert in page.entries]


def begin_again(home: Home) -> None:
    """As if whoever looked was killed before its position was written."""
    with writing(home.engine) as connection:
        connection.execute(sa.update(database.follower).where(database.follower.c.name == FOLLOWER).values(position=0))


def require_clean(home: Home) -> None:
    done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _read: None)
    assert done.report.problems == ()


def test_an_edited_repost_is_told_to_its_case_and_unrelated_pictures_are_not(home: Home, tmp_path: Path) -> None:
    (original,) = post(home, tmp_path / "first", {1: jpeg(photo())})
    case = case_with(home, original)
    assert look_out(home).raised == 0
    again = post(home, tmp_path / "again", dict(enumerate(EDITS.values(), start=10)))
    others = post(home, tmp_path / "others", {at: jpeg(photo(seed=at)) for at in range(100, 130)})
    assert look_out(home).raised == len(EDITS)
    assert open_items(home) == [(case, item) for item in again]
    assert not {item for _case, item in open_items(home)} & set(nonempty(others))
    alerted = [record.values for record in records_of(home) if record.type == "alerted"]
    assert {str(found) for values in alerted for tier in ("match", "review") for found in values[tier]} == {original}  # type: ignore[union-attr]
    require_clean(home)


def test_a_picture_that_a_case_is_given_is_looked_for_in_everything_that_is_kept(home: Home, tmp_path: Path) -> None:
    again = post(home, tmp_path / "again", dict(enumerate(EDITS.values(), start=10)))
    (original,) = post(home, tmp_path / "first", {1: jpeg(photo())})
    look_out(home)
    case = case_with(home, original)
    assert look_out(home).raised == len(EDITS)
    assert sorted(open_items(home, case)) == sorted((case, item) for item in again)


def test_only_cases_whose_client_agrees_are_told(home: Home, tmp_path: Path) -> None:
    first = post(home, tmp_path / "first", {1: jpeg(photo()), 2: EDITS["mirrored"]})
    case = case_with(home, first[0], consent=False)
    assert look_out(home).raised == 0
    agree(home, case)
    assert look_out(home).raised == 1
    agree(home, case, given=False)
    post(home, tmp_path / "second", {3: EDITS["smaller"]})
    assert look_out(home).raised == 0
    assert open_items(home) == [(case, first[1])]


def test_nothing_is_told_twice_however_often_it_is_looked(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: jpeg(photo()), 2: EDITS["bordered"]})
    case_with(home, items[0])
    assert look_out(home).raised == 1
    size = size_of(home)
    again = look_out(home)
    assert (again.raised, size_of(home)) == (0, size)
    begin_again(home)
    assert (look_out(home).raised, size_of(home)) == (0, size)


def test_a_look_out_sees_what_comes_while_it_stands(home: Home, tmp_path: Path) -> None:
    standing = Lookout(home, OpenOffice.of(home, home.keys.unlock(PASSPHRASE)))
    (original,) = post(home, tmp_path / "first", {1: jpeg(photo())})
    standing.look()
    case = case_with(home, original)
    standing.look()
    again = post(home, tmp_path / "again", {2: EDITS["turned"]})
    assert standing.look().raised == 1
    assert open_items(home) == [(case, item) for item in again]
    assert standing.look(stopped=lambda: True).entries == 0
    assert standing.look().raised == 0


def test_what_is_or_was_in_the_case_raises_none(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: jpeg(photo()), 2: EDITS["mirrored"], 3: EDITS["smaller"]})
    case = case_with(home, *items)
    remove_items(home, case, (items[2],), doer(home))
    assert look_out(home).raised == 0
    assert look_out(home).raised == 0


def test_the_same_thing_kept_in_a_higher_mode_raises_none(home: Home, tmp_path: Path) -> None:
    (original,) = post(home, tmp_path / "first", {1: jpeg(photo())})
    case_with(home, original)
    look_out(home)
    assert len(post(home, tmp_path / "higher", {1: jpeg(photo())}, mode=Mode.SEALED)) == 1
    assert look_out(home).raised == 0


def test_one_picture_of_two_cases_is_told_to_both(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: jpeg(photo()), 2: EDITS["smaller"]})
    cases = [case_with(home, items[0]), case_with(home, items[0])]
    assert look_out(home).raised == 2
    assert sorted(open_items(home)) == sorted((case, items[1]) for case in cases)
    assert open_items(home, cases[0]) == [(cases[0], items[1])]


def test_an_alert_ends_once_its_file_is_in_the_case_or_somebody_dismissed_it(home: Home, tmp_path: Path) -> None:
    pictures = {1: jpeg(photo()), 2: EDITS["mirrored"], 3: EDITS["smaller"]}
    items = post(home, tmp_path / "first", pictures)
    case = case_with(home, items[0])
    look_out(home)
    shown = show_case(home, case, doer(home), home.keys.unlock(PASSPHRASE).casework)
    assert (len(open_items(home)), shown.alerts) == (2, 2)
    add_items(home, case, (items[1],), doer(home))
    assert open_items(home) == [(case, items[2])]
    with pytest.raises(AuthorityError, match="why"):
        dismiss_alert(home, case, items[2], Doer("ann", "test", home.clock()))
    dismiss_alert(home, case, items[2], doer(home))
    assert open_items(home) == []
    every = alerts_of(home, every=True).entries
    assert [(alert.item_id, alert.is_open) for alert in every] == [(items[1], False), (items[2], False)]
    begin_again(home)
    look_out(home)
    assert open_items(home) == []
    require_clean(home)


def test_what_is_no_open_alert_cannot_be_dismissed(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: jpeg(photo()), 2: EDITS["mirrored"]})
    case, size = case_with(home, items[0]), size_of(home)
    with pytest.raises(UnknownItemError, match="no open alert"):
        dismiss_alert(home, case, items[1], doer(home))
    with pytest.raises(UnknownItemError, match="no such case"):
        dismiss_alert(home, "case-0", items[1], doer(home))
    with pytest.raises(UnknownItemError, match="no such case"):
        alerts_of(home, cases=["case-0"])
    assert size_of(home) == size


def test_alerts_come_page_by_page(home: Home, tmp_path: Path) -> None:
    items = post(home, tmp_path / "first", {1: jpeg(photo()), **dict(enumerate(EDITS.values(), start=2))})
    case_with(home, items[0])
    look_out(home)
    found, after = [], None
    for _page in range(len(EDITS)):
        page = alerts_of(home, after=after, limit=3)
        found += [alert.item_id for alert in page.entries]
        after = page.more_after
        if after is None:
            break
    assert found == items[1:]


@pytest.mark.slow
def test_a_video_that_is_posted_again_is_told_to_the_case_that_has_it(home: Home, tmp_path: Path) -> None:
    (original,) = post(home, tmp_path / "first", {1: film()})
    case = case_with(home, original)
    again = post(home, tmp_path / "again", {2: film(container="webm", codec="libvpx-vp9", size=(256, 192))})
    still = post(home, tmp_path / "still", {3: jpeg(Image.fromarray(view(2)))})  # a picture taken from it
    post(home, tmp_path / "other", {4: film(first=50)})
    assert look_out(home).raised == 2
    assert open_items(home) == [(case, item) for item in (*again, *still)]


def test_a_file_that_was_kept_in_a_lower_mode_first_is_a_picture_of_the_case_once_it_is_read(
    home: Home, tmp_path: Path
) -> None:
    (item,) = post(home, tmp_path / "named", {1: jpeg(photo())}, mode=Mode.METADATA_ONLY)
    case = case_with(home, item)
    post(home, tmp_path / "again", {2: EDITS["mirrored"]})
    assert look_out(home).raised == 0  # nothing is known of how it looks
    (kept,) = post(home, tmp_path / "read", {1: jpeg(photo())})
    assert look_out(home).raised == 1
    again = post(home, tmp_path / "later", {3: EDITS["smaller"]})
    assert look_out(home).raised == 1
    assert kept not in {item for _case, item in open_items(home)}
    assert again[0] in {item for _case, item in open_items(home, case)}


def test_an_alert_of_a_file_that_is_kept_in_another_mode_too_is_one_and_ends_with_either(
    home: Home, tmp_path: Path
) -> None:
    (original,) = post(home, tmp_path / "first", {1: jpeg(photo())})
    case = case_with(home, original)
    post(home, tmp_path / "again", {2: EDITS["mirrored"]})
    assert look_out(home).raised == 1
    (higher,) = post(home, tmp_path / "higher", {2: EDITS["mirrored"]}, mode=Mode.SEALED)
    assert look_out(home).raised == 0
    add_items(home, case, (higher,), doer(home))
    assert open_items(home) == []


def test_a_stranger_who_can_only_add_entries_stops_no_alert_and_no_check(home: Home, tmp_path: Path) -> None:
    (original,) = post(home, tmp_path / "first", {1: jpeg(photo())})
    case_with(home, original)
    values = {"kind": "file", "channel_id": "7", "mode": "hash_only", "at": "2026-01-01T00:00:00.000Z"}
    matching, other = home.recipients.matching, generate_identity().recipient
    with home.writing() as writer:
        for number, body in enumerate([seal_whole(b"junk", recipients=(matching,)), b"junk"]):
            writer.sequencer.append([Draft("observed", values | {"message_id": str(number)}, prints=body)])
        sealed = seal_whole(b"junk", recipients=(other,))
        writer.sequencer.append([Draft("observed", values | {"message_id": "9"}, prints=sealed)])
    again = post(home, tmp_path / "again", {2: EDITS["turned"]})
    assert look_out(home).raised == 1
    assert [item for _case, item in open_items(home)] == again
