"""A client that we did not write, on an MTProto and a TL layer that are not Telethon's, meets the loopback Telegram.

Kurigram is installed into an environment of its own; it cannot be imported here.
"""

import json
import subprocess
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
import rsa
from telethon.crypto.rsa import _compute_fingerprint
from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Account
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram

HERE = Path(__file__).parent
PICTURE = b"\xff\xd8" + bytes(range(256)) * 20
POSTS = 250

pytestmark = [pytest.mark.slow, pytest.mark.outside]


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has Kurigram."""
    home = tmp_path_factory.mktemp("kurigram")
    venv.create(home, with_pip=True)
    install = [home / "bin" / "pip", "install", "-q", "--require-hashes", "-r", HERE / "requirements.txt"]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    return home / "bin" / "python"


@dataclass
class Scene:
    telegram: LoopbackTelegram
    account: Account
    room: Room
    photo: int

    def told(self) -> dict[str, object]:
        public = rsa.PublicKey.load_pkcs1(self.telegram.servers[0].public_key_file.read_bytes())
        return {
            "servers": {server.dc: [server.host, server.port] for server in self.telegram.servers},
            "modulus": public.n,
            "fingerprint": _compute_fingerprint(public),
            "phone": self.account.phone,
            "password": "right",
            "username": self.room.usernames[0],
            "photo": self.photo,
        }

    def act(self) -> None:
        """What the client is to be pushed."""
        number = self.room.post("pushed")
        self.room.edit(number, text="pushed and changed")
        self.room.delete([number])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with LoopbackTelegram.running(tmp_path) as telegram:
        account = telegram.world.add_account("+38160000001", password="right")
        room = telegram.world.add_channel("Weather", username="weather_of_today", joined=(account,))
        sender = telegram.world.add_person("Sova")
        for number in range(POSTS):
            room.post(f"message {number}", sender=sender)
        photo = telegram.world.add_photo(PICTURE, dc=4)
        yield Scene(telegram, account, room, room.post(media=types.MessageMediaPhoto(photo=photo)))


def said(scene: Scene, running: subprocess.Popen[str], told: IO[str], lines: IO[str]) -> Iterator[dict[str, object]]:
    """What the client says, given what it wants."""
    for line in lines:
        word = json.loads(line)
        match word.get("wants"):
            case "code":
                told.write(json.dumps(scene.telegram.world.login_code(scene.account)) + "\n")
                told.flush()
            case "pushes":
                scene.act()
            case _:
                yield word
    assert running.wait(timeout=30) == 0


def test_kurigram_logs_in_reads_history_gets_a_photo_and_is_pushed(interpreter: Path, scene: Scene) -> None:
    command = [interpreter, HERE / "foreign.py"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(json.dumps(scene.told()) + "\n")
        running.stdin.flush()
        found: dict[str, object] = {}
        for word in said(scene, running, running.stdin, running.stdout):
            found |= word
    assert found["user"] == scene.account.id
    texts = [[number, f"message {number - 1}"] for number in range(POSTS, 0, -1)]
    assert found["history"] == [[scene.photo, None], *texts]
    assert found["photo"] == PICTURE.hex()
    assert found["pushes"] == ["UpdateNewChannelMessage", "UpdateEditChannelMessage", "UpdateDeleteChannelMessages"]
