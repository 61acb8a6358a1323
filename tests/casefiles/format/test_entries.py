"""The log's two files have one form, and what is read is what was written."""

import json
from collections.abc import Callable, Iterator

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.errors import RecordsError
from casefiles.format import entries as entries_form
from casefiles.format import layout
from casefiles.format.entries import (
    EarlierStamp,
    ReadEntries,
    ShownEntry,
    encode_entries,
    encode_stamps,
    read_entries,
    read_stamps,
)
from casefiles.format.kept import sliced
from casefiles.format.schema import load_schema, require_schema
from evidence.canonical import jcs
from evidence.log.proof import verify_proof
from tests.casefiles import forge
from tests.nonempty import nonempty

hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=5).map(tuple)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
entries = st.builds(
    ShownEntry,
    index=st.integers(0, 2**63 - 1),
    leaf=texts.map(str.encode),
    lines=st.lists(texts, max_size=4).map(tuple),
    path=hashes,
)
sizes = st.integers(0, 2**63 - 1)
stamps = st.builds(
    EarlierStamp,
    token=st.binary(min_size=1, max_size=40),
    checkpoint=sizes.map(lambda size: f"ngo.example/5f3a9c01\n{size}\nroot\n".encode()),
    consistency=hashes,
)


@pytest.mark.repeats
@given(st.lists(entries, unique_by=lambda entry: entry.index))
def test_entries_that_were_written_are_read_again_in_the_order_of_the_log(shown: list[ShownEntry]) -> None:
    assert read_entries(encode_entries(shown)) == sorted(shown, key=lambda entry: entry.index)


@given(st.lists(entries, unique_by=lambda entry: entry.index), st.integers(1, 50))
def test_entries_that_are_read_in_pieces_and_again_are_the_same(shown: list[ShownEntry], length: int) -> None:
    data = encode_entries(shown)
    for size in nonempty([len(data), entries_form.HELD_BYTES + 1]):  # held, and read again
        found = ReadEntries(lambda: (data[at : at + length] for at in range(0, len(data), length)), size=size)
        assert (list(found), list(found), len(found)) == (read_entries(data), read_entries(data), len(shown))


@pytest.mark.parametrize(("size", "values", "readings"), [(1 << 24, 5, 1), ((1 << 24) + 1, 5, 3), (1 << 24, 4, 3)])
def test_only_few_entries_are_held(size: int, values: int, readings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries_form, "HELD_VALUES", values)
    data, read = encode_entries([ShownEntry(7, b"y", ("a",), ()), ShownEntry(8, b"y", ("a", "b"), ())]), list[int]()

    def pieces() -> Iterator[bytes]:
        read.append(1)
        yield data

    found = ReadEntries(pieces, size=size)
    assert list(found) == list(found) == read_entries(data)
    assert len(read) == readings


@pytest.mark.parametrize("wrong", [lambda data: data[:-1], lambda data: data + data, lambda data: data + b"{}\n"])
def test_entries_that_are_wrong_are_refused_before_any_is_given(wrong: Callable[[bytes], bytes]) -> None:
    data = encode_entries([ShownEntry(7, b"y", (), ())])
    assert len(ReadEntries(lambda: [data], size=len(data))) == 1
    with pytest.raises(RecordsError):
        ReadEntries(lambda: [wrong(data)], size=len(data))


@given(st.lists(stamps, unique_by=lambda stamp: (stamp.size, stamp.token)))
def test_stamps_that_were_written_are_read_again_by_the_size_of_the_checkpoint(given_: list[EarlierStamp]) -> None:
    found = read_stamps(sliced(encode_stamps(given_)))
    assert [(stamp.size, stamp.token_sha256) for stamp in found] == sorted((s.size, s.token_sha256) for s in given_)
    assert set(found) == set(given_)


@given(st.lists(entries, min_size=1, unique_by=lambda entry: entry.index), st.data())
def test_any_other_bytes_are_refused_or_are_other_entries(shown: list[ShownEntry], data: st.DataObject) -> None:
    good = encode_entries(shown)
    at = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:at] + data.draw(st.binary(max_size=3)) + good[at + data.draw(st.integers(0, 2)) :]
    try:
        found = read_entries(damaged)
    except RecordsError:
        return
    assert encode_entries(found) == damaged


def changed(name: str, value: object) -> bytes:
    return jcs({"disclosures": [], "index": "7", "leaf": "x", "path": [], name: value}) + b"\n"  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"[]\n",
        b"{}\n",
        b"\xff\n",
        b'{"index":7}\n',
        changed("more", "x"),
        changed("disclosures", "x"),
        changed("disclosures", [None]),
        changed("path", {}),
        changed("path", ["x"]),
        changed("path", ["A" * 43]),
        changed("index", "07"),
        changed("index", "-1"),
        changed("index", str(2**63)),
        changed("index", None),
        changed("leaf", None),
        changed("leaf", "x")[:-1],
    ],
)
def test_a_line_of_another_form_is_no_entry(data: bytes) -> None:
    with pytest.raises(RecordsError):
        read_entries(data)
    assert read_entries(changed("leaf", "y")) == [ShownEntry(7, b"y", (), ())]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token", ""),
        ("token", "TQ"),
        ("token", "TR=="),
        ("token", "T Q=="),
        ("token", None),
        ("checkpoint", "a"),
        ("checkpoint", "a\nb\n"),
        ("checkpoint", "a\n07\n"),
        ("checkpoint", []),
        ("consistency", "x"),
        ("consistency", ["x"]),
    ],
)
def test_a_line_of_another_form_is_no_stamp(name: str, value: object) -> None:
    good = {"checkpoint": "a\n7\n", "consistency": [], "token": "TQ=="}
    assert read_stamps([jcs(good) + b"\n"]) == [EarlierStamp(b"M", b"a\n7\n", ())]
    with pytest.raises(RecordsError):
        read_stamps([jcs({**good, name: value}) + b"\n"])  # type: ignore[dict-item]


def test_the_lines_fit_the_schemas_that_a_bundle_carries_by_two_readers() -> None:
    for member, name in ((layout.ENTRIES, "entry"), (layout.STAMPS, "stamp")):
        lines = [json.loads(line) for line in forge.good_members()[member].splitlines()]
        assert lines
        for line in lines:
            require_schema(line, name, where=member)
            jsonschema.validate(line, load_schema(name))
    for entry in forge.entries_of(forge.good_members()).values():
        jsonschema.validate(json.loads(entry.leaf), load_schema("leaf"))


def test_a_tlog_proof_is_put_together_from_a_line_as_the_format_says() -> None:
    members = forge.good_members()
    for line in nonempty(map(json.loads, members[layout.ENTRIES].splitlines())):
        head = "".join(f"{text}\n" for text in ("c2sp.org/tlog-proof@v1", f"index {line['index']}", *line["path"], ""))
        proof = head.encode() + members[layout.CHECKPOINT]
        checkpoint = verify_proof(proof, leaf=line["leaf"].encode(), key=forge.VKEY)
        assert checkpoint.size == len(forge.good_log().leaves)
