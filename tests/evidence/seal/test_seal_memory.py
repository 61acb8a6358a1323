"""The peak of a whole process, as the system counts it, for media of very different sizes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MIB = 1 << 20
PROGRAM = """
import os, resource, sys
from evidence.seal.envelopes import seal_media
from tests.opening import open_media
from evidence.seal.recipients import HybridIdentity

mebibytes, directory = int(sys.argv[1]), sys.argv[2]
identity = HybridIdentity(bytes(32))
block = os.urandom(1 << 20)
path = os.path.join(directory, "payload")
with open(path, "wb") as out:
    seal = seal_media(
        (block for _ in range(mebibytes)), manifest=lambda: b"{}", recipients=[identity.recipient], sink=out.write
    )

def pieces():
    with open(path, "rb") as source:
        while piece := source.read(1 << 20):
            yield piece

facts = open_media(seal.header, pieces(), identities=[identity], sink=lambda piece: None)
assert facts.content_bytes == mebibytes << 20
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_bytes(mebibytes: int, directory: Path) -> int:
    command = [sys.executable, "-c", PROGRAM, str(mebibytes), str(directory)]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=300)
    return int(run.stdout) * 1024  # Linux counts kibibytes


@pytest.mark.slow
def test_a_process_that_seals_and_opens_200_mb_needs_no_more_than_one_for_8(tmp_path: Path) -> None:
    assert peak_bytes(200, tmp_path) < peak_bytes(8, tmp_path) + 4 * MIB
