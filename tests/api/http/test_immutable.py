"""What never changes is sent once: whoever has it is told so, by the rules of RFC 9110."""

import pytest
from starlette.requests import Request

from api.http.immutable import FOR_EVER, immutable_answer

TAG = immutable_answer(Request({"type": "http", "headers": []}), b"a tile").headers["etag"]


def status_of(header: str) -> int:
    request = Request({"type": "http", "headers": [(b"if-none-match", header.encode())]})
    answer = immutable_answer(request, b"a tile")
    assert (answer.headers["etag"], answer.headers["cache-control"]) == (TAG, FOR_EVER)
    assert bytes(answer.body) == (b"" if answer.status_code == 304 else b"a tile")
    return answer.status_code


def test_the_tag_is_strong_and_of_the_content() -> None:
    assert TAG.startswith('"')
    other = immutable_answer(Request({"type": "http", "headers": []}), b"another").headers["etag"]
    assert other != TAG


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", f'"x", {TAG}', "*", f'{TAG},W/"y"'])
def test_whoever_has_it_gets_no_content(header: str) -> None:
    assert status_of(header) == 304


@pytest.mark.parametrize("header", ["", '"x"', TAG.strip('"'), "W/*", f'{TAG[:-1]}0"'])
def test_whoever_has_something_else_gets_all_of_it(header: str) -> None:
    assert status_of(header) == 200
