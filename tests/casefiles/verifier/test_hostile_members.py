"""Whatever lies in a member, the verifier says which check fails, and holds little of it."""

import json
import sys
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from casefiles.errors import ContainerError
from casefiles.format import kept, layout
from casefiles.format.zip import container_bytes
from casefiles.verifier import checks
from evidence.finding import Verdict
from tests.bench._memory import watched_run
from tests.casefiles import forge

MB = 1_000_000
Shape = Callable[[int], bytes]


def repeated(part: bytes) -> Shape:
    return lambda length: (part * (length // len(part) + 1))[:length]


def object_of_many_names(length: int) -> bytes:
    return b"{" + b",".join(b'"%07d":""' % number for number in range(length // 13)) + b"}\n"


SHAPES: dict[str, Shape] = {
    "empty lines": repeated(b"\n"),
    "short lines": repeated(b"{}\n"),
    "lines that could be read": repeated(b'{"a":"one value","b":"another"}\n'),
    "one line without an end": repeated(b"a"),
    "nested without an end": repeated(b"["),
    "an object of many names": object_of_many_names,
    "lines of many values": repeated(b'{"a":[' + b'"",' * 2_000 + b'""]}\n'),
    "long lines": repeated(b'"' + b"x" * MB + b'"\n'),
    "backslashes": repeated(b"\\"),
    "escaped slashes": repeated(b"\\/"),
    "letters of four bytes": repeated("\U0001f600".encode()),
    "openings of pictures": repeated(b"Qk"),
}
# what a member of that kind cannot be longer than is cut
MEMBERS = {
    layout.ENTRIES: layout.MAX_MEMBER_BYTES,
    layout.STAMPS: layout.MAX_MEMBER_BYTES,
    layout.ITEMS_JSONL: layout.MAX_MEMBER_BYTES,
    layout.EVENTS_JSONL: layout.MAX_MEMBER_BYTES,
    layout.ITEMS_CSV: layout.MAX_MEMBER_BYTES,
    layout.CASE_JSONLD: layout.MAX_MEMBER_BYTES,
    layout.report_name("en"): layout.MAX_MEMBER_BYTES,
    layout.CASE: layout.MAX_CASE_BYTES,
    layout.README: layout.MAX_SMALL_BYTES,
    layout.SEAL_MANIFEST: layout.MAX_SMALL_BYTES,
    layout.SEAL_SIGNATURE: layout.MAX_SIGNED_BYTES,
    layout.pages_name("en", 1): layout.MAX_PAGES_BYTES,
}
FAILS = {
    layout.ENTRIES: "log.form",
    layout.STAMPS: "log.form",
    layout.ITEMS_JSONL: "records.schemas",
    layout.EVENTS_JSONL: "records.schemas",
    layout.ITEMS_CSV: "records.items",
    layout.CASE_JSONLD: "content.texts",
    layout.report_name("en"): "content.texts",
    layout.CASE: "records.schemas",
    layout.README: "content.texts",
    layout.SEAL_MANIFEST: "seal.complete",
    layout.SEAL_SIGNATURE: "seal.signature",
    layout.pages_name("en", 1): "content.no_pictures",
}


def hostile(member: str, shape: str, length: int) -> bytes:
    return container_bytes({**forge.good_members(), member: SHAPES[shape](min(length, MEMBERS[member]))})


@pytest.mark.every(6)
@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_check_that_reads_a_hostile_member_fails(member: str, shape: str, tmp_path: Path) -> None:
    report = forge.checked(hostile(member, shape, 60_000), tmp_path)
    assert report.verdict is Verdict.FAILED
    assert FAILS[member] in forge.failed(report)


def peak_of_checking(bundle: bytes, folder: Path) -> int:
    """The most bytes that Python held beyond what it had, beside the bundle itself."""
    (folder / "hostile.asice").write_bytes(bundle)
    tracemalloc.start()
    try:
        with (folder / "hostile.asice").open("rb") as stream:
            checks.verify_stream(stream, roots=())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@cache
def many_lines() -> bytes:
    return container_bytes({**forge.good_members(), layout.ENTRIES: b"\n" * (2 * MB)})


def test_lines_are_never_held_all_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert peak_of_checking(many_lines(), tmp_path) < 25 * MB
    # the control: a list of them takes eight bytes each beside the lines
    honest = kept.lines_of
    monkeypatch.setattr("casefiles.format.pictures.lines_of", lambda pieces: list(honest(pieces)))
    assert peak_of_checking(many_lines(), tmp_path) > 25 * MB


def test_the_longest_line_is_told_whether_a_member_is_held_or_kept(tmp_path: Path) -> None:
    for lines in ([5, 3 * MB, 0], [2 * MB], [0, 0, 2 * MB, 2 * MB + 6]):
        content = b"\n".join(b"x" * length for length in lines)
        intake = kept.PieceDigests(0)
        for at in range(0, len(content), 777_777):
            intake.take(content[at : at + 777_777])
        assert intake.taken().longest_line == kept.longest_line({"a": content}, "a") == max(lines)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_may_be_as_long_as_its_kind_and_no_longer(name: str) -> None:
    layout.require_size(name, size=MEMBERS[name], longest_line=layout.MAX_LINE_BYTES)
    with pytest.raises(ContainerError) as refused:
        layout.require_size(name, size=MEMBERS[name] + 1, longest_line=0)
    assert refused.value.code == "container.member_over_limit"


def test_only_a_member_of_lines_has_a_longest_line() -> None:
    layout.require_size(layout.ITEMS_CSV, size=layout.MAX_LINE_BYTES + 1, longest_line=layout.MAX_LINE_BYTES + 1)
    with pytest.raises(ContainerError) as refused:
        layout.require_size(layout.STAMPS, size=layout.MAX_LINE_BYTES + 1, longest_line=layout.MAX_LINE_BYTES + 1)
    assert refused.value.code == "container.line_over_limit"


@pytest.mark.slow
@pytest.mark.parametrize("member", MEMBERS)
def test_forty_megabytes_of_anything_take_less_than_500_mb(member: str, tmp_path: Path) -> None:
    file, out = tmp_path / "hostile.asice", tmp_path / "told.json"
    run = "import sys; from casefiles.verifier.__main__ import main; sys.stdout = open(sys.argv.pop(), 'w'); main()"
    for shape in SHAPES:
        file.write_bytes(hostile(member, shape, 40 * MB))
        taken = watched_run([sys.executable, "-c", run, str(file), "--json", str(out)], {})
        told = json.loads(out.read_text("utf-8"))
        assert told["verdict"] == "FAILED", shape
        assert max(taken.own_mb, taken.largest_below_mb) < 500, shape
