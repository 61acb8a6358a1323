"""Freezing from a follower, a list or a person: each item with its post, logged once, whoever is first."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from casefiles.case import add_items, case_items, open_case
from casefiles.freeze import SAME_FILE, FreezeHint, FrozenItems, freeze_copies, freeze_items
from evidence.authority import Doer
from evidence.custody.event import Draft, Prepared
from evidence.errors import UnknownItemError
from evidence.match.library import Library
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import generate_identity
from evidence.store.database import reading
from evidence.store.freeze import freezes_of_case, frozen_of_case, waiting_freezes
from evidence.times import parse_time
from tests.evidence.log.ledger import NOBODY, Ledger, new_ledger
from tests.evidence.match.libraries import BASE, prints
from tests.nonempty import nonempty

KEY = generate_identity()
ANN = Doer("ann", "nisisama/0", parse_time("2026-01-01T00:00:00.000Z"), reason="she came")
MACHINE = {"tool": "nisisama/0", "at": "2026-01-01T00:00:00.000Z"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


def file(ledger: Ledger, number: int, digest: str = "ab") -> str:
    """A file of a message of its own."""
    values = NOBODY | {"kind": "file", "channel_id": "7", "message_id": str(number), "mode": "hash_only"}
    body = seal_whole(prints(BASE ^ number, sha256=digest * 32).sealing_bytes(), recipients=(KEY.recipient,))
    draft = Draft("observed", values | {"sha256": digest * 32}, prints=body)
    ledger.sequencer.append([draft])
    return draft.event_id


def froze(ledger: Ledger, *items: str, hint: FreezeHint = FreezeHint.LIST) -> FrozenItems:
    return freeze_items(ledger.engine, ledger.sequencer, items, hint=hint, what="a list", by=MACHINE)


def types(ledger: Ledger) -> list[str]:
    return [leaf.type for leaf in ledger.leaves()]


def test_a_list_freezes_without_a_person_and_once(ledger: Ledger) -> None:
    one, other = file(ledger, 1), file(ledger, 2)
    assert froze(ledger, one, one) == FrozenItems((one,), ())
    assert froze(ledger, one, other) == FrozenItems((other,), (one,))
    assert froze(ledger, one, other) == FrozenItems((), (one, other))
    assert types(ledger).count("frozen") == 2
    with reading(ledger.engine) as connection:
        assert [each.items for each in waiting_freezes(connection)] == [(one,), (other,)]


def test_two_items_of_one_post_are_one_freeze(ledger: Ledger) -> None:
    one, other = file(ledger, 1), file(ledger, 1, "cd")
    assert froze(ledger, other, one) == FrozenItems((one, other), ())
    assert types(ledger).count("frozen") == 1


def test_where_one_item_does_not_exist_nothing_is_frozen(ledger: Ledger) -> None:
    with pytest.raises(UnknownItemError):
        froze(ledger, file(ledger, 1), "0" * 32)
    assert "frozen" not in types(ledger)


@pytest.mark.parametrize(
    ("hint", "again"), [(FreezeHint.MACHINE, False), (FreezeHint.PERSON, True), (FreezeHint.LIST, True)]
)
def test_a_machine_alone_heeds_what_two_persons_decided(ledger: Ledger, hint: FreezeHint, *, again: bool) -> None:
    item = file(ledger, 1)
    froze(ledger, item)
    ledger.sequencer.append([Draft("unfrozen", NOBODY | {"frozen_items": [item]})])
    assert froze(ledger, item, hint=hint).frozen == ((item,) if again else ())


def test_two_who_freeze_at_the_same_time_log_it_once(ledger: Ledger) -> None:
    item, second = file(ledger, 1), ledger.fresh()

    class First(type(ledger.sequencer)):  # type: ignore[misc] - prepares, and lets another freeze before its turn
        def turn(self, choose, also=None):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            froze(second, item)
            return ledger.sequencer.turn(choose, also)

    late = First.__new__(First)
    late.__dict__.update(ledger.sequencer.__dict__)
    done = freeze_items(ledger.engine, late, [item], hint=FreezeHint.PERSON, what="x", by=ANN.values())
    assert done == FrozenItems((), (item,))
    assert types(ledger).count("frozen") == 1


def test_a_machine_freezes_nothing_that_two_persons_decided_on_meanwhile(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, prepare, other = file(ledger, 1), ledger.sequencer.prepare, ledger.fresh()

    def decided(drafts: Sequence[Draft]) -> list[Prepared]:
        froze(other, item)
        other.sequencer.append([Draft("unfrozen", NOBODY | {"frozen_items": [item]})])
        return prepare(drafts)

    monkeypatch.setattr(ledger.sequencer, "prepare", decided)
    assert froze(ledger, item, hint=FreezeHint.MACHINE) == FrozenItems((), (item,))
    assert types(ledger).count("frozen") == 1


def test_a_library_names_the_copies_and_compares_with_none_of_them(ledger: Ledger) -> None:
    one, copy, other = file(ledger, 1), file(ledger, 2), file(ledger, 3, "cd")
    library = Library(ledger.engine, KEY)
    library.refresh()
    assert freeze_copies(ledger.engine, ledger.sequencer, library, MACHINE) is None
    froze(ledger, one)
    library.refresh()
    assert freeze_copies(ledger.engine, ledger.sequencer, library, MACHINE) == FrozenItems((copy,), ())
    library.refresh()
    assert library.copies == ()
    later = file(ledger, 4)
    library.refresh()
    assert freeze_copies(ledger.engine, ledger.sequencer, library, MACHINE) == FrozenItems((later,), ())
    assert other not in {item for each in waiting(ledger) for item in each}
    assert SAME_FILE


def waiting(ledger: Ledger) -> list[tuple[str, ...]]:
    with reading(ledger.engine) as connection:
        return [each.items for each in waiting_freezes(connection)]


def test_however_many_freezes_wait_they_cost_one_statement(ledger: Ledger) -> None:
    items = [file(ledger, number, digest) for number, digest in enumerate(("ab", "cd", "ef"), start=1)]
    froze(ledger, *items)
    statements = list[str]()

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    sa.event.listen(ledger.engine, "before_cursor_execute", count)
    try:
        with reading(ledger.engine) as connection:
            found = waiting_freezes(connection)
    finally:
        sa.event.remove(ledger.engine, "before_cursor_execute", count)
    frozen = [leaf for leaf in ledger.leaves() if leaf.type == "frozen"]
    assert [each.event_id for each in found] == [leaf.event_id for leaf in nonempty(frozen)]
    assert sum("FROM frozen" in statement or "FROM event" in statement for statement in statements) == 1


def test_of_a_case_what_is_frozen_and_by_what(ledger: Ledger) -> None:
    one, other, outside = file(ledger, 1), file(ledger, 2, "cd"), file(ledger, 3, "ef")
    case = open_case(ledger.sequencer, ANN)
    add_items(ledger.engine, ledger.sequencer, case, [one, other], ANN)
    froze(ledger, outside)
    with reading(ledger.engine) as connection:
        assert (frozen_of_case(connection, case), freezes_of_case(connection, case)) == (frozenset(), [])
    froze(ledger, one)
    with reading(ledger.engine) as connection:
        assert frozen_of_case(connection, case) == {one}
        assert freezes_of_case(connection, case) == [waiting_freezes(connection)[1].index]
    assert [each.item_id for each in case_items(ledger.engine, case)] == [other]
