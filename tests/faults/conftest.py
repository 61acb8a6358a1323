from collections.abc import Iterator

import pytest

from tests.faults.rig import FEW, OfficeFolder, Reference, Rig, prepare, undisturbed


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture(scope="session")
def prepared(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> OfficeFolder:
    """An office before its first import; tests work on copies."""
    office = prepare(tmp_path_factory.mktemp("prepared") / "office", messages=FEW, batch=2)
    rig.warm(office)
    return office


@pytest.fixture(scope="session")
def reference(rig: Rig, prepared: OfficeFolder, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return undisturbed(prepared.copy(tmp_path_factory.mktemp("undisturbed") / "office"), rig)
