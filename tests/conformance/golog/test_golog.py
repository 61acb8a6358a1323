"""The Go project's transparency log packages and torchwood accept our artefacts, and refuse them damaged."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from evidence.custody.event import Draft
from evidence.log.note import VerifierKey, open_checkpoint
from evidence.log.proof import TlogProof
from evidence.log.tiles import consistency_path
from evidence.store.api_key import Scope
from tests.conformance.golog.folder import Case, lines, tiles_of, write_folder
from tests.evidence.log.reference import MemoryTiles
from tests.homes import doer, new_case
from tests.nonempty import nonempty
from tests.serving import serving
from tests.vectors.log.generate import build

pytestmark = pytest.mark.outside

CHECKS = ["vkey", "checkpoint", "checkpoint.old", "inclusion", "consistency", "tlog-proof", "tiles", "entries"]
CASES = [
    Case(index=0, old_size=1, size=1),
    Case(index=0, old_size=1, size=2),
    Case(index=2, old_size=2, size=3),
    Case(index=5, old_size=6, size=7),
    Case(index=7, old_size=4, size=8),
    Case(index=254, old_size=254, size=255),
    Case(index=255, old_size=255, size=256),
    Case(index=256, old_size=256, size=257),
    Case(index=3, old_size=257, size=513),
    Case(index=999, old_size=700, size=1000),
    Case(index=65_535, old_size=65_535, size=65_536),
    Case(index=65_536, old_size=65_536, size=65_537),
    Case(index=4711, old_size=12_345, size=70_000),
]


@pytest.fixture(scope="session")
def golog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("golog") / "golog"
    subprocess.run(
        ["go", "build", "-o", str(program), "."],
        cwd=Path(__file__).parent,
        env=os.environ | {"GOFLAGS": "-mod=mod"},
        check=True,
        timeout=600,
    )
    return program


def check(golog: Path, folder: Path) -> tuple[int, list[str]]:
    done = subprocess.run([str(golog), str(folder)], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_go_accepts_checkpoint_proofs_and_tiles(golog: Path, tmp_path: Path, case: Case) -> None:
    write_folder(tmp_path, case)
    assert check(golog, tmp_path) == (0, [f"ok {name}" for name in CHECKS])


@pytest.mark.parametrize(
    ("damaged", "failing"),
    [
        ("vkey", "vkey"),
        ("checkpoint", "checkpoint"),
        ("checkpoint.old", "checkpoint.old"),
        ("leaf", "inclusion"),
        ("inclusion", "inclusion"),
        ("consistency", "consistency"),
        ("record.tlog-proof", "tlog-proof"),
        ("tile/0/000", "tiles"),
        ("tile/0/003.p/232", "tiles"),
        ("tile/1/000.p/3", "tiles"),
        ("tile/entries/000", "entries"),
        ("tile/entries/003.p/232", "entries"),
    ],
)
def test_go_refuses_what_is_damaged(golog: Path, tmp_path: Path, damaged: str, failing: str) -> None:
    write_folder(tmp_path, Case(index=77, old_size=700, size=1000))
    assert check(golog, tmp_path)[0] == 0
    data = bytearray((tmp_path / damaged).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / damaged).write_bytes(data)
    code, output = check(golog, tmp_path)
    assert code != 0
    assert output[-1].startswith(f"FAILED {failing}:")
    assert output[:-1] == [f"ok {name}" for name in CHECKS[: CHECKS.index(failing)]]


def test_go_refuses_artefacts_of_two_logs_put_together(golog: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "one", Case(index=77, old_size=700, size=1000))
    write_folder(tmp_path / "other", Case(index=77, old_size=700, size=1001))
    for name in ("record.tlog-proof", "inclusion", "consistency"):
        (tmp_path / "one" / name).write_bytes((tmp_path / "other" / name).read_bytes())
        code, _ = check(golog, tmp_path / "one")
        assert code == 1
        write_folder(tmp_path / "one", Case(index=77, old_size=700, size=1000))


def test_go_accepts_every_proof_file_among_the_vectors(golog: Path, tmp_path: Path) -> None:
    vectors = build()
    for number, vector in nonempty(enumerate(vectors["proofs.json"])):
        index = int(vector["proof"].split("\n")[1].removeprefix("index "))
        size = int(vector["proof"].partition("\n\n")[2].split("\n")[1])
        folder = tmp_path / str(number)
        write_folder(folder, Case(index=index, old_size=1, size=size))
        # what was written for this case is, byte for byte, what the vectors hold
        assert (folder / "record.tlog-proof").read_text() == vector["proof"]
        assert (folder / "leaf").read_text() == vector["entry"]
        assert check(golog, folder)[0] == 0


def fetched(client: httpx.Client, name: str) -> bytes:
    answer = client.get(f"/api/v1/log/{name}")
    assert answer.status_code == 200, answer.text
    return answer.content


def mirrored(client: httpx.Client, old: bytes, folder: Path) -> None:
    """What a mirror of a served log has, with the first entry of the last tile proven."""
    key = fetched(client, "key").strip()
    new = fetched(client, "checkpoint")
    sizes = [open_checkpoint(note, key=VerifierKey.parse(key.decode())).size for note in (old, new)]
    files = {name: fetched(client, name) for name in tiles_of(sizes[1])}
    kept = {
        tuple(map(int, name.split(".p")[0].split("/")[1:])): tile for name, tile in files.items() if "ent" not in name
    }
    proof = fetched(client, f"proof/{sizes[1] // 256 * 256}")
    index = sizes[1] // 256 * 256
    files |= {
        "vkey": key,
        "checkpoint": new,
        "checkpoint.old": old,
        "leaf": entry_of(files, index),
        "inclusion": f"{index}\n".encode() + lines(TlogProof.parse(proof).path),
        "consistency": lines(consistency_path(MemoryTiles(kept), old_size=sizes[0], new_size=sizes[1])),
        "record.tlog-proof": proof,
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def entry_of(files: dict[str, bytes], index: int) -> bytes:
    """The first entry of the bundle that has this one."""
    (bundle,) = (data for name, data in files.items() if name.startswith(f"tile/entries/{index // 256:03d}"))
    return bundle[2 : 2 + int.from_bytes(bundle[:2], "big")]


def test_go_accepts_a_log_as_the_server_gives_it(golog: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "office") as served:
        client = served.with_key(Scope.CHANNELS)
        old, case = fetched(client, "checkpoint"), new_case(served.home, [])
        values = doer(served.home).values() | {"case": case}
        with served.home.writing() as writer:
            writer.sequencer.append([Draft("case_viewed", values) for _look in range(600)])
        mirrored(client, old, tmp_path / "mirror")
    assert check(golog, tmp_path / "mirror") == (0, [f"ok {name}" for name in CHECKS])
    bundle = tmp_path / "mirror" / "tile" / "entries" / "001"
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"x")
    assert check(golog, tmp_path / "mirror")[1][-1].startswith("FAILED entries:")
