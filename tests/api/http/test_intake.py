"""Imports over the API: one archive is taken in, as the command line takes in a folder."""

import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from api.http.model import MOST_PARTS
from api.office.api_key import make_key, revoke_key
from evidence.canonical import sha256_hex
from evidence.store.api_key import Scope
from monitor.rehearsal.export import write_export
from tests.homes import LEGAL_BASIS, new_case, records_of
from tests.leaks import hashes, pieces
from tests.nonempty import nonempty
from tests.serving import ServedHome, zipped

BASIS = LEGAL_BASIS.format(expires="2999-01-01")


def archive_of(tmp_path_factory: pytest.TempPathFactory, seed: int) -> bytes:
    folder = tmp_path_factory.mktemp("export")
    write_export(folder, seed=seed, messages=20, photos=2)
    return zipped(folder)


def import_archive(client: httpx.Client, archive: bytes, **more: str) -> httpx.Response:
    data = {"declared_by": "client", **more}
    return client.post("/api/v1/imports", files={"file": ("export.zip", archive)}, data=data)


def test_an_export_is_taken_in_and_nothing_of_it_is_left_beside(
    served: ServedHome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    client = served.with_key(Scope.IMPORTS, Scope.CHANNELS)
    asked = import_archive(client, archive_of(tmp_path_factory, 21))
    result = served.done(client, asked.json()["task_id"])
    assert result["messages"] > 10
    assert result["channel_id"] in client.get("/api/v1/items", params={"channel": result["channel_id"]}).text
    assert not [file for file in (served.home.path / "uploads").rglob("*") if file.is_file()]


@pytest.mark.parametrize("as_file", [True, False])
def test_a_mode_above_metadata_takes_its_legal_basis_as_a_file_or_as_text(
    served: ServedHome, tmp_path_factory: pytest.TempPathFactory, *, as_file: bool
) -> None:
    client = served.with_key(Scope.IMPORTS)
    files = {"file": ("export.zip", archive_of(tmp_path_factory, 22 + as_file))}
    data = {"declared_by": "client", "mode": "sealed"}
    if as_file:
        files["legal_basis"] = ("basis.toml", BASIS.encode())
    else:
        data["legal_basis"] = BASIS
    asked = client.post("/api/v1/imports", files=files, data=data)
    assert asked.status_code == 202, asked.text
    task = served.ended(client, asked.json()["task_id"])
    assert (task["state"], len(task["request_id"])) == ("waiting_for_approval", 32)
    served.unlock()
    second = served.with_key(Scope.APPROVE, Scope.IMPORTS, owner="iva")
    approved = second.post(f"/api/v1/requests/{task['request_id']}/approve", json={"reason": "seen"})
    assert approved.status_code == 200, approved.text
    served.done(second, approved.json()["task_id"])
    assert served.done(client, task["task_id"])["sealed"] > 0


def test_a_key_that_was_revoked_while_its_export_came_has_nothing_taken_in(
    served: ServedHome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    archive, made = archive_of(tmp_path_factory, 29), make_key(served.home, "mira", [Scope.IMPORTS], None, None)
    form = httpx.Request("POST", served.url, files={"file": ("export.zip", archive)}, data={"declared_by": "client"})
    body = form.read()

    def parts() -> Iterator[bytes]:
        yield body[:1000]
        time.sleep(0.2)  # the head was admitted
        revoke_key(served.home, made.key.key_id)
        yield body[1000:]

    client, kind = served.client(made.secret), {"Content-Type": form.headers["Content-Type"]}
    answer = client.post("/api/v1/imports", content=parts(), headers=kind)
    assert (answer.status_code, answer.json()["code"]) == (401, "call.wrong_key")
    assert not [file for file in (served.home.path / "uploads").rglob("*") if file.is_file()]
    other = served.with_key(Scope.IMPORTS)
    again = other.post("/api/v1/imports", content=body, headers=kind)
    served.done(other, again.json()["task_id"])  # the control


REFUSED = {
    "sealed without a legal basis": ({"mode": "sealed"}, 403, "authority.needs_legal_basis"),
    "a basis that is none": ({"mode": "sealed", "legal_basis": "text ="}, 422, "legal_basis.not_toml"),
    "a basis for metadata": ({"legal_basis": BASIS}, 403, "authority.needs_no_legal_basis"),
    "another mode": ({"mode": "everything"}, 422, "call.does_not_fit"),
    "nobody": ({"declared_by": ""}, 422, "call.does_not_fit"),
    "a name that is none": ({"declared_by": "a\nb"}, 403, "authority.name_not_seen"),
    "a field too many": ({"folder": "/etc"}, 422, "call.does_not_fit"),
}


@pytest.mark.parametrize(("more", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused_and_leaves_no_upload(
    served: ServedHome,
    tmp_path_factory: pytest.TempPathFactory,
    more: dict[str, str],
    status: int,
    code: str,
) -> None:
    client = served.with_key(Scope.IMPORTS)
    refused = import_archive(client, archive_of(tmp_path_factory, 31), **more)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert not [file for file in (served.home.path / "uploads").rglob("*") if file.is_file()]


@pytest.mark.parametrize("junk", [b"", b"junk", b"PK\x03\x04" + b"x" * 100], ids=len)
def test_what_is_no_archive_is_refused(served: ServedHome, junk: bytes) -> None:
    refused = import_archive(served.with_key(Scope.IMPORTS), junk)
    assert (refused.status_code, refused.json()["code"]) == (422, "archive.damaged")


def sent_files(served: ServedHome) -> list[str]:
    return [file.name for file in (served.home.path / "uploads").rglob("*") if file.is_file()]


def jpeg_of(seed: int) -> bytes:
    """A picture of which no answer may have a byte, nor a hash."""
    noise, file = np.random.default_rng(seed), io.BytesIO()
    Image.fromarray(noise.integers(0, 255, (64, 64, 3), dtype="uint8")).save(file, "jpeg")
    return file.getvalue()


def test_single_files_and_links_are_kept_and_no_answer_has_a_byte_or_a_hash_of_them(served: ServedHome) -> None:
    case, picture = new_case(served.home), jpeg_of(1)
    served.secrets.plant("a picture that was sent", *pieces(picture), *hashes(picture))
    served.secrets.plant("its digest", sha256_hex(picture).encode())
    client = served.with_key(Scope.IMPORTS, Scope.CASES_WRITE, Scope.CHANNELS)
    files = [("file", ("C:\\her\\Photo.jpg", picture)), ("file", ("note.txt", b"words"))]
    data = {"declared_by": "client-7", "source": "her phone", "case": case, "link": ["https://t.me/example/12"] * 2}
    asked = client.post("/api/v1/evidence", files=files, data=data)
    assert asked.status_code == 202, asked.text
    result = served.done(client, asked.json()["task_id"])
    assert [each["file"] for each in result["items"]] == ["Photo.jpg", "note.txt", *(["https://t.me/example/12"] * 2)]
    assert (result["in_case"], sent_files(served)) == (4, [])
    listed = client.get("/api/v1/items", params={"channel": result["channel_id"]}).json()["items"]
    assert [each["kind"] for each in listed] == ["file", "file", "link", "link"]
    client.get(f"/api/v1/items/{result['items'][0]['item_id']}")
    client.get("/api/v1/tasks")
    del served.secrets.needles["its digest"]  # a bundle that another test has made of this home shows it


def test_a_saved_page_is_sent_with_its_address(served: ServedHome) -> None:
    client = served.with_key(Scope.IMPORTS)
    files = {"html": ("Channel.html", b"<title>Channel</title>")}
    data = {"declared_by": "client-7", "source": "her browser", "page": "https://t.me/s/example"}
    result = served.done(client, client.post("/api/v1/evidence", files=files, data=data).json()["task_id"])
    assert [each["file"] for each in result["items"]] == ["Channel.html"]
    said = [each.values for each in records_of(served.home) if each.values.get("file_name") == "Channel.html"]
    assert "saved_page" in str(said[-1]["content"])


def test_the_bytes_of_a_file_are_no_part_of_what_is_shown_of_a_hole(served: ServedHome) -> None:
    client = served.with_key(Scope.IMPORTS)
    files = {"file": ("broken.jpg", b"\xff\xd8\xff" + b"x" * 5000)}
    asked = client.post("/api/v1/evidence", files=files, data={"declared_by": "ana", "source": "her phone"})
    assert served.done(client, asked.json()["task_id"])["items"][0]["item_id"]


NOT_KEPT: dict[str, tuple[dict[str, Any], str, int, str]] = {
    "nothing": ({}, "", 422, "call.brings_nothing"),
    "nobody": ({"declared_by": ""}, "a.png", 422, "call.does_not_fit"),
    "a name that is none": ({"declared_by": "a\nb"}, "a.png", 403, "authority.name_not_seen"),
    "a blank source": ({"source": "  "}, "a.png", 403, "authority.blank_source"),
    "a picture in the source": (
        {"source": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"},
        "a.png",
        403,
        "authority.source_spells_a_picture",
    ),
    "a link that is none": ({"link": "over there"}, "a.png", 422, "brought_link.no_link"),
    "a page without its file": ({"page": "https://t.me/s/example"}, "a.png", 422, "call.page_and_html"),
    "no such case": ({"case": "case-000000000000"}, "a.png", 404, "unknown_item.no_such_case"),
    "a name of dots": ({}, "folder/..", 422, "call.no_file_name"),
    "a long name": ({}, "x" * 256, 422, "call.no_file_name"),
    "a mode": ({"mode": "sealed"}, "a.png", 422, "call.does_not_fit"),
}


@pytest.mark.parametrize(("more", "name", "status", "code"), NOT_KEPT.values(), ids=NOT_KEPT)
def test_what_cannot_be_kept_is_refused_and_leaves_no_upload(
    served: ServedHome, more: dict[str, Any], name: str, status: int, code: str
) -> None:
    client = served.with_key(Scope.IMPORTS, Scope.CASES_WRITE)
    data = {"declared_by": "ana", "source": "her phone"} | more
    files = {"file": (name, b"x" * 5000)} if name else {"declared_by": (None, data.pop("declared_by"))}
    refused = client.post("/api/v1/evidence", files=files, data=data)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert sent_files(served) == []


def test_what_a_form_may_hold_once_is_never_dropped_for_another_of_its_name(served: ServedHome) -> None:
    client = served.with_key(Scope.IMPORTS)
    data = {"declared_by": "ana", "source": "her browser", "page": "https://t.me/s/example"}
    pages = [("html", (f"{each}.html", b"<title>x</title>" + each.encode())) for each in ("one", "two")]
    for files, code in nonempty(((pages, 422), (pages[:1], 202))):
        answer = client.post("/api/v1/evidence", files=files, data=data)
        assert answer.status_code == code, answer.text
        assert code == 202 or "body.html" in answer.json()["detail"]
    served.done(client, answer.json()["task_id"])
    twice = [("file", ("a.zip", b"PK")), ("file", ("b.zip", b"PK"))]
    assert client.post("/api/v1/imports", files=twice, data={"declared_by": "ana"}).status_code == 422
    assert sent_files(served) == []


def test_more_files_than_a_form_may_have_are_refused_with_their_number(served: ServedHome) -> None:
    files = [("file", (f"{number}.txt", b"x")) for number in range(MOST_PARTS + 1)]
    data = {"declared_by": "ana", "source": "her phone"}
    refused = served.with_key(Scope.IMPORTS).post("/api/v1/evidence", files=files, data=data)
    assert (refused.status_code, refused.json()["code"]) == (413, "call.too_many_parts")
    assert sent_files(served) == []


def test_a_case_takes_single_files_only_with_a_key_that_may_write_to_it(served: ServedHome) -> None:
    data = {"declared_by": "ana", "source": "her phone", "case": new_case(served.home)}
    for scopes, status in nonempty((((Scope.IMPORTS,), 403), ((Scope.IMPORTS, Scope.CASES_WRITE), 202))):
        client = served.with_key(*scopes)
        answer = client.post("/api/v1/evidence", files={"file": ("a.txt", b"words")}, data=data)
        assert answer.status_code == status, answer.text
    served.done(client, answer.json()["task_id"])
    limited = served.with_key(Scope.IMPORTS, Scope.CASES_WRITE, cases=[data["case"]])
    refused = limited.post("/api/v1/evidence", files={"file": ("a.txt", b"words")}, data=data)
    assert (refused.status_code, refused.json()["code"]) == (403, "call.only_some_cases")


def test_a_key_without_the_scope_or_for_one_case_imports_nothing(served: ServedHome) -> None:
    keys = {
        "call.scope_missing": served.with_key(*(each for each in Scope if each is not Scope.IMPORTS)),
        "call.only_some_cases": served.with_key(Scope.IMPORTS, cases=[new_case(served.home)]),
    }
    for code, client in nonempty(keys.items()):
        refused = import_archive(client, b"PK")
        assert (refused.status_code, refused.json()["code"]) == (403, code)
