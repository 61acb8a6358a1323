"""What a client brought is removed only once all of it is sealed, audited and read again."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from api.home import Home
from api.office.intake import Imported, Wish, import_export
from api.office.source import destroy_source, require_all_kept, require_destroyable, source_size
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
    require_all_kept(home, wish, taken(home, wish))
    size = source_size(wish)
    files = [file for file in export.rglob("*") if file.is_file()]
    assert (size.files, size.bytes) == (len(files), sum(file.stat().st_size for file in files))
    assert destroy_source(wish) == (export,)
    assert (export.exists(), export.parent.exists()) == (False, True)


def test_an_archive_goes_as_a_file(home: Home, export: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file in export.rglob("*"):
            opened.write(file, file.relative_to(export).as_posix())
    wish = wish_of(home, archive)
    require_destroyable(home, wish)
    require_all_kept(home, wish, taken(home, wish))
    assert (source_size(wish).files, destroy_source(wish), archive.exists()) == (1, (archive,), False)


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


def test_neither_a_link_nor_a_loose_file_nor_the_home_may_go(home: Home, export: Path) -> None:
    link = export.with_name("link")
    link.symlink_to(export)
    for path in (link, export / "result.json", home.path, home.path.parent):
        with pytest.raises(AuthorityError) as refused:
            require_destroyable(home, wish_of(home, path))
        assert refused.value.code == "authority.source_not_whole"
