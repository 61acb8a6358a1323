"""A beginning that one item or case alone has stands for it; of an ambiguous one the candidates are named."""

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.home import Home
from api.office.short import LEAST, SHOWN, case_of, item_of, items_meant, shown_length
from evidence.errors import UnknownItemError
from evidence.store import database
from evidence.store.database import open_engine, writing


class RowsAlone:
    """A home's rows alone."""

    def __init__(self) -> None:
        self.engine = open_engine("sqlite://")
        with writing(self.engine) as connection:
            database.metadata.create_all(connection)

    def hold(self, items: list[str], cases: list[str]) -> None:
        row = {"seen": b"", "kind": "message", "channel_id": "1", "acquired_at": "", "mode": "sealed"}
        with writing(self.engine) as connection:
            connection.execute(sa.delete(database.item))
            connection.execute(sa.delete(database.case_file))
            if items:
                rows = [row | {"idx": at, "item_id": item} for at, item in enumerate(items)]
                connection.execute(sa.insert(database.item), rows)
            if cases:
                named = [{"case_id": case, "idx": at, "opened_at": ""} for at, case in enumerate(cases)]
                connection.execute(sa.insert(database.case_file), named)


@pytest.fixture(scope="module")
def store() -> RowsAlone:
    return RowsAlone()


HEX = "0123456789abcdef"
# few digits, so that beginnings meet
IDS = st.lists(st.text("ab", min_size=12, max_size=12).map(lambda text: text + "0" * 20), unique=True, max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(items=IDS, text=st.text("ab0", min_size=1, max_size=33))
def test_a_beginning_means_what_a_plain_look_through_all_of_them_says(
    store: RowsAlone, items: list[str], text: str
) -> None:
    store.hold(items, [f"case-{item[:12]}" for item in items])
    meant = [item for item in sorted(items) if item.startswith(text)] if len(text) >= LEAST else []
    for ask, ids in ((item_of, meant), (case_of, [f"case-{item[:12]}" for item in meant] if len(text) <= 12 else [])):
        if len(ids) == 1:
            assert ask(store, text) == ids[0]  # type: ignore[arg-type]
            assert ask(store, text.upper()) == ids[0]  # type: ignore[arg-type]
            continue
        with pytest.raises(UnknownItemError) as raised:
            ask(store, text)  # type: ignore[arg-type]
        if ids:
            assert raised.value.code == "unknown_item.ambiguous"
            assert all(each in raised.value.found for each in ids[:6])
        else:
            assert raised.value.found == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(items=IDS)
def test_what_a_list_shows_of_an_identifier_tells_it_from_every_other(store: RowsAlone, items: list[str]) -> None:
    store.hold(items, [])
    length = shown_length(store)  # type: ignore[arg-type]
    assert len({item[:length] for item in items}) == len(items)
    assert length == SHOWN or len({item[: length - 1] for item in items}) < len(items)
    assert [item_of(store, item[:length]) for item in items] == items  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", " ", "case-", "nothing", "abab%", "ab_b", "../..", "\u0430bab", "ab" * 17])
def test_what_is_no_beginning_of_an_identifier_means_nothing(store: RowsAlone, text: str) -> None:
    store.hold(["ab" * 16], ["case-" + "ab" * 6])
    for ask in (item_of, case_of):
        with pytest.raises(UnknownItemError):
            ask(store, text)  # type: ignore[arg-type]


def test_a_case_is_named_with_case_before_it_and_without(store: RowsAlone) -> None:
    store.hold([], ["case-0123456789ab", "case-0123ffff0000"])
    for text in ("case-01234", "01234", " CASE-0123456789AB ", "case-0123456789ab"):
        assert case_of(store, text) == "case-0123456789ab"  # type: ignore[arg-type]
    with pytest.raises(UnknownItemError, match="several begin so") as raised:
        case_of(store, "0123")  # type: ignore[arg-type]
    assert raised.value.facts["candidates"] == "case-0123456789ab, case-0123ffff0000"


def test_items_come_in_the_order_in_which_they_are_named_each_once(home: Home) -> None:
    with home.engine.connect() as connection:
        first, second = connection.execute(sa.select(database.item.c.item_id).limit(2)).scalars()
    assert items_meant(home, [second[:10], first, second]) == (second, first)
