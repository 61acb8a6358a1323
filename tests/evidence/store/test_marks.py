"""What an event is known again by, and what nobody can guess from it."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.canonical import Value, jcs, sha256_hex
from evidence.content import message_sha256, post_sha256, said_sha256
from evidence.observation import HoleReason, Kind
from evidence.store.marks import (
    GUESSABLE_BYTES,
    HALF_BYTES,
    PART_BYTES,
    SeenKey,
    hole_mark,
    missed_mark,
    observed_marks,
)

pytestmark = pytest.mark.repeats

KEY = SeenKey(bytes(32))
MESSAGE: dict[str, Any] = {
    "kind": "message",
    "channel_id": "1",
    "message_id": "2",
    "posted_at": "2026-01-01T00:00:00.000Z",
    "sender_id": "user7",
    "sender_name": "Zogu",
    "text": "words",
    "declared_by": "mila",
    "method": "telegram",
}
FILE = MESSAGE | {"kind": "file", "sha256": "aa", "position": "0", "message_sha256": "bb", "file_name": "p.jpg"}
FILE |= {"bytes": str(GUESSABLE_BYTES + 1)}
SHORT_FILE = FILE | {"bytes": str(GUESSABLE_BYTES)}
HOLE: dict[str, Any] = {
    "channel_id": "1",
    "lo": "5",
    "hi": "5",
    "hole": "missing_file",
    "what": "p.jpg",
    "position": "0",
    "message_sha256": "bb",
    "since": "2026-01-01T00:00:00.000Z",
    "until": None,
    "declared_by": "mila",
    "method": "telegram",
}


def test_a_mark_needs_the_key() -> None:
    other = SeenKey(bytes(31) + b"\1")
    assert observed_marks(KEY, MESSAGE) == observed_marks(KEY, dict(MESSAGE))
    assert observed_marks(KEY, MESSAGE).seen != observed_marks(other, MESSAGE).seen
    assert len(observed_marks(KEY, MESSAGE).seen) == 32


@pytest.mark.parametrize(
    "name",
    [
        "channel_id",
        "message_id",
        "posted_at",
        "sender_id",
        "text",
        "entities",
        "links",
        "people",
        "numbers",
        "content",
        "reply_to",
        "forwarded_from",
        "action",
        "unknown_sha256",
        "declared_by",
        "method",
    ],
)
def test_whatever_a_message_is_and_says_and_its_source_tell_it_from_others(name: str) -> None:
    other = {"people": [{"name": "9"}], "content": [{"kind": "9"}]}.get(name, "9")
    assert observed_marks(KEY, MESSAGE | {name: other}).seen != observed_marks(KEY, MESSAGE).seen


@pytest.mark.parametrize("change", [{"edited_at": "9"}, {"sender_name": "9"}])
def test_a_reaction_and_a_new_name_of_an_account_do_not(change: dict[str, str]) -> None:
    assert observed_marks(KEY, MESSAGE | change) == observed_marks(KEY, MESSAGE)


@pytest.mark.parametrize(
    "name",
    ["counters", "media", "channel_title", "channel_type", "raw_sha256", "container_sha256", "offset", "at", "mode"],
)
def test_counters_paths_and_where_it_was_read_do_not(name: str) -> None:
    assert observed_marks(KEY, MESSAGE | {name: "9"}) == observed_marks(KEY, MESSAGE)


def test_each_capture_is_a_source_of_its_own_and_a_watch_is_one_whoever_asked() -> None:
    mine, other = (MESSAGE | {"method": "capture", "authority": each} for each in ("a" * 32, "b" * 32))
    assert observed_marks(KEY, mine).seen != observed_marks(KEY, other).seen
    assert observed_marks(KEY, mine).part == observed_marks(KEY, other).part
    holes = [HOLE | {"method": "capture", "authority": each["authority"]} for each in (mine, other)]
    assert hole_mark(KEY, holes[0]) != hole_mark(KEY, holes[1])
    watched = [MESSAGE | {"authority": each} for each in ("a" * 32, None)]
    assert observed_marks(KEY, watched[0]) == observed_marks(KEY, watched[1])  # the control


def test_an_edit_is_known_again_by_what_it_is_known_by_as_a_message() -> None:
    assert observed_marks(KEY, MESSAGE | {"kind": "edit"}) == observed_marks(KEY, MESSAGE)


@pytest.mark.parametrize("kind", [each.value for each in Kind if each not in (Kind.MESSAGE, Kind.EDIT)])
def test_kinds_of_thing_never_meet(kind: str) -> None:
    assert observed_marks(KEY, MESSAGE | {"kind": kind}).seen != observed_marks(KEY, MESSAGE).seen


def test_a_channels_state_is_told_apart_by_its_title() -> None:
    state = MESSAGE | {"kind": "channel", "channel_title": "a"}
    assert observed_marks(KEY, state) != observed_marks(KEY, state | {"channel_title": "b"})


def test_the_first_half_of_what_is_said_outlives_an_edit_and_the_second_does_not() -> None:
    before, after = (observed_marks(KEY, MESSAGE | {"text": text}).said or b"" for text in ("one", "two"))
    assert len(before) == 2 * HALF_BYTES
    assert before[:HALF_BYTES] == after[:HALF_BYTES]
    assert before[HALF_BYTES:] != after[HALF_BYTES:]


@pytest.mark.parametrize("name", ["sha256", "position", "posted_at", "channel_id", "message_id", "declared_by"])
@pytest.mark.parametrize("file", [FILE, SHORT_FILE])
def test_a_file_is_its_bytes_at_their_place(file: dict[str, Any], name: str) -> None:
    assert observed_marks(KEY, file | {name: "9"}).seen != observed_marks(KEY, file).seen


def test_only_a_file_whose_bytes_could_be_guessed_is_known_by_its_message_too() -> None:
    other, long = observed_marks(KEY, FILE | {"message_sha256": "9"}), observed_marks(KEY, FILE)
    assert (other.seen, other.said) == (long.seen, long.said)
    short, other = observed_marks(KEY, SHORT_FILE), observed_marks(KEY, SHORT_FILE | {"message_sha256": "9"})
    assert (short.seen != other.seen, short.said) == (True, other.said)


def test_the_place_of_a_file_is_its_mark_without_its_bytes() -> None:
    unread = observed_marks(KEY, FILE | {"sha256": None})
    assert unread.seen == unread.said == observed_marks(KEY, FILE).said
    assert observed_marks(KEY, FILE | {"file_name": "other"}) == observed_marks(KEY, FILE)


@pytest.mark.parametrize(
    "name", ["channel_id", "lo", "hi", "hole", "position", "message_sha256", "declared_by", "method"]
)
def test_a_hole_is_its_reason_at_its_place(name: str) -> None:
    assert hole_mark(KEY, HOLE | {name: "9"}) != hole_mark(KEY, HOLE)


@pytest.mark.parametrize("name", ["what", "since", "until"])
def test_the_words_of_a_hole_and_when_a_message_was_found_to_lack_something_are_no_part_of_it(name: str) -> None:
    assert hole_mark(KEY, HOLE | {name: "9"}) == hole_mark(KEY, HOLE)


def test_what_an_export_lacks_as_a_whole_is_lacking_there_and_not_in_another() -> None:
    whole = HOLE | {"lo": None, "hi": None, "message_sha256": None, "position": None, "container_sha256": "cc"}
    assert hole_mark(KEY, whole) == hole_mark(KEY, whole | {"since": "9"})
    assert hole_mark(KEY, whole) != hole_mark(KEY, whole | {"container_sha256": "dd"})
    assert hole_mark(KEY, HOLE) == hole_mark(KEY, HOLE | {"container_sha256": "dd"})


@pytest.mark.parametrize("change", [{"hole": "downtime"}, {"hole": "ban", "lo": None, "hi": None}])
def test_both_ends_in_time_tell_apart_when_nothing_was_seen(change: dict[str, Any]) -> None:
    hole = HOLE | change
    marks = {hole_mark(KEY, hole), *(hole_mark(KEY, hole | {name: "9"}) for name in ("since", "until"))}
    assert len(marks) == 3


@given(st.dictionaries(st.sampled_from(sorted(MESSAGE)), st.text(max_size=8)))
def test_values_cannot_be_moved_from_one_name_to_another(values: dict[str, Any]) -> None:
    one = MESSAGE | {name: value for name, value in values.items() if name != "kind"}
    moved = one | {"sender_id": one["sender_name"], "sender_name": one["sender_id"]}
    assert (observed_marks(KEY, one) == observed_marks(KEY, moved)) == (one["sender_id"] == one["sender_name"])


def test_the_part_of_a_file_is_its_place_and_what_its_message_says_whoever_tells_of_it() -> None:
    file = FILE | {"position": "0", "message_sha256": "ab" * 32}
    part = observed_marks(KEY, file).part
    for name in ("declared_by", "method", "sha256", "bytes", "file_name", "posted_at", "mode"):
        assert observed_marks(KEY, file | {name: "9"}).part == part
    assert part is not None
    for name in ("channel_id", "message_id", "position"):
        assert observed_marks(KEY, file | {name: "9"}).part[:PART_BYTES] != part[:PART_BYTES]  # type: ignore[index]
    other = observed_marks(KEY, file | {"message_sha256": "9"}).part
    assert other is not None
    assert (other[:PART_BYTES], other[PART_BYTES:] != part[PART_BYTES:]) == (part[:PART_BYTES], True)
    assert observed_marks(KEY, file | {"message_sha256": None}).part == part[:PART_BYTES]
    assert observed_marks(KEY, file | {"position": None}).part is None


def test_a_hole_in_the_place_of_a_part_has_the_mark_of_that_part() -> None:
    file = FILE | {"position": "0", "message_sha256": "ab" * 32}
    missed = HOLE | {"channel_id": file["channel_id"], "lo": file["message_id"], "hi": file["message_id"]}
    missed |= {"position": "0", "message_sha256": "ab" * 32, "hole": "missing_file"}
    assert missed_mark(KEY, missed) == observed_marks(KEY, file).part
    for change in ({"hole": "gap"}, {"hole": "not_decoded"}, {"position": None}, {"hi": "9999"}):
        assert missed_mark(KEY, missed | change) is None
    itself = {"hole": "mode", "position": None, "lo": MESSAGE["message_id"], "hi": MESSAGE["message_id"]}
    itself |= {"channel_id": MESSAGE["channel_id"], "message_sha256": message_sha256(MESSAGE)}
    assert missed_mark(KEY, missed | itself) == observed_marks(KEY, MESSAGE).part


# Guessing, with the key file and the rows in clear

SENDERS = [f"user{number}" for number in range(10)]
WORDS = ["ok", "yes", "no"]
NAMES = [f"photos/photo_{number}@01-01-2026_10-00-00.jpg" for number in range(1, 9)]
PHONES = [f"+389 70 123 4{number:02}" for number in range(30, 37)]


TELLING_BYTES = 8
"""What agrees with a guess by less than this may agree by chance; the halves have a test of their own."""


@dataclass(frozen=True)
class ClearRow:
    """What stands in clear of one item or hole."""

    kind: str
    channel_id: str
    number: str
    posted_at: str
    marks: tuple[bytes, ...]


def card(phone: str) -> bytes:
    return f"BEGIN:VCARD\nVERSION:3.0\nFN:Zogu\nTEL;CELL:{phone}\nEND:VCARD\n".encode()


def guesses(row: ClearRow, text: str, content: bytes) -> Iterator[bytes]:
    """Every mark that can be made of the row, a name, a number or a text, and what a short file of it would hash to."""
    yield from guesses_at_posts(row, text)
    said: list[Value] = [text, [{"number": text}], [text]]
    known = {"channel_id": row.channel_id, "message_id": row.number, "posted_at": row.posted_at}
    values = [known | {name: each} for name in ("text", "numbers", "file_name", "content") for each in said]
    digests = [
        hashlib.sha256(content).hexdigest(),
        sha256_hex(text.encode()),
        *(sha256_hex(jcs(each)) for each in said),
    ]
    digests += [message_sha256(each | {"kind": row.kind}) for each in values]
    digests += [sha256_hex(jcs([digest, None, "0"])) for digest in tuple(digests)]
    digests += [sha256_hex(jcs([None, digest, "0"])) for digest in tuple(digests)]
    post = post_sha256(known | {"posted_at": row.posted_at})
    digests += [sha256_hex(jcs([post, "0", digest, None])) for digest in tuple(digests)]
    for digest in digests:
        yield KEY.mark("state", digest)
        yield KEY.mark("part", row.channel_id, row.number, digest)
        for kind in ("name", "sha256", "raw_sha256", "hole", row.kind):
            yield KEY.mark(kind, row.channel_id, row.number, "mila", "telegram", digest)
            guess = f"{kind}|{row.channel_id}|{row.number}|{digest}".encode()
            yield hmac.digest(KEY.secret, guess, "sha256")


def guesses_at_posts(row: ClearRow, text: str) -> Iterator[bytes]:
    """What tells edits from messages: of the post and a sender, then, where the sender is found, of short words."""
    post: dict[str, Value] = {"channel_id": row.channel_id, "message_id": row.number, "posted_at": row.posted_at}
    for digest in (post_sha256(post | {"sender_id": text}), sha256_hex(jcs(post | {"sender_id": text}))):
        yield KEY.mark("post", digest)
        yield KEY.mark("post", digest, text)
    for sender in (None, *SENDERS):
        said = said_sha256({"text": text})
        yield KEY.mark("said", sha256_hex(jcs(post | {"sender_id": sender})), said)
        yield KEY.mark("said", post_sha256(post), sender, said)


def confirmed(rows: Iterable[ClearRow], texts: Iterable[str]) -> set[str]:
    """The guesses that some row confirms."""
    every = list(texts)
    return {
        text
        for row in rows
        for text in every
        for mark in guesses(row, text, card(text))
        if any(mark.startswith(kept) for kept in row.marks if len(kept) >= TELLING_BYTES)
    }


def rows_of(mark: Any) -> list[ClearRow]:  # noqa: ANN401 - either scheme
    """A channel with eight photos that were not read, eight that were missing, and a contact card that was read."""
    rows = []
    for number, name in enumerate(NAMES, start=1):
        message = MESSAGE | {"message_id": str(number), "text": ""}
        attached = {"message_sha256": message_sha256(message), "position": "0", "file_name": name, "sha256": None}
        file, hole = (
            message | attached | {"kind": "file"},
            HOLE | attached | {"lo": str(number), "hi": str(number), "what": name},
        )
        rows += [
            ClearRow(kind, "1", str(number), MESSAGE["posted_at"], mark(kind, values))
            for kind, values in (("file", file), ("hole", hole))
        ]
    short = MESSAGE | {"message_id": "98", "text": WORDS[0]}
    rows.append(ClearRow("message", "1", "98", MESSAGE["posted_at"], mark("message", short)))
    contact = MESSAGE | {"message_id": "99", "text": "", "numbers": [{"number": PHONES[5]}]}
    vcard = contact | {"kind": "file", "position": "0", "message_sha256": message_sha256(contact)}
    vcard |= {"bytes": str(len(card(PHONES[5])))}
    vcard |= {"sha256": hashlib.sha256(card(PHONES[5])).hexdigest(), "file_name": "contacts/contact_1.vcard"}
    for kind, values in (("message", contact), ("file", vcard)):
        rows.append(ClearRow(kind, "1", "99", MESSAGE["posted_at"], mark(kind, values)))
    return rows


def ours(kind: str, values: dict[str, Any]) -> tuple[bytes, ...]:
    if kind == "hole":
        return (hole_mark(KEY, values), *parts(missed_mark(KEY, values)))
    marks = observed_marks(KEY, values)
    halves = (marks.said[:HALF_BYTES], marks.said[HALF_BYTES:]) if marks.said else ()
    return (marks.seen, *halves, *parts(marks.part))


def parts(mark: bytes | None) -> tuple[bytes, ...]:
    return () if mark is None else (mark[:PART_BYTES], mark[PART_BYTES:])


def whole(kind: str, values: dict[str, Any]) -> tuple[bytes, ...]:
    """A scheme that tells edits by whole marks, the first of them of the sender."""
    if kind != "message":
        return ours(kind, values)
    post = {name: values[name] for name in ("channel_id", "message_id", "posted_at", "sender_id")}
    digest = sha256_hex(jcs(post))
    return KEY.mark("post", digest)[:16], KEY.mark("said", digest, said_sha256(values))[:16]


def before(kind: str, values: dict[str, Any]) -> tuple[bytes, ...]:
    """The scheme of before: a digest of a name, or of bytes that anybody can write down."""
    known = values["what"] if kind == "hole" else values.get("sha256") or values.get("file_name") or ""
    digest = known if values.get("sha256") else sha256_hex(jcs(known))
    name = "sha256" if values.get("sha256") else "name"
    number = values.get("message_id") or values["lo"]
    return (hmac.digest(KEY.secret, f"{name}|{values['channel_id']}|{number}|{digest}".encode(), "sha256"),)


def test_whoever_has_the_key_and_the_rows_confirms_no_name_no_number_no_sender_and_no_short_text() -> None:
    assert confirmed(rows_of(ours), [*NAMES, *PHONES, *SENDERS, *WORDS]) == set()


@pytest.mark.slow
def test_the_same_guesses_confirm_the_sender_and_the_short_text_where_whole_marks_tell_edits() -> None:
    assert confirmed(rows_of(whole), [*SENDERS, *WORDS]) == {"user7", "ok"}


def test_what_tells_an_edit_agrees_with_every_post_and_with_many_senders() -> None:
    """Of so many accounts about four agree: whoever guesses right never knows it."""
    which, what = ours("message", MESSAGE)[1:3]
    post, said = post_sha256(MESSAGE), said_sha256(MESSAGE)
    agree = sum(KEY.mark("said", post, f"user{number}", said).startswith(what) for number in range(1 << 18))
    assert agree > 1
    assert observed_marks(KEY, MESSAGE | {"sender_id": "user8"}).said[:HALF_BYTES] == which


def test_of_a_message_whose_every_other_value_is_known_the_rest_can_be_guessed() -> None:
    """The limit, as docs/threats.md says it."""
    short = MESSAGE | {"text": WORDS[0]}
    guessed = [short | {"sender_id": sender, "text": text} for sender in SENDERS for text in WORDS]
    marks = [observed_marks(KEY, each).seen for each in guessed]
    assert marks.count(observed_marks(KEY, short).seen) == 1


def test_the_same_guesses_confirm_every_name_and_the_number_under_the_scheme_of_before() -> None:
    assert confirmed(rows_of(before), [*NAMES, *PHONES]) == {*NAMES, PHONES[5]}


def test_reasons_of_time_are_reasons() -> None:
    assert {"ban", "downtime"} < {reason.value for reason in HoleReason}


def test_the_mark_of_a_link_confirms_no_guess_of_it() -> None:
    link = {"kind": "link", "channel_id": "local0011223344556677", "text": "https://example.org/a", "method": "file"}
    marks = {observed_marks(KEY, {**link, "acquisition": {"random": random * 32}}).seen for random in "01"}
    assert len(marks) == 2
