"""What the write path would keep of a container, without writing: the same looks, the same marks, and nothing sealed.

It asks as ``Intake`` does and counts as it does. What it cannot know is what only the turn decides: whether another
writer was first. Files are read where the mode reads them, and their digests alone are made.

LIMIT: what a container has twice, further apart than a batch, is counted twice.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import sqlalchemy as sa

from evidence.intake.keep import MISSING, Counts
from evidence.intake.known import Held, Known, Wanted, wanted_item
from evidence.intake.sight import Look, Provenance, look_at
from evidence.observation import Hole, Kind, Mode, Observation
from evidence.store.database import reading
from evidence.store.marks import SeenKey

_CHUNK = 1 << 20


def foresee(
    engine: sa.Engine,
    seen: SeenKey,
    contents: Iterable[Observation | Hole],
    provenance: Provenance,
    *,
    batch: int,
    require: Callable[[str], object],
) -> Counts:
    """Count what taking in these contents would add.

    Args:
        batch: As the intake has it: what may be an edit is decided within one.
        require: Raises ObjectMissingError where no object lies at an address.
    """
    counts: Counter[str] = Counter()
    rest = iter(contents)
    while group := list(islice(rest, batch)):
        looks = [_read(look_at(seen, provenance.doer.at, each, provenance), seen, provenance) for each in group]
        wanted = [look.wanted for look in looks]
        with reading(engine) as connection:
            known = Known.read(connection, [each for each in wanted if each], require)
        for look, sure in zip(looks, known.in_no_doubt(wanted), strict=True):
            _count(look, sure, known, counts)
    return Counts(**counts)


def _read(look: Look, seen: SeenKey, provenance: Provenance) -> Look:
    """The look at a file once its bytes were read; as it was where they cannot be."""
    medium = look.content.medium if isinstance(look.content, Observation) else None
    if look.wanted is not None or medium is None:
        return look
    digest, length = hashlib.sha256(), 0
    try:
        with medium.open() as source:
            for chunk in _chunks(source.read):
                digest.update(chunk)
                length += len(chunk)
    except OSError:
        return look
    values = {**look.values, "sha256": digest.hexdigest(), "bytes": str(length)}
    return Look(look.content, values, wanted_item(seen, values, provenance.mode, pictured=False))


def _chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    return iter(lambda: read(_CHUNK), b"")


def _count(look: Look, wanted: Wanted | None, known: Known, counts: Counter[str]) -> None:
    content = look.content
    if wanted is None:  # a file that cannot be read
        counts["missing_media"] += 1
        return
    if known.find(wanted):
        counts["already_known"] += isinstance(content, Observation)
        return
    known.add(wanted, _held(look, wanted))
    if isinstance(content, Hole):
        counts["missing_media"] += content.reason in MISSING
    elif content.unsupported:
        counts["unsupported"] += 1
    elif content.kind is not Kind.DELETION:
        counts[{Kind.SERVICE: "service", Kind.FILE: "media"}.get(content.kind, "messages")] += 1
        counts["edits"] += bool(look.values.get("edited_at"))
        counts["sealed"] += content.kind is Kind.FILE and look.values["mode"] == Mode.SEALED.value


def _held(look: Look, wanted: Wanted) -> Held:
    """The row by which later contents of the batch find this one."""
    raw = look.content.raw if isinstance(look.content, Observation) else None
    kind, mode = (None if (said := look.values.get(name)) is None else str(said) for name in ("kind", "mode"))
    return Held(wanted.marks, "", None, kind=kind, mode=mode, payload=raw is not None)
