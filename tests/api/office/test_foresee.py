"""A dry run says what an import then does, and writes nothing."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from api.home import Home
from api.office.foresee import foresee_import
from api.office.intake import Imported, Wish, import_export
from evidence.observation import Mode
from monitor.rehearsal.export import write_export
from tests.homes import doer, legal_basis, size_of
from tests.nonempty import nonempty


def wish_of(home: Home, folder: Path, mode: Mode) -> Wish:
    basis = None if mode is Mode.METADATA_ONLY else legal_basis(home.path.parent)
    return Wish(folder, None, "mila", mode, basis, doer(home))


def changed(folder: Path) -> Path:
    """The same export a week later: messages edited and added, a file gone, one that no message names."""
    later = folder.with_name("later")
    shutil.copytree(folder, later)
    told = json.loads((later / "result.json").read_text())
    edited = next(each for each in told["messages"] if each["type"] == "message" and each["text"])
    edited |= {"text": "other words", "text_entities": [], "edited": "2026-01-01T00:00:00"}
    edited["edited_unixtime"] = "1767222000"
    told["messages"].append({**edited, "id": told["messages"][-1]["id"] + 2})
    (later / "result.json").write_text(json.dumps(told, indent=1))
    photos = sorted((later / "photos").iterdir())
    photos[0].rename(photos[0].with_name("photo_99.jpg"))
    return later


@pytest.mark.every(3)
@pytest.mark.parametrize("mode", list(Mode))
def test_what_is_foreseen_is_what_an_import_then_does(tmp_path: Path, home: Home, mode: Mode) -> None:
    folder = write_export(tmp_path / "export", seed=9, messages=30, photos=3).folder
    for given in nonempty([folder, folder, changed(folder)]):
        wish = wish_of(home, given, mode)
        before, files = size_of(home), sorted(home.path.rglob("*"))
        foreseen = foresee_import(home, wish)
        assert (size_of(home), sorted(home.path.rglob("*"))) == (before, files)
        done = import_export(home, replace(wish, legal_basis=wish_of(home, given, mode).legal_basis))
        assert isinstance(done, Imported)
        assert foreseen.new == done.counts
        assert dict(foreseen.held.missing) == dict(done.missing)
    assert foreseen.new.messages > 0
    assert foreseen.new.already_known > 0
    assert foreseen.told()["holds"]["unnamed_files"] == 1
    assert "photo_99.jpg" in foreseen.held.named[0]


def test_the_span_of_dates_and_the_kinds_are_told(tmp_path: Path, home: Home) -> None:
    facts = write_export(tmp_path / "export", seed=9, messages=30, photos=3)
    told = foresee_import(home, wish_of(home, facts.folder, Mode.METADATA_ONLY)).told()
    holds = told["holds"]
    assert (holds["message"], holds["service"]) == (facts.ordinary, facts.service)
    assert holds["media"] == len(facts.media)
    assert (holds["first"] < holds["last"], holds["first"][:4]) == (True, "2024")


def test_an_export_that_holds_several_chats_is_told_by_its_chats(tmp_path: Path, home: Home) -> None:
    chats = [{"name": f"T{at}", "type": "private_supergroup", "id": at, "messages": []} for at in (1, 2)]
    for chat in chats:
        chat["messages"] = [{"id": 1, "type": "message", "date_unixtime": "1731575744", "text": "secret"}]
    tmp_path.joinpath("result.json").write_text(json.dumps({"chats": {"list": chats}}))
    told = foresee_import(home, wish_of(home, tmp_path / "result.json", Mode.METADATA_ONLY)).told()
    assert [chat["id"] for chat in told["chats"]] == ["1", "2"]
    assert "secret" not in json.dumps(told)


def test_a_file_that_cannot_be_read_is_foreseen_as_missing(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_export(tmp_path / "export", seed=9, messages=30, photos=3).folder
    readable = foresee_import(home, wish_of(home, folder, Mode.SEALED)).new

    def fail(*_given: object) -> None:
        raise OSError

    monkeypatch.setattr("evidence.intake.foresee._chunks", fail)
    broken = foresee_import(home, wish_of(home, folder, Mode.SEALED)).new
    assert (broken.media, broken.missing_media) == (0, readable.missing_media + readable.media)
