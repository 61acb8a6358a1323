"""Pictures that are posted, edited and posted again, and cases that have them."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

from api.home import Home
from api.office.alert import LookedOut, Lookout
from api.office.case import record_consent
from api.office.opened import OpenOffice
from casefiles.consent import CHECK
from evidence.observation import Mode
from tests.evidence.fingerprint.pictures import image
from tests.homes import PASSPHRASE, consent_to, doer, items_of, new_case, take_in

WIDTH, HEIGHT = 640, 480


def jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=quality)
    return made.getvalue()


def photo(seed: int = 1) -> Image.Image:
    return image(width=WIDTH, height=HEIGHT, seed=seed)


def framed(picture: Image.Image) -> Image.Image:
    return ImageOps.expand(picture, border=60, fill=(12, 12, 12))


def brighter(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(1.2)


def smaller(picture: Image.Image) -> Image.Image:
    return picture.resize((int(picture.width * 0.43), int(picture.height * 0.43)))


def edits(picture: Image.Image) -> Mapping[str, bytes]:
    """What somebody does to a picture before it is posted again."""
    return {
        "recompressed": jpeg(picture, 30),
        "smaller": jpeg(smaller(picture)),
        "mirrored": jpeg(ImageOps.mirror(picture)),
        "turned": jpeg(picture.transpose(Image.Transpose.ROTATE_90)),
        "bordered": jpeg(framed(picture)),
        "brighter": jpeg(brighter(picture)),
        "all of it": jpeg(framed(brighter(ImageOps.mirror(smaller(picture)))), 70),
    }


def write_posted(folder: Path, pictures: Mapping[int, bytes], *, channel: int = 42) -> Path:
    """An export of a channel in which each message has one picture."""
    (folder / "photos").mkdir(parents=True)
    messages = []
    for number, data in pictures.items():
        (folder / "photos" / f"{number}.jpg").write_bytes(data)
        message = {"id": number, "type": "message", "date": "2024-11-14T10:00:00", "date_unixtime": "1731574800"}
        message |= {"from": "Zogu", "from_id": "user7", "text": "", "photo": f"photos/{number}.jpg"}
        messages.append(message | {"width": WIDTH, "height": HEIGHT})
    export = {"name": "Kanali", "type": "public_channel", "id": channel, "messages": messages}
    (folder / "result.json").write_text(json.dumps(export), encoding="utf-8")
    return folder


def post(home: Home, folder: Path, pictures: Mapping[int, bytes], *, mode: Mode = Mode.HASH_ONLY) -> list[str]:
    """Take in what was posted; return the new files' items, in their order."""
    before = {item.item_id for item in items_of(home)}
    take_in(home, write_posted(folder, pictures), mode)
    return [item.item_id for item in items_of(home) if item.kind == "file" and item.item_id not in before]


def case_with(home: Home, *items: str, consent: bool = True) -> str:
    """A case that has these files, and whose client agrees that pictures are looked for."""
    case = new_case(home, items)
    if consent:
        agree(home, case)
    return case


def agree(home: Home, case: str, *, given: bool = True) -> None:
    record_consent(home, case, consent_to(home, *([CHECK] if given else []), given=given), doer(home))


def look_out(home: Home) -> LookedOut:
    return Lookout(home, OpenOffice.of(home, home.keys.unlock(PASSPHRASE))).look()
