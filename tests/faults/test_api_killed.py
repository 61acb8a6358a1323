"""The API is killed at any moment: the next start does every task exactly once, and the audit is clean."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.home import Home
from api.office.api_key import make_key
from api.office.audit import run_audit
from api.office.case import record_consent
from api.office.receiver import add_receiver
from evidence.store.api_key import Scope
from monitor.rehearsal.export import write_export
from tests.homes import PASSPHRASE, consent_to, copy_of, doer, new_case, new_office, records_of
from tests.homes import Office as PreparedOffice
from tests.nonempty import nonempty
from tests.postgresql import move, new_database
from tests.postgresql import serving as serving_database
from tests.serving import started, zipped

pytestmark = pytest.mark.outside

KILLED_AFTER_S = (0.05, 0.5)
ACTS = {"imported": 1, "exported": 2, "files_added": 1}
"""How often each act is in the log once all tasks are done, beyond what was there before."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedOffice:
    folder = tmp_path_factory.mktemp("killed")
    office = new_office(folder, messages=24, photos=4)
    write_export(folder / "more", seed=8, messages=120, photos=20)
    return office


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    with serving_database() as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def home(request: pytest.FixtureRequest, prepared: PreparedOffice, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(prepared, tmp_path)
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("socket"), "killed")
        home.engine.dispose()
        move(home.path, url)
        home = Home.open(home.path)
    yield home
    home.engine.dispose()


def caller(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60)


def acts_of(home: Home) -> Counter[str]:
    return Counter(each.type for each in records_of(home) if each.type in ACTS)


@pytest.mark.every(2)
@pytest.mark.parametrize("after_s", KILLED_AFTER_S)
def test_every_task_is_done_once_whenever_the_server_is_killed(
    home: Home, prepared: PreparedOffice, after_s: float
) -> None:
    case = new_case(home)
    record_consent(home, case, consent_to(home, "court"), doer(home))
    add_receiver(home, "Court", "court", doer(home))
    key, before = make_key(home, "mira", list(Scope), None, None).secret, acts_of(home)
    archive = zipped(prepared.home.path.parent / "more")
    process, url = started(home.path)
    tasks = list[str]()
    with caller(url, key) as client:
        assert client.post("/unlock", json={"passphrase": PASSPHRASE}).is_success
        for reason in ("the first", "the second"):
            order = {"audience": "court", "reason": reason, "to": "Court"}
            tasks.append(client.post(f"/cases/{case}/bundles", json=order).json()["task_id"])
        sent = {"file": ("export.zip", archive)}
        tasks.append(client.post("/imports", files=sent, data={"declared_by": "client"}).json()["task_id"])
        data = {"declared_by": "client", "source": "her phone", "link": "https://example.org/a"}
        several = [("file", (f"{number}.png", bytes([number]) * 5000)) for number in range(5)]
        tasks.append(client.post("/evidence", files=several, data=data).json()["task_id"])
        time.sleep(after_s)
    process.kill()
    process.communicate(timeout=60)
    process, url = started(home.path)
    with caller(url, key) as client:
        assert client.post("/unlock", json={"passphrase": PASSPHRASE}).is_success
        states = ended(client, tasks)
        for task_id in nonempty(tasks[:2]):
            assert client.get(f"/bundles/{task_id}/file").content[:2] == b"PK"
    process.terminate()
    said = process.communicate(timeout=60)[1]
    assert all(line.startswith("note: log: the newest log entries are not signed yet") for line in said.splitlines())
    assert states == {"done": 4}
    assert sum(each.values.get("method") == "file" for each in records_of(home) if each.type == "observed") == 6
    assert acts_of(home) - before == Counter(ACTS)
    done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _read: None)
    # whichever task ends last may leave its newest entries to the next beat
    assert {each.code for each in done.report.problems} <= {"log.anchored.not_stamped"}
    assert [file.name for file in (home.path / "uploads").iterdir()] == []
    assert not list((home.path / "bundles").glob("*.part"))


def ended(client: httpx.Client, tasks: list[str]) -> Counter[str]:
    for _look in range(600):
        states = Counter(client.get(f"/tasks/{each}").json()["state"] for each in tasks)
        if not states["queued"] and not states["running"]:
            return states
        time.sleep(0.1)
    raise AssertionError(states)
