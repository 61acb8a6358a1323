"""Both ways with the age command line that format.md names, and the sentences that the manual tells a court to type."""

import os
import pty
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence.seal.envelopes import MediaSeal, open_whole, rewrap, seal_media, seal_whole
from evidence.seal.passphrase import open_with_passphrase, seal_with_passphrase
from evidence.seal.recipients import HybridIdentity, KeyIdentity, X25519Identity, parse_identity, parse_recipient

pytestmark = pytest.mark.outside

HERE = Path(__file__).parent
ALICE, BOB = X25519Identity(b"\x31" * 32), X25519Identity(b"\x32" * 32)
QUANTUM = HybridIdentity(b"\x33" * 32)
SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]


@pytest.fixture(scope="module", autouse=True)
def _age(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Puts the pinned age before any other on the path: a distribution's may be too old for what we write."""
    programs = tmp_path_factory.mktemp("age")
    for name in ("age", "age-keygen"):
        build = ["go", "build", "-o", str(programs / name), f"filippo.io/age/cmd/{name}"]
        subprocess.run(build, cwd=HERE, check=True, capture_output=True, timeout=600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        yield


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def key_file(directory: Path, identity: KeyIdentity) -> str:
    path = directory / "key.txt"
    path.write_text(f"{identity.secret_string()}\n", encoding="utf-8")
    return str(path)


def age(*arguments: str, given: bytes) -> bytes:
    return subprocess.run(["age", *arguments], input=given, check=True, capture_output=True, timeout=60).stdout


def test_the_version_is_the_one_that_the_format_names() -> None:
    said = subprocess.run(["age", "--version"], check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    assert f"age {said.removeprefix('v')} (Go)" in (HERE.parents[2] / "docs" / "format.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES)
def test_what_we_seal_age_opens(tmp_path: Path, size: int) -> None:
    sealed = seal_whole(pattern(size), recipients=[BOB.recipient, ALICE.recipient])
    assert age("-d", "-i", key_file(tmp_path, ALICE), given=sealed) == pattern(size)


@pytest.mark.parametrize("size", SIZES)
def test_post_quantum_files_go_both_ways(tmp_path: Path, size: int) -> None:
    sealed = seal_whole(pattern(size), recipients=[QUANTUM.recipient])
    assert age("-d", "-i", key_file(tmp_path, QUANTUM), given=sealed) == pattern(size)
    theirs = age("-r", str(QUANTUM.recipient), given=pattern(size))
    assert open_whole(theirs, identities=[QUANTUM]) == pattern(size)


@pytest.mark.parametrize("size", SIZES)
def test_what_age_seals_we_open(size: int) -> None:
    sealed = age("-r", str(BOB.recipient), "-r", str(ALICE.recipient), given=pattern(size))
    assert open_whole(sealed, identities=[ALICE]) == pattern(size)


def test_a_key_of_age_keygen_is_read() -> None:
    lines = subprocess.run(["age-keygen"], check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
    identity = parse_identity(lines[-1])
    assert f"# public key: {identity.recipient}" in lines
    assert parse_recipient(lines[-2].removeprefix("# public key: ")) == identity.recipient


def sealed_files(directory: Path, content: bytes) -> MediaSeal:
    with (directory / "payload").open("wb") as out:
        seal = seal_media([content], manifest=lambda: b'{"event":"00"}', recipients=[ALICE.recipient], sink=out.write)
    (directory / "header").write_bytes(seal.header)
    return seal


def shell(command: str, *, where: Path) -> bytes:
    return subprocess.run(["/bin/sh", "-c", command], cwd=where, check=True, capture_output=True, timeout=60).stdout


@pytest.mark.parametrize("size", [0, 1, 70_000, 1_000_000])
def test_header_and_payload_joined_in_a_shell_give_the_exact_content(tmp_path: Path, size: int) -> None:
    sealed_files(tmp_path, pattern(size))
    key_file(tmp_path, ALICE)
    command = f"cat header payload > whole.age && age -d -i key.txt -o frame whole.age && head -c {size} frame"
    assert shell(command, where=tmp_path) == pattern(size)


def test_a_released_header_opens_for_the_receiver_and_the_old_key_does_not(tmp_path: Path) -> None:
    seal = sealed_files(tmp_path, pattern(100_000))
    header = rewrap(seal.header, identities=[ALICE], recipients=[BOB.recipient])
    (tmp_path / "header").write_bytes(header)
    key_file(tmp_path, BOB)
    command = "cat header payload | age -d -i key.txt | head -c 100000"
    assert shell(command, where=tmp_path) == pattern(100_000)
    key_file(tmp_path, ALICE)
    assert shell(command, where=tmp_path) == b""


def age_on_a_terminal(*arguments: str, typed: list[str], where: Path) -> int:
    """age asks for a passphrase on the terminal only, so it is given one."""
    program = shutil.which("age")
    assert program is not None
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(where)
        os.execv(program, ["age", *arguments])  # noqa: S606 - no shell is wanted
    for line in typed:
        seen = b""
        while not seen.rstrip().endswith(b":"):
            seen += os.read(terminal, 1024)
        os.write(terminal, line.encode("utf-8") + b"\n")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status)


def test_age_opens_our_passphrase_file(tmp_path: Path) -> None:
    (tmp_path / "key.age").write_bytes(seal_with_passphrase(b"the key", passphrase="šest ćuprija"))
    assert age_on_a_terminal("-d", "-o", "key", "key.age", typed=["šest ćuprija"], where=tmp_path) == 0
    assert (tmp_path / "key").read_bytes() == b"the key"


def test_age_does_not_open_it_with_another_passphrase(tmp_path: Path) -> None:
    (tmp_path / "key.age").write_bytes(seal_with_passphrase(b"the key", passphrase="šest ćuprija", log_n=10))
    assert age_on_a_terminal("-d", "-o", "key", "key.age", typed=["sest cuprija"], where=tmp_path) != 0


@pytest.mark.slow
def test_we_open_a_passphrase_file_of_age(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"the key")
    typed = ["šest ćuprija", "šest ćuprija"]
    assert age_on_a_terminal("-p", "-o", "key.age", "key", typed=typed, where=tmp_path) == 0
    assert open_with_passphrase((tmp_path / "key.age").read_bytes(), passphrase="šest ćuprija") == b"the key"
