"""What is counted is told without a key, cheaply, and names nobody."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.http import health
from api.http.health import MachineLook, ReadyBody
from api.http.metrics import families
from api.http.server import office_of
from api.office.channel import add_channel, remove_channel
from config.watchlist import watch_entry
from evidence.observation import Mode
from evidence.store.api_key import Scope
from evidence.store.work import TaskState
from tests.homes import doer, items_of, new_case, new_home, size_of
from tests.serving import ServedHome
from tests.watching import until


def scraped(served: ServedHome) -> dict[str, float]:
    """Every number, by its name and labels, as the Prometheus project's own reader reads it."""
    answer = served.client().get("/metrics")
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        "text/plain; version=1.0.0; charset=utf-8",
    )
    found = [each for family in text_string_to_metric_families(answer.text) for each in family.samples]
    told = {f"{each.name}{sorted(each.labels.items())}": each.value for each in found}
    assert len(told) == len(found)
    return told


def calls(area: str, method: str, status: str) -> str:
    return f"nisisama_calls_total{sorted({'area': area, 'method': method, 'status': status}.items())}"


def test_calls_are_told_by_area_and_nothing_more(served: ServedHome) -> None:
    client, item = served.with_key(Scope.CHANNELS), items_of(served.home)[0].item_id
    told = (("api", "2xx"), ("other", "4xx"), ("own", "2xx"))
    before = scraped(served)
    for _call in range(3):
        assert client.get(f"/api/v1/items/{item}").status_code == 200
        assert client.get("/nothing/there").status_code == 404
    assert client.get("/livez").status_code == 200
    after = scraped(served)
    names = [calls(area, "GET", kind) for area, kind in told]
    gained = [after[name] - before.get(name, 0) for name in names]
    assert (gained[0], gained[1]) == (3, 3)
    assert gained[2] >= 1  # the first scrape is one of them
    assert after["nisisama_calls_answering[]"] == 1  # the scrape itself


def test_the_office_and_its_log_are_told(served: ServedHome) -> None:
    new_case(served.home, [])
    served.unlock()
    assert scraped(served)["nisisama_office_locked[]"] == 0
    served.lock()
    told = scraped(served)
    assert told["nisisama_office_locked[]"] == 1
    assert told["nisisama_office_ready[]"] == 1
    until(lambda: scraped(served)["nisisama_log_entries[]"] == size_of(served.home), 30)
    assert scraped(served)["nisisama_log_unsigned_entries[]"] == 0


def test_nobody_and_nothing_is_named(served: ServedHome) -> None:
    """Words that a caller or an office planted, wherever they can; as a control, the API itself tells some of them."""
    case = new_case(served.home, [])
    entry = watch_entry(
        channel="@planted_channel",
        report_url="https://example.org/planted_report",
        reported_by="planted_reporter",
        reported_on="2026-01-02",
        access="public",
    )
    add_channel(served.home, entry, Mode.METADATA_ONLY, None, doer(served.home))
    secret = served.secret(owner="planted_owner")
    client, channel = served.client(secret), items_of(served.home)[0].channel_id
    for path in (f"cases/{case}", f"items?channel={channel}", "channels/planted_channel/completeness", "planted_path"):
        client.get(f"/api/v1/{path}", headers={"planted_header": "planted_value"})
        client.request("PLANTED", f"/api/v1/{path}")
    client.get("/planted_path", headers={"Host": "planted_host"})
    client.post("/api/v1/unlock", json={"passphrase": "planted_passphrase"})
    listed = client.get("/api/v1/channels").text + client.get("/api/v1/cases").text
    assert case in listed
    assert "planted_channel" in listed
    remove_channel(served.home, "planted_channel", doer(served.home))
    told = served.client().get("/metrics").text.lower()
    for word in ("planted", case, channel, secret, "127.0.0.1", "mira", str(served.home.path)):
        assert word.lower() not in told
    assert 'area="api"' in told


def test_many_scrapes_are_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, _cards = new_home(tmp_path / "home")
    looks = list[int]()
    look = health._look
    monkeypatch.setattr(health, "_look", lambda home: looks.append(1) or look(home))
    office = office_of(home)
    for _scrape in range(20):
        health.machine_look(office.home)
    assert len(looks) == 1
    monkeypatch.setattr(health, "LOOK_SERVES_S", -1.0)
    health.machine_look(office.home)
    assert len(looks) == 2
    home.engine.dispose()


def test_what_could_not_be_read_is_left_out() -> None:
    told = ReadyBody(ready=False, locked=True, database=False, disk=True, log_key=True, watch_lag_s=None)
    names = {each.name for each in families(MachineLook(told, None, None, {}), is_open=False)}
    assert names == {"nisisama_office_locked", "nisisama_office_ready"}
    whole = told.model_copy(update={"watch_lag_s": 70})
    values = {
        each.name: each.samples[0].value
        for each in families(MachineLook(whole, 5, 0, {TaskState.DONE: 3}), is_open=True)
    }
    assert values["nisisama_watch_lag_seconds"] == 70
    assert values["nisisama_log_unsigned_entries"] == 0
    assert values["nisisama_office_locked"] == 0
    assert values["nisisama_tasks"] == 3
