"""Lists are read in the shapes in which exchanges and hotlines write them, and what is no hash is never passed over."""

import base64
import hashlib
import io
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.errors import HashListError
from evidence.match import hash_csv
from evidence.match.hash_csv import HashKind, read_hashes
from tests.evidence.match.listing import hashes_in, md5_of, read_table, sha256_of, table

PDQ, SHA, MD5 = sha256_of(1), sha256_of(2), md5_of(3)


def b64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


@pytest.mark.parametrize(
    ("lines", "kind", "expected"),
    [
        # python-threatexchange, pdq_samples.csv: what `threatexchange dataset` prints
        (
            ["collab,signal_type,signal_str,category,tags", f"Sample,pdq,{PDQ},WORTH_INVESTIGATING,"],
            None,
            {"pdq": [PDQ]},
        ),
        # Hasher-Matcher-Actioner, sample_data/pdq.csv and photo_md5.csv: no header
        (
            [f"{PDQ},2880742865368386,2020-07-31T18:47:52+0000,media_type_photo disputed"],
            HashKind.PDQ,
            {"pdq": [PDQ]},
        ),
        ([f"{MD5},3085044528211555,2020-07-31T20:23:47+0000,media_type_photo"], None, {"md5": [MD5]}),
        # ThreatExchange, pdq/wasm/test/TestData/PDQMD5TestData.csv
        (["FilePath,Hash", f"a.jpg,{PDQ}", f"b.mp4,{MD5}"], HashKind.PDQ, {"md5": [MD5], "pdq": [PDQ]}),
        # python-threatexchange, file_api.py: kind, space, signal
        ([f"pdq {PDQ}", f"video_md5 {MD5}"], None, {"md5": [MD5], "pdq": [PDQ]}),
        # ThreatExchange's names of indicators
        (
            ["type,indicator", f"HASH_PDQ,{PDQ}", f"HASH_VIDEO_MD5,{MD5}", f"HASH_SHA256,{SHA}"],
            None,
            {"md5": [MD5], "sha256": [SHA], "pdq": [PDQ]},
        ),
        # StopNCII's names
        (
            ["signalType;hashValue;hashStatus", f"ImagePDQ;{PDQ.upper()};Active", f"VideoMD5;{b64(MD5)};Active"],
            None,
            {"md5": [MD5], "pdq": [PDQ]},
        ),
        # a column for each kind, as hotlines have it
        (
            ["Id\tMD5\tSHA1\tPhotoDNA\tCategory", f"7\t{MD5.upper()}\t{'a' * 40}\t{'A' * 192}\t1"],
            None,
            {"md5": [MD5]},
        ),
        ([MD5], None, {"md5": [MD5]}),
        ([SHA], HashKind.SHA256, {"sha256": [SHA]}),
        (["sha256", SHA], None, {"sha256": [SHA]}),
        (["PDQ hash", f'"{PDQ}"'], None, {"pdq": [PDQ]}),
        (["# exported today", "", "md5", b64(MD5), "  "], None, {"md5": [MD5]}),
        ([f"{MD5},{SHA}"], HashKind.SHA256, {"md5": [MD5], "sha256": [SHA]}),
    ],
)
def test_a_list_is_read_in_each_shape_in_which_it_is_handed_out(
    lines: Sequence[str], kind: HashKind | None, expected: object
) -> None:
    assert hashes_in(read_table(lines, kind)) == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_and_the_ends_of_lines_do_not_matter(encoding: str, end: str) -> None:
    data = end.join(["signal_type,hash", f"md5,{MD5}", f"pdq,{PDQ}"]).encode(encoding)
    read = read_table(data)
    assert hashes_in(read) == {"md5": [MD5], "pdq": [PDQ]}
    assert read.file_sha256 == hashlib.sha256(data).hexdigest()


def test_what_is_not_compared_is_counted_by_its_name() -> None:
    read = read_table(
        [
            "hash_type,hash,quality",
            f"pdq,{PDQ},50",
            f"pdq,{SHA},49",
            f"PhotoDNA,{'A' * 192},",
            f"HASH_SHA1,{'b' * 40},",
            "HASH_TMK,anything,",
            "neuralhash,xyz,",
            "made up,xyz,",
            "made up too,xyz,",
            f"md5,{hashlib.md5(b'', usedforsecurity=False).hexdigest()},",
            f"md5,{MD5},",
            f"MD5,{MD5.upper()},",
        ]
    )
    assert hashes_in(read) == {"md5": [MD5], "pdq": [PDQ]}
    assert read.not_compared == {
        "empty_file": 1,
        "neuralhash": 1,
        "other": 2,
        "photodna": 1,
        "sha1": 1,
        "tmk": 1,
        "too_plain": 1,
    }
    assert (read.twice, read.lines, read.bad_lines) == (1, 11, 0)
    assert read.counts() == {"md5": 1, "pdq": 1}


def test_a_bad_line_is_told_by_its_number_and_refuses_the_list() -> None:
    bad = [MD5[:-1], "", f"{MD5}zz", f'"{MD5}', SHA]
    lines = ["md5", MD5, *bad]
    with pytest.raises(HashListError) as caught:
        read_table(lines)
    assert (caught.value.code, caught.value.facts) == ("hash_list.bad_lines", {"lines": "3, 5, 6, 7", "count": 4})
    assert MD5[:8] not in str(caught.value)
    read = read_table(lines, skip_bad_lines=True)
    assert (hashes_in(read), read.bad_lines, read.lines) == ({"md5": [MD5]}, 4, 5)


def test_of_many_bad_lines_the_first_are_told() -> None:
    with pytest.raises(HashListError) as caught:
        read_table(["md5", MD5, *["-"] * 30])
    assert caught.value.facts == {"lines": "3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...", "count": 30}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([PDQ], "hash_list.kind_unclear"),
        (["hash", PDQ], "hash_list.kind_unclear"),
        (["name,size", "a,3"], "hash_list.no_column"),
        (["md5"], "hash_list.no_hash"),
        ([""], "hash_list.no_hash"),
        ([f"sha1 {'a' * 40}"], "hash_list.nothing_to_compare"),
        (["x" * hash_csv.MOST_LINE], "hash_list.no_table"),
        ([",".join(["md5"] * 101)], "hash_list.no_table"),
        (["\t".join([MD5] * 101)], "hash_list.no_table"),
        ([",".join(["md5"] * 100)], "hash_list.no_hash"),
        (["type,hash", f",{MD5}"], "hash_list.bad_lines"),
        (["type,hash", f"md5,{PDQ}"], "hash_list.bad_lines"),
        (["pdq,quality", f"{PDQ},101"], "hash_list.bad_lines"),
        (["pdq,quality", f"{PDQ},high"], "hash_list.bad_lines"),
        (["type,hash", *(f"k{at},x" for at in range(41)), f"md5,{MD5}"], "hash_list.bad_lines"),
    ],
)
def test_what_is_no_list_is_refused_in_words(lines: Sequence[str], code: str) -> None:
    with pytest.raises(HashListError) as caught:
        read_table(lines)
    assert caught.value.code == code


def test_a_list_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["md5", *(md5_of(at) for at in range(4))]
    monkeypatch.setattr(hash_csv, "MOST_HASHES", 4)
    assert read_table(lines).counts() == {"md5": 4}
    monkeypatch.setattr(hash_csv, "MOST_HASHES", 3)
    with pytest.raises(HashListError) as caught:
        read_table(lines)
    assert caught.value.code == "hash_list.too_many"


def test_who_reads_hears_of_every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_csv, "_HEAR_EVERY", 3)
    heard = list[int]()
    read_hashes(io.BytesIO(table(md5_of(at) for at in range(8))), hear=heard.append)
    assert heard == [3, 3, 2]


def test_what_was_read_is_not_spoken_of() -> None:
    read = read_table([MD5])
    assert MD5 not in repr(read)
    assert MD5 not in f"{read}"


def told_of(data: bytes, *, skip_bad_lines: bool) -> str:
    """Everything that a list gives to whoever brings it, or why it is refused."""
    try:
        read = read_table(data, HashKind.PDQ, skip_bad_lines=skip_bad_lines)
    except HashListError as error:
        return f"{error}{error!r}{error.facts}{error.as_json()}"
    return f"{read.counts()}{read.not_compared}{read.bad_lines}{read}"


def runs_of(digits: str) -> set[str]:
    """Every run of 8 of these hex digits."""
    return {digits[at : at + 8] for at in range(len(digits) - 7)}


DIGEST = st.tuples(st.sampled_from("abcdef09"), st.sampled_from([32, 40, 64]), st.integers(0, 1 << 250)).map(
    lambda drawn: (drawn[0] + hashlib.sha256(b"%d" % drawn[2]).hexdigest())[: drawn[1]]
)
WRITTEN = st.sampled_from(
    ["md5,{}", "{},md5", "hash{},x", "{}hash,x", "x{},{}", "pdq,{}", "{},{}", "k-{},y", "sha1,{}"]
)


@given(
    rows=st.lists(st.tuples(WRITTEN, DIGEST), min_size=1, max_size=6),
    header=st.sampled_from(["type,value", "value,type", "hash_type,hash,quality", "md5,sha1", None]),
    good=st.booleans(),
    skip_bad_lines=st.booleans(),
)
@example(rows=[("{},md5", "a" + MD5[1:])], header="type,value", good=True, skip_bad_lines=False)
@example(rows=[("hash{},x", "a" + MD5[1:])], header="type,value", good=True, skip_bad_lines=False)
def test_nothing_of_a_hash_is_told_in_whatever_column_it_stands(
    *, rows: list[tuple[str, str]], header: str | None, good: bool, skip_bad_lines: bool
) -> None:
    lines = [*([header] if header else []), *([f"md5,{MD5}"] if good else [])]
    lines += [how.format(digits, digits) for how, digits in rows]
    told = told_of(table(lines), skip_bad_lines=skip_bad_lines)
    secret = set().union(*(runs_of(digits) for _how, digits in rows), runs_of(MD5))
    assert secret & runs_of("".join(lines))  # the control: in the list they are found
    assert not [run for run in secret if run in told.lower()]


def test_swapped_columns_are_bad_lines_and_not_kinds() -> None:
    with pytest.raises(HashListError) as caught:
        read_table(["type,value", f"md5,{MD5}", f"{'a' + MD5[1:]},md5"])
    assert caught.value.facts == {"lines": "3", "count": 1}


KINDS = st.sampled_from(list(HashKind))
ROWS = st.lists(st.tuples(KINDS, st.integers(0, 30), st.sampled_from(["lower", "upper", "base64"])), min_size=1)


@given(rows=ROWS, delimiter=st.sampled_from([",", ";", "\t", " "]), wide=st.booleans(), quoted=st.booleans())
def test_every_hash_of_a_list_is_read_once_however_it_is_written(
    *, rows: list[tuple[HashKind, int, str]], delimiter: str, wide: bool, quoted: bool
) -> None:
    def cell(kind: HashKind, number: int, how: str) -> str:
        digits = md5_of(number) if kind is HashKind.MD5 else sha256_of(number)
        spelled = {"lower": digits, "upper": digits.upper(), "base64": b64(digits)}[how]
        return f'"{spelled}"' if quoted else spelled

    if wide and delimiter != " ":
        lines = [delimiter.join(["id", *HashKind])]
        lines += [delimiter.join(["1", *(cell(*row) if row[0] is kind else "" for kind in HashKind)]) for row in rows]
    else:
        lines = [delimiter.join(["kind", "hash"]), *(delimiter.join([row[0].value, cell(*row)]) for row in rows)]
    expected = {
        kind.value: sorted(
            {md5_of(at) if kind is HashKind.MD5 else sha256_of(at) for each, at, _ in rows if each is kind}
        )
        for kind in HashKind
        if any(each is kind for each, _, _ in rows)
    }
    read = read_table(lines)
    assert hashes_in(read) == expected
    assert read.twice == len(rows) - sum(map(len, expected.values()))


@given(data=st.binary(max_size=400))
@example(data=b"PK\x03\x04" + bytes(200))
@example(data=b"\xff\xfe\x00")
@example(data=f'md5\n"{MD5}\n{MD5}\n'.encode())
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    for skip in (True, False):
        try:
            read = read_table(data, HashKind.PDQ, skip_bad_lines=skip)
        except HashListError:
            continue
        assert sum(read.counts().values()) > 0


@given(
    lines=st.lists(
        st.one_of(
            st.sampled_from([MD5, PDQ, f"md5,{MD5}", f"pdq,{PDQ},7", "md5,sha1", "", "#", '"', '""', ",", f"{MD5}\0"]),
            st.text(alphabet=",;\t \"'#\0abfMD5=+/\r\u2028ž", max_size=40),
        ),
        max_size=8,
    ),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-be"]),
)
def test_no_line_is_dropped_in_silence(lines: list[str], encoding: str) -> None:
    data = "\n".join(lines).encode(encoding, "replace")
    try:
        read = read_table(data, HashKind.SHA256, skip_bad_lines=True)
    except HashListError:
        return
    each = sum(read.counts().values()) + read.twice + sum(read.not_compared.values()) + read.bad_lines
    assert each >= read.lines
