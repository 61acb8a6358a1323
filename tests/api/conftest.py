"""One home with an import for all tests of the verbs; each test that changes it takes a copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.home import Home
from api.office.case import record_consent
from api.office.receiver import add_receiver
from api.office.task import BUNDLES
from monitor.rehearsal.export import write_export
from tests.homes import PASSPHRASE, Office, consent_to, copy_of, doer, new_case, new_office
from tests.serving import zipped
from tests.working import WorkerDesk


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return new_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    """A copy of it."""
    home = copy_of(office, tmp_path)
    yield home
    home.engine.dispose()


@pytest.fixture(scope="session")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office with pictures, and beside its folder ``more``, an export that it does not have yet."""
    folder = tmp_path_factory.mktemp("pictured")
    office = new_office(folder, messages=18, photos=2)
    write_export(folder / "more", seed=8, messages=20, photos=3)
    return office


@pytest.fixture
def desk(pictured: Office, tmp_path: Path) -> Iterator[WorkerDesk]:
    """A copy of it with a case that may go to the receiver "Court"."""
    home, more = copy_of(pictured, tmp_path), pictured.home.path.parent / "more"
    (tmp_path / "more").symlink_to(more)
    (home.path / BUNDLES).mkdir(mode=0o700)
    case = new_case(home)
    record_consent(home, case, consent_to(home, "court", "check"), doer(home))
    add_receiver(home, "Court", "court", doer(home))
    yield WorkerDesk(home, case, home.keys.unlock(PASSPHRASE), zipped(more))
    home.engine.dispose()
