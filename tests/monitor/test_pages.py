"""A page that a browser saved is itself and the files in its folder, and nothing that lies outside."""

from pathlib import Path

import pytest

from config.link import MessageLink
from evidence.content import join_content
from monitor import pages
from monitor.errors import BroughtFileError, BroughtLinkError
from monitor.files import brought_files
from monitor.pages import FOLDERS, SavedPage, page_files
from tests.nonempty import nonempty

ADDRESS = "https://t.me/s/kanali/5"


def nobody(_link: MessageLink) -> str | None:
    return None


def saved(folder: Path, *, end: str = "_files", parts: tuple[str, ...] = ("b.jpg", "a.css", "deep/c.js")) -> SavedPage:
    page = folder / "Kanali - Telegram.html"
    page.write_text("<html></html>")
    for each in parts:
        path = folder / f"Kanali - Telegram{end}" / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.encode())
    return SavedPage(ADDRESS, page)


@pytest.mark.parametrize("end", FOLDERS)
def test_a_page_has_its_parts_whatever_the_browser_calls_their_folder(tmp_path: Path, end: str) -> None:
    (tmp_path / "Other_files").mkdir()
    (tmp_path / "Other_files" / "no.jpg").write_bytes(b"of another page")
    names = [each.name for each in page_files(saved(tmp_path, end=end), nobody)]
    folder = f"Kanali - Telegram{end}"
    assert names == ["Kanali - Telegram.html", f"{folder}/a.css", f"{folder}/b.jpg", f"{folder}/deep/c.js"]


def test_the_page_says_where_it_was_and_which_message_that_names_and_its_parts_do_not(tmp_path: Path) -> None:
    first, *parts = brought_files(
        page_files(saved(tmp_path), lambda link: "42" if link.channel == "kanali" else None),
        place="p",
        source="s",
        random=str,
    )
    page, named = nonempty(join_content(first.fields).parts)  # type: ignore[arg-type] # not withheld
    assert page.fields["link"].address == ADDRESS
    assert (named.kind, named.fields["person"].id, named.fields["message_id"]) == ("link_to", "channel42", "5")
    assert all("content" not in each.fields for each in nonempty(parts))
    assert [each.fields["position"] for each in (first, *parts)] == ["0", "1", "2", "3"]


def test_a_page_in_one_file_and_of_another_place_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "page.mhtml"
    path.write_bytes(b"From: <Saved by Blink>")
    (only,) = page_files(SavedPage("https://example.org/a", path), nobody)
    assert [each["kind"] for each in only.said["content"]] == ["saved_page"]  # type: ignore[index, union-attr]


def test_an_address_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BroughtLinkError):
        SavedPage("her phone", tmp_path / "page.html")


@pytest.mark.parametrize("what", ["file", "folder", "the folder itself"])
def test_what_leads_out_of_the_folder_is_refused(tmp_path: Path, what: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    page = saved(tmp_path, parts=() if what == "the folder itself" else ("a.css",))
    assert page_files(page, nobody)  # the control
    folder = tmp_path / "Kanali - Telegram_files"
    link = folder if what == "the folder itself" else folder / "link"
    link.symlink_to(outside / "secret" if what == "file" else outside)
    with pytest.raises(BroughtFileError) as raised:
        page_files(page, nobody)
    assert (raised.value.code, raised.value.where) == ("brought_file.no_file", str(link))


def test_a_page_of_too_many_parts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = saved(tmp_path)
    monkeypatch.setattr(pages, "MAX_FILES", 4)
    assert len(page_files(page, nobody)) == 4
    monkeypatch.setattr(pages, "MAX_FILES", 3)
    with pytest.raises(BroughtFileError) as raised:
        page_files(page, nobody)
    assert raised.value.code == "brought_file.too_many_parts"


def test_a_folder_that_the_system_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = saved(tmp_path)

    def refuse(_path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(BroughtFileError) as raised:
        page_files(page, nobody)
    assert raised.value.code == "brought_file.refused"
