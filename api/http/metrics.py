"""``/metrics``: counts for whoever watches the machine (Prometheus text format); no key is needed, nobody is named."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response

from api.http.caller import ServedOffice
from api.http.health import MachineLook, machine_look

router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True, eq=False)  # a registry keeps its collectors by what they are
class _Once(Collector):
    """Numbers that were found for one answer."""

    found: Iterable[GaugeMetricFamily]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self.found


_SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "Numbers", "content": {"text/plain": {"example": "nisisama_office_locked 1.0\n"}}}
}


@router.get(
    "/metrics", response_class=PlainTextResponse, responses=_SHOWN, summary="Counts of the server and the office"
)
def get_metrics(request: Request) -> Response:
    """Counts of calls and the state of the office, for Prometheus. The state is read at most every five seconds."""
    office: ServedOffice = request.app.state.office
    now = CollectorRegistry()
    now.register(_Once(list(families(machine_look(office.home), is_open=office.keyring.is_open))))
    told = generate_latest(office.tally.registry) + generate_latest(now)
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def families(look: MachineLook, *, is_open: bool) -> Iterator[GaugeMetricFamily]:
    """What ``/metrics`` says of how the office stands; what could not be read is left out."""
    numbers = (
        ("nisisama_office_locked", "1 while no record can be read", int(not is_open)),
        ("nisisama_office_ready", "1 while database, disk and log key are well", int(look.told.ready)),
        ("nisisama_watch_lag_seconds", "The longest time since a look at a channel", look.told.watch_lag_s),
        ("nisisama_log_entries", "Entries of the custody log", look.log_size),
        ("nisisama_log_unsigned_entries", "The newest entries, which no checkpoint covers", look.unsigned),
    )
    for name, words, number in numbers:
        if number is not None:
            yield GaugeMetricFamily(name, words, value=number)
    if not look.tasks:
        return
    tasks = GaugeMetricFamily("nisisama_tasks", "Tasks that calls asked for, by how they stand", labels=["state"])
    for state, number in look.tasks.items():
        tasks.add_metric([state.value], number)
    yield tasks
