"""Calls are counted by what they were, whatever becomes of them, and by nothing that a caller chose."""

import threading

import pytest
from starlette.routing import Route

from api.http.tally import CallTally


def answered(
    tally: CallTally, status: int, *, method: str = "GET", path: str | None = "/api/v1/items/{item_id}"
) -> None:
    scope = {"method": method, "path": path or "/nothing"}
    if path is not None:
        scope["route"] = Route(path, lambda: None)  # type: ignore[assignment]
    with tally.counted(scope) as ending:
        ending.status = status


def calls(tally: CallTally, area: str, method: str, status: str) -> float | None:
    labels = {"area": area, "method": method, "status": status}
    return tally.registry.get_sample_value("nisisama_calls_total", labels)


def test_calls_are_counted_by_area_method_and_kind_of_status() -> None:
    tally = CallTally()
    for status in (200, 204, 304, 404, 503, 0):
        answered(tally, status)
    told = {kind: calls(tally, "api", "GET", kind) for kind in ("2xx", "3xx", "4xx", "5xx", "0xx")}
    assert told == {"2xx": 2, "3xx": 1, "4xx": 1, "5xx": 1, "0xx": 1}
    took = tally.registry.get_sample_value("nisisama_call_duration_seconds_count", {"area": "api"})
    assert took == 6


def test_what_a_caller_chose_is_no_label() -> None:
    tally = CallTally()
    for number in range(100):
        answered(tally, 404, method=f"ANA{number}", path=None)
    assert calls(tally, "other", "other", "4xx") == 100


def test_a_call_that_breaks_is_counted_and_no_longer_answered() -> None:
    tally = CallTally()

    def breaks() -> None:
        with tally.counted({"method": "GET", "path": "/"}):
            assert tally.registry.get_sample_value("nisisama_calls_answering") == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()
    assert tally.registry.get_sample_value("nisisama_calls_answering") == 0
    assert calls(tally, "other", "GET", "0xx") == 1


def test_nothing_is_lost_between_threads() -> None:
    tally = CallTally()
    threads = [
        threading.Thread(target=lambda: [answered(tally, 200) for _call in range(500)] and None) for _one in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert calls(tally, "api", "GET", "2xx") == 2000


def test_routes_are_not_told_apart_but_those_for_whoever_watches_the_machine_are() -> None:
    tally = CallTally()
    for path in ("/api/v1/cases", "/api/v1/cases/{case_id}", "/livez"):
        answered(tally, 200, path=path)
    assert (calls(tally, "api", "GET", "2xx"), calls(tally, "own", "GET", "2xx")) == (2, 1)
