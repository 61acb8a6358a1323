"""Keeps at once what somebody brings: one person seals it for a reason, and a second one reviews that."""

import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.home import Home
from api.office.case import add_items, require_case
from api.office.intake import Heard, heard_files, opened_intake
from api.office.request import NOTHING_BESIDE, Inside
from api.office.room import require_room
from api.office.witness import other_sources
from casefiles.case import open_events
from config import oplog
from config.errors import Explained
from config.link import MessageLink
from evidence.authority import Act, Doer, Request, one_person
from evidence.canonical import Value, text_value
from evidence.custody.event import Draft
from evidence.errors import AuthorityError
from evidence.fingerprint.decoder import Decoder
from evidence.intake.keep import Intake
from evidence.intake.preserve import IN_PLACE_OF_A_FILE
from evidence.intake.sight import Provenance
from evidence.names import require_name
from evidence.observation import Hole, HoleReason, Mode, Observation
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import not_frozen
from evidence.times import format_time
from monitor.desktop.layout import declared_id
from monitor.errors import BrokenExportError, BroughtFileError
from monitor.files import BroughtFile, brought_files, require_files
from monitor.links import brought_links, message_link, require_link
from monitor.mhtml import is_mhtml, page_in
from monitor.pages import SavedPage, page_files
from monitor.previews import strip_previews
from monitor.web import MAX_WEB_BYTES, WEB_METHOD, WebPage, read_web_page, web_observations

METHOD = "file"
"""How the content of an entry came: as files, one by one."""
_PLACE_BYTES = 8
_SEED_BYTES = 32
_IN_ITS_PLACE = [each.value for each in IN_PLACE_OF_A_FILE]
UNHEARD = Heard()
"""Progress to which nobody listens."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What ``evidence add`` was asked for.

    Attributes:
        paths: Files, each kept as it is.
        source: Where they come from, in the words of whoever brings them.
        declared_by: A pseudonym.
        doer: Their reason is the source if they give none.
        case_id: A case that all of it is added to; None for none.
        links: Kept as texts; nothing is fetched.
        pages: Saved by a browser; kept as files, with their parts.
        names: What files are called whose paths do not say it.

    Raises:
        AuthorityError: Nobody is declared, or the name is not a name; or the source is blank, or spells a picture.
        BroughtLinkError: A link is none.
    """

    paths: Sequence[Path]
    source: str
    declared_by: str
    doer: Doer
    case_id: str | None = None
    links: Sequence[str] = ()
    pages: Sequence[SavedPage] = ()
    names: Mapping[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "links", tuple(map(require_link, self.links)))
        object.__setattr__(self, "declared_by", require_name(self.declared_by))
        if not self.source.strip():
            raise AuthorityError("authority.blank_source")
        if strip_previews(self.source).removed:
            raise AuthorityError("authority.source_spells_a_picture")


@dataclass(frozen=True, slots=True)
class AddedFile:
    """What became of one file or link of ``evidence add``.

    Attributes:
        file: Its path, as it was named, or the link.
        item_id: None if it could not be read to its end.
        hole: The reason of the hole in its place.
        preserved: The items of the message that a link names.
        undecoded: It looks like a picture or a video, and cannot be opened as one: it may be empty or cut off.
    """

    file: str
    item_id: str | None
    hole: str | None = None
    preserved: Sequence[str] = ()
    undecoded: bool = False


@dataclass(frozen=True, slots=True)
class WitnessedPost:
    """A message that a saved page of ``t.me/s`` shows.

    Attributes:
        channel_id: Its channel, by its number where the register or whoever brings it knows that.
        preserved: Items of the same message from other sources.
    """

    channel_id: str
    message_id: int
    item_id: str
    preserved: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """An addition that is in the log, with its files still to be kept.

    Attributes:
        place: Where they are kept.
        request: Event id of what a second person reviews.
        review_by: Until when; None where one has approved.
        seed: What the marks of its files are made with, 32 random bytes. With the same one, a file that is kept
            already is known again; it is logged with no file, and goes once all are kept.
    """

    place: str
    request: str
    review_by: datetime | None
    seed: bytes = field(repr=False)

    def random(self, number: int | str) -> str:
        """128 bits for one file or link, which nobody guesses who has not the seed."""
        return hmac.digest(self.seed, str(number).encode(), "sha256")[:16].hex()

    def told(self) -> dict[str, Any]:
        """The addition, for a program."""
        due = None if self.review_by is None else format_time(self.review_by)
        return {"channel_id": self.place, "request": self.request, "review_by": due}


@dataclass(frozen=True, slots=True)
class Addition:
    """What came of all files and links of ``evidence add``.

    Attributes:
        begun: Where they are kept, and the request that a second person reviews.
        in_case: How many were added to the case; None where none was named.
        posts: The messages that saved pages show.
        unread: What of the messages of saved pages could not be read, and why; each is a hole.
        walls: Those around the decoder of pictures, and those that this kernel lacks.
        unstamped: Why there is no time stamp yet.
    """

    begun: Begun
    files: Sequence[AddedFile]
    in_case: int | None
    posts: Sequence[WitnessedPost]
    unread: Sequence[str]
    walls: str | None
    unstamped: Explained | None

    @property
    def missed(self) -> Sequence[AddedFile]:
        """The files that have no item in the store."""
        return [each for each in self.files if each.item_id is None]

    @property
    def undecoded(self) -> Sequence[AddedFile]:
        """The files that are kept, and that cannot be opened as what they look like."""
        return [each for each in self.files if each.undecoded]

    def told(self) -> dict[str, Any]:
        """What came of it, for a program."""
        return {
            **self.begun.told(),
            "items": [asdict(each) for each in self.files],
            "posts": [asdict(each) for each in self.posts],
            "unread": list(self.unread),
            "in_case": self.in_case,
            "decoder": self.walls,
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """What an addition says that it has, and what the store has of it.

    Attributes:
        said: How many files and links were to be kept.
        kept: How many are items.
        missed: How many have a hole in their place.
    """

    said: int
    kept: int
    missed: int

    @property
    def lost(self) -> int:
        """How many have neither: whatever kept them was stopped before it came to them."""
        return max(0, self.said - self.kept - self.missed)

    def told(self) -> dict[str, Any]:
        """The numbers, for a program."""
        return asdict(self) | {"lost": self.lost}


def tally_of(home: Home, asked: Request, casework: Identity) -> Tally | None:
    """What ``approve`` tells the person who reviews an addition: how much of it is in the store.

    Only the record says how many files there were, so it needs the casework key. None for any other act.
    """
    authority, item, hole = database.authority.c, database.item.c, database.hole.c
    with reading(home.engine) as connection:
        index = connection.execute(sa.select(authority.acted_idx).where(authority.request == asked.request)).scalar()
    if asked.act is not Act.ADD or index is None:
        return None
    (event,) = open_events(home.engine, [index], casework)
    if event.record is None or event.leaf.type != "files_added":
        return None
    place = event.record.values["channel_id"]
    kept = sa.select(sa.func.count()).where(item.channel_id == place)
    missed = sa.select(sa.func.count()).where(hole.channel_id == place, hole.reason.in_(_IN_ITS_PLACE))
    with reading(home.engine) as connection:
        counts = [connection.execute(each).scalar_one() for each in (kept, missed)]
    return Tally(int(str(event.record.values["items"])), *counts)


def add_files(home: Home, brought: Brought, hear: Heard = UNHEARD) -> Addition:
    """The verb behind ``evidence add``: seal files and log them, under a request that a second person reviews.

    Raises:
        BroughtFileError: One of the paths cannot be read; nothing was kept.
        UnknownItemError: There is no such case; nothing was kept.
        AuthorityError: Whoever agreed is the one who acts.
        StorageFullError: No space; what was logged is kept.
    """
    return keep_addition(home, brought, begin_addition(home, brought, secrets.token_bytes(_SEED_BYTES)), hear)


def begin_addition(home: Home, brought: Brought, seed: bytes, inside: Inside = NOTHING_BESIDE) -> Begun:
    """The first half of the verb behind ``evidence add``: log who brings how many files, and keep none yet.

    Args:
        seed: As ``Begun`` has it.

    Raises:
        TaskLostError: ``inside`` no longer has its task; nothing was kept.
        BroughtFileError, UnknownItemError, AuthorityError: As ``add_files``.
        StorageFullError: Too little space; nothing was kept.
    """
    if brought.case_id is not None:
        require_case(home, brought.case_id)
    files = _all_files(home, brought)
    require_room(home.path, require_files([each.path for each in files]))
    _webs(home, brought, None)
    # random: nobody finds person or source from it, and no file name stands beside those of another time
    place, doer = f"local{secrets.token_hex(_PLACE_BYTES)}", _doer(brought)
    grant = one_person(Act.ADD, place, doer)
    begun = Begun(place, grant.request, grant.review_by, seed)
    added = Draft("files_added", _values(brought, len(files), begun))
    with home.writing() as writer:
        grant.log(writer.sequencer, [added], lambda connection, _placed: inside.acts(connection, begun.told()))
    return begun


def keep_addition(home: Home, brought: Brought, begun: Begun, hear: Heard = UNHEARD) -> Addition:
    """The second half of the verb behind ``evidence add``: keep the files; what is kept already is not kept again.

    Raises:
        BroughtFileError: One of the paths cannot be read; nothing more was kept.
        StorageFullError: No space; what was logged is kept.
    """
    files, webs = _all_files(home, brought), _webs(home, brought, begun)
    contents = heard_files(_contents(home, brought, files, begun), hear.read)
    with home.writing() as writer, Decoder() as decoder, opened_intake(writer, decoder) as intake:
        batch, of_posts = home.settings.intake.batch, _witness(brought, begun)
        kept = _kept(intake, contents, _provenance(brought, begun), batch)
        posts = [index for web in webs for index in _kept(intake, web.contents(home.clock()), of_posts, batch)]
        oplog.note("files_added", media=len(kept))
    done, witnessed = _files(home, brought, files, kept), _posts(home, posts)
    in_case = _in_case(home, brought, [*_items(done), *_named_posts(webs, witnessed)])
    with home.writing() as writer, hear.stamping():
        unstamped = writer.beat(now=True)
    unread = [web.why for web in webs if web.why]
    return Addition(begun, done, in_case, witnessed, unread, decoder.walls, unstamped)


def _doer(brought: Brought) -> Doer:
    return replace(brought.doer, reason=brought.doer.reason or brought.source)


def _provenance(brought: Brought, begun: Begun) -> Provenance:
    return Provenance(_doer(brought), brought.declared_by, METHOD, Mode.SEALED, authority=begun.request)


def _values(brought: Brought, files: int, begun: Begun) -> dict[str, Value]:
    provenance = _provenance(brought, begun)
    values = provenance.values(provenance.doer.at) | {"channel_id": begun.place, "mode": provenance.mode.value}
    return values | {"channel_title": text_value(brought.source), "items": str(files + len(brought.links))}


def _all_files(home: Home, brought: Brought) -> Sequence[BroughtFile]:
    """The files that were named, and those of each page."""
    named = [BroughtFile(path, path.name) for path in brought.paths]
    channel_of = _registered(home)
    files = [*named, *(file for page in brought.pages for file in page_files(page, channel_of))]
    return [replace(file, name=brought.names.get(file.path, file.name)) for file in files]


def _contents(home: Home, brought: Brought, files: Sequence[BroughtFile], begun: Begun) -> Iterator[Observation]:
    place, source = begun.place, brought.source
    yield from brought_files(files, place=place, source=source, random=begun.random)
    links = brought.links
    yield from brought_links(links, place=place, source=source, random=begun.random, channel_of=_registered(home))


def _registered(home: Home) -> Callable[[MessageLink], str | None]:
    """Tells the number of a channel that a link names, where the register knows it."""
    with reading(home.engine) as connection:
        known = {row.channel: row.channel_id for row in connection.execute(sa.select(database.channel))}
    return lambda link: known.get(link.channel)


def _kept(intake: Intake, contents: Iterable[Observation | Hole], provenance: Provenance, batch: int) -> list[int]:
    """For each file, the log index of its item, or of the hole in its place."""
    found, rest = list[int](), iter(contents)
    while group := list(islice(rest, batch)):
        found += intake.keep_batch(group, provenance).indexes
    return found


def _files(home: Home, brought: Brought, files: Sequence[BroughtFile], kept: Sequence[int]) -> list[AddedFile]:
    item, hole = database.item.c, database.hole.c
    pages = {page.file: page.address for page in brought.pages}
    # what a call brings lies at paths of the home that say nothing
    named: list[tuple[str, str | None]] = [
        (brought.names.get(each.path, str(each.path)), pages.get(each.path)) for each in files
    ]
    named += [(link, link) for link in brought.links]
    with reading(home.engine) as connection:
        undecoded = _undecoded(connection, kept)
        items = connection.execute(sa.select(item.idx, item.item_id).where(item.idx.in_(kept), not_frozen()))
        item_ids = {row.idx: row.item_id for row in items}
        holes = connection.execute(sa.select(hole.idx, hole.reason).where(hole.idx.in_(kept)))
        reasons = {row.idx: row.reason for row in holes}
        return [
            AddedFile(
                name,
                item_ids.get(index),
                reasons.get(index),
                _preserved(connection, link) if link else (),
                index in item_ids and index in undecoded,
            )
            for (name, link), index in zip(named, kept, strict=True)
        ]


def _undecoded(connection: sa.Connection, kept: Sequence[int]) -> frozenset[int]:
    """Of the log indexes of files, those whose next entry is the hole that says so: it is logged right behind them."""
    hole = database.hole.c
    behind = [index + 1 for index in kept]
    said = sa.select(hole.idx).where(hole.idx.in_(behind), hole.reason == HoleReason.NOT_DECODED.value)
    return frozenset(index - 1 for index in connection.execute(said).scalars())


def _preserved(connection: sa.Connection, link: str) -> Sequence[str]:
    """The items of the message that a link names, which the store has of a registered channel or an export."""
    named = message_link(link)
    if named is None:
        return ()
    item, channel = database.item.c, database.channel.c
    of_name = sa.select(channel.channel_id).where(channel.channel == named.channel)
    of_channel = item.channel_id == str(named.channel_id) if named.name is None else item.channel_id.in_(of_name)
    rows = sa.select(item.item_id).where(of_channel, item.message_id == named.number, not_frozen()).order_by(item.idx)
    return tuple(connection.execute(rows).scalars())


def _items(files: Sequence[AddedFile]) -> list[str]:
    return [each.item_id for each in files if each.item_id is not None]


def _named_posts(webs: Sequence["_Web"], posts: Sequence[WitnessedPost]) -> list[str]:
    """The messages that the addresses of pages name; others beside them on a page are no matter of a case."""
    named = {(web.channel_id, web.named) for web in webs}
    return [each.item_id for each in posts if (each.channel_id, each.message_id) in named]


def _in_case(home: Home, brought: Brought, items: Sequence[str]) -> int | None:
    if brought.case_id is None:
        return None
    wanted = tuple(dict.fromkeys(items))
    if wanted:
        add_items(home, brought.case_id, wanted, _doer(brought))
    return len(wanted)


# Pages of t.me/s


@dataclass(frozen=True, slots=True)
class _Web:
    """What a saved page shows of a channel.

    Attributes:
        page: None where it shows no message.
        named: The number of the message that its address names.
        why: What of its messages nobody can read; empty where there is no such.
    """

    page: WebPage | None
    channel_id: str
    named: int | None
    place: str
    why: str = ""

    def contents(self, since: datetime) -> Iterator[Observation | Hole]:
        """The messages, and a hole beside the page that has some which cannot be read."""
        if self.page is not None:
            yield from web_observations(self.page, channel_id=self.channel_id, since=since)
        if self.why:
            yield Hole(self.place, HoleReason.UNREAD, since, what=self.why)


def _witness(brought: Brought, begun: Begun) -> Provenance:
    """As of an import without files: nothing but words is kept of a message, and one person may do that."""
    return replace(_provenance(brought, begun), method=WEB_METHOD, mode=Mode.METADATA_ONLY)


def _webs(home: Home, brought: Brought, begun: Begun | None) -> list[_Web]:
    return [_web(home, page, begun) for page in brought.pages]


def _web(home: Home, page: SavedPage, begun: Begun | None) -> _Web:
    """What a page shows; a page that cannot be read is a file all the same.

    Raises:
        BroughtFileError: What is said is no number; or nothing is logged yet, and the register knows the channel by
            another one.
    """
    link, place = message_link(page.address), begun.place if begun else ""
    named = None if link is None else link.number
    try:
        with page.file.open("rb") as file:
            data = file.read(MAX_WEB_BYTES + 1)
        shown = read_web_page(page_in(data) or b"" if is_mhtml(data) else data)
        if shown is None:
            return _Web(None, place, named, place)
    except BrokenExportError as error:
        return _Web(None, place, named, place, f"messages of the page: {error.said.message}")
    except OSError as error:
        return _Web(None, place, named, place, f"messages of the page: {type(error).__name__}")
    why = f"messages of the page: {', '.join(shown.unread)}" if shown.unread else ""
    if not shown.posts:
        return _Web(None, place, named, place, why)
    known = _registered(home)(MessageLink(shown.name, None, 0))
    said = None if page.chat is None else declared_id(page.chat)
    if said is not None and not (said.isascii() and said.isdecimal()):  # else it could be the place of another time
        raise BroughtFileError("brought_file.no_channel_number", where=page.address)
    if known is not None and said not in (None, known):
        other = BroughtFileError("brought_file.other_channel", where=page.address, expected=known, found=str(said))
        if begun is None:
            raise other
        # registered since the entry was logged: what was brought is kept all the same, and nobody would bring it again
        return _Web(None, place, named, place, f"messages of the page: {other.said.message}")
    # as of an export that names no chat; nobody finds the channel from it
    unknown = f"export{begun.random('channel')[:16]}" if begun else ""
    return _Web(shown, known or said or unknown, named, place, why)


def _posts(home: Home, indexes: Sequence[int]) -> list[WitnessedPost]:
    item = database.item.c
    with reading(home.engine) as connection:
        shown = sa.select(item.item_id, item.channel_id, item.message_id)
        rows = connection.execute(shown.where(item.idx.in_(indexes), not_frozen()).order_by(item.idx)).all()
        others = other_sources(connection, [row.item_id for row in rows])
    preserved = {one: tuple(each.item_id for each in sights) for one, sights in others.items()}
    return [WitnessedPost(row.channel_id, row.message_id, row.item_id, preserved.get(row.item_id, ())) for row in rows]
