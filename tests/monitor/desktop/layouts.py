"""One invented chat as every version of Telegram Desktop wrote it, and in every form in which people bring it.

A chat is drawn once (``histories``) and dressed for a version (``Era``): what a version does not write is not there,
and ``told_by`` says what must be read of what is. Years and numbers as docs/adr/0005 and ``monitor.desktop.layout``
have them from the exporter's own source.
"""

import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from evidence.observation import HoleReason
from tests.monitor.desktop.both import SKIPPED, Said, chats, write_pages

TITLE = "Hedge <1>"
HERE = timezone(timedelta(hours=1))
"""Where the exporter's computer stands, all the year."""
_USER, _CHAT = 1 << 32, 1 << 33
_NEVER = "1970-01-01T01:00:00"
_REASONS = dict(zip(SKIPPED, (HoleReason.NOT_INCLUDED, HoleReason.TOO_LARGE, HoleReason.UNAVAILABLE), strict=True))


@dataclass(frozen=True, slots=True)
class Era:
    """How the versions of some years write an export.

    Attributes:
        numbered: A chat has a number.
        chats_carry, people_carry: Numbers of chats, or of accounts, carry their kind.
        spelled: An account is ``user123``, and not a number.
        timed: Seconds since 1970 stand beside local time, and entities beside texts.
        never: A message that was never edited has an edit of 1970.
    """

    name: str
    numbered: bool = True
    chats_carry: bool = False
    people_carry: bool = False
    spelled: bool = True
    timed: bool = True
    never: bool = False


ERAS = (
    Era("2018: 1.3 to 1.4.7", numbered=False, spelled=False, timed=False, never=True),
    Era("2018: 1.4.8 to 2.1.8", chats_carry=True, spelled=False, timed=False, never=True),
    Era("2020: 2.1.9 to 2.3", chats_carry=True, spelled=False, timed=False),
    Era("2020: 2.4 to 2.7.1", chats_carry=True, people_carry=True, spelled=False, timed=False),
    Era("2021: 2.7.2 to 3.7.5", timed=False),
    Era("2022: 3.7.6 and later"),
)
NOW = ERAS[-1]


@dataclass(frozen=True, slots=True)
class ModelChat:
    """A chat of the model: a supergroup, so that its numbers are its own.

    Attributes:
        files: What lies in the folder, by path.
    """

    said: tuple[Said, ...]
    files: Mapping[str, bytes]
    number: int = 1_700_000_042
    type: str = "public_supergroup"

    def until(self, number: int) -> "ModelChat":
        """The chat as it was before a message of this number."""
        return replace(self, said=tuple(each for each in self.said if each.id < number))

    def without(self, *numbers: int) -> "ModelChat":
        """The chat without some messages."""
        return replace(self, said=tuple(each for each in self.said if each.id not in numbers))


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be known of one message.

    Attributes:
        posted: Seconds since 1970, where the version writes them; else local time in words stands.
        file: Its digest, or why it is not there; None for a message without one.
    """

    id: int
    kind: str
    text: str | None
    posted: datetime | None
    local: str | None
    sender_id: str | None
    sender_name: str | None
    edited: datetime | None
    reply_to: str | None
    forwarded_from: str | None
    file: str | HoleReason | None


def account(name: str) -> int:
    """The number of whoever has this name; it fits into 31 bits, as all did then."""
    return zlib.crc32(name.encode()) >> 1 or 1


def dressed(each: Said, era: Era) -> dict[str, Any]:
    """A message as a version writes it."""
    told = {"id": each.id, "type": "message", **_times("date", each.at, era)}
    if each.service is not None:
        told |= {"type": "service", "actor": each.name, "actor_id": _person(each.name, era)}
        return told | {"action": "create_group", "title": TITLE, "members": [], "text": ""} | _entities([""], era)
    if each.edited is not None:
        told |= _times("edited", each.edited, era)
    elif era.never:
        told["edited"] = _NEVER
    told |= {key: value for key, value in each.members().items() if key not in told}
    told["from_id"] = _person(each.name, era)
    if each.file and each.file[0] == "document":
        told["mime_type"] = "application/octet-stream"
    runs = each.text()
    whole = runs[0] if len(runs) == 1 and isinstance(runs[0], str) else runs or ""
    return told | {"text": whole} | _entities(runs, era)


def _times(name: str, at: datetime, era: Era) -> dict[str, Any]:
    told = {name: f"{at:%Y-%m-%dT%H:%M:%S}"}
    if era.timed:
        told[f"{name}_unixtime"] = str(int(at.replace(tzinfo=HERE).timestamp()))
    return told


def _person(name: str, era: Era) -> str | int:
    if era.spelled:
        return f"user{account(name)}"
    return account(name) + (_USER if era.people_carry else 0)


def _entities(runs: Sequence[Any], era: Era) -> dict[str, Any]:
    if not era.timed:
        return {}
    return {"text_entities": [{"type": "plain", "text": run} if isinstance(run, str) else run for run in runs if run]}


def chat_of(history: ModelChat, era: Era) -> dict[str, Any]:
    """A chat as a version writes it."""
    told: dict[str, Any] = {"name": TITLE, "type": history.type}
    if era.numbered:
        told["id"] = history.number + (_CHAT if era.chats_carry else 0)
    return told | {"messages": [dressed(each, era) for each in history.said]}


def told_by(history: ModelChat, era: Era, *, with_files: bool = True) -> list[Facts]:
    """What must be read of a chat that this version wrote."""
    return [_facts(each, history, era, with_files=with_files) for each in history.said]


def _facts(each: Said, history: ModelChat, era: Era, *, with_files: bool) -> Facts:
    is_service = each.service is not None
    moment = (lambda at: at.replace(tzinfo=HERE).astimezone(UTC)) if era.timed else (lambda _at: None)
    return Facts(
        id=each.id,
        kind="service" if is_service else "message",
        text="" if is_service else "".join(run if isinstance(run, str) else run[1] for run in each.runs),
        posted=moment(each.at),
        local=None if era.timed else f"{each.at:%Y-%m-%dT%H:%M:%S}",
        sender_id=f"user{account(each.name)}",
        sender_name=each.name,
        edited=moment(each.edited) if each.edited and not is_service else None,
        reply_to=None if is_service or each.reply is None else str(each.reply),
        forwarded_from=None if is_service else each.forwarded,
        file=None if is_service else _file(each, history, with_files=with_files),
    )


def facts_of(values: Mapping[str, Any], file: str | HoleReason | None) -> Facts:
    """What a reader, an entry or a line of a bundle says of a message, by the names of the log."""
    local = next((part["posted"] for part in values["content"] or () if part["kind"] == "local_time"), None)
    return Facts(
        id=int(values["message_id"]),
        kind=values["kind"],
        text=values["text"],
        posted=_moment(values["posted_at"]),
        local=local,
        sender_id=values["sender_id"],
        sender_name=values["sender_name"],
        edited=_moment(values["edited_at"]),
        reply_to=values["reply_to"],
        forwarded_from=values["forwarded_from"],
        file=file,
    )


def _moment(spelled: str | None) -> datetime | None:
    return None if spelled is None else datetime.fromisoformat(spelled)


def _file(each: Said, history: ModelChat, *, with_files: bool) -> str | HoleReason | None:
    if each.file is None:
        return None
    path = each.file[1]
    if path in _REASONS:
        return _REASONS[path]
    if path not in history.files or not with_files:
        return HoleReason.MISSING_FILE
    return hashlib.sha256(history.files[path]).hexdigest()


def gaps_of(history: ModelChat) -> list[tuple[int, int]]:
    """The spans of numbers between the first and the last message that nobody wrote."""
    numbers = [each.id for each in history.said]
    return [(lo + 1, hi - 1) for lo, hi in pairwise(numbers) if hi - lo > 1]


# Forms


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody brings.

    Attributes:
        chat: What must be said of which chat is meant; None where nothing must.
        with_files: The files of its messages are there.
        is_own: It has the exporter's own messages only.
    """

    paths: tuple[Path, ...]
    chat: str | None = None
    with_files: bool = True
    is_own: bool = False


def write_folder(history: ModelChat, era: Era, folder: Path, *, encoding: str = "utf-8") -> Path:
    """The folder that a version wrote for one chat."""
    _write_files(history, folder)
    told = json.dumps(chat_of(history, era), indent=1, ensure_ascii=False)
    (folder / "result.json").write_text(told, encoding=encoding, newline="\n")
    return folder


def _write_files(history: ModelChat, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in history.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def packed(folder: Path, to: Path, *, only: str = "**/*", inside: str = "") -> Path:
    """A ZIP archive of a folder."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in sorted(folder.glob(only)):
            if file.is_file():
                opened.write(file, f"{inside}{file.relative_to(folder).as_posix()}")
    return to


def _encoded(encoding: str) -> Callable[[ModelChat, Era, Path], Given]:
    def write(history: ModelChat, era: Era, to: Path) -> Given:
        return Given((write_folder(history, era, to / "ChatExport", encoding=encoding),))

    return write


def _bare(history: ModelChat, era: Era, to: Path) -> Given:
    folder = write_folder(history, era, to / "ChatExport")
    bare = to / "sent by mail.json"
    shutil.move(folder / "result.json", bare)
    return Given((bare,), with_files=False)


def _archive(inside: str) -> Callable[[ModelChat, Era, Path], Given]:
    def write(history: ModelChat, era: Era, to: Path) -> Given:
        return Given((packed(write_folder(history, era, to / "x"), to / "export.zip", inside=inside),))

    return write


def _nested(history: ModelChat, era: Era, to: Path) -> Given:
    inner = packed(write_folder(history, era, to / "x"), to / "export.zip", inside="Ordner/ChatExport/")
    with zipfile.ZipFile(to / "all.zip", "w") as opened:
        opened.write(inner, "from the phone/export.zip")
        opened.writestr("__MACOSX/._export.zip", b"added by a Mac")
    return Given((to / "all.zip",))


def _split(history: ModelChat, era: Era, to: Path) -> Given:
    folder = write_folder(history, era, to / "x")
    first = packed(folder, to / "1.zip", only="result.json", inside="ChatExport/")
    return Given((first, packed(folder, to / "2.zip", only="*/*", inside="ChatExport/")))


def _slices(history: ModelChat, era: Era, to: Path) -> Given:
    data = packed(write_folder(history, era, to / "x"), to / "export.zip").read_bytes()
    slices = (to / "export.zip.001", to / "export.zip.002", to / "export.zip.003")
    for number, file in enumerate(slices):
        file.write_bytes(data[number * len(data) // 3 : (number + 1) * len(data) // 3])
    return Given(slices)


def _account(where: str) -> Callable[[ModelChat, Era, Path], Given]:
    """An export of an account, with its contacts, its other chats, and the chat among them or among those it left."""

    def write(history: ModelChat, era: Era, to: Path) -> Given:
        folder = to / "DataExport"
        prefix = "chats/chat_01/"
        moved = {f"{prefix}{path}": content for path, content in history.files.items()}
        said = tuple(_moved(each, prefix) for each in history.said)
        _write_files(replace(history, files=moved), folder)
        other = {"name": "Somebody else", "type": "personal_chat", "id": 5 + (_USER if era.chats_carry else 0)}
        other["messages"] = [dressed(Said(1, datetime(2020, 1, 1), runs=("PRIVATE",)), era)]  # noqa: DTZ001 - local
        lists: dict[str, list[Any]] = {"chats": [other], "left_chats": [dict(other, id=other["id"] + 1)]}
        lists[where].append(chat_of(replace(history, said=said), era))
        told: dict[str, Any] = {"about": "Here is the data you requested.", "personal_information": {"user_id": 9}}
        told["contacts"] = {"about": "", "list": [{"first_name": "PRIVATE", "phone_number": "+44 7700 900001"}]}
        told |= {name: {"about": "", "list": listed} for name, listed in lists.items()}
        (folder / "result.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        chat = f"-100{history.number}" if era.numbered else TITLE
        return Given((folder,), chat, is_own=where == "left_chats")

    return write


def _moved(each: Said, prefix: str) -> Said:
    if each.file is None or each.file[1] in SKIPPED:
        return each
    return replace(each, file=(each.file[0], prefix + each.file[1]))


FORMS: Mapping[str, Callable[[ModelChat, Era, Path], Given]] = {
    "folder": _encoded("utf-8"),
    "bare JSON": _bare,
    "UTF-8 with a mark": _encoded("utf-8-sig"),
    "UTF-16": _encoded("utf-16"),
    "UTF-16, the other way round": _encoded("utf-16-be"),
    "archive": _archive(""),
    "archive of the folder": _archive("Downloads/Telegram Desktop/ChatExport/"),
    "archive in an archive": _nested,
    "several archives": _split,
    "slices": _slices,
    "account": _account("chats"),
    "account that left": _account("left_chats"),
}
"""Every form of JSON in which people bring a chat."""


def write_html(history: ModelChat, folder: Path, *, each_page: int = 3) -> Given:
    """The HTML pages of a chat, several of them, with messages that join the one before."""
    _write_files(history, folder)
    write_pages(folder, TITLE, history.said, each_page=each_page)
    return Given((folder,), f"-100{history.number}")


# The model


@st.composite
def histories(draw: st.DrawFn) -> ModelChat:
    """A chat with gaps, edits, and a file of its own for each message that has one."""
    said, files = list[Said](), dict[str, bytes]()
    number = draw(st.integers(1, 5))
    for each in draw(chats()):
        file = None if each.service is not None else each.file
        if file and file[1] not in SKIPPED:
            file = (file[0], f"{'photos' if file[0] == 'photo' else 'files'}/{number} é&<1>.bin")
            if draw(st.integers(0, 4)):
                files[file[1]] = f"a file of message {number}".encode() * 9
        # whoever says nothing at all is a hole of its own, and tested apart
        runs = each.runs or (("x",) if file is None else ())
        edited = each.at + timedelta(minutes=7) if not draw(st.integers(0, 3)) else None
        said.append(replace(each, id=number, file=file, runs=runs, edited=edited, buttons=None))
        number += draw(st.sampled_from([1, 1, 1, 2, 4]))
    return ModelChat(tuple(said), files)


def sample_histories(count: int, *, of: int = 150) -> list[ModelChat]:
    """The fullest chats of a fixed draw, each with a number of its own."""
    found: list[ModelChat] = []

    @settings(max_examples=of, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(histories())
    def take(history: ModelChat) -> None:
        found.append(history)

    take()
    longest = sorted(found, key=lambda each: len(each.said) + 2 * len(each.files), reverse=True)[:count]
    return [replace(each, number=each.number + number) for number, each in enumerate(longest, start=1)]
