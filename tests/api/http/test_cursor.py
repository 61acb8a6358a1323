"""A cursor is of one listing and one key, and nobody can make one."""

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.cursor import after_of, cursor_of
from config.errors import CallError
from evidence.keys import LOG_KEY, KeyFolder
from tests.contracts.tree import ROOT
from tests.nonempty import nonempty


def keys_of(secret: bytes) -> KeyFolder:
    folder = Path(tempfile.mkdtemp())
    file = folder / LOG_KEY
    file.write_bytes(base64.b64encode(secret))
    file.chmod(0o600)
    return KeyFolder(folder)


KEYS = keys_of(bytes(32))


def test_a_cursor_is_of_one_home_and_of_each_process_that_serves_it() -> None:
    cursor = cursor_of(KEYS, "a", "items")
    made = (
        "from tests.api.http.test_cursor import keys_of; "
        "from api.http.cursor import cursor_of as c; k = keys_of(bytes(32)); print(c(k, 'a', 'items'))"
    )
    other = subprocess.check_output([sys.executable, "-c", made], cwd=ROOT, text=True).strip()
    assert other == cursor
    with pytest.raises(CallError):  # the control: of another home
        after_of(keys_of(b"x" * 32), cursor, "items")


@given(after=st.text(min_size=1, max_size=80))
def test_a_cursor_comes_back_as_the_place_that_it_was_made_of(after: str) -> None:
    after = after.encode("utf-8", "replace").decode()
    assert after_of(KEYS, cursor_of(KEYS, after, "items", "key"), "items", "key") == after
    for other in (("items", "another"), ("cases", "key"), ("items",), ()):
        with pytest.raises(CallError):
            after_of(KEYS, cursor_of(KEYS, after, "items", "key"), *other)


def test_the_last_page_has_none_and_the_first_needs_none() -> None:
    assert cursor_of(KEYS, None, "items") is None
    assert after_of(KEYS, None, "items") is None


@given(st.text(max_size=60))
def test_what_nobody_made_is_refused(text: str) -> None:
    with pytest.raises(CallError):
        after_of(KEYS, text, "items")


def test_a_flip_anywhere_is_refused() -> None:
    cursor = cursor_of(KEYS, "a" * 32, "items") or ""
    told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for at in nonempty(range(len(told))):
        flipped = bytes([*told[:at], told[at] ^ 1, *told[at + 1 :]])
        with pytest.raises(CallError):
            after_of(KEYS, base64.urlsafe_b64encode(flipped).decode().rstrip("="), "items")
