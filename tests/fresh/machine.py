"""A fresh Debian 12 with python3 and python3-pip and nothing else, as a folder that commands run in.

Made by debootstrap from the mirror that this machine's apt uses. Each command runs in mount,
process and, if asked for, network namespaces of its own, so that its mounts and children end
with it, however it ends. Needs root.
"""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUITE = "bookworm"
ROOT = Path(__file__).parents[2]
USER = 1000
HOME = "/home/user"
TREE = f"{HOME}/Nisi Sama"
"""Where the project lies inside; the space is on purpose."""

WITH_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
BUNDLES_OF_ROOTS = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
INSIDE = {"HOME": HOME, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "user"}


def mirror() -> str:
    """The first Debian mirror that apt is told of, in either form of its lists."""
    lists = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    text = "\n".join(path.read_text() for path in lists if path.is_file())
    stanzas = re.findall(r"^URIs:\s*(\S+)\s*\nSuites:.*\b" + SUITE + r"\b", text, re.MULTILINE)
    lines = re.findall(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+" + SUITE + r"\s", text, re.MULTILINE)
    return str([*stanzas, *lines][0])


def base() -> Path:
    """The archive of the bare system; made once, and kept in the cache of this user."""
    archive = Path.home() / ".cache" / "nisisama-fresh" / f"{SUITE}-{platform.machine()}.tar"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            made, packed = Path(folder) / "root", archive.with_suffix(".part")
            command = ["debootstrap", "--variant=minbase", "--include=python3,python3-pip", SUITE, made, mirror()]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            shutil.rmtree(made / "var/cache/apt/archives")
            subprocess.run(["tar", "-C", made, "-cf", packed, "."], check=True)
            packed.rename(archive)
    return archive


def tracked() -> Iterator[Path]:
    """What is in the project: files that git knows, or would if they were added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    yield from (path for name in names.split("\0") if name and (path := ROOT / name).is_file())


def settings_of_pip() -> dict[str, str]:
    """How pip reaches its index here, as variables; folders of this machine's own wheels are left out."""
    command = [sys._base_executable, "-m", "pip", "config", "list"]  # type: ignore[attr-defined]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", listed, re.MULTILINE)
    return {f"PIP_{key.upper().replace('-', '_')}": value for key, value in found if key != "find-links"}


@dataclass(frozen=True)
class FreshMachine:
    """The root folder of one such machine."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> "FreshMachine":
        """Unpack the bare system, and copy the project and this machine's way to the network into it."""
        root.mkdir()
        subprocess.run(["tar", "-C", root, "-xf", base()], check=True)
        machine = cls(root)
        machine._join_network()
        for path in tracked():
            copy = machine.outside(f"{TREE}/{path.relative_to(ROOT)}")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        subprocess.run(["chown", "-R", f"{USER}:{USER}", machine.outside(HOME)], check=True)
        return machine

    def _join_network(self) -> None:
        for name in ("/etc/resolv.conf", "/etc/hosts"):
            shutil.copy(name, self.outside(name))
        for bundle in {os.environ[name] for name in BUNDLES_OF_ROOTS if name in os.environ}:
            copy = self.outside(bundle)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(bundle, copy)

    def outside(self, inside: str) -> Path:
        """Where a file of this machine lies for us."""
        return self.root / inside.lstrip("/")

    def run(self, *command: str, network: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``command`` as an ordinary user in that user's home."""
        kept = {name: os.environ[name] for name in (*WITH_NETWORK, *BUNDLES_OF_ROOTS) if name in os.environ}
        variables = {**INSIDE, **(kept | settings_of_pip() if network else {})}
        steps = (
            *([] if network else ["ip link set lo up"]),
            f"mount -t proc proc {shlex.quote(str(self.outside('proc')))}",
            f"mount --rbind /dev {shlex.quote(str(self.outside('dev')))}",
            f"exec {shlex.join(self._entering(variables, command))}",
        )
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if network else ["--net"])]
        return subprocess.run(
            [*alone, "sh", "-ec", "\n".join(steps)],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def _entering(self, variables: dict[str, str], command: Sequence[str]) -> list[str]:
        pairs = [f"{name}={value}" for name, value in variables.items()]
        inside = ["sh", "-c", 'cd && exec "$@"', "sh", *command]
        return ["chroot", f"--userspec={USER}:{USER}", str(self.root), "env", "-i", *pairs, *inside]
