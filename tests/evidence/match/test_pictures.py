"""Pictures in memory answer by entry, in the order of the log, and forget what is dropped."""

from evidence.match.check import PictureQuery, Tier
from evidence.match.pictures import Pictures, indexed_file
from evidence.match.segments import Segment
from tests.evidence.match.libraries import BASE, digests_only, prints

OTHER = "bb" * 32
ASKED = PictureQuery.of(prints(BASE))


def held() -> Pictures:
    made = Pictures()
    first = [indexed_file(3, prints(BASE ^ 1, sha256=OTHER)), indexed_file(7, digests_only("aa" * 32))]
    second = [indexed_file(9, prints(BASE ^ ((1 << 40) - 1), sha256=OTHER))]
    made.take([Segment(0, 8, first)])
    made.take([Segment(9, 9, second)])
    return made


def test_entries_come_in_the_order_of_the_log() -> None:
    assert list(held().tiers(ASKED).items()) == [(3, Tier.MATCH), (7, Tier.IDENTICAL), (9, Tier.REVIEW)]


def test_what_is_dropped_is_neither_found_nor_counted() -> None:
    pictures = held()
    assert pictures.compare(ASKED).compared == 3
    pictures.drop([3, 7, 100])
    assert (pictures.tiers(ASKED), pictures.compare(ASKED).compared) == ({9: Tier.REVIEW}, 1)


def test_nothing_is_like_anything_where_nothing_is() -> None:
    assert Pictures().tiers(ASKED) == {}
