"""A program that knows the OpenAPI document and two keys, and nothing of ours, gets a bundle that others verify.

It imports an export, opens a case from its items, and downloads a bundle that a second person approved. The bytes then
pass the command ``verify``, the script ``verify.sh``, and OpenSSL as VERIFY.txt shows it.
"""

import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.rehearsal.export import write_export
from tests.commands import DONE, run
from tests.conformance.bundle.test_foreign_tools import by_hand, script, typed
from tests.homes import PASSPHRASE, new_home
from tests.postgresql import move, new_database
from tests.postgresql import serving as serving_database
from tests.serving import started, zipped

pytestmark = pytest.mark.outside


@dataclass(frozen=True)
class Outsider:
    """Calls operations by their ids, as the document describes them."""

    client: httpx.Client
    document: Mapping[str, Any]

    def call(self, operation: str, /, **given: Any) -> httpx.Response:  # noqa: ANN401 - JSON
        method, path, described = next(
            (method, path, described)
            for path, methods in self.document["paths"].items()
            for method, described in methods.items()
            if described["operationId"] == operation
        )
        placed = {each["name"] for each in described.get("parameters", ()) if each["in"] == "path"}
        asked = {each["name"] for each in described.get("parameters", ()) if each["in"] == "query"}
        assert given.keys() - {"files"} >= placed
        url = path.format(**{name: given.pop(name) for name in placed})
        query = {name: given.pop(name) for name in asked & given.keys()}
        if "files" in given:
            answer = self.client.request(method, url, params=query, files=given.pop("files"), data=given)
        else:
            answer = self.client.request(method, url, params=query, json=given or None)
        assert str(answer.status_code) in described["responses"], answer.text
        assert answer.is_success, answer.text
        return answer

    def result(self, task_id: str) -> dict[str, Any]:
        for _look in range(600):
            task: dict[str, Any] = self.call("get_task", task_id=task_id).json()
            if task["state"] in ("done", "failed", "cancelled"):
                assert task["state"] == "done", task
                return dict(task["result"])
            time.sleep(0.1)
        raise AssertionError(task)

    def waiting(self, task_id: str) -> str:
        for _look in range(600):
            task: dict[str, Any] = self.call("get_task", task_id=task_id).json()
            if task["state"] == "waiting_for_approval":
                return str(task["request_id"])
            time.sleep(0.1)
        raise AssertionError(task)


def outsider(url: str, key: str) -> Outsider:
    client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)
    return Outsider(client, client.get("/api/v1/openapi.json").json())


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A living home, which was moved to PostgreSQL or not."""
    home, _cards = new_home(tmp_path / "home")
    home.engine.dispose()
    if request.param == "sqlite":
        yield tmp_path
        return
    with serving_database() as socket:
        url = new_database(socket, "office")
        move(home.path, url)
        yield tmp_path


def key_of(home: Path, owner: str, *scopes: str) -> str:
    wanted = [word for scope in scopes for word in ("--scope", scope)]
    made = run("key", "api", "create", "--owner", owner, *wanted, "--json", home=home)
    assert made.code == DONE, made.err
    return str(made.printed["key"])


@pytest.mark.every(2)
def test_an_outside_program_gets_a_bundle_that_programs_of_others_verify(office: Path) -> None:
    home, export = office / "home", write_export(office / "export", seed=12, messages=40, photos=3)
    scopes = ("admin", "channels", "imports", "cases:read", "cases:write", "bundles")
    keys = key_of(home, "mira", *scopes), key_of(home, "iva", "approve")
    process, url = started(home)
    try:
        mira, iva = (outsider(url, key) for key in keys)
        mira.call("post_unlock", passphrase=PASSPHRASE)
        sent = {"file": ("export.zip", zipped(export.folder))}
        task = mira.call("post_import", files=sent, declared_by="client", mode="metadata_only").json()
        assert mira.result(task["task_id"])["messages"] > 0
        case = mira.call("post_case", reason="she asked for help").json()["case_id"]
        items = [each["item_id"] for each in mira.call("get_items", limit=25).json()["items"]]
        assert mira.call("post_case_items", case_id=case, items=items).json()["added"] == len(items)
        order = {"audience": "prosecutor", "language": "en", "reason": "the prosecutor asked"}
        asked = mira.call("post_bundle", case_id=case, **order).json()["task_id"]
        iva.call("post_approve", request_id=mira.waiting(asked), reason="I looked at it")
        result = mira.result(asked)
        bundle = mira.call("get_bundle_file", bundle_id=result["bundle_id"]).content
        for each in (mira, iva):
            each.client.close()
    finally:
        process.terminate()
        said = process.communicate(timeout=60)
    assert (process.returncode, said[1]) == (0, "")
    assert result["items"] == len(items)
    verified_by_others(office, bundle, result["seal_fingerprint"])


def verified_by_others(office: Path, bundle: bytes, seal: str) -> None:
    file, folder = office / "case.asice", office / "unpacked"
    file.write_bytes(bundle)
    roots = sorted((office / "home" / "trust").glob("*.pem"))
    trust = [word for root in roots for word in ("--trust", str(root))]
    assert run("verify", file, *trust, "--seal", seal, "--json").printed["verdict"] == "PASSED"
    folder.mkdir()
    subprocess.run(["unzip", "-q", file, "-d", folder], check=True)
    (office / "ROOTS.pem").write_bytes(b"".join(root.read_bytes() for root in roots))
    code, said = script("verify.sh", "--trust", "../ROOTS.pem", "--seal", seal, cwd=folder)
    assert code == 0, said
    how = next(iter(folder.rglob("VERIFY.txt"))).read_text(encoding="utf-8")
    code, said = typed("\n".join(by_hand(how)), cwd=folder)
    assert code == 0, said
    assert said.count("CAdES Verification successful") == 1
