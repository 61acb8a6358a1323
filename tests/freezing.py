"""A home with posts of which one album is frozen, and what may not be told of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from api.home import Home
from api.office.item import DigestLook
from config import catalogues
from tests.appearing import jpeg, photo
from tests.homes import PASSPHRASE, Office, doer, items_of, new_home, take_in

CHANNEL, ALBUM = 4242, 977
ALONE, FIRST, SECOND, AGAIN, OTHER = 5, 6, 7, 8, 9
"""Messages: one alone; two of one album; one with the same file as the first of the album; one with another."""
SAID = {ALONE: "sot bie shi", FIRST: "kjo fjale eshte e ngrire", SECOND: "edhe kjo", AGAIN: "perseri", OTHER: "tjeter"}
SEEDS = {ALONE: 1, FIRST: 2, SECOND: 3, AGAIN: 2, OTHER: 4}
"""Of the picture of each message."""


def write_album(folder: Path, numbers: Mapping[int, str] | None = None) -> Path:
    """An export of these messages with their words; each has a picture."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    messages = []
    for number, text in (SAID if numbers is None else numbers).items():
        (folder / "photos" / f"{number}.jpg").write_bytes(jpeg(photo(seed=SEEDS.get(number, number))))
        message = {"id": number, "type": "message", "date": "2024-11-14T10:00:00", "date_unixtime": "1731574800"}
        message |= {"from": "Zogu", "from_id": "user7", "text": text, "photo": f"photos/{number}.jpg"}
        if number in (FIRST, SECOND) or number > 100:
            message["media_group_id"] = ALBUM
        messages.append(message | {"width": 640, "height": 480})
    export = {"name": "Kanali", "type": "public_channel", "id": CHANNEL, "messages": messages}
    (folder / "result.json").write_text(json.dumps(export), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Posts:
    """The items of what was posted."""

    messages: Mapping[int, str]
    files: Mapping[int, str]
    digests: Mapping[int, str]

    def of(self, *numbers: int) -> set[str]:
        return {each[number] for each in (self.messages, self.files) for number in numbers}

    def telling(self, number: int) -> set[str]:
        """What nobody may be told of a message: its items, its words, and the digest of its file."""
        return {*self.of(number), SAID[number], self.digests[number]}


def take_posts(home: Home, folder: Path) -> Posts:
    take_in(home, write_album(folder))
    return posts_of(home)


def office_of_posts(folder: Path) -> Office:
    """An office with these posts, which no case has; to be copied."""
    home, cards = new_home(folder / "home")
    take_posts(home, folder / "export")
    home.engine.dispose()
    return Office(home, cards, None)  # type: ignore[arg-type] - its export is another


def ruled(home: Home, then: str, *, days: int | None = None, verified_by: str | None = "bo") -> Home:
    """The home again, with counsel's rule of a country in its settings."""
    says, by = f"Once it is reported: {then}.", {"written_by": "A. Counsel", "written_on": "2026-01-02"}
    rule = {
        "then": then,
        "hold_days": days,
        "says": says,
        "source": "counsel's paper",
        "verified_by": verified_by,
        **by,
    }
    whole = json.loads((Path(catalogues.__file__).parent / "data" / "children.json").read_text(encoding="utf-8"))
    whole["countries"]["SI"]["rule"] = rule
    file = home.path.parent / "children.json"
    file.write_text(json.dumps(whole), encoding="utf-8")
    with (home.path / "nisisama.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[children]\ncountry = "SI"\nrules = "{file}"\n')
    return Home.open(home.path, home.clock)


def posts_of(home: Home) -> Posts:
    look = DigestLook(doer(home), home.keys.unlock(PASSPHRASE).casework)
    items = [item for item in items_of(home, look) if item.channel_id == str(CHANNEL) and item.message_id is not None]
    by_kind = {
        kind: {item.message_id or 0: item for item in items if item.kind == kind} for kind in ("message", "file")
    }
    digests = {number: item.seen.sha256 or "" for number, item in by_kind["file"].items() if item.seen}
    messages, files = ({number: item.item_id for number, item in each.items()} for each in by_kind.values())
    return Posts(messages, files, digests)
