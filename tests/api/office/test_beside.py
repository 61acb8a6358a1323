"""A picture leads to its message, and a message to its pictures."""

from api.home import Home
from api.office.beside import Belonging, beside
from api.office.case import add_items
from evidence.store.database import reading
from tests.homes import doer, items_of, new_case


def test_a_file_leads_to_its_message_and_a_message_to_its_files(home: Home) -> None:
    items = items_of(home)
    with reading(home.engine) as connection:
        found = beside(connection, [item.item_id for item in items])
    by_id = {item.item_id: item for item in items}
    placed = [item for item in items if item.message_id is not None]
    for item in placed:
        kinds = (
            {"message", "service"}
            if item.kind == "file"
            else {"file"}
            if item.kind in {"message", "service"}
            else set()
        )
        wanted = [each for each in placed if (each.channel_id, each.message_id) == (item.channel_id, item.message_id)]
        belongs = tuple(Belonging(each.item_id, each.kind) for each in wanted if each.kind in kinds)
        assert found.get(item.item_id, ()) == belongs
    assert {by_id[item].kind for item in found} >= {"file", "message"}


def test_what_a_case_lacks_of_a_picture_and_its_message_is_offered(home: Home) -> None:
    with reading(home.engine) as connection:
        found = beside(connection, [item.item_id for item in items_of(home) if item.kind == "file"])
    picture, (belonging,) = next(iter(found.items()))
    message = belonging.item_id
    case = new_case(home, [])
    assert add_items(home, case, (picture,), doer(home)).beside == (message,)
    assert add_items(home, case, (message,), doer(home)).beside == ()
    assert add_items(home, new_case(home, []), (picture, message), doer(home)).beside == ()
