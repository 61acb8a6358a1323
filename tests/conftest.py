"""What holds for every test: no network beyond this machine, no settings and no home of the person who runs them."""

import gc
import ipaddress
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from tests.lending import LentDecoders, lending

hypothesis.settings.register_profile("here", deadline=None)
# without chance, more examples would be the same ones each time
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, max_examples=40)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

COUNTED = ("evidence/log", "evidence/seal", "casefiles/format", "casefiles/verifier", "damaged")
"""The folders of tests that must cover every branch of the four parts: the log, the sealing, the forms of a bundle and
the verifier."""
UNCOUNTED = ("outside", "slow", "repeats")
LONGEST = ("test_run.py", "fresh", "faults", "conformance", "browser", "contracts", "api", "monitor/telegram")
"""The folders and files whose tests take longest; they start first: no processor waits for one of them at the end."""

_PLACES = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}
"""Audit event -> which of its arguments says where to."""


class NetworkRefusedError(Exception):
    """A test reached for something beyond loopback. No OSError: no code may take it for a failing network."""


def _refuse_beyond_loopback(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _PLACES:
        return
    place = arguments[_PLACES[event]]
    host = place[0] if isinstance(place, tuple) else place
    if isinstance(place, tuple) or event.startswith("socket.get"):
        _require_loopback(host.decode() if isinstance(host, bytes) else host)


def _require_loopback(host: object) -> None:
    if host in (None, "", "localhost"):
        return
    try:
        if ipaddress.ip_address(str(host)).is_loopback:
            return
    except ValueError:
        pass
    raise NetworkRefusedError(f"a test reaches for {host}")


sys.addaudithook(_refuse_beyond_loopback)


_compiled = LRUCache[object, object](5_000)


class _OneDialect(SQLiteDialect_pysqlite):
    """Each home has an engine of its own, which would compile the same statements anew: a tenth of an export's time."""

    def __hash__(self) -> int:
        return hash(_OneDialect)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SQLiteDialect_pysqlite)


SQLiteDialect_pysqlite.__hash__ = _OneDialect.__hash__  # type: ignore[assignment, method-assign]
SQLiteDialect_pysqlite.__eq__ = _OneDialect.__eq__  # type: ignore[assignment, method-assign]
sa.Engine._compiled_cache = property(lambda _engine: _compiled, lambda _engine, _own: None)  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def _nobodys_home(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Leave no setting of NisiSama's, and an empty home; but ``outside`` keeps it, for the caches of other programs."""
    for name in [name for name in os.environ if name.startswith("NISISAMA_")]:
        monkeypatch.delenv(name)
    if request.node.get_closest_marker("outside") is None:
        monkeypatch.setenv("HOME", str(_empty_home(tmp_path_factory)))


@pytest.fixture(scope="session", autouse=True)
def lent_decoders() -> Iterator[LentDecoders]:
    """Decoding processes for all tests that share this process."""
    with lending() as lent:
        yield lent


@pytest.fixture(scope="session", autouse=True)
def _nothing_left() -> Iterator[None]:
    """Remove the templates of homes, and end what forks: workers end without what Python does at its end."""
    yield
    if (homes := sys.modules.get("tests.homes")) is not None:
        homes.templates.remove()
    if (forking := sys.modules.get("tests.forking")) is not None:
        forking.end()


@pytest.fixture
def own_decoders(lent_decoders: LentDecoders) -> Iterator[None]:
    """Each decoder of this test starts processes of its own, and ends them."""
    with lent_decoders.withheld():
        yield


def _empty_home(factory: pytest.TempPathFactory) -> Path:
    home = factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    return home


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests under which ``.ci/branches`` counts and the cases that are slow, and put the longest first."""
    seen = Counter[str]()
    for item in items:
        if (every := item.get_closest_marker("every")) is not None:
            case = item.nodeid.partition("[")[0]
            if seen[case] % every.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[case] += 1
        if _lies_in(item, COUNTED) and not any(item.get_closest_marker(name) for name in UNCOUNTED):
            item.add_marker(pytest.mark.counted)
    items.sort(key=_rank)


def pytest_collection_finish() -> None:
    """Leave what was collected out of each later look for garbage, and look less often: thousands of tests stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def _lies_in(item: pytest.Item, folders: Iterable[str]) -> bool:
    return any(_place_of(item).startswith((f"{folder}/", f"{folder}::")) for folder in folders)


def _place_of(item: pytest.Item) -> str:
    return item.nodeid.removeprefix("tests/")


def _rank(item: pytest.Item) -> int:
    return next((at for at, folder in enumerate(LONGEST) if _lies_in(item, (folder,))), len(LONGEST))
