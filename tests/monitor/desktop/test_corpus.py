"""Each damaged or hostile export ends in an error by its name with a remedy, or is read with a hole that says what is
wrong; and nothing that chance makes of an export ends in anything else."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from evidence.canonical import jcs
from evidence.observation import Hole, Kind, Observation
from monitor.desktop.json import chats_of, read_export
from monitor.errors import BroughtLinkError, MonitorError
from monitor.links import message_link, require_link
from tests.monitor.desktop.corpus import CORPUS, export, message
from tests.monitor.desktop.layouts import NOW, sample_histories, write_folder, write_html
from tests.nonempty import nonempty

pytestmark = pytest.mark.repeats

PHASES = (Phase.explicit, Phase.generate)


def read(path: Path) -> list[Observation | Hole]:
    """All that is read, with every byte of every file."""
    container = read_export(path, chat_id=None, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    contents = list(container.contents())
    container.rest()
    for each in contents:
        if isinstance(each, Observation):
            jcs(dict(each.fields))
            jcs(each.record)
            if each.medium:
                with each.medium.open() as file:
                    file.read()
    return contents


def messages(contents: Sequence[Observation | Hole]) -> list[Observation]:
    return [each for each in contents if isinstance(each, Observation) and each.kind is not Kind.FILE]


def words(contents: Sequence[Observation | Hole]) -> str:
    said = (repr(dict(each.fields)) if isinstance(each, Observation) else each.what for each in contents)
    return " ".join(said)


@pytest.mark.parametrize("name", CORPUS)
def test_each_defect_has_its_error_or_its_hole(tmp_path: Path, name: str) -> None:
    defect = CORPUS[name]
    defect.write(tmp_path)
    if defect.error is not None:
        with pytest.raises(MonitorError) as refused:
            read(tmp_path)
        assert refused.value.code == defect.error
        assert refused.value.fix
        return
    contents = read(tmp_path)
    assert len(messages(contents)) == defect.messages
    reasons = {each.reason for each in contents if isinstance(each, Hole)}
    assert reasons == ({defect.hole} if defect.hole else set())
    if defect.says:  # else it may be very long
        assert repr(defect.says)[1:-1] in words(contents)


def test_an_export_without_a_defect_has_neither(tmp_path: Path) -> None:
    # the control
    (tmp_path / "result.json").write_bytes(export(message()))
    contents = read(tmp_path)
    assert len(messages(contents)) == len(contents) == 2


KEYS = st.sampled_from(
    ["id", "type", "date", "date_unixtime", "from", "from_id", "text", "text_entities", "file", "photo", "action",
     "messages", "name", "chats", "list", "left_chats", "poll", "reply_to_message_id", "edited", "media_type", "x"]
)  # fmt: skip
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(["message", "service", "user1", "2024-01-01T00:00:00", "public_channel", "1704067200"]),
)
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
LIKE_A_MESSAGE = st.builds(
    lambda base, other: {key: value for key, value in {**base, **other}.items() if value is not ...},
    st.just(message(3)),
    st.dictionaries(KEYS, VALUES | st.just(...), max_size=5),
)
LIKE_AN_EXPORT = st.builds(
    lambda base, listed, other: {**base, "messages": listed, **other},
    st.just({"name": "Hedge", "type": "public_supergroup", "id": 42}),
    st.lists(LIKE_A_MESSAGE, max_size=4),
    st.dictionaries(KEYS, VALUES, max_size=2),
)


def require_told(path: Path) -> bool:
    """Read what chance made; whether it could be read. Whatever is refused has a remedy."""
    refused = None
    try:
        if (path / "result.json").exists():
            chats_of(path)
        read(path)
    except MonitorError as error:
        refused = error
    assert refused is None or refused.fix, refused
    return refused is None


def fuzz_shapes(folder: Path, told: Mapping[str, Any]) -> None:
    (folder / "result.json").write_text(json.dumps(told))
    require_told(folder)


@settings(max_examples=60, deadline=None, derandomize=True, phases=PHASES)
@given(LIKE_AN_EXPORT)
def test_what_looks_like_an_export_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, told: Mapping[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "shapes"
    folder.mkdir(exist_ok=True)
    fuzz_shapes(folder, told)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, phases=PHASES)
@given(LIKE_AN_EXPORT)
def test_whatever_looks_like_an_export_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, told: Mapping[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "shapes"
    folder.mkdir(exist_ok=True)
    fuzz_shapes(folder, told)


def spoiled(data: bytes, draw: st.DataObject) -> bytes:
    """A file in which some bytes were changed, lost, doubled or put in."""
    pieces = st.sampled_from([b"", b"\0", b'"', b"{", b"]", b"\\", b"<div>", b"</div>", b"\xff\xfe", b"<!--", b"&#0;"])
    for _change in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(data)))
        end = min(len(data), at + draw.draw(st.sampled_from([0, 1, 2, 40])))
        data = data[:at] + draw.draw(st.one_of(pieces, st.binary(max_size=4), st.just(data[at:end] * 2))) + data[end:]
    return data


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """One chat as JSON and as pages."""
    (history,) = sample_histories(1)
    folder = tmp_path_factory.mktemp("whole")
    return {
        "result.json": write_folder(history, NOW, folder / "json"),
        "messages.html": write_html(history, folder / "html", each_page=100).paths[0],
    }


@pytest.mark.parametrize("name", ["result.json", "messages.html"])
@settings(max_examples=60, deadline=None, derandomize=True, phases=PHASES)
@given(draw=st.data())
def test_a_spoiled_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, forms: Mapping[str, Path], name: str, draw: st.DataObject
) -> None:
    require_spoiled(tmp_path_factory, forms[name] / name, draw)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["result.json", "messages.html"])
@settings(max_examples=2000, deadline=None, phases=PHASES)
@given(draw=st.data())
def test_any_spoiled_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, forms: Mapping[str, Path], name: str, draw: st.DataObject
) -> None:
    require_spoiled(tmp_path_factory, forms[name] / name, draw)


def require_spoiled(factory: pytest.TempPathFactory, whole: Path, draw: st.DataObject) -> None:
    folder = factory.getbasetemp() / f"spoiled {whole.suffix}"
    folder.mkdir(exist_ok=True)
    (folder / whole.name).write_bytes(spoiled(whole.read_bytes(), draw))
    require_told(folder)


def test_what_was_not_spoiled_is_read(forms: Mapping[str, Path]) -> None:
    # the control
    for folder in nonempty(forms.values()):
        assert require_told(folder)


LINKS = st.builds(
    "".join,
    st.lists(
        st.sampled_from(["https://", "t.me/", "tg://", "s/", "c/", "joinchat/", "+", "?single", "&thread=", "@", ":",
                         "[", "]", "//", "%", "%00", "1", "99999999999999999999", "hedge", "\u202e", "xn--", "\0", " "])
        | st.text(max_size=3),
        max_size=7,
    ),
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True, phases=PHASES)
@given(LINKS)
def test_whatever_is_given_as_a_link_is_one_or_is_refused(given_link: str) -> None:
    refused = None
    try:
        message_link(require_link(given_link))
    except BroughtLinkError as error:
        refused = error
    assert refused is None or refused.fix, refused


def test_a_link_of_a_message_is_one_of_those() -> None:
    # the control
    assert message_link(require_link("https://t.me/hedge/7")) is not None
