"""A bundle that is sent gets the findings of the offline verifier."""

from pathlib import Path

import pytest

from evidence.store.api_key import Scope
from tests.homes import export_of, new_case
from tests.serving import ServedHome


@pytest.fixture(scope="session")
def bundle(served: ServedHome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("bundles") / "case.asice"
    export_of(served.home, new_case(served.home), file)
    return file


def sent(served: ServedHome, data: bytes, *roots: Path) -> tuple[int, dict[str, object]]:
    files = [("file", ("case.asice", data)), *(("trust", (root.name, root.read_bytes())) for root in roots)]
    answer = served.with_key(Scope.CASES_READ).post("/api/v1/verify", files=files)
    return answer.status_code, answer.json()


def test_a_good_bundle_passes_and_a_changed_one_fails(served: ServedHome, bundle: Path) -> None:
    roots, data = sorted((served.home.path / "trust").iterdir()), bundle.read_bytes()
    status, told = sent(served, data, *roots)
    assert (status, told["verdict"], told["rehearsal"]) == (200, "PASSED", True)
    assert sent(served, data)[1]["verdict"] == "INDETERMINATE"
    middle = len(data) // 2
    changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    assert sent(served, changed, *roots)[1]["verdict"] == "FAILED"


@pytest.mark.parametrize("data", [b"", b"PK", b"no bundle at all" * 100])
def test_what_is_no_bundle_fails(served: ServedHome, data: bytes) -> None:
    assert sent(served, data)[1]["verdict"] == "FAILED"


def test_a_root_that_is_none_is_refused(served: ServedHome, bundle: Path) -> None:
    status, told = sent(served, bundle.read_bytes(), bundle)
    assert (status, told["code"]) == (409, "trust.not_pem")
