"""The watch as an office runs it: what its register and its settings say, and what ends early."""

import hashlib
import secrets
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from api.home import Home
from api.office.bundle import Order, export_case
from api.office.channel import Lowered, every_channel, remove_channel
from api.office.freeze import freeze
from api.office.request import done_at_once
from api.office.watch import network_of
from api.office.watch_status import status
from casefiles.bundle.destination import Destination
from casefiles.verifier.__main__ import load_roots
from casefiles.verifier.checks import verify
from config.errors import SettingsError
from evidence.content import message_sha256
from evidence.finding import Verdict
from evidence.observation import Mode
from evidence.store.database import reading
from monitor.errors import FloodError
from monitor.telegram.line import TELEGRAM
from monitor.telegram.standing import known_below, places_waiting
from monitor.telegram.watch import Rhythm
from tests.homes import PASSPHRASE, doer, items_of, new_case, records_of
from tests.watching import Desk, brief_patience, desk, kinds, observed, picture, require_clean, running, until


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_a_mode_ends_with_its_legal_basis(at: Desk) -> None:
    group = at.group(mode=Mode.SEALED)
    group.post_photo(picture(1), "një")
    assert at.once().lowered == []
    at.clock.pass_by(days=4)
    group.post_photo(picture(2), "dy")
    home = at.home
    (before,) = every_channel(home)
    ran = at.once()
    assert ran.ended_by is None
    assert ran.lowered == [Lowered("grupa", "sealed", str(before.expires))]
    assert kinds(home)["file"] == 2
    assert [item.mode for item in items_of(home) if item.kind == "file"] == ["sealed", "metadata_only"]
    (row,) = every_channel(home)
    assert row == replace(before, mode="metadata_only")
    (logged,) = [record.values for record in records_of(home) if record.type == "mode_lowered"]
    assert (logged["channel"], logged["mode"], logged["approver"]) == ("grupa", "metadata_only", None)
    assert logged["reason"] == f"legal basis ended on {before.expires}"
    assert at.once().lowered == []
    home.engine.dispose()
    require_clean(at)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The register is read again several times a second."""
    monkeypatch.setattr("api.office.watch.Rhythm", partial(Rhythm, register=timedelta(seconds=0.2)))


@pytest.mark.usefixtures("often")
def test_a_file_that_waits_when_the_legal_basis_ends_is_not_fetched(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    group = at.group(mode=Mode.SEALED)
    group.post_photo(picture(1), "një")
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_90", times=1)
    with running(at) as home:
        until(lambda: any(call.name == "upload.getFile" for call in at.telegram.calls))
        later = home.today() + timedelta(days=400)
        monkeypatch.setattr(Home, "today", lambda _home: later)
        until(lambda: any(row.mode == "metadata_only" for row in every_channel(home)))
        at.clock.pass_by(seconds=100)
        until(lambda: kinds(home)["file"] == 1)
        assert [item.mode for item in items_of(home) if item.kind == "file"] == ["metadata_only"]
    assert len([call for call in at.telegram.calls if call.name == "upload.getFile"]) == 1


def holes_of(at: Desk) -> list[str]:
    home = at.home
    found = [str(record.values["hole"]) for record in records_of(home) if record.type == "hole"]
    with reading(home.engine) as connection:
        assert not places_waiting(connection)
    home.engine.dispose()
    return found


def message_of_hole(at: Desk) -> object:
    """The identity of the message that the one hole is about."""
    home = at.home
    (found,) = (record.values["message_sha256"] for record in records_of(home) if record.type == "hole")
    home.engine.dispose()
    return found


def asked(at: Desk, name: str) -> int:
    return len([call for call in at.telegram.calls if call.name == name])


def take_off(at: Desk, channel: str) -> None:
    home = at.home
    remove_channel(home, channel, doer(home))
    home.engine.dispose()


def test_a_file_that_waits_when_its_channel_is_taken_off_is_not_fetched_but_a_hole(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief_patience(monkeypatch)
    at.group(joined=tuple(at.accounts)).post_photo(picture(1), "një")
    at.group("Dy", "grupi_dy", joined=tuple(at.accounts)).post_photo(picture(2), "dy")
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_25", times=1)
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 2 and asked(at, "upload.getFile"))
        take_off(at, "grupa")
        at.clock.pass_by(seconds=26)
        until(lambda: kinds(home)["file"] == 1)
    assert holes_of(at) == ["taken_off"]
    # by the identity of its message, it is found again if it comes another way
    assert message_of_hole(at) in {message_sha256(each) for each in observed(at, "message")}
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(picture(2)).hexdigest()]
    require_clean(at)


def still_wait(home: Home) -> bool:
    """Whether files wait to be fetched."""
    with reading(home.engine) as connection:
        return bool(places_waiting(connection))


def freeze_message(at: Desk, number: int) -> None:
    """Freeze a message, as another process does."""
    home = at.home
    item = next(item for item in items_of(home) if item.message_id == number)
    freeze(home, [item.item_id], doer(home))
    home.engine.dispose()


def test_a_file_that_waits_when_its_album_is_frozen_is_not_fetched_but_a_hole(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief_patience(monkeypatch)
    group = at.group(joined=tuple(at.accounts))
    first, *_others = [group.post_photo(picture(seed), f"foto {seed}", album=77) for seed in (1, 2)]
    group.post_photo(picture(3), "tre")
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_25", times=1)
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 3 and asked(at, "upload.getFile"))
        freeze_message(at, first)
        at.clock.pass_by(seconds=26)
        until(lambda: not still_wait(home))
    # the second of the album may be on its way already when the first is frozen: then it is kept, and hidden
    holes, digests = holes_of(at), {each["sha256"] for each in observed(at, "file")}
    assert holes in (["frozen"], ["frozen", "frozen"])
    assert len(digests) + len(holes) == 3
    assert hashlib.sha256(picture(3)).hexdigest() in digests
    assert hashlib.sha256(picture(1)).hexdigest() not in digests
    require_clean(at)


def test_no_further_part_of_a_file_is_fetched_nor_anything_of_it_kept_once_it_is_frozen(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    number = group.post_document(secrets.token_bytes(4 << 20), "film.mp4", "video/mp4")
    at.telegram.faults.delay_s("upload.getFile", 0.5)
    with running(at) as home:
        until(lambda: asked(at, "upload.getFile") >= 2)
        freeze_message(at, number)
        most = asked(at, "upload.getFile") + 1
        until(lambda: not still_wait(home))
        assert asked(at, "upload.getFile") <= most
        assert kinds(home)["file"] == 0
    assert holes_of(at) == ["frozen"]
    assert not list((at.folder / "home" / "objects").rglob("[0-9a-f]" * 64))


@pytest.mark.usefixtures("often")
def test_a_frozen_message_is_not_asked_for_again_and_what_comes_of_it_is_hidden(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    frozen, other = group.post("një"), group.post("dy")
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 2)
        freeze_message(at, frozen)
        group.edit(frozen, text="tjetër")
        group.edit(other, text="e re")
        until(lambda: kinds(home)["edit"] >= 1)
        shown = {(item.message_id, item.kind) for item in items_of(home) if item.message_id}
    assert shown == {(other, "message"), (other, "edit")}
    with reading(at.home.engine) as connection:
        assert known_below(connection, group.id, 1 << 40, 100) == [other]


def test_a_file_that_a_run_left_is_a_hole_for_the_next_where_its_channel_was_taken_off(at: Desk) -> None:
    at.group().post_photo(picture(1), "një")
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_3600", times=1)
    assert isinstance(at.once().ended_by, FloodError)
    take_off(at, "grupa")
    at.clock.pass_by(hours=2)
    before = asked(at, "upload.getFile")
    assert at.once().ended_by is None
    assert asked(at, "upload.getFile") == before
    assert holes_of(at) == ["taken_off"]


def test_no_part_of_a_file_is_fetched_nor_kept_once_less_may_be_kept(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    group.post_document(secrets.token_bytes(4 << 20), "film.mp4", "video/mp4")
    at.telegram.faults.delay_s("upload.getFile", 0.5)
    with running(at) as home:
        until(lambda: asked(at, "upload.getFile") >= 2)
        at.register("@grupa", Mode.METADATA_ONLY)
        most = asked(at, "upload.getFile") + 1
        until(lambda: kinds(home)["file"] == 1)
        assert asked(at, "upload.getFile") <= most
        assert [item.mode for item in items_of(home) if item.kind == "file"] == ["metadata_only"]
    assert not list((at.folder / "home" / "objects").rglob("[0-9a-f]" * 64))
    assert holes_of(at) == ["mode"]


@pytest.mark.every(2)
@pytest.mark.parametrize("lowered", [False, True])
def test_what_comes_after_the_register_changed_is_kept_as_it_says_now(at: Desk, *, lowered: bool) -> None:
    group = at.group(joined=tuple(at.accounts))
    with running(at) as home:
        until(lambda: status(home).channels[0].looked_at)
        at.telegram.faults.delay_s("updates.getChannelDifference", 4.0)  # the register changes meanwhile
        before = asked(at, "updates.getChannelDifference")
        group.post("një")
        until(lambda: asked(at, "updates.getChannelDifference") > before)
        if lowered:
            at.register("@grupa", Mode.METADATA_ONLY)
            until(lambda: kinds(home)["message"] == 1)
        else:
            take_off(at, "grupa")
            time.sleep(5)
        modes = {item.mode for item in items_of(home) if item.kind == "message"}
    assert modes == ({"metadata_only"} if lowered else set())


@pytest.mark.usefixtures("often")
def test_the_register_is_read_again_while_the_watch_runs(at: Desk) -> None:
    first = at.group(joined=tuple(at.accounts))
    first.post("një")
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 1)
        second = at.group("Dy", "grupi_dy", joined=tuple(at.accounts))
        second.post("dy")
        until(lambda: kinds(home)["message"] == 2)
        other = at.home
        remove_channel(other, "grupa", doer(other))
        other.engine.dispose()
        time.sleep(2.5)  # longer than a wait for news and a look at the register
        first.post("tri")
        second.post("katër")
        until(lambda: kinds(home)["message"] == 3)
    assert {each["text"] for each in observed(at, "message")} == {"një", "dy", "katër"}


def test_settings_that_lack_something_are_told(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(network_of(at.home).servers) == 2
    monkeypatch.setenv("NISISAMA_TELEGRAM__SERVERS", "[]")
    assert network_of(at.home).servers == TELEGRAM
    monkeypatch.setenv("NISISAMA_TELEGRAM__PROXY", "nonsense")
    with pytest.raises(SettingsError, match="proxy"):
        network_of(at.home)
    monkeypatch.setenv("NISISAMA_TELEGRAM__PROXY", "127.0.0.1:9050")
    assert network_of(at.home).proxy == ("127.0.0.1", 9050)
    monkeypatch.setenv("NISISAMA_TELEGRAM__API_HASH", "")
    with pytest.raises(SettingsError, match="api_id"):
        network_of(at.home)


@pytest.mark.every(2)
@pytest.mark.parametrize("audience", ["prosecutor", "partner"])
def test_what_was_watched_names_the_request_that_allows_it_and_goes_into_a_bundle(
    at: Desk, tmp_path: Path, audience: str
) -> None:
    group = at.group()
    group.post_photo(picture(1), "një")
    group.post("dy")
    assert at.once().ended_by is None
    group.edit(2, text="tre")
    group.delete([1])
    assert at.once().ended_by is None
    home = at.home
    with reading(home.engine) as connection:
        requests = set(connection.exec_driver_sql("SELECT request FROM authority").scalars())
    watched = [record.values["authority"] for record in records_of(home) if record.type == "observed"]
    assert len(watched) >= 5
    assert set(watched) <= requests
    case_id = new_case(home)
    keys = home.keys.unlock(PASSPHRASE)
    to = Destination(tmp_path / "case.asice")
    done_at_once(export_case(home, Order(case_id, audience, "en", doer(home)), keys.casework, to))
    verdict = verify(to.bundle, roots=load_roots(sorted(home.trust.glob("*.pem")))).verdict
    assert verdict is Verdict.PASSED
    text = zipfile.ZipFile(to.bundle).read("data/report.en.txt").decode()
    assert "sent nothing" not in text
    assert ("deleted, as Telegram reported" in text) is (audience == "prosecutor")  # a partner sees no acts
    home.engine.dispose()


def test_a_group_without_a_picture_is_not_said_to_have_one(at: Desk) -> None:
    at.group().post("një")
    assert at.once().ended_by is None
    home = at.home
    (snapshot,) = [record.values for record in records_of(home) if record.values.get("kind") == "channel"]
    assert "media" not in {part["kind"] for part in snapshot["content"]}
    home.engine.dispose()
