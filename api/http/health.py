"""Whether the server lives, and whether it can do its work; for whoever watches the machine. No key is needed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response, status
from pydantic import Field

from api.home import Home
from api.http.caller import ServedOffice
from api.http.model import AnswerBody, example
from api.office.health import disk, keys
from api.office.watch_status import ChannelStatus
from api.office.watch_status import status as watch_status
from config.errors import CallError, Explained
from evidence.custody.append import tree_size
from evidence.custody.sequencer import unsigned_tail
from evidence.finding import Finding
from evidence.store import work
from evidence.store.database import reading
from evidence.store.work import TaskState
from evidence.times import uptime_s

router = APIRouter(tags=["health"])
LOOK_SERVES_S = 5.0
"""For how long a look at the machine is told again: nobody needs a key to ask."""
_LOOKS: dict[Path, tuple[float, "MachineLook"]] = {}


class AliveBody(AnswerBody):
    """The process answers."""

    model_config = example(alive=True)

    alive: bool = True


class ReadyBody(AnswerBody):
    """Whether the work can be done."""

    model_config = example(ready=True, locked=True, database=True, disk=True, log_key=True, watch_lag_s=42)

    ready: bool
    locked: bool
    database: bool
    disk: bool
    log_key: bool
    watch_lag_s: int | None = Field(
        description="The longest time since a look at a channel; null where none is watched"
    )


@dataclass(frozen=True, slots=True)
class MachineLook:
    """What one look at the machine found.

    Attributes:
        log_size: How many entries the log has; None where the database cannot be read, as ``unsigned``.
        unsigned: How many of the newest no checkpoint covers.
        tasks: How many tasks there are in each state; empty where the database cannot be read.
    """

    told: ReadyBody
    log_size: int | None
    unsigned: int | None
    tasks: Mapping[TaskState, int]


@router.get("/livez", summary="Whether the process answers")
async def get_livez() -> AliveBody:
    """Say that the process answers."""
    return AliveBody()


@router.get("/readyz", summary="Whether the work can be done", responses={503: {"model": ReadyBody}})
def get_readyz(request: Request, response: Response) -> ReadyBody:
    """Look at database, disk, log key and the watch; 503 where one of the first three fails."""
    office: ServedOffice = request.app.state.office
    ready = machine_look(office.home).told.model_copy(update={"locked": not office.keyring.is_open})
    if not ready.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return ready


def machine_look(home: Home) -> MachineLook:
    """The newest look at the machine that ``/readyz`` answers with, not older than ``LOOK_SERVES_S``."""
    looked = _LOOKS.get(home.path)
    if looked is None or uptime_s() - looked[0] > LOOK_SERVES_S:
        looked = _LOOKS[home.path] = (uptime_s(), _look(home))
    return looked[1]


def _look(home: Home) -> MachineLook:
    found, sizes = list[ChannelStatus](), list[int]()
    well = _well(lambda: found.extend(watch_status(home).channels)) and _well(lambda: sizes.extend(_sizes(home)))
    tasks = dict[TaskState, int]()
    well = well and _well(lambda: tasks.update(_tasks(home)))
    disk_well, key_well = _well(lambda: _require_none(disk(home))), _well(lambda: keys(home))
    lag = max((each.lag_s for each in found if each.lag_s is not None), default=None)
    ready = well and disk_well and key_well
    told = ReadyBody(ready=ready, locked=True, database=well, disk=disk_well, log_key=key_well, watch_lag_s=lag)
    log_size, unsigned = sizes or (None, None)
    return MachineLook(told, log_size, unsigned, tasks)


def _sizes(home: Home) -> tuple[int, int]:
    with reading(home.engine) as connection:
        return tree_size(connection), unsigned_tail(connection)


def _tasks(home: Home) -> Mapping[TaskState, int]:
    with reading(home.engine) as connection:
        return work.count_tasks(connection)


def _require_none(findings: Iterable[Finding]) -> None:
    if next(iter(findings), None) is not None:
        raise CallError("call.broke")


def _well(check: Callable[[], object]) -> bool:
    try:
        check()
    except (Explained, OSError):
        return False
    return True
