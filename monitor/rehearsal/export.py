"""A Telegram Desktop export for rehearsal, harmless by construction.

Everything in it is invented: the pictures are coloured blocks and waves drawn from a seed, the
texts speak of weather and geometry, account holders have the names of animals, telephone numbers
are of the range that Ofcom keeps free for drama (+44 7700 900000 to 900999), and links lead to
``example.org``. No person and no channel is described or resembled.

It is laid out as Telegram Desktop writes it (export_output_json.cpp): one space of indentation,
no line feed at the end, times twice, identifiers as ``user123``, texts as a string or as an
array with entities. The same seed gives the same bytes, with the same Pillow.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"

_Json: TypeAlias = "str | int | bool | Sequence[_Json] | Mapping[str, _Json] | None"
_Message: TypeAlias = dict[str, _Json]

_FIRST_POST = datetime(2024, 11, 14, 8, 12, 44, tzinfo=UTC)
_EXPORTER_ZONE = timezone(timedelta(hours=1))
_SENDERS = (
    ("user7000000101", "Zogu i Kaltër"),
    ("user7000000102", "Čavka Đurđica"),
    ("user7000000103", "Полярная Сова"),
    ("user7000000104", "Breshka e Ngadaltë"),
    ("channel7000000199", None),
)
_TEXTS = (
    "Sot bie shi në Prishtinë, por nesër do të ketë diell.",
    "Katrori ka katër brinjë të barabarta; rrethi s'ka asnjë.",
    "Данас дува кошава, понесите капу.",
    "Šestougao staje u krug, a krug ne staje u šestougao.",
    "Сегодня ясно, ветер слабый, облаков нет.",
    "A hexagon tiles the plane; a pentagon does not. 🟦🟧",
    'Ajo tha: "ç\'kohë e bukur!"\nPastaj ra shi. \\o/',
)
_BLOCKS = 16
_SCRIPTED = 16


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """What was written, to check a reading against.

    Attributes:
        channel_id: Bare identifier, decimal.
        ordinary: Messages of type ``message``; with ``service`` and ``unsupported`` all of them.
        edits: Messages with ``edited_unixtime``.
        media: SHA-256 in hex by relative path, for every file that a message names as its own;
            a thumbnail is none.
        withheld: Files that the exporter did not include.
        gaps: Spans of identifiers that nothing was written for, inclusive.
        texts: Text without entities by message identifier.
        phone: A number that one message gives as an entity.
        handle: A user name that one message mentions.
    """

    folder: Path
    channel_id: str
    channel_title: str
    channel_type: str
    ordinary: int
    service: int
    unsupported: int
    edits: int
    media: Mapping[str, str]
    withheld: int
    gaps: tuple[tuple[int, int], ...]
    texts: Mapping[int, str]
    phone: str
    handle: str


def write_export(
    folder: Path, *, seed: int, messages: int, photos: int = 6, chat_type: str = "public_supergroup"
) -> ExportFacts:
    """Write a generated export of one chat into ``folder``, which is made when it is absent.

    Args:
        seed: Not negative; the same seed gives the same bytes.
        messages: All elements of ``messages``, at least 16.
        photos: Ordinary messages after the first 16 that carry a generated photo; at most as
            many as there are such messages.
        chat_type: As Telegram Desktop names it.

    Raises:
        ValueError: Fewer messages than the scripted ones, or more photos than messages.
        OSError: The folder cannot be written.
    """
    if not 0 <= photos <= messages - _SCRIPTED:
        raise ValueError(f"expected at least {_SCRIPTED} messages and no more photos than the others")
    author = _Author(folder, np.random.default_rng(seed), chat_type)
    header = {"name": author.title, "type": chat_type, "id": int(author.channel_id)}
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    (folder / "files").mkdir(exist_ok=True)
    (folder / "contacts").mkdir(exist_ok=True)
    with (folder / "result.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(header, indent=1, ensure_ascii=False)[:-2] + ',\n "messages": [')
        for index, message in enumerate(author.messages(messages, photos)):
            file.write(("," if index else "") + "\n  ")
            file.write(json.dumps(message, indent=1, ensure_ascii=False).replace("\n", "\n  "))
        file.write("\n ]\n}")
    return author.facts()


def rehearsal_picture(source: np.random.Generator, *, width: int = 480, height: int = 360) -> Image.Image:
    """A generated picture: coloured blocks under slow waves, with strong edges that a perceptual hash can hold."""
    blocks = source.integers(0, 256, (_BLOCKS, _BLOCKS, 3), dtype=np.uint8)
    picture = Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)
    rows, columns = np.mgrid[0:height, 0:width]
    tilt, pitch = source.uniform(-1, 1), source.uniform(20, 60)
    waves = 40 * np.sin((columns + tilt * rows) / pitch)[:, :, np.newaxis]
    return Image.fromarray(np.clip(np.asarray(picture) + waves, 0, 255).astype(np.uint8))


@dataclass(slots=True)
class _Author:
    """Writes the messages one after the other and keeps account of them."""

    folder: Path
    source: np.random.Generator
    type: str
    title: str = "Kanali i Provës · проба"
    channel_id: str = "1700000042"
    phone: str = "+44 7700 900142"
    handle: str = "@sova_e_proves"
    next_id: int = 1
    posted_at: datetime = _FIRST_POST
    pictures: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("message", "service", "unsupported"), 0))
    edits: int = 0
    media: dict[str, str] = field(default_factory=dict)
    withheld: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)

    def facts(self) -> ExportFacts:
        return ExportFacts(
            folder=self.folder,
            channel_id=self.channel_id,
            channel_title=self.title,
            channel_type=self.type,
            ordinary=self.counts["message"],
            service=self.counts["service"],
            unsupported=self.counts["unsupported"],
            edits=self.edits,
            media=dict(self.media),
            withheld=self.withheld,
            gaps=tuple(self.gaps),
            texts=dict(self.texts),
            phone=self.phone,
            handle=self.handle,
        )

    def messages(self, total: int, photos: int) -> Iterator[_Message]:
        for write in self._script():
            yield write()
        others = total - _SCRIPTED
        with_photo = set(self.source.choice(others, size=photos, replace=False).tolist()) if others else set()
        for index in range(others):
            yield self._with_photo() if index in with_photo else self._plain()

    def _script(self) -> tuple[Callable[[], _Message], ...]:
        """One of everything, in an order that a real channel could have."""
        return (
            self._created,
            self._group_photo,
            self._plain,
            self._with_photo,
            self._with_entities,
            self._reply,
            self._edited,
            self._document,
            self._picture_file,
            self._after_a_gap,
            self._forwarded,
            self._not_included,
            self._unsupported,
            self._contact,
            self._poll,
            self._pinned,
        )

    def _begin(self, kind: str) -> _Message:
        message: _Message = {"id": self.next_id, "type": kind}
        self.counts[kind] += 1
        self.next_id += 1
        self.posted_at += timedelta(seconds=int(self.source.integers(20, 4000)))
        return message

    def _ordinary(self) -> _Message:
        sender_id, sender = _SENDERS[int(self.source.integers(len(_SENDERS)))]
        return self._begin("message") | _times("date", self.posted_at) | {"from": sender, "from_id": sender_id}

    def _service(self, action: str) -> _Message:
        actor = {"actor": self.title, "actor_id": f"channel{self.channel_id}"}
        return self._begin("service") | _times("date", self.posted_at) | actor | {"action": action}

    def _with_text(self, message: _Message, *parts: str | tuple[str, str]) -> _Message:
        """Add ``text`` and ``text_entities``; a part is plain, or ``(type, text)``."""
        entities = [
            {"type": "plain", "text": part} if isinstance(part, str) else {"type": part[0], "text": part[1]}
            for part in parts
        ]
        mixed = [part if isinstance(part, str) else {"type": part[0], "text": part[1]} for part in parts]
        whole = not mixed or (len(mixed) == 1 and isinstance(mixed[0], str))
        self.texts[int(str(message["id"]))] = "".join(entity["text"] for entity in entities)
        return message | {"text": (mixed or [""])[0] if whole else mixed, "text_entities": entities}

    def _sentence(self) -> str:
        return _TEXTS[int(self.source.integers(len(_TEXTS)))]

    def _file(self, path: str, content: bytes) -> str:
        (self.folder / path).write_bytes(content)
        self.media[path] = hashlib.sha256(content).hexdigest()
        return path

    def _photo(self) -> _Message:
        picture = rehearsal_picture(self.source)
        self.pictures += 1
        content = _jpeg(picture)
        name = f"photos/photo_{self.pictures}@{self.posted_at.astimezone(_EXPORTER_ZONE):%d-%m-%Y_%H-%M-%S}.jpg"
        path = self._file(name, content)
        return {"photo": path, "photo_file_size": len(content), "width": picture.width, "height": picture.height}

    def _plain(self) -> _Message:
        return self._with_text(self._ordinary(), self._sentence())

    def _with_photo(self) -> _Message:
        message = self._ordinary()
        return self._with_text(message | self._photo(), self._sentence())

    def _created(self) -> _Message:
        action = "create_group" if self.type == "private_group" else "create_channel"
        return self._with_text(self._service(action) | {"title": self.title})

    def _group_photo(self) -> _Message:
        message = self._service("edit_group_photo")
        return self._with_text(message | self._photo())

    def _with_entities(self) -> _Message:
        parts = ("Numri i provës: ", ("phone", self.phone), ", pyetni ", ("mention", self.handle), ". ")
        return self._with_text(
            self._ordinary(), *parts, ("link", "https://example.org/proba"), " ", ("hashtag", "#мотив")
        )

    def _reply(self) -> _Message:
        return self._with_text(self._ordinary() | {"reply_to_message_id": self.next_id - 2}, self._sentence())

    def _edited(self) -> _Message:
        self.edits += 1
        message = self._ordinary()
        edited = _times("edited", self.posted_at + timedelta(minutes=7))
        return self._with_text(message | edited, "Ndreqje: nesër fryn veri.")

    def _document(self) -> _Message:
        content = "këndi;shkallë\nkatror;90\ngjashtëkëndësh;120\n".encode()
        path = self._file("files/këndet.csv", content)
        described: _Message = {
            "file": path,
            "file_name": "këndet.csv",
            "file_size": len(content),
            "mime_type": "text/csv",
        }
        return self._with_text(self._ordinary() | described)

    def _picture_file(self) -> _Message:
        picture = rehearsal_picture(self.source)
        content, thumbnail = _png(picture), _jpeg(picture.resize((90, 68)))
        path = self._file("files/model.png", content)
        (self.folder / "files/model.png_thumb.jpg").write_bytes(thumbnail)
        described: _Message = {"file": path, "file_name": "model.png", "file_size": len(content)}
        described |= {"thumbnail": "files/model.png_thumb.jpg", "thumbnail_file_size": len(thumbnail)}
        described |= {"mime_type": "image/png", "width": picture.width, "height": picture.height}
        return self._with_text(self._ordinary() | described)

    def _after_a_gap(self) -> _Message:
        self.gaps.append((self.next_id, self.next_id + 2))
        self.next_id += 3
        return self._plain()

    def _forwarded(self) -> _Message:
        origin: _Message = {"forwarded_from": "Gjeometria për të gjithë", "forwarded_from_id": "channel7000000777"}
        return self._with_text(self._ordinary() | origin, ("bold", "Trekëndëshi"), " ka tri kënde.")

    def _not_included(self) -> _Message:
        self.withheld += 1
        described: _Message = {"file": NOT_INCLUDED, "file_name": "moti.mp4", "file_size": 7_340_032}
        described |= {"media_type": "video_file", "mime_type": "video/mp4", "duration_seconds": 12}
        return self._with_text(self._ordinary() | described)

    def _unsupported(self) -> _Message:
        return self._begin("unsupported")

    def _contact(self) -> _Message:
        card = "BEGIN:VCARD\nVERSION:3.0\nFN:Sova\nTEL:+447700900143\nEND:VCARD\n".encode("ascii")
        contact: _Message = {"first_name": "Sova", "last_name": "", "phone_number": "+44 7700 900143"}
        named: _Message = {
            "contact_vcard": self._file("contacts/contact_1.vcard", card),
            "contact_vcard_file_size": len(card),
        }
        return self._with_text(self._ordinary() | {"contact_information": contact} | named)

    def _poll(self) -> _Message:
        answers: list[_Json] = [
            {"text": "gjashtëkëndëshi", "voters": 3, "chosen": False},
            {"text": "круг", "voters": 1, "chosen": True},
        ]
        poll: _Message = {"question": "Cili mbush rrafshin?", "closed": False, "total_voters": 4, "answers": answers}
        return self._with_text(self._ordinary() | {"poll": poll})

    def _pinned(self) -> _Message:
        return self._with_text(self._service("pin_message") | {"message_id": 5})


def _times(name: str, moment: datetime) -> _Message:
    """The exporter's local time without a zone, and the seconds since 1970 as a text."""
    local = moment.astimezone(_EXPORTER_ZONE)
    return {name: f"{local:%Y-%m-%dT%H:%M:%S}", f"{name}_unixtime": str(int(moment.timestamp()))}


def rehearsal_jpeg(seed: int) -> bytes:
    """A harmless generated picture as a file; another for each seed."""
    return _jpeg(rehearsal_picture(np.random.default_rng(seed)))


def _jpeg(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=87)
    return content.getvalue()


def _png(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()
