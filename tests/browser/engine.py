"""The page's verifier without a page: its modules in Node, asked one line at a time."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.verifier.html.tables import ENGINE, PACKAGE, TABLES, tables_module
from config.page.script import BUNDLED, part_of
from tests.browser.drive import HERE
from tests.casefiles import forge

SAID = "said.js"
"""What the page tells of an item; no check needs it."""
ROOTS = "".join(root.public_bytes(Encoding.PEM).decode() for root in forge.roots())


class Engine:
    """The modules of the page, running."""

    def __init__(self, folder: Path, process: "subprocess.Popen[str]") -> None:
        self.bundle = folder / "bundle.asice"
        self._process = process

    def ask(self, **asked: object) -> dict[str, Any]:
        """What the modules answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def verify(self, bundle: bytes, **told: object) -> dict[str, Any]:
        """The page's report on a bundle, with the roots of the tests unless others are told."""
        self.bundle.write_bytes(bundle)
        return self.ask(file=str(self.bundle), **{"roots": ROOTS, "key": str(forge.VKEY), **told})


@contextmanager
def engine_in(folder: Path) -> Iterator[Engine]:
    """Node with the page's modules."""
    for name in (*ENGINE, SAID, BUNDLED):
        (folder / name).write_text(tables_module() if name == TABLES else part_of(PACKAGE, name), encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    command = ["node", str(HERE / "engine.mjs"), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Engine(folder, process)
        assert process.stdin
        process.stdin.close()


def of_verdict(report: dict[str, Any], verdict: str) -> set[str]:
    """The checks that were made and came out so."""
    return {
        check["id"] for check in report["checks"] if check["verdict"] == verdict and check["code"] != "finding.not_made"
    }
