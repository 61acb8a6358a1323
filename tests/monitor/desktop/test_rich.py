"""Rich messages: every block and text is read whole, in any depth, and with any value in any place."""

from typing import Any

import pytest

from evidence.canonical import jcs
from evidence.log.commit import MAX_DEPTH
from monitor.desktop import rich
from tests.monitor.desktop import kinds
from tests.monitor.desktop.kinds import every_sample, keys_in
from tests.monitor.desktop.messages import depth, read, said


def test_every_key_of_a_block_stands_in_a_sample() -> None:
    keys = {key for named in every_sample() for key in keys_in(named.sample.members.get("rich_message"))}
    tables = (*rich.BLOCKS.values(), *(text.keys for text in rich.RICH_TEXTS.values()))
    wanted = {key for table in tables for key in table} - {"file", "photo", "poster_photo", "author_photo", "thumbnail"}
    assert wanted - keys == set()


@pytest.mark.parametrize("value", [5, True, [5], {"x": 1}, "x", None, [None]])
@pytest.mark.parametrize("kind", sorted(rich.BLOCKS))
def test_a_block_with_any_other_values_never_stops_the_reading(kind: str, value: object) -> None:
    for key in rich.BLOCKS[kind]:
        jcs(dict(read(kinds.rich({"type": kind, key: value})).fields))


def nested(levels: int) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "paragraph", "text": kinds.words("at the bottom")}
    for _ in range(levels):
        block = {
            "type": "list",
            "kind": "bullet",
            "items": [{"task_state": "none", "content": "blocks", "blocks": [block]}],
        }
    return block


@pytest.mark.parametrize("levels", [16, 32])
def test_deep_lists_are_read_and_lie_flat(levels: int) -> None:
    message = read(kinds.rich(nested(levels)))
    assert "at the bottom" in said(message)
    assert not message.holes
    assert depth(dict(message.fields)) < MAX_DEPTH


def test_deep_formatting_is_read_and_lies_flat() -> None:
    text: dict[str, Any] = kinds.words("at the bottom")
    for _ in range(140):
        text = {"type": "bold", "text": text}
    message = read(kinds.rich({"type": "paragraph", "text": text}))
    assert message.fields["text"] == "at the bottom"
    assert depth(dict(message.fields)) < MAX_DEPTH
