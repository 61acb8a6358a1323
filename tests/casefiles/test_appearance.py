"""Whenever it is looked, a case is told of every file that is like one of its own, and of no other."""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from casefiles import appearance
from casefiles.appearance import Alerting, Appearances, list_alerts
from casefiles.case import add_items, open_case
from casefiles.consent import CHECK, Consent
from evidence.authority import Doer
from evidence.custody.event import Draft
from evidence.errors import NoMatchingKeyError
from evidence.keys import Unlocked
from evidence.match.library import Library
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.follow import catch_up
from evidence.times import parse_time
from tests.evidence.log.ledger import CASEWORK, NOBODY, Ledger, new_ledger
from tests.evidence.match.libraries import BASE, prints

KEY = generate_identity()
TODAY = date(2026, 1, 2)
ANN = Doer("ann", "nisisama/0", parse_time("2026-01-01T00:00:00.000Z"), reason="she came")
FAR = [BASE, BASE ^ (((1 << 128) - 1) << 128), BASE ^ int("f0" * 32, 16)]
"""Pictures of which no two are alike, however they are turned: each is 128 bits from the others and their opposites."""


class Told:
    """A log with pictures and two cases, and who looks."""

    def __init__(self, folder: Path) -> None:
        self.ledger: Ledger = new_ledger(folder)
        self.cases = [open_case(self.ledger.sequencer, ANN) for _case in range(2)]
        self.items: list[tuple[str, int]] = []
        self.members: list[set[int]] = [set(), set()]
        self.agreed: set[int] = set()
        self.seen = Appearances(self.ledger.engine, Unlocked(CASEWORK, KEY), lambda: TODAY)

    def post(self, picture: int, bits: int) -> None:
        number = FAR[picture] ^ ((1 << bits) - 1)
        found = prints(number, sha256=f"{len(self.items):064x}")
        values = NOBODY | {"kind": "file", "channel_id": "7", "message_id": str(len(self.items)), "mode": "hash_only"}
        body = seal_whole(found.sealing_bytes(), recipients=(KEY.recipient,))
        draft = Draft("observed", values | {"sha256": f"{len(self.items):064x}"}, prints=body)
        self.ledger.sequencer.append([draft])
        self.items.append((draft.event_id, number))

    def add(self, case: int, item: int) -> None:
        if self.items:
            at = item % len(self.items)
            add_items(self.ledger.engine, self.ledger.sequencer, self.cases[case], [self.items[at][0]], ANN)
            self.members[case].add(at)

    def agree(self, case: int) -> None:
        consent = Consent("mila", True, (CHECK,), TODAY, None, "en", "I agree.", None)
        self.ledger.sequencer.append([Draft("consent", ANN.values() | consent.values(self.cases[case]))])
        self.agreed.add(case)

    def look(self, case: int = 0) -> None:
        """Look to the end; ``case`` 1 forgets first what was seen, as after a restart."""
        if case:
            self.seen = Appearances(self.ledger.engine, Unlocked(CASEWORK, KEY), lambda: TODAY)
        library = Library(self.ledger.engine, KEY)
        library.refresh()
        sequencer = self.ledger.sequencer
        done = -1
        while done < library.end:
            follower = Alerting(self.seen, library, sequencer, "nisisama/0", lambda: ANN.at)
            done = catch_up(self.ledger.engine, follower, sequencer.take)

    def open(self) -> set[tuple[int, int]]:
        names = [item for item, _number in self.items]
        with reading(self.ledger.engine) as connection:
            found = list_alerts(connection)
        assert len({(alert.case_id, alert.item_id) for alert in found}) == len(found)
        return {(self.cases.index(alert.case_id), names.index(alert.item_id)) for alert in found}

    def slow(self) -> set[tuple[int, int]]:
        """Every file beside every file of each case."""
        return {
            (case, at)
            for case in self.agreed
            for at, (_item, number) in enumerate(self.items)
            if at not in self.members[case]
            and any((number ^ self.items[mine][1]).bit_count() <= 46 for mine in self.members[case])
        }


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.integers(0, 2), st.sampled_from([0, 5, 31, 46, 47, 60])),
        st.tuples(st.just("add"), st.integers(0, 1), st.integers(0, 7)),
        st.tuples(st.just("agree"), st.integers(0, 1)),
        st.tuples(st.just("look"), st.integers(0, 1)),
    ),
    max_size=18,
)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS, batch=st.sampled_from([1, 3, 1000]))
def test_whenever_it_is_looked_what_is_told_is_what_comparing_every_pair_gives(
    steps: Sequence[tuple[str, *tuple[int, ...]]], batch: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(appearance, "_BATCH", batch)
        told = Told(Path(folder))
        for what, *numbers in steps:
            getattr(told, what)(*numbers)
        told.look()
        assert told.open() == told.slow()
        told.ledger.engine.dispose()


def test_an_expired_consent_tells_nothing(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.post(0, 0)
    told.post(0, 5)
    told.add(0, 0)
    for until, expected in ((date(2026, 1, 1), set()), (TODAY, {(0, 1)})):
        consent = Consent("mila", True, (CHECK,), TODAY, until, "en", "I agree.", None)
        told.ledger.sequencer.append([Draft("consent", ANN.values() | consent.values(told.cases[0]))])
        told.look()
        assert told.open() == expected
    told.ledger.engine.dispose()


def test_another_homes_key_tells_nothing_and_logs_nothing(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.post(0, 0)
    told.add(0, 0)
    told.agree(0)
    size = len(told.ledger.leaves())
    library = Library(told.ledger.engine, KEY)
    library.refresh()
    other = Appearances(told.ledger.engine, Unlocked(CASEWORK, generate_identity()), lambda: TODAY)
    with pytest.raises(NoMatchingKeyError):
        Alerting(other, library, told.ledger.sequencer, "nisisama/0", lambda: ANN.at).advance(0)
    assert len(told.ledger.leaves()) == size
    told.ledger.engine.dispose()


@pytest.mark.parametrize("body", [b"junk", seal_whole(b"junk", recipients=(generate_identity().recipient,))], ids=len)
def test_a_consent_that_nobody_can_read_stops_no_other(tmp_path: Path, body: bytes) -> None:
    told = Told(tmp_path)
    told.post(0, 0)
    told.post(0, 5)
    told.add(0, 0)
    told.agree(1)
    with writing(told.ledger.engine) as connection:
        last = sa.select(sa.func.max(database.event.c.idx)).scalar_subquery()
        connection.execute(sa.update(database.sealed).where(database.sealed.c.idx == last).values(body=body))
    told.agree(0)
    told.look()
    assert told.open() == {(0, 1)}
    told.ledger.engine.dispose()
