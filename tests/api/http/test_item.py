"""Items are listed by what stands in clear of them, page by page, and tell no digest and no text."""

from evidence.store.api_key import Scope
from tests.homes import items_of
from tests.serving import ServedHome


def test_every_item_is_listed_once_over_pages_of_any_size(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    wanted = [item.item_id for item in items_of(served.home)]
    for limit in (1, 7, 200):
        found, cursor = list[str](), None
        while True:
            page = client.get("/api/v1/items", params={"limit": limit} | ({"cursor": cursor} if cursor else {})).json()
            found += [item["item_id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert found == wanted


def test_a_list_can_be_narrowed_and_shows_no_content(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    channel = items_of(served.home)[0].channel_id
    items = client.get("/api/v1/items", params={"channel": channel, "kind": "message"}).json()["items"]
    assert items
    assert {item["kind"] for item in items} == {"message"}
    assert all(item.keys().isdisjoint({"sha256", "text", "sender_name"}) for item in items)
    assert client.get("/api/v1/items", params={"channel": "1"}).json() == {"items": [], "next": None}
    assert client.get("/api/v1/items", params={"kind": "picture"}).status_code == 422


def test_one_item_has_its_place_in_the_log(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    item = client.get("/api/v1/items", params={"limit": 1}).json()["items"][0]
    shown = client.get(f"/api/v1/items/{item['item_id']}").json()
    assert item.items() <= shown.items()
    assert shown["log_index"] > 0
    assert item["item_id"] not in {each["item_id"] for each in shown["same_message"]}  # others may have sent it again
    assert client.get(f"/api/v1/items/{'0' * 32}").json()["code"] == "unknown_item.no_such_item"


def test_a_day_is_written_as_one(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    assert client.get("/api/v1/items", params={"from": "2024-11-14", "to": "2030-01-01"}).status_code == 200
    for day in ("0", "1731574800", "2024-11-14T00:00:00", "20241114", "2024-13-01", ""):
        assert client.get("/api/v1/items", params={"from": day}).json()["code"] == "call.does_not_fit"
