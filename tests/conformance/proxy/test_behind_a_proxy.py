"""nginx and Caddy in front of the API, set up as the manual says: who calls, what is passed on, what touches a disk."""

import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
import pytest

from api.http.caller import WRONG_PER_MINUTE
from tests.certificates import certificate_of
from tests.contracts.tree import ROOT
from tests.homes import PASSPHRASE, items_of, new_case
from tests.nonempty import nonempty
from tests.serving import ServedHome, serving

pytestmark = pytest.mark.outside
NAME = "api.example.org"
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
HIDDEN = ("/metrics", "/livez", "/readyz", "/docs")
DISGUISES = (
    "{}",
    "/api/..{}",
    "/api/v1/../..{}",
    "/api/%2e%2e{}",
    "/api/..%2f{}",
    "/api//..{}",
    "/{}",
    "/api/.{}/..{}",
)


@dataclass(frozen=True, slots=True)
class Front:
    """A proxy.

    Attributes:
        folder: Where it may write.
    """

    port: int
    certificate: Path
    folder: Path

    def client(self, key: str | None = None, *, address: str = "127.0.0.1") -> httpx.Client:
        """A caller from an address of this machine, by the name that callers use."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        headers = {"Host": NAME} | ({} if key is None else {"Authorization": f"Bearer {key}"})
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            headers=headers,
            transport=_NamedTransport(verify=context, local_address=address),
            timeout=30,
        )


@dataclass(frozen=True, slots=True)
class Proxied(Front):
    """A served home behind a proxy."""

    served: ServedHome


class _NamedTransport(httpx.HTTPTransport):
    """Asks for the name in the handshake too, though it connects to an address."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = NAME
        return super().handle_request(request)


def shown(language: str) -> str:
    """The settings of a proxy as the manual has them."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", MANUAL, flags=re.MULTILINE | re.DOTALL)
    return str(block)


def nginx(folder: Path, port: int, upstream: str, public: Path, private: Path) -> list[str]:
    server = shown("nginx").replace("127.0.0.1:PORT", upstream).replace("443 ssl", f"127.0.0.1:{port} ssl")
    server = server.replace("/etc/ssl/api.example.org.pem", str(public))
    server = server.replace("/etc/ssl/private/api.example.org.key", str(private))
    folders = "\n".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(
        f"{user} pid {folder / 'pid'}; error_log {folder / 'errors'};"
        f"events {{}} http {{ {folders}\naccess_log {folder / 'calls'};\n{server} }}"
    )
    return ["nginx", "-e", str(folder / "errors"), "-p", str(folder), "-c", str(config), "-g", "daemon off;"]


def caddy(folder: Path, port: int, upstream: str, public: Path, private: Path) -> list[str]:
    site = shown("caddy").replace("127.0.0.1:PORT", upstream)
    site = site.replace(f"{NAME} {{", f"https://{NAME}:{port} {{\n    bind 127.0.0.1\n    tls {public} {private}", 1)
    config = folder / "Caddyfile"
    config.write_text("{\n    admin off\n    auto_https disable_redirects\n}\n" + site)
    return ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]


PROXIES: dict[str, Callable[[Path, int, str, Path, Path], list[str]]] = {"nginx": nginx, "caddy": caddy}


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=os.environ | home)
    try:
        for _try in range(200):
            assert process.poll() is None, (folder / "said").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture(scope="module", params=PROXIES)
def proxied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp(request.param)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    public, private = certificate_of(folder / "certificate", NAME)
    with pytest.MonkeyPatch.context() as setting:
        setting.setenv("NISISAMA_SERVE__HOSTS", f'["{NAME}"]')
        setting.setenv("NISISAMA_SERVE__PROXIES", '["127.0.0.1"]')
        with serving(folder / "served") as served:
            (folder / "proxy").mkdir()
            command = PROXIES[request.param](folder / "proxy", port, urlsplit(served.url).netloc, public, private)
            with running(command, folder / "proxy", port):
                yield Proxied(port, public, folder / "proxy", served)


def test_a_caller_is_answered_by_the_name_that_the_manual_sets(proxied: Proxied) -> None:
    key = proxied.served.secret()
    with proxied.client(key) as client:
        answer = client.get("/api/v1/items")
        assert answer.status_code == 200, answer.text
        assert answer.json()["items"]
        assert "X-Request-Id" in answer.headers
        assert client.get("/api/v1/items", headers={"Authorization": "Bearer wrong"}).status_code == 401
    with httpx.Client(base_url=proxied.served.url, trust_env=False) as direct:
        assert direct.get("/readyz").status_code == 200  # the control: what is hidden is there


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_needs_no_key_is_not_passed_on_however_its_path_is_written(proxied: Proxied, hidden: str) -> None:
    with httpx.Client(base_url=proxied.served.url, trust_env=False) as direct:
        content = direct.get(hidden).content[:40]
    for disguise in nonempty(DISGUISES):
        path = disguise.replace("{}", hidden)
        status, body = raw_get(proxied, path)
        assert status in {400, 401, 404}, (path, status)
        assert content not in body, path


def raw_get(proxied: Proxied, path: str) -> tuple[int, bytes]:
    """The answer to a path as it is written: an HTTP client would tidy it up."""
    context = ssl.create_default_context(cafile=str(proxied.certificate))
    with (
        socket.create_connection(("127.0.0.1", proxied.port)) as wire,
        context.wrap_socket(wire, server_hostname=NAME) as secured,
    ):
        secured.sendall(f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := secured.recv(65_536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer


def test_wrong_keys_are_counted_by_the_address_that_the_proxy_saw(proxied: Proxied) -> None:
    with proxied.client("wrong", address="127.0.0.2") as guesser:
        for number in nonempty(range(WRONG_PER_MINUTE)):
            invented = {"X-Forwarded-For": f"198.51.100.{number}"}
            assert guesser.get("/api/v1/items", headers=invented).status_code == 401
        assert guesser.get("/api/v1/items", headers={"X-Forwarded-For": "198.51.100.200"}).status_code == 429
    with proxied.client("wrong", address="127.0.0.3") as another:
        assert another.get("/api/v1/items").status_code == 401


def test_a_bundle_arrives_as_it_was_made(proxied: Proxied) -> None:
    served = proxied.served
    served.unlock(PASSPHRASE)
    case = new_case(served.home, [each.item_id for each in items_of(served.home)])
    with proxied.client(served.secret()) as client, proxied.client(served.secret(owner="bo")) as second:
        asked = {"audience": "lawyer", "language": "en", "reason": "a test"}
        task = client.post(f"/api/v1/cases/{case}/bundles", json=asked).json()["task_id"]
        waiting = served.ended(client, task)
        second.post(f"/api/v1/requests/{waiting['request_id']}/approve", json={"reason": "a test"}).raise_for_status()
        served.done(client, task)
        file = (served.home.path / "bundles" / f"{task}.asice").read_bytes()
        assert client.get(f"/api/v1/bundles/{task}/file").content == file
        part = client.get(f"/api/v1/bundles/{task}/file", headers={"Range": "bytes=10-99"})
        assert (part.status_code, part.content) == (206, file[10:100])


# What passes through is not written to the proxy's disk; beside a server that sends and takes as much as is wanted

PIECE, PIECES = bytes(1 << 20), 24


class Plenty(BaseHTTPRequestHandler):
    """Sends more than any buffer holds, and takes what is sent to it only once it is told to."""

    protocol_version = "HTTP/1.1"
    go_on: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PIECE) * PIECES))
        self.end_headers()
        for _piece in range(PIECES):
            self.wfile.write(PIECE)

    def do_POST(self) -> None:
        self.go_on.wait(30)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def beside_plenty(folder: Path, make: Callable[..., list[str]], *, leave_out: str = "") -> Iterator[Front]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Plenty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    public, private = certificate_of(folder / "certificate", NAME)
    (folder / "proxy").mkdir()
    command = make(folder / "proxy", port, f"127.0.0.1:{server.server_port}", public, private)
    if leave_out:
        config = folder / "proxy" / "nginx.conf"
        text = config.read_text()
        assert leave_out in text
        config.write_text(text.replace(leave_out, ""))
    try:
        with running(command, folder / "proxy", port):
            yield Front(port, public, folder / "proxy")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("name", "leave_out", "is_written"),
    [("nginx", "", False), ("nginx", "proxy_buffering off;", True), ("caddy", "", False)],
)
def test_what_is_downloaded_slowly_is_not_written(
    tmp_path: Path, name: str, leave_out: str, *, is_written: bool
) -> None:
    with (
        beside_plenty(tmp_path, PROXIES[name], leave_out=leave_out) as proxied,
        proxied.client() as client,
        client.stream("GET", "/api/plenty") as answer,
    ):
        pieces = answer.iter_bytes(1024)
        next(pieces)
        time.sleep(1)
        assert bool(written(proxied)) is is_written
        assert sum(map(len, pieces)) == len(PIECE) * PIECES - 1024


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("name", "leave_out", "is_written"),
    [("nginx", "", False), ("nginx", "proxy_request_buffering off;", True), ("caddy", "", False)],
)
def test_what_is_uploaded_is_not_written(tmp_path: Path, name: str, leave_out: str, *, is_written: bool) -> None:
    Plenty.go_on.clear()
    with beside_plenty(tmp_path, PROXIES[name], leave_out=leave_out) as proxied, proxied.client() as client:
        found = list[bool]()

        def body() -> Iterator[bytes]:
            for number in range(4):
                yield PIECE[: 1 << 16]
                if number == 2:  # the proxy has had some of it, and the server takes nothing yet
                    time.sleep(1)
                    found.append(bool(written(proxied)))
                    Plenty.go_on.set()

        answer = client.post("/api/plenty", content=body(), headers={"Content-Length": str(4 << 16)})
        assert answer.status_code == 204
        assert found == [is_written]


def written(proxied: Front) -> list[str]:
    """Files with content that the proxy has open where it may write, but for its logs; nginx removes their names."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            target = link.readlink()
            passes = str(target).startswith(str(proxied.folder)) and target.name not in {"errors", "calls", "said"}
            if passes and link.stat().st_size:
                found.append(str(target))
    return found
