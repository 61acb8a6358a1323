"""Finds pictures, video and prints of pictures in a member: the last gate, and a check.

The writer refuses to build a bundle in which this search finds anything, and the verifier searches again.
In tokens and signatures it looks for the opening bytes of picture and video formats. In every other
member it looks for what is not text, for pictures inside base64 (any alphabet, any alignment), and for
names of JSON fields and columns that could only hold a thumbnail or a perceptual hash. Plain text holds
no picture, so words like GIF89a in a message are words. A line of the log's files is taken apart first:
its disclosures and its token are searched. Whatever somebody put into a member, no more of it is held than a few
mebibytes. ``evidence.pictures`` says what a picture looks like, and what
is taken out of a message before it is sealed.

# LIMIT: this guards against mistakes of ours. Whoever sets out to hide a picture can (split,
# encrypted, as numbers); a bundle holds only what the builder puts in.
Standard library only.
"""

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterable, Iterator

from casefiles.errors import GateError, RecordsError
from casefiles.format.entries import ShownEntry, read_stamp
from casefiles.format.kept import lines_of
from casefiles.format.layout import ENTRIES, Search, member_of
from casefiles.format.pdf import parts_of_pages
from evidence.canonical import from_b64u_each, read_json
from evidence.errors import CanonicalError
from evidence.pictures import MOST_SPELLED, find_encoded, find_raw

_AT_ONCE = 1 << 20
"""Bytes that are looked at together: of what the log's files say, and of a text."""
_BETWEEN = b" \n"
"""What parts are put together by. Base64 that is wrapped has no space before the end of a line, so none goes on."""
_SHORTEST_LINE = 24
"""A line of the log's files that could be read is longer: a leaf, or a token. So it is not tried."""
_UTF_8 = codecs.getincrementaldecoder("utf-8")
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r"))
_PRINT_NAMES = rb"pdq\w*|[apdw]_?hash|photodna|perceptual\w*|fingerprints?|thumbs?|thumbnails?|stripped\w*|preview"
_PRINT = rb"(?:\w*_)?(?:" + _PRINT_NAMES + rb")(?:_\w*)?"
_OUR_LENGTH = rb'stripped":"[0-9]{1,19}"\}'  # what intake writes in place of a picture
_JSON_FIELD = re.compile(rb'"(?!' + _OUR_LENGTH + rb')(\w++)"\s*:', re.IGNORECASE)
_PRINT_FIELD = re.compile(_PRINT, re.IGNORECASE)
_CSV_COLUMN = re.compile(rb'(?:^(?:\xef\xbb\xbf)?|;)"?(' + _PRINT + rb')"?(?:;|$)', re.IGNORECASE)
_URL_SAFE = bytes.maketrans(b"-_+/=", b"+/...")  # to the standard alphabet, and its own last characters to none
_SALT = re.compile(rb'\["[A-Za-z0-9_-]{43}",')
_HASH = re.compile(rb'"[A-Za-z0-9+/]{43}="')
_WITHHELD = re.compile(rb"([a-z][a-z0-9_]{0,63}) [A-Za-z0-9_-]{43}")


def require_no_picture(name: str, pieces: Iterable[bytes]) -> None:
    """A rule of the bundle's form: no member holds a picture, video, thumbnail or perceptual hash.

    Args:
        name: The member's name, which says how its content is to be read.
        pieces: Its content, which ``layout.require_size`` took: what must be looked at whole is short enough.

    Raises:
        GateError: Something was found; says what and where, never the bytes.
        ContainerError: No such member may be in a bundle.
    """
    match member_of(name).search:
        case Search.DER:
            _require_no_picture_in_bytes(name, b"".join(pieces))
        case Search.PAGES:
            require_pages_without_picture(name, b"".join(pieces))
        case Search.ENTRIES:
            _require_no_picture_in_parts(name, _shown_by_lines(lines_of(_texts(name, pieces))), Search.ENTRIES)
        case Search.STAMPS:
            _require_no_picture_in_parts(name, _shown_by_stamps(name, lines_of(_texts(name, pieces))), Search.STAMPS)
        case search:
            for begins, part in _windows(_texts(name, pieces)):
                # the names of columns stand at the beginning
                _require_no_base64(name, part, begins=begins)
                if search is not Search.COLUMNS or not begins:
                    _require_no_print_field(name, part, search)


def require_no_picture_in_entries(entries: Iterable[ShownEntry]) -> None:
    """The same rule for the entries that ``entries.jsonl`` reads as.

    Raises:
        GateError: See ``require_no_picture``.
    """
    _require_no_picture_in_parts(ENTRIES, map(_shown_by, entries), Search.ENTRIES)


def _require_no_picture_in_parts(name: str, shown: Iterable[list[bytes]], search: Search) -> None:
    """Search the parts of lines, some lines at a time. Nothing that is searched for goes from one into the next."""
    parts, length, searched = list[bytes](), 0, 0
    for more in shown:
        parts += more
        length += sum(map(len, more)) + len(more) * len(_BETWEEN)
        if length >= _AT_ONCE:
            _require_no_picture_in_text(name, _BETWEEN.join(parts), search, begins=searched)
            searched += length
            parts, length = [], 0
    _require_no_picture_in_text(name, _BETWEEN.join(parts), search, begins=searched)


def _windows(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """A text in parts, and where each begins; they overlap, so that whatever begins in one ends in it or the next."""
    begins, held = 0, b""
    for piece in pieces:
        held += piece
        if len(held) >= _AT_ONCE + MOST_SPELLED:
            yield begins, held
            begins += len(held) - MOST_SPELLED
            held = held[-MOST_SPELLED:]
    yield begins, held


def _require_no_picture_in_text(name: str, text: bytes, search: Search, *, begins: int = 0) -> None:
    for _ in _texts(name, (text,)):
        _require_no_base64(name, text, begins=begins)
    _require_no_print_field(name, text, search)


def require_pages_without_picture(name: str, content: bytes) -> None:
    """The same rule for a PDF alone, also for one that lies beside a bundle.

    Raises:
        GateError: It has another form than pages of ours, or something was found.
    """
    for part in parts_of_pages(name, content):
        _require_no_picture_in_bytes(name, part)


def _require_no_picture_in_bytes(name: str, content: bytes) -> None:
    for found in find_raw(content):
        raise GateError("gate.picture", where=name, kind=found.name, at=found.at)
    _require_no_base64(name, content)


def _texts(name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same pieces, each once it is known to be text."""
    decoder = _UTF_8()
    try:
        for piece in pieces:
            # one letter outside the common ones makes a string of four bytes for each: never of all of it at once
            for at in range(0, len(piece), _AT_ONCE):
                decoder.decode(piece[at : at + _AT_ONCE])
            if piece.translate(None, delete=_CONTROLS) != piece:  # a regular expression takes eight times as long
                raise GateError("gate.control_characters", where=name)
            yield piece
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise GateError("gate.not_text", where=name) from error


def _shown_by(entry: ShownEntry) -> list[bytes]:
    """What an entry says: the leaf, the name and value of each disclosure, and the name of what is withheld.

    The own spelling of a disclosure is not searched: read from another character than its first, one of what
    somebody wrote into a message could spell anything. Salts, commitments and the hashes of a path, 32 bytes each,
    spell what chance made, and are not searched either.
    """
    try:
        disclosed = iter(from_b64u_each([line for line in entry.lines if " " not in line]))
    except CanonicalError:
        return [*(_disclosed_by(line.encode("utf-8")) for line in entry.lines), entry.leaf]
    parts = [_disclosed_by(line.encode("utf-8")) if " " in line else _unsalted(next(disclosed)) for line in entry.lines]
    return [*parts, entry.leaf]


def _shown_by_lines(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The same of ``entries.jsonl`` that is not in its one spelling. A line of another form is searched as it is."""
    for line in filter(None, lines):
        match _parsed(line) if len(line) >= _SHORTEST_LINE else None:
            case {"disclosures": list(shown), "leaf": str(leaf), **more} if more.keys() <= {"index", "path"}:
                parts = [_disclosed_by(str(one).encode("utf-8", "surrogatepass")) for one in shown]
                yield [*parts, leaf.encode("utf-8", "surrogatepass"), _HASH.sub(b"", json.dumps(more).encode())]
            case _:
                yield [line]


def _parsed(line: bytes) -> object:
    try:
        return read_json(line, where=ENTRIES)
    except CanonicalError:
        return None


def _shown_by_stamps(name: str, lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """What the lines of ``stamps.jsonl`` say beside their tokens, which are searched on the way."""
    for line in filter(None, lines):
        try:
            stamp = read_stamp(line, where="") if len(line) >= _SHORTEST_LINE else None
        except RecordsError:
            stamp = None
        if stamp is None:
            yield [line]
            continue
        _require_no_picture_in_bytes(name, stamp.token)
        yield [stamp.checkpoint, *map(base64.b64encode, stamp.consistency)]


def _disclosed_by(line: bytes) -> bytes:
    if b" " in line and (withheld := _WITHHELD.fullmatch(line)):
        return withheld[1]
    try:
        disclosure = binascii.a2b_base64(line.translate(_URL_SAFE) + b"=" * (-len(line) % 4), strict_mode=True)
    except binascii.Error:
        return line
    return _unsalted(disclosure)


def _unsalted(disclosure: bytes) -> bytes:
    salt = _SALT.match(disclosure)
    return disclosure[salt.end() :] if salt else disclosure


def _require_no_base64(name: str, content: bytes, *, begins: int = 0) -> None:
    for found in find_encoded(content):
        raise GateError("gate.picture_in_base64", where=name, kind=found.name, at=begins + found.at)


def _require_no_print_field(name: str, content: bytes, search: Search) -> None:
    """Refuse a JSON field or CSV column by its name, and no words in a text. Our JSON escapes no letter of a name."""
    fields: Iterable[bytes] = ()
    if search in (Search.FIELDS, Search.ENTRIES, Search.STAMPS):
        # thousands of lines have the same few names: each is compared with our words once
        fields = filter(_PRINT_FIELD.fullmatch, dict.fromkeys(_JSON_FIELD.findall(content)))
    if search is Search.COLUMNS:
        fields = _CSV_COLUMN.findall(content.split(b"\r\n", 1)[0])
    for field in fields:
        raise GateError("gate.print_field", where=name, found=ascii(field)[2:80])
