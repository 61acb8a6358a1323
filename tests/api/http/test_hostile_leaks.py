"""No answer and no line of the log carries a picture, a perceptual hash, a key, a place or a text: all are searched.

Every client of ``ServedHome`` searches every answer, and the log is searched when the server ends. The tests here
show that this search finds what it is for.
"""

import base64
import json
from pathlib import Path

import httpx
import pytest

from evidence.store.api_key import Scope
from tests.homes import PASSPHRASE, items_of, new_case
from tests.leaks import PIECE, Secrets, hashes, pieces
from tests.nonempty import nonempty
from tests.serving import ServedHome


def picture_of(served: ServedHome) -> bytes:
    files = sorted((served.home.path.parent / "export").rglob("*.jpg"), key=lambda file: file.stat().st_size)
    return files[-1].read_bytes()


def answered(secrets: Secrets, body: bytes, path: str = "/api/v1/items", **headers: str) -> None:
    """An answer that somebody else gives, through the same client."""
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body, headers=headers))
    with httpx.Client(transport=transport, event_hooks={"response": [secrets.watch]}) as client:
        client.get(f"http://localhost{path}")


def planted(served: ServedHome) -> dict[str, bytes]:
    picture = picture_of(served)
    middle = picture[len(picture) // 2 - 5 :][: PIECE + 40]
    print_ = next(iter(hashes(picture)))
    text = next(text for text in sorted(served.secrets.texts) if b" " in text and b"\\" not in text)
    return {
        "a picture": picture,
        "its beginning in base64": base64.b64encode(picture[:64]),
        "a part of it": middle,
        "a part of it in base64": base64.b64encode(b"x" + middle),
        "a part of it in base64 for addresses": base64.urlsafe_b64encode(b"xy" + middle),
        "a part of it in hex": middle.hex().encode(),
        "PNG": b"\x89PNG\r\n\x1a\n",
        "GIF": b"GIF89a",
        "WebP": b"RIFF\x00\x01\x02\x03WEBP",
        "a hash in hex": print_.hex().encode(),
        "a hash in base64": base64.b64encode(b"ab" + print_ + b"cd"),
        "the passphrase": PASSPHRASE.encode(),
        "a key": served.secret(Scope.CHANNELS).encode(),
        "the folder": str(served.home.path).encode(),
        "the folder of keys": str(served.home.keys.path).encode(),
        "an identity": b"AGE-SECRET-KEY-PQ-1XYZ",
        "a text": text,
    }


WHAT = (
    "a picture",
    "its beginning in base64",
    "a part of it",
    "a part of it in base64",
    "a part of it in base64 for addresses",
    "a part of it in hex",
    "PNG",
    "GIF",
    "WebP",
    "a hash in hex",
    "a hash in base64",
    "the passphrase",
    "a key",
    "the folder",
    "the folder of keys",
    "an identity",
    "a text",
)


@pytest.mark.parametrize("what", WHAT)
def test_a_leak_is_found_in_a_body_and_in_the_log(served: ServedHome, tmp_path: Path, what: str) -> None:
    told = planted(served)
    assert told.keys() == set(WHAT)
    answered(served.secrets, b'{"items": []}')
    with pytest.raises(AssertionError, match="carries"):
        answered(served.secrets, b'{"items": ["' + told[what] + b'"]}')
    log = tmp_path / "nisisama.log"
    log.write_bytes(b'{"event":"call_answered"}\n')
    assert served.secrets.search_logs(tmp_path) == 1
    log.write_bytes(b'{"event":"call_answered"}\n{"x":"' + told[what].replace(b"\n", b"") + b'"}\n')
    if b"\n" not in told[what]:
        with pytest.raises(AssertionError, match="carries"):
            served.secrets.search_logs(tmp_path)


def test_a_leak_is_found_in_a_header(served: ServedHome) -> None:
    with pytest.raises(AssertionError, match="passphrase"):
        answered(served.secrets, b"", **{"X-More": PASSPHRASE})


def test_a_text_may_go_through_a_case_and_nowhere_else(served: ServedHome) -> None:
    text = json.dumps(
        {"text": next(text for text in sorted(served.secrets.texts) if b" " in text and b"\\" not in text).decode()}
    ).encode()
    answered(served.secrets, text, "/api/v1/cases/case-000000000000")
    for path in ("/api/v1/cases", "/api/v1/items", "/api/v1/channels/1/completeness", "/readyz"):
        with pytest.raises(AssertionError, match="a text"):
            answered(served.secrets, text, path)


def test_the_home_has_pictures_with_hashes_and_texts_to_look_for(served: ServedHome) -> None:
    assert len(list(nonempty(pieces(picture_of(served))))) == 3
    assert served.secrets.needles.keys() >= {"bytes of a picture", "a perceptual hash", "a card", "the passphrase"}
    assert len(served.secrets.needles["a perceptual hash"]) > 50
    assert len(served.secrets.texts) > 3


def test_a_shown_case_has_texts_that_the_search_knows(served: ServedHome) -> None:
    """Otherwise none of the searches above would be of what the home holds."""
    served.unlock()
    case_id = new_case(served.home, [item.item_id for item in items_of(served.home)])
    before = served.secrets.searched
    shown = served.with_key(Scope.CASES_READ).get(f"/api/v1/cases/{case_id}", params={"limit": 200})
    assert any(text in shown.content for text in served.secrets.texts)
    assert served.secrets.searched == before + 1
