"""Members that stay in a file are read again as they were at first, or refused."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.errors import ContainerError
from casefiles.format import kept
from casefiles.format.kept import (
    KeptMembers,
    MadeMembers,
    PieceDigests,
    count_lines,
    in_pieces,
    length_of,
    pieces_of,
    sha256_of,
)
from casefiles.format.layout import MIMETYPE, MIMETYPE_TEXT
from casefiles.format.zip import container_bytes, open_container
from tests.nonempty import nonempty

PIECE = 16
contents = st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=5 * PIECE), max_size=6)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PIECE_BYTES", PIECE)


def made(members: dict[str, bytes]) -> MadeMembers:
    found = MadeMembers(io.BytesIO())
    for name, content in members.items():
        found[name] = content
    return found


@given(contents)
def test_kept_members_are_a_mapping_like_any_other(members: dict[str, bytes]) -> None:
    found = made(members)
    assert (dict(found), list(found), len(found)) == (members, list(members), len(members))
    for name, content in members.items():
        assert b"".join(pieces_of(found, name)) == b"".join(pieces_of(members, name)) == content
        assert sha256_of(found, name) == sha256_of(members, name)
        assert length_of(found, name) == length_of(members, name)
        assert count_lines(found, name) == count_lines(members, name)


@given(st.lists(st.binary(max_size=3 * PIECE), max_size=8))
def test_a_member_has_the_same_digests_in_whatever_parts_it_comes(parts: list[bytes]) -> None:
    whole, apart = PieceDigests(7), PieceDigests(7)
    whole.take(b"".join(parts))
    for part in parts:
        apart.take(part)
    assert whole.taken() == apart.taken()
    assert b"".join(in_pieces(parts)) == b"".join(parts)


def test_a_member_that_is_being_read_is_not_disturbed_by_another() -> None:
    found = made({"a": bytes(range(100)), "b": b"x" * 100})
    first = found.pieces("a")
    read = next(first) + found["b"] + b"".join(first)
    assert read == bytes(range(PIECE)) + b"x" * 100 + bytes(range(PIECE, 100))


def test_a_file_that_changes_after_it_was_read_is_refused_and_its_changed_bytes_are_never_seen() -> None:
    members = {MIMETYPE: MIMETYPE_TEXT, "a": b"c" * 100, "b": b"d" * 100}
    data = container_bytes(members)
    for at in nonempty(range(data.index(b"ccc"), data.index(b"ccc") + 100)):
        file = io.BytesIO(data)
        found = open_container(file)
        assert dict(found) == members  # the control
        file.seek(at)
        file.write(b"X")
        seen = list[bytes]()
        with pytest.raises(ContainerError, match="changed while"):
            seen.extend(found.pieces("a"))
        assert b"".join(seen) == b"c" * ((at - data.index(b"ccc")) // PIECE * PIECE)
        file.seek(at)
        file.write(b"c")  # taken back: whoever passed over the error would have seen nothing of it
        with pytest.raises(ContainerError, match="changed while"):
            found["b"]


def test_a_file_that_is_cut_after_it_was_read_is_refused() -> None:
    file = io.BytesIO(container_bytes({MIMETYPE: MIMETYPE_TEXT, "a": b"c" * 100}))
    found: KeptMembers = open_container(file)
    file.truncate(file.getvalue().index(b"ccc") + 50)
    with pytest.raises(ContainerError, match="changed while"):
        found["a"]
    assert ("a" in found, "b" in found, found.get("b")) == (True, False, None)
