"""A home that is served by the program itself, a process of its own on loopback. Each answer is searched."""

import io
import json
import subprocess
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from api.home import Home
from api.office.api_key import make_key
from evidence.store.api_key import Scope
from tests.forking import ForkedProgram
from tests.homes import PASSPHRASE, new_office
from tests.leaks import Secrets, secrets_of
from tests.postgresql import move


@dataclass
class ServedHome:
    """A served home, and callers of it."""

    home: Home
    url: str
    process: subprocess.Popen[str]
    secrets: Secrets
    clients: list[httpx.Client] = field(default_factory=list)

    def secret(self, *scopes: Scope, owner: str = "mira", cases: Sequence[str] | None = None) -> str:
        made = make_key(self.home, owner, scopes or list(Scope), cases, None).secret
        self.secrets.plant("a key of the API", made.encode(), made.removeprefix("nisi_").encode())
        return made

    def client(self, secret: str | None = None) -> httpx.Client:
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        hooks = {"response": [self.secrets.watch]}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, event_hooks=hooks)
        self.clients.append(client)
        return client

    def with_key(self, *scopes: Scope, owner: str = "mira", cases: Sequence[str] | None = None) -> httpx.Client:
        return self.client(self.secret(*scopes, owner=owner, cases=cases))

    def unlock(self, passphrase: str = PASSPHRASE) -> None:
        answer = self.with_key(Scope.ADMIN).post("/api/v1/unlock", json={"passphrase": passphrase})
        assert answer.status_code == 200, answer.text

    def ended(self, client: httpx.Client, task_id: str) -> dict[str, Any]:
        """A task once it is done, has failed, was cancelled, or waits for a second person."""
        for _look in range(300):
            task: dict[str, Any] = client.get(f"/api/v1/tasks/{task_id}").json()
            if task["state"] not in ("queued", "running"):
                return task
            time.sleep(0.1)
        raise AssertionError(task)

    def done(self, client: httpx.Client, task_id: str) -> dict[str, Any]:
        """What came of a task that is done."""
        task = self.ended(client, task_id)
        assert (task["state"], task["problem"]) == ("done", None), task
        return dict(task["result"])

    def lock(self) -> None:
        assert self.with_key(Scope.ADMIN).post("/api/v1/lock").status_code == 200


def listed(client: httpx.Client, noun: str, name: str, *, limit: int) -> list[str]:
    """What a list names, page by page."""
    found, cursor = list[str](), None
    while True:
        asked = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/api/v1/{noun}", params=asked).json()
        assert len(page[noun]) <= limit
        found += [each[name] for each in page[noun]]
        cursor = page["next"]
        if cursor is None:
            return found


def zipped(folder: Path, inside: str = "ChatExport") -> bytes:
    """A folder as an archive, in a folder of its own."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(folder.rglob("*")):
            packed.write(file, f"{inside}/{file.relative_to(folder)}")
    return archive.getvalue()


def started(home: Path, *arguments: str, first: str = "") -> tuple[subprocess.Popen[str], str]:
    """``nisisama serve``, and where it answers; ``first`` is Python that runs before it."""
    process = ForkedProgram(["--home", home, "serve", "--port", "0", "--json", *arguments], first)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["url"]


@contextmanager
def serving(folder: Path, first: str = "", *, messages: int = 16, url: str | None = None) -> Iterator[ServedHome]:
    """A home with an import in it, served until the block ends; then nothing was said on standard error.

    Args:
        url: A PostgreSQL database that its rows are moved to first.
    """
    office = new_office(folder, messages=messages)
    home, secrets = office.home, secrets_of(office)
    if url is not None:
        move(home.path, url)
        home = Home.open(home.path)
        secrets.plant("the address of the database", url.encode())
    process, at = started(home.path, first=first)
    served = ServedHome(home, at, process, secrets)
    try:
        yield served
    finally:
        for client in served.clients:
            client.close()
        process.terminate()
        said = process.communicate(timeout=30)
        home.engine.dispose()
    assert (process.returncode, said[1]) == (0, ""), (process.returncode, said[1][-3000:])
    assert served.secrets.search_logs(home.path) > 0
