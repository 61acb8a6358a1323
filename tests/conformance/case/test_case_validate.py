"""``case_validate`` of CASE's own tools takes the linked data of bundles, and finds what is wrong in changed ones.

The tools are installed into an environment of their own, and bring the ontologies: nothing is asked of a network.
"""

import json
import subprocess
import venv
from pathlib import Path

import pytest

from tests.casefiles import forge
from tests.casefiles.report.test_jsonld import FILE, linked

pytestmark = [pytest.mark.outside, pytest.mark.slow]

HERE = Path(__file__).parent
ITEMS = (forge.item(1), FILE, {**forge.item(2), "kind": "deletion", "text": None, "sender_id": None})


@pytest.fixture(scope="session")
def validate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program ``case_validate``."""
    home = tmp_path_factory.mktemp("case")
    venv.create(home, with_pip=True)
    install = [home / "bin" / "pip", "install", "-q", "--require-hashes", "-r", HERE / "requirements.txt"]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    return home / "bin" / "case_validate"


def says(program: Path, data: bytes, folder: Path) -> tuple[int, str]:
    file = folder / "case.jsonld"
    file.write_bytes(data)
    command = [program, "--built-version", "case-1.5.0", file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("withhold", [(), ("sender_id", "sender_name", "text", "at", "method", "sha256", "posted_at")])
def test_case_validate_takes_all_of_it_whatever_is_withheld(
    validate: Path, tmp_path: Path, withhold: tuple[str, ...]
) -> None:
    data = linked(*ITEMS, withhold=frozenset(withhold))
    assert says(validate, data, tmp_path) == (0, "Validation Report\nConforms: True\n")


def test_case_validate_finds_a_method_of_hashing_of_another_type(validate: Path, tmp_path: Path) -> None:
    # the control: it looks at the facets too
    data = json.loads(linked(*ITEMS))
    text = json.dumps(data).replace('"xsd:dateTime"', '"xsd:string"')
    code, said = says(validate, text.encode(), tmp_path)
    assert (code, "Conforms: False" in said) == (1, True)
