"""How many edited pictures are found again, and how many of others are taken for them: at which edits, by what.

Photographs of scikit-image and generated scenes are edited by amounts that are drawn at random, so that none lies on
the grid of crops. What was posted is fingerprinted like a stored picture, and looked for with the prints and crops of
the original, by the program's own functions. Of a part that the client has, the part is looked for among the originals.
A row is the share that is found within 31 bits (``match``), beside one upright PDQ alone; "for review" counts those
within 46 bits as well. The false ones are pairs of different pictures; nearest is the least number of bits.

These pictures are no photos of people, and few: the rows say what an edit costs, and not what a group posts.
"""

import importlib.util
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from evidence.fingerprint.crops import crop_hashes
from evidence.fingerprint.grid import GRID
from evidence.fingerprint.picture import Picture, read_picture, read_scaled
from evidence.match.check import MATCH_BITS, MIN_QUALITY, REVIEW_BITS
from evidence.match.index import HashWords, hash_words
from tests.evidence.fingerprint.pictures import scene

SCENES = 40
LEFT_OUT = {"motorcycle_right.png", "chessboard_GRAY.png"}
"""Nearly the same as another."""
PEER = "one upright PDQ alone"

Row = dict[str, object]
Draw = np.random.Generator
Edit = Callable[[Image.Image, Draw], Image.Image]


@dataclass(frozen=True, slots=True)
class Looked:
    """A picture's hashes, as one that is stored and as one that is asked with."""

    alone: HashWords
    stored: HashWords
    asked: HashWords
    crops: HashWords


def pictures() -> Iterator[Image.Image]:
    """Those with enough structure for PDQ."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise RuntimeError("scikit-image is not installed")
    for file in sorted((Path(package.origin).parent / "data").iterdir()):
        if file.suffix in {".png", ".jpg"} and file.name not in LEFT_OUT:
            with Image.open(file) as opened:
                yield opened.convert("RGB")
    for seed in range(1, SCENES + 1):
        wide = seed % 3
        yield Image.fromarray(scene(width=1280 if wide else 960, height=960 if wide else 1280, seed=100 + seed))


def looked(data: bytes) -> Looked | None:
    """None where the picture has too little structure."""
    found = read_picture(data)
    if found.pdq is None or found.pdq.quality < MIN_QUALITY:
        return None
    trims = [each.pdq for each in found.trimmed if each.pdq.quality >= MIN_QUALITY]
    whole = [found.pdq, *trims]
    return Looked(
        alone=hash_words(found.pdq.hashes[0]),
        stored=hash_words(b"".join(each.hashes[0] for each in whole)),
        asked=hash_words(b"".join(one for each in whole for one in each.hashes)),
        crops=hash_words(b"".join(crop_hashes(read_scaled(data)))),
    )


def stored_only(found: Picture) -> HashWords | None:
    """The hashes of one that is stored; None where it has too little structure."""
    eights = [found.pdq, *(each.pdq for each in found.trimmed)]
    usable = [each.hashes[0] for each in eights if each is not None and each.quality >= MIN_QUALITY]
    return hash_words(b"".join(usable)) if usable else None


def nearest(asked: HashWords, stored: HashWords) -> int:
    """The least number of bits between any two."""
    return int(np.bitwise_count(asked[:, np.newaxis] ^ stored).sum(axis=2).min())


# Edits


def saved(picture: Image.Image, quality: int = 70) -> bytes:
    target = io.BytesIO()
    picture.convert("RGB").save(target, "JPEG", quality=quality)
    return target.getvalue()


def recompressed(picture: Image.Image, draw: Draw) -> Image.Image:
    return Image.open(io.BytesIO(saved(picture, int(draw.integers(20, 60)))))


def resized(picture: Image.Image, draw: Draw) -> Image.Image:
    share = draw.uniform(0.3, 0.6)
    return picture.resize((max(64, int(picture.width * share)), max(64, int(picture.height * share))))


def brightened(picture: Image.Image, draw: Draw) -> Image.Image:
    return ImageEnhance.Contrast(ImageEnhance.Brightness(picture).enhance(draw.uniform(0.75, 1.3))).enhance(
        draw.uniform(0.8, 1.2)
    )


def mirrored(picture: Image.Image, _draw: Draw) -> Image.Image:
    return ImageOps.mirror(picture)


def turned(picture: Image.Image, draw: Draw) -> Image.Image:
    return picture.rotate(90 * int(draw.integers(1, 4)), expand=True)


def tilted(picture: Image.Image, draw: Draw) -> Image.Image:
    return picture.rotate(draw.uniform(1.0, 3.0), resample=Image.Resampling.BICUBIC)


def letterboxed(picture: Image.Image, draw: Draw) -> Image.Image:
    colour = tuple(draw.integers(0, 256, 3).tolist())
    high, wide = (int(draw.uniform(0.03, 0.3) * side) for side in picture.size)
    return ImageOps.expand(picture, (wide, high) if draw.random() < 0.5 else (0, high), fill=colour)


def screenshot(picture: Image.Image, draw: Draw) -> Image.Image:
    """Between two bars with words, as a telephone shows it."""
    ground = int(draw.choice([0, 24, 255]))
    high = int(picture.height * draw.uniform(0.2, 0.5))
    shot = Image.new("RGB", (picture.width, picture.height + 2 * high), (ground,) * 3)
    shot.paste(picture, (0, high))
    words, size = ImageDraw.Draw(shot), max(10, high // 9)
    for part, said in ((0.1, "12:45"), (0.4, "Grupa 128"), (0.7, "danas"), (1.3, "3 odgovora"), (1.7, "Napisi poruku")):
        at = (int(draw.uniform(0.02, 0.6) * shot.width), int(part * high) + (picture.height if part > 1 else 0))
        words.text(at, said, fill=(255 - ground,) * 3, font_size=size)
    return shot


def written_over(picture: Image.Image, draw: Draw) -> Image.Image:
    marked = picture.copy()
    size = int(picture.height * draw.uniform(0.05, 0.12))
    at = (int(draw.uniform(0, 0.4) * picture.width), int(draw.uniform(0, 0.8) * picture.height))
    ImageDraw.Draw(marked).text(at, "@grupa_123", fill="white", font_size=size, stroke_width=2, stroke_fill="black")
    return marked


def story(picture: Image.Image, draw: Draw) -> Image.Image:
    """Before a blurred copy of itself."""
    behind = picture.resize((720, 1280)).filter(ImageFilter.GaussianBlur(25))
    front = ImageOps.contain(picture, (720, int(1280 * draw.uniform(0.4, 0.8))))
    behind.paste(front, ((720 - front.width) // 2, (1280 - front.height) // 2))
    return behind


def reposted(picture: Image.Image, draw: Draw) -> Image.Image:
    """All at once, as the alert's test has it: mirrored, smaller, brighter, with a border."""
    return letterboxed(brightened(resized(mirrored(picture, draw), draw), draw), draw)


def cropped(most: float, *, sides: int) -> Edit:
    """Up to ``most`` of each axis, at both ends together (4 sides), or at one end of one axis."""

    def crop(picture: Image.Image, draw: Draw) -> Image.Image:
        much = draw.uniform(0.01, most, 2)
        begin = much * (draw.random(2) if sides > 1 else draw.integers(0, 2, 2))
        if sides == 1:
            axis = int(draw.integers(0, 2))
            much[axis] = begin[axis] = 0
        (left, top), (right, bottom) = begin, 1 - (much - begin)
        width, height = picture.size
        return picture.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))

    return crop


POSTED: Mapping[str, Edit] = {
    "recompressed": recompressed,
    "30 to 60 % of the size": resized,
    "brighter or darker": brightened,
    "mirrored": mirrored,
    "turned by quarters": turned,
    "in a border of one colour": letterboxed,
    "a screenshot with words": screenshot,
    "written over": written_over,
    "mirrored, smaller, brighter, bordered": reposted,
    "cropped by up to 5 % of each axis": cropped(0.05, sides=4),
    "cropped by up to 10 % of each axis": cropped(0.1, sides=4),
    "cropped by up to 20 % of each axis": cropped(0.2, sides=4),
    "cropped by up to 30 % of each axis": cropped(0.3, sides=4),
    "cropped at one side by up to 20 %": cropped(0.2, sides=1),
    "cropped at one side by up to 30 %": cropped(0.3, sides=1),
    "tilted by 1 to 3 degrees": tilted,
    "before a blurred copy of itself": story,
}
HERS: Mapping[str, Edit] = {
    "hers is a part: up to 5 % of each axis gone": cropped(0.05, sides=4),
    "hers is a part: up to 10 % of each axis gone": cropped(0.1, sides=4),
    "hers is a part: up to 20 % of each axis gone": cropped(0.2, sides=4),
    "hers is a part: up to 20 % of one side gone": cropped(0.2, sides=1),
}


def run() -> dict[str, object]:
    """Edit, look, and count; no network, nothing written."""
    originals = [(picture, found) for picture in pictures() if (found := looked(saved(picture, 90)))]
    draw = np.random.default_rng(20261127)
    rows: list[Row] = []
    for name, edit in POSTED.items():
        rows += _found(name, [(found, _stored(edit(picture, draw))) for picture, found in originals])
    for name, edit in HERS.items():
        parts = ((looked(saved(edit(picture, draw))), found) for picture, found in originals)
        rows += _found(name, [(part, found.stored) for part, found in parts if part])
    return {"rows": rows + _false([found for _picture, found in originals])}


def _stored(posted: Image.Image) -> HashWords | None:
    return stored_only(read_picture(saved(posted)))


def _found(name: str, pairs: list[tuple[Looked, HashWords | None]]) -> list[Row]:
    """The shares of one edit; a picture that has too little structure once it is edited is missed."""
    alone = [stored is not None and nearest(asked.alone, stored[:1]) <= MATCH_BITS for asked, stored in pairs]
    prints = [256 if stored is None else nearest(asked.asked, stored) for asked, stored in pairs]
    crops = [256 if stored is None else nearest(asked.crops, stored) for asked, stored in pairs]
    match = [min(one, other) <= MATCH_BITS for one, other in zip(prints, crops, strict=True)]
    review = [each or one <= REVIEW_BITS for each, one in zip(match, prints, strict=True)]
    return [
        _row(name, "%", 100 * float(np.mean(match)), 100 * float(np.mean(alone)), PEER),
        _row(f"{name}, for review too", "%", 100 * float(np.mean(review))),
    ]


def _false(found: list[Looked]) -> list[Row]:
    """Pairs of different pictures that are taken for one another, by what they are asked with."""
    cut = np.tile([all(step >= 0 for axis in crop for step in axis) for crop in GRID], 2)
    far = np.tile([max(step for axis in crop for step in axis) > 8 for crop in GRID], 2)
    sets: dict[str, list[HashWords]] = {
        "eight orientations, with trims": [each.asked for each in found],
        "crops of up to a fifth": [each.crops[cut & ~far] for each in found],
        "one-sided crops of up to 30 %": [each.crops[far] for each in found],
        "extended pictures": [each.crops[~cut] for each in found],
    }
    rows: list[Row] = []
    for name, asked in sets.items():
        bits = np.array(
            [nearest(one, other.stored) for at, one in enumerate(asked) for to, other in enumerate(found) if at != to]
        )
        rows.append(_row(f"false, {name}: pairs of {len(bits):,} within {MATCH_BITS}", "", _count(bits, MATCH_BITS)))
        rows.append(_row(f"false, {name}: within {REVIEW_BITS}", "", _count(bits, REVIEW_BITS)))
        rows.append(_row(f"false, {name}: nearest", "bits", float(bits.min())))
    return rows


def _count(bits: npt.NDArray[np.int_], most: int) -> float:
    return float((bits <= most).sum())


def _row(name: str, unit: str, ours: float, peer: float | None = None, peer_name: str | None = None) -> Row:
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": None}
