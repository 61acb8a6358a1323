"""Whatever the body: an answer of a form that the document has, never a fault of ours, and nothing of it in the log.

Bodies are changed from good ones with a fixed seed, so that every run sends the same.
"""

import json
from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pytest

from api.http.problem import MEDIA_TYPE
from evidence.store.api_key import Scope
from tests.homes import new_case, size_of
from tests.nonempty import nonempty
from tests.serving import ServedHome, serving

ITEM = "0" * 32
GOOD = {
    "/api/v1/cases": b'{"reason": "x"}',
    "/api/v1/cases/{}/items": json.dumps({"items": [ITEM], "reason": "y"}).encode(),
    "/api/v1/unlock": b'{"passphrase": "a passphrase of nobody"}',
}
BOUNDARY = b"----x"
FORM = (
    b'------x\r\nContent-Disposition: form-data; name="file"; filename="case.asice"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\nPK\x05\x06" + bytes(18) + b"\r\n"
    b'------x\r\nContent-Disposition: form-data; name="trust"; filename="root.pem"\r\n\r\n'
    b"-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n\r\n------x--\r\n"
)
SPLICES = (
    b"\x00",
    b"\xff\xfe",
    b'"',
    b"{",
    b"[" * 50,
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"NaN",
    b"\r\n\r\n",
    b"--",
    b";",
)


BODIES = [40, pytest.param(150, marks=pytest.mark.slow)]
"""How many changed bodies a route is sent."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, database: Callable[[str], str | None]) -> Iterator[ServedHome]:
    """An office of its own: so many wrong passphrases would keep the others out."""
    with serving(tmp_path_factory.mktemp("fuzzed"), url=database("fuzzed")) as served:
        yield served


def changed(good: bytes, count: int) -> Iterator[bytes]:
    """A good body with bytes flipped, cut, doubled and put in."""
    draws = np.random.default_rng(11)
    for _each in range(count):
        body = bytearray(good)
        for _change in range(int(draws.integers(1, 4))):
            at = int(draws.integers(0, len(body) + 1))
            match int(draws.integers(0, 4)):
                case 0:
                    body[at : at + 1] = bytes([int(draws.integers(0, 256))])
                case 1:
                    del body[at : at + int(draws.integers(1, 12))]
                case 2:
                    body[at:at] = body[at : at + 20]
                case _:
                    body[at:at] = SPLICES[int(draws.integers(0, len(SPLICES)))]
        yield bytes(body)


def require_explained(answer: httpx.Response) -> None:
    """Check that it went well, or was refused as the document says."""
    if answer.status_code < 400:
        return
    assert answer.status_code < 500 or answer.status_code in (503, 507), answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["request_id"] == answer.headers["x-request-id"]


def test_a_fault_or_another_form_is_found() -> None:
    bad = httpx.Response(500, json={}), httpx.Response(400, text="no"), httpx.Response(503, text="full")
    for answer in nonempty(bad):
        with pytest.raises(AssertionError):
            require_explained(answer)
    require_explained(httpx.Response(200))


@pytest.mark.parametrize("path", GOOD)
@pytest.mark.parametrize("count", BODIES)
def test_no_json_breaks_a_route(served: ServedHome, path: str, count: int) -> None:
    client, at = served.with_key(), path.format(new_case(served.home, []))
    headers, codes = {"Content-Type": "application/json"}, set[int]()
    require_explained(client.post(at, content=GOOD[path], headers=headers))
    for body in nonempty(changed(GOOD[path], count)):
        answer = client.post(at, content=body, headers=headers)
        require_explained(answer)
        codes.add(answer.status_code)
    assert codes & {400, 422, 429}


@pytest.mark.parametrize("count", BODIES)
def test_no_form_breaks_verify(served: ServedHome, count: int) -> None:
    client, codes = served.with_key(Scope.CASES_READ), set[int]()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    for body in nonempty(changed(FORM, count)):
        answer = client.post("/api/v1/verify", content=body, headers=headers)
        require_explained(answer)
        codes.add(answer.status_code)
    assert {400, 422} & codes
    assert codes & {200, 409}  # some still reach the verifier


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 5000,
        "multipart/form-data; boundary=\u00e9",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "text/plain",
        "",
    ],
)
def test_no_kind_of_content_breaks_a_route(served: ServedHome, kind: str) -> None:
    client = served.with_key()
    for path, body in (("/api/v1/verify", FORM), ("/api/v1/cases", b"reason=x")):
        answer = client.post(path, content=body, headers={b"Content-Type": kind.encode("latin-1")})
        require_explained(answer)
        assert answer.status_code >= 400


HEAVY = {
    "deep": b'{"reason": ' + b"[" * 400_000,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "wide": b"{" + b",".join(b'"%d":1' % number for number in range(80_000)) + b"}",
    "many items": json.dumps({"items": [ITEM] * 20_000}).encode(),
    "a long number": b'{"reason": ' + b"9" * 500_000 + b"}",
    "one key twice": b'{"reason": "x", "reason": 5}',
    "a lone surrogate": b'{"reason": "\\ud800"}',
    "no utf-8": b'{"reason": "\xff"}',
    "zero": b'{"reason": "\x00"}',
    "not a number": b'{"reason": NaN}',
}


@pytest.mark.parametrize("what", HEAVY)
def test_json_that_is_deep_wide_or_odd_is_refused_and_writes_nothing(served: ServedHome, what: str) -> None:
    client, case_id = served.with_key(), new_case(served.home, [])
    before = size_of(served.home)
    for path in ("/api/v1/cases", f"/api/v1/cases/{case_id}/items"):
        answer = client.post(path, content=HEAVY[what], headers={"Content-Type": "application/json"})
        require_explained(answer)
        assert answer.status_code in (400, 413, 422)
    assert size_of(served.home) == before
    assert client.get("/livez").status_code == 200


NAMES = [
    "../../etc/passwd",
    "a\x00b.asice",
    "C:\\x\\y",
    "x" * 5000,
    "\u202egpj.exe",
    "<script>",
    "%s%n{0}",
    "",
    ".",
    "\r\nX: y",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_of_a_file_goes_nowhere(served: ServedHome, name: str) -> None:
    client = served.with_key(Scope.CASES_READ)
    answer = client.post("/api/v1/verify", files=[("file", (name, b"no bundle")), ("trust", (name, b"no root"))])
    require_explained(answer)
    assert answer.status_code >= 400
    assert "x" * 65 not in answer.text
    assert "script" not in (served.home.path / "nisisama.log").read_text(encoding="ascii")


def test_ten_thousand_fields_of_a_form_are_too_many(served: ServedHome) -> None:
    parts = b"".join(
        b'------x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n\r\n' % each for each in range(10_000)
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    answer = served.with_key(Scope.CASES_READ).post("/api/v1/verify", content=parts + b"------x--\r\n", headers=headers)
    require_explained(answer)
    assert (answer.status_code, answer.json()["code"]) == (413, "call.too_many_parts")
