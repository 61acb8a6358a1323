"""A home with a case, and whoever asks for tasks and does them."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api import TOOL
from api.home import Home
from api.office.audit import run_audit
from api.office.opened import OpenOffice
from api.office.task import TaskKind, show_task, task_of_owner
from api.office.wanted import (
    WantedAddition,
    WantedBundle,
    WantedImport,
    ask_for_addition,
    ask_for_bundle,
    ask_for_check,
    ask_for_import,
)
from api.worker import LINES, Worker
from config.errors import CallError
from evidence.authority import Doer
from evidence.fingerprint.decoder import fingerprints_of
from evidence.keys import Unlocked
from evidence.match.question import question_of, seal_question
from evidence.observation import Mode
from evidence.seal.age import Identity
from evidence.store.work import Mine, TaskState
from tests.homes import LEGAL_BASIS, PASSPHRASE, records_of

EVERY_KIND = Mine("mira", list(TaskKind))
"""All tasks of whoever asks at a desk."""


@dataclass
class WorkerDesk:
    home: Home
    case: str
    keys: Unlocked
    archive: bytes

    def worker(self, *, locked: bool = False) -> Worker:
        office = OpenOffice.of(self.home, self.keys)

        def opened() -> OpenOffice:
            if locked:
                raise CallError("call.locked")
            return office

        return Worker(self.home, opened, lambda: None if locked else office)

    def do_all(self, worker: Worker | None = None) -> None:
        doing = worker or self.worker()
        for _round in range(8):
            done = [doing.step(kinds) for kinds in LINES]
            if not any(done):
                return
        raise AssertionError("the queue does not get empty")

    def by(self, name: str = "mira", reason: str | None = "she asked for it") -> Doer:
        return Doer(name, TOOL, self.home.clock(), reason=reason)

    def ask_import(self, mode: Mode = Mode.METADATA_ONLY) -> str:
        basis = LEGAL_BASIS.format(expires="2999-01-01") if mode is not Mode.METADATA_ONLY else None
        wanted = WantedImport(io.BytesIO(self.archive), "client", mode, None, basis, private_chat=False)
        return ask_for_import(self.home, wanted, self.by())

    def ask_addition(self, *, by: str = "mira") -> str:
        picture = next(Path(self.home.path.parent / "more").rglob("*.jpg")).read_bytes()
        files = [("../her phone/Screenshot.png", io.BytesIO(picture)), ("card.vcf", io.BytesIO(b"BEGIN:VCARD"))]
        links = ["https://example.org/a"]
        wanted = WantedAddition(files, links, "client", "her telephone", page=None, chat=None, case_id=self.case)
        return ask_for_addition(self.home, wanted, self.by(by, reason=None))

    def ask_bundle(self, to: str | None = "Court") -> str:
        return ask_for_bundle(self.home, WantedBundle(self.case, "court", "en", to), self.by())

    def ask_check(self) -> str:
        picture = next(Path(self.home.path.parent / "more").rglob("*.jpg")).read_bytes()
        sealed = seal_question(question_of(fingerprints_of(picture)[0]), self.home.recipients.matching)
        return ask_for_check(self.home, self.case, {"sealed": sealed.hex()}, self.by(), self.keys.casework)

    def state(self, task_id: str) -> TaskState:
        return task_of_owner(self.home, task_id, "mira").state

    def result(self, task_id: str, owner: str = "mira") -> dict[str, Any]:
        shown = show_task(self.home, task_of_owner(self.home, task_id, owner), self.casework)
        assert shown.problem is None, shown.problem
        assert shown.result is not None
        return dict(shown.result)

    def problem(self, task_id: str, owner: str = "mira") -> str:
        shown = show_task(self.home, task_of_owner(self.home, task_id, owner), self.casework)
        assert shown.problem is not None
        return str(shown.problem["code"])

    def casework(self) -> Identity:
        return self.keys.casework

    def logged(self, event: str) -> int:
        return sum(record.type == event for record in records_of(self.home))

    def require_clean(self) -> None:
        done = run_audit(self.home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _read: None)
        assert done.report.problems == (), done.report.problems
        assert not list(self.home.path.glob("bundles/*.part"))
