"""What a client brought is removed only once all of it is sealed, audited and read again."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from api.home import Home
from api.office.intake import Imported, Wish, import_export
from api.office.source import destroy_source, require_all_kept, require_destroyable
from evidence.errors import AuthorityError, HomeError
from evidence.observation import Mode
from monitor.rehearsal.export import write_export
from tests.homes import doer, legal_basis


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path / "client" / "ChatExport", seed=9, messages=24, photos=2).folder


def wish_of(home: Home, path: Path, mode: Mode = Mode.SEALED, *, approver: str | None = "bo") -> Wish:
    basis = None if mode is Mode.METADATA_ONLY else legal_basis(home.path.parent)
    return Wish(path, None, "mila", mode, basis, doer(home, approver=approver))


def taken(home: Home, wish: Wish) -> Imported:
    done = import_export(home, wish)
    assert isinstance(done, Imported)
    return done


def test_a_source_that_is_kept_whole_may_go(home: Home, export: Path) -> None:
    wish = wish_of(home, export)
    require_destroyable(home, wish)
    source = require_all_kept(home, wish, taken(home, wish))
    assert source.files.keys() == {file for file in export.rglob("*") if file.is_file()}
    destroy_source(source)
    assert (export.exists(), export.parent.exists()) == (False, True)


def test_what_was_imported_before_may_go_too(home: Home, export: Path) -> None:
    taken(home, wish_of(home, export))
    wish = wish_of(home, export)
    destroy_source(require_all_kept(home, wish, taken(home, wish)))
    assert not export.exists()


OTHERS: dict[str, Callable[[Path], object]] = {
    "beside the export": lambda export: (export / "thesis.docx").write_bytes(b"hers"),
    "in a folder of her own": lambda export: _put(export / "letters" / "2024" / "a.txt"),
    "below a folder of media": lambda export: _put(export / "photos" / "mine" / "b.jpg"),
    "hidden": lambda export: (export / ".notes").write_bytes(b"hers"),
    "a link": lambda export: (export / "link").symlink_to(export.parent),
    "a link to nothing": lambda export: (export / "photos" / "link.jpg").symlink_to("nowhere"),
    "a preview of nothing": lambda export: (export / "photos" / "photo_99_thumb.jpg").write_bytes(b"x"),
    "an empty file": lambda export: (export / "empty").touch(),
    "a second export": lambda export: (export / "messages.html").write_bytes(b"<html>"),
}
"""What else lies in a folder that somebody gives; none of it is read."""


def _put(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"hers")


@pytest.mark.every(4)
@pytest.mark.parametrize("other", OTHERS)
def test_a_folder_with_anything_that_is_not_read_stays(home: Home, export: Path, other: str) -> None:
    OTHERS[other](export)
    before = sorted(export.rglob("*"))
    wish = wish_of(home, export)
    done = taken(home, wish)
    with pytest.raises(AuthorityError) as refused:
        require_all_kept(home, wish, done)
    assert (refused.value.code, refused.value.facts["count"]) == ("authority.source_not_kept", 1 + (other in TWICE))
    assert sorted(export.rglob("*")) == before


TWICE = ("a preview of nothing",)
"""Such a file is a hole of the export, and one that is not read."""


def test_an_export_that_was_cut_off_stays(home: Home, export: Path) -> None:
    whole = (export / "result.json").read_bytes()
    (export / "result.json").write_bytes(whole[: whole.rindex(b'"id"')])
    wish = wish_of(home, export)
    with pytest.raises(AuthorityError) as refused:
        require_all_kept(home, wish, taken(home, wish))
    assert refused.value.code == "authority.source_not_kept"


@pytest.mark.parametrize("late", ["new", "changed", "gone"])
def test_what_changes_before_somebody_agrees_keeps_all(home: Home, export: Path, late: str) -> None:
    wish = wish_of(home, export)
    source = require_all_kept(home, wish, taken(home, wish))
    photo = min((export / "photos").glob("photo_*.jpg"))
    if late == "new":
        (export / "photos" / "new.jpg").write_bytes(b"hers")
    elif late == "changed":
        photo.write_bytes(photo.read_bytes())
    else:
        photo.unlink()
    before = sorted(export.rglob("*"))
    with pytest.raises(AuthorityError) as refused:
        destroy_source(source)
    assert (refused.value.code, refused.value.facts["count"]) == ("authority.source_not_kept", 1)
    assert sorted(export.rglob("*")) == before


def stray(export: Path) -> None:
    (export / "photos" / "photo_77.jpg").write_bytes(b"nobody names it")


def added(export: Path) -> None:
    told = json.loads((export / "result.json").read_text())
    told["messages"].append({**told["messages"][0], "id": told["messages"][-1]["id"] + 1})
    (export / "result.json").write_text(json.dumps(told))


def exchanged(export: Path) -> None:
    photo = min((export / "photos").glob("photo_*.jpg"))
    photo.write_bytes(photo.read_bytes() + b"more")


@pytest.mark.parametrize("change", [added, exchanged])
def test_what_changed_since_it_was_kept_stays(home: Home, export: Path, change: Callable[[Path], None]) -> None:
    wish = wish_of(home, export)
    done = taken(home, wish)
    require_all_kept(home, wish, done)
    change(export)
    with pytest.raises(AuthorityError) as refused:
        require_all_kept(home, wish, done)
    assert refused.value.code == "authority.source_not_kept"


def test_a_file_that_no_message_names_keeps_the_source(home: Home, export: Path) -> None:
    stray(export)
    wish = wish_of(home, export)
    with pytest.raises(AuthorityError) as refused:
        require_all_kept(home, wish, taken(home, wish))
    assert refused.value.code == "authority.source_not_kept"
    assert "evidence add" in refused.value.fix


def test_a_store_that_lost_something_keeps_the_source(home: Home, export: Path) -> None:
    wish = wish_of(home, export)
    done = taken(home, wish)
    shutil.rmtree(home.path / "objects")
    with pytest.raises(HomeError):
        require_all_kept(home, wish, done)


def test_the_other_chats_of_an_account_keep_the_source(home: Home, tmp_path: Path) -> None:
    message = {"id": 1, "type": "message", "date_unixtime": "1731575744", "text": "x"}
    chat = {"name": "T", "type": "private_supergroup", "id": 7, "messages": [message]}
    (tmp_path / "account").mkdir()
    (tmp_path / "account" / "result.json").write_text(json.dumps({"chats": {"list": [chat]}}))
    wish = wish_of(home, tmp_path / "account")
    with pytest.raises(AuthorityError) as refused:
        require_all_kept(home, wish, taken(home, wish))
    assert refused.value.code == "authority.source_has_other_chats"


def test_only_what_is_sealed_by_two_may_go(home: Home, export: Path) -> None:
    for wish in (wish_of(home, export, Mode.METADATA_ONLY), wish_of(home, export, approver=None)):
        with pytest.raises(AuthorityError) as refused:
            require_destroyable(home, wish)
        assert refused.value.code == "authority.source_not_sealed"


def test_nothing_may_go_but_the_folder_of_an_export(home: Home, export: Path, tmp_path: Path) -> None:
    link = export.with_name("link")
    link.symlink_to(export)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file in export.rglob("*"):
            opened.write(file, file.relative_to(export).as_posix())
    holding = home.path.parent
    (holding / "result.json").write_bytes(b"{}")
    (home.keys.path / "result.json").write_bytes(b"{}")
    for path in (link, export / "result.json", archive, export.parent, home.path, holding, home.keys.path):
        with pytest.raises(AuthorityError) as refused:
            require_destroyable(home, wish_of(home, path))
        assert refused.value.code == "authority.source_not_whole"
