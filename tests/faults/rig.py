"""The rig of the fault tests: a prepared office, imports in forked children, faults at system calls.

Everything is real: the command line, the home, the sandboxed decoder, strace. A child inherits the
imported program, so that one run costs a fraction of a second. What a child acknowledges it counts
in shared memory: that needs no system call, so it is known even when the next one kills it.

The decoder's worker is started once and lent to the children, since starting it would cost more
than the rest of the run; one that a killed child left in the middle of a picture is replaced.
"""

import contextlib
import io
import json
import mmap
import multiprocessing
import os
import shutil
import signal
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np
import sqlalchemy as sa

import api.cli.intake
import api.cli.page
import api.errors
import api.office.intake
from api.cli.main import main
from api.home import Home
from api.office.audit import run_audit
from api.office.home import Plan, create_home
from casefiles.case import open_events
from evidence.errors import StoreError
from evidence.finding import Verdict
from evidence.fingerprint.decoder import Decoder, FileSeen
from evidence.intake.keep import Counts, Intake, Kept
from evidence.intake.sight import Provenance
from evidence.log.leaf import parse_leaf
from evidence.objects.pending import LocalPending
from evidence.observation import Container, Hole, Observation
from evidence.store import database
from evidence.store.payload import ROW_BYTES
from evidence.times import system_clock
from monitor.rehearsal.export import rehearsal_picture

PASSPHRASE = "sheshi i vogel 7"
TIMEOUT_S = 120.0
NETWORK = ("sendto", "recvfrom")
"""Calls of the threads that wait for a time-stamp office."""
CRASHED = 70
"""Exit code of a child that raised what the program never should."""

Entry = tuple[str | None, ...]
Ledger = Counter[Entry]
Alteration = Callable[["Shared"], None]

FORK = multiprocessing.get_context("fork")
_CHAT = "1700000042"


# The office


@dataclass(frozen=True, slots=True)
class OfficeFolder:
    """A folder with a home, its keys, an export and a legal basis."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def keys(self) -> Path:
        return self.folder / "home.keys"

    @property
    def objects(self) -> Path:
        return self.home / "objects"

    def arguments(self, export: Path | None = None) -> list[str]:
        """The command line of the import; of the office's own export, unless another is named."""
        return [
            *("--home", str(self.home), "import", str(export or self.folder / "export")),
            *("--declared-by", "client", "--mode", "sealed"),
            *("--legal-basis", str(self.folder / "legal-basis.toml"), "--approved-by", "lawyer"),
            *("--by", "caseworker"),
        ]

    def copy(self, folder: Path) -> "OfficeFolder":
        """A second office in the same state, at a place where there is none or a used one."""
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["cp", "--archive", self.folder, folder], check=True)  # two names of one file stay that
        return OfficeFolder(folder)


def prepare(folder: Path, *, messages: Sequence[Mapping[str, Any]], batch: int, cards: bool = False) -> OfficeFolder:
    """An office with a rehearsal home that holds nothing yet; its cards are kept if somebody asks for them."""
    folder.mkdir(mode=0o700)
    office = OfficeFolder(folder)
    created = create_home(
        Plan(office.home, "Fault office", PASSPHRASE, "rehearsal", log_n=10, rehearsal=True),
        system_clock,
        folder if cards else None,
    )
    created.home.engine.dispose()
    with (office.home / "nisisama.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[intake]\nbatch = {batch}\n")
    write_messages(folder / "export", messages)
    today = system_clock().date()
    (folder / "legal-basis.toml").write_text(
        f'text = "Generated pictures only"\ncounsel = "nobody"\ncountry = "MK"\n'
        f"date = {today.replace(day=1)}\nexpires = {today.replace(year=today.year + 1, day=1)}\n",
        encoding="utf-8",
    )
    return office


def write_messages(folder: Path, messages: Sequence[Mapping[str, Any]]) -> None:
    """An export of one invented supergroup; a message's ``photo`` is generated for it."""
    (folder / "photos").mkdir(parents=True)
    for at, message in enumerate(messages):
        if name := message.get("photo"):
            rehearsal_picture(np.random.default_rng(at)).save(folder / str(name))
    export = {"name": "Prova", "type": "public_supergroup", "id": int(_CHAT), "messages": list(messages)}
    (folder / "result.json").write_text(json.dumps(export, indent=1), encoding="utf-8")


def message(number: int, **more: object) -> dict[str, Any]:
    """One message as Telegram Desktop writes it."""
    seconds = 1731571964 + number
    local = datetime.fromtimestamp(seconds, timezone(timedelta(hours=1))).replace(tzinfo=None)
    values = {"id": number, "type": "message", "date": local.isoformat(), "date_unixtime": f"{seconds}"}
    values |= {"from": "Breshka", "from_id": "user7000000104", "text": f"diell {number}"}
    return values | {"text_entities": [{"type": "plain", "text": f"diell {number}"}]} | more


_LONG = "diell " * (ROW_BYTES // 5)

FEW = (
    message(1, text=_LONG, text_entities=[{"type": "plain", "text": _LONG}]),
    message(2, photo="photos/photo_1.jpg", width=480, height=360),
    message(3, file="(File not included. Change data exporting settings to download.)", file_name="a.pdf"),
    message(5),  # so that number 4 is a hole
)
"""Six observations and holes, whose payloads lie in rows and as objects: every path of the write protocol is walked."""


# What a child tells


class Shared:
    """Counts that survive the child's death: memory that parent and child share."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    @property
    def acknowledged(self) -> int:
        """How many batches were acknowledged."""
        return self._memory[0]

    def acknowledge(self) -> None:
        self._memory[0] += 1

    @property
    def decoding(self) -> bool:
        """Whether the lent decoder is in the middle of a picture."""
        return bool(self._memory[1])

    @decoding.setter
    def decoding(self, value: bool) -> None:
        self._memory[1] = value


class _Lent:
    """The parent's decoder, in the child."""

    def __init__(self, decoder: Decoder, shared: Shared) -> None:
        self._decoder = decoder
        self._shared = shared

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return

    @property
    def walls(self) -> str | None:
        return self._decoder.walls

    def begin(self, data: bytes, *, claims: bool = False) -> Future[FileSeen]:
        """At once, and one at a time: a killed child leaves no thread of its own behind in the parent's decoder."""
        self._shared.decoding = True
        future: Future[FileSeen] = Future()
        future.set_result(self._decoder.see(data, claims=claims))
        self._shared.decoding = False
        return future


# Faults


@dataclass(frozen=True, slots=True)
class Fault:
    """What strace does to the child's main thread, which does all of the writing, or to whichever speaks to a network.

    Attributes:
        action: ``signal=SIGKILL`` or ``error=ENOSPC``, in strace's words.
        when: ``7``, or ``7+`` for this and every later one; counted per name and thread.
    """

    syscall: str
    action: str
    when: str

    def arguments(self) -> tuple[str, ...]:
        inject = f"inject={self.syscall}:{self.action}:when={self.when}"
        threads = ("-f",) if self.syscall in NETWORK else ()
        return (*threads, "-e", f"trace={self.syscall}", "-e", "signal=none", "-e", inject)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one import ended.

    Attributes:
        code: Exit code; negative for the signal that ended it.
        hit: Whether the fault was met; False where the run has fewer such calls.
    """

    code: int
    acknowledged: int
    hit: bool
    output: str


class Gate:
    """Holds a child until its fault is set, so that no call of its own start-up is counted.

    Made by the parent before the fork; each side closes the other's end, so that neither outwaits the other's death.
    """

    def __init__(self) -> None:
        self._parent, self._child = FORK.Pipe()

    def stand(self) -> None:
        """In the child: say that it is here, and wait."""
        self._parent.close()
        self._child.send_bytes(b"here")
        self._child.recv_bytes()

    def reached(self) -> None:
        """In the parent: wait for the child."""
        self._child.close()
        assert self._parent.poll(TIMEOUT_S), "the child did not start"
        self._parent.recv_bytes()

    def open(self) -> None:
        """In the parent: let the child go on."""
        self._parent.send_bytes(b"go")

    def close(self) -> None:
        self._parent.close()
        self._child.close()


@contextlib.contextmanager
def attached(pid: int, fault: Fault | None, record: Path) -> Iterator[None]:
    if fault is None:
        yield
        return
    tracer = subprocess.Popen(
        ("strace", "-p", str(pid), "-o", str(record), *fault.arguments()), stderr=subprocess.PIPE, text=True
    )
    try:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        assert "attached" in said, said
        yield
        tracer.wait(TIMEOUT_S)
    finally:
        tracer.kill()
        tracer.wait()
        if tracer.stderr is not None:
            tracer.stderr.close()


class Rig:
    """Runs imports in children and looks at what they leave behind."""

    def __init__(self) -> None:
        self._decoder = Decoder()

    def close(self) -> None:
        self._decoder.close()

    def run(self, office: OfficeFolder, *, fault: Fault | None = None, alter: Alteration | None = None) -> Outcome:
        """Import in a child, with this fault; ``alter`` changes the program in the child only."""
        shared = Shared()
        record, output = office.folder / "strace.txt", office.folder / "output.txt"
        gate = Gate()
        child = FORK.Process(target=self._import, args=(office, shared, alter or _honest, gate, output))
        code = exit_code(child, gate, fault, record)
        if shared.decoding:
            self._decoder.close()
        hit = code == -signal.SIGKILL or (fault is not None and "(INJECTED)" in record.read_text())
        return Outcome(code, shared.acknowledged, hit, output.read_text())

    def _import(self, office: OfficeFolder, shared: Shared, alter: Alteration, gate: Gate, output: Path) -> NoReturn:
        api.office.intake.Decoder = lambda: _Lent(self._decoder, shared)
        alter(shared)
        code = CRASHED
        with output.open("w") as sink, contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            gate.stand()
            try:
                code = main(office.arguments())
            except Exception:
                traceback.print_exc()
                raise
            finally:
                sink.flush()
                os._exit(code)

    def look_run_look(self, office: OfficeFolder) -> dict[str, Any]:
        """In a child: what is there, the exit code of the import run again, and what is there then."""
        api.office.intake.Decoder = lambda: _Lent(self._decoder, Shared())
        before = _looked_at(office)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = main(office.arguments())
        return {"before": before, "code": code, "after": _looked_at(office)}

    def warm(self, office: OfficeFolder) -> None:
        """Start the decoder before it is timed or forked."""
        picture = next((office.folder / "export" / "photos").iterdir())
        self._decoder.decode(picture.read_bytes())


def exit_code(child: ForkProcess, gate: Gate, fault: Fault | None, record: Path) -> int:
    """Start a child that stands at the gate, and let it work with this fault; it is gone when this returns."""
    child.start()
    try:
        gate.reached()
        with attached(pid_of(child), fault, record):
            gate.open()
            child.join(TIMEOUT_S)
        assert child.exitcode is not None, "the work did not end"
    finally:
        gate.close()
        child.kill()
        child.join()
    return child.exitcode


def pid_of(child: ForkProcess) -> int:
    assert child.pid is not None
    return child.pid


# Alterations: what is changed in the child


def _honest(shared: Shared) -> None:
    """The program as it is; its acknowledgements are counted."""
    take = Intake.take_container

    def counted(
        self: Intake,
        container: Container,
        provenance: Provenance,
        hear: Callable[[int], object],
        *more: Any,  # noqa: ANN401 - as they come
    ) -> Counts:
        return take(self, container, provenance, lambda count: (hear(count), shared.acknowledge()), *more)

    Intake.take_container = counted


def acknowledging_first(shared: Shared) -> None:
    """CONTROL: a batch is acknowledged before it is logged."""
    keep = Intake.keep_batch

    def early(self: Intake, contents: Sequence[Observation | Hole], provenance: Provenance) -> Kept:
        shared.acknowledge()
        return keep(self, contents, provenance)

    Intake.keep_batch = early


def logging_first(shared: Shared) -> None:
    """CONTROL: objects get their address only after the log named them."""
    _honest(shared)
    sync, settle = LocalPending.sync, LocalPending.settle

    def late(self: LocalPending, addresses: Iterable[str]) -> None:
        sync(self, addresses)
        settle(self, addresses)

    LocalPending.sync = lambda _self, _addresses: None
    LocalPending.settle = late


def settling_first(shared: Shared) -> None:
    """CONTROL: objects count as finished before the log names them."""
    _honest(shared)
    sync, settle = LocalPending.sync, LocalPending.settle

    def early(self: LocalPending, addresses: Iterable[str]) -> None:
        sync(self, addresses)
        settle(self, addresses)

    LocalPending.sync, LocalPending.settle = early, lambda _self, _addresses: None


def swallowing_errors(shared: Shared) -> None:
    """CONTROL: a batch that the store refused is acknowledged all the same."""
    _honest(shared)
    keep = Intake.keep_batch

    def silent(self: Intake, contents: Sequence[Observation | Hole], provenance: Provenance) -> Kept:
        with contextlib.suppress(StoreError):
            return keep(self, contents, provenance)
        return Kept(Counter(), tuple(range(len(contents))), (True,) * len(contents))

    Intake.keep_batch = silent


# What is left behind


def ask(question: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
    """The JSON answer of a child, so that no database is ever open in this process when it forks."""
    receiver, sender = FORK.Pipe(duplex=False)
    child = FORK.Process(target=lambda: sender.send_bytes(json.dumps(question()).encode()))
    with receiver, sender:
        child.start()
        try:
            assert receiver.poll(TIMEOUT_S), "the child did not answer"
            return json.loads(receiver.recv_bytes())
        finally:
            child.kill()
            child.join()


def ledger_of(home: Home) -> list[Entry]:
    """Every item and every hole, as anyone who holds the casework key can name it."""
    item, hole = database.item, database.hole
    with database.reading(home.engine) as connection:
        places = sa.select(item.c.idx, item.c.channel_id, item.c.message_id, item.c.kind).order_by(item.c.idx)
        items = {index: place for index, *place in connection.execute(places)}
        holes = connection.execute(sa.select(hole.c.channel_id, hole.c.lo, hole.c.hi, hole.c.reason)).all()
    digests = {
        event.index: event.record.values["sha256"] or event.record.values["raw_sha256"]
        for event in open_events(home.engine, list(items), home.keys.unlock(PASSPHRASE).casework)
        if event.record
    }
    entries = [("item", *place, digests[index]) for index, place in items.items()]
    return entries + [("hole", *row) for row in holes]


def problems_of(home: Home) -> tuple[str, list[str]]:
    """The verdict of a level 3 audit with the casework key, and its FAILED findings."""
    report = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report
    failed = [
        f"{each.id} {each.where}: expected {each.expected}, found {each.found}"
        for each in report.findings
        if each.verdict is Verdict.FAILED
    ]
    return report.verdict.value, failed


def loose_objects(home: Home) -> list[str]:
    """Files below ``objects`` that no leaf names, found without the program's own listing."""
    root, event = home.path / "objects", database.event
    with database.reading(home.engine) as connection:
        leaves = connection.execute(sa.select(event.c.leaf)).scalars().all()
    named = {parse_leaf(bytes(leaf)).sealed.get("media") for leaf in leaves}
    return [str(file.relative_to(root)) for file in root.rglob("*") if file.is_file() and file.name not in named]


@dataclass(frozen=True, slots=True)
class Reference:
    """What an import that nothing disturbed gives.

    Attributes:
        after: The ledger after each acknowledged batch.
        final: The ledger at the end.
    """

    after: tuple[Ledger, ...]
    final: Ledger


def undisturbed(office: OfficeFolder, rig: Rig) -> Reference:
    """Import in peace, and note the ledger at every acknowledgement."""
    notes = office.folder / "ledgers.jsonl"

    def noting(shared: Shared) -> None:
        _honest(shared)
        acknowledge = shared.acknowledge

        def noted() -> None:
            home = Home.open(office.home)
            with notes.open("a") as sink:
                sink.write(json.dumps(ledger_of(home)) + "\n")
            home.engine.dispose()
            acknowledge()

        shared.acknowledge = noted

    outcome = rig.run(office, alter=noting)
    assert outcome.code == 0, outcome.output
    after = [_ledger(json.loads(line)) for line in notes.read_text().splitlines()]
    assert len(after) == outcome.acknowledged > 1
    return Reference((Counter(), *after), _ledger(ask(lambda: ledger_of(Home.open(office.home)))))


def _ledger(entries: Sequence[Sequence[Any]]) -> Ledger:
    return Counter(tuple(entry) for entry in entries)


def violations(office: OfficeFolder, reference: Reference, outcome: Outcome, rig: Rig) -> list[str]:
    """Every promise that an interrupted import broke; looked for before and after it is run again.

    1. What was acknowledged is there.  2. The audit finds no damage.  3. Run again, it ends well.
    4. Then every item and hole is there once.  5. No object and no unfinished name is left over.
    6. The audit passes.
    """
    broken: list[str] = []
    acknowledged = reference.after[min(outcome.acknowledged, len(reference.after) - 1)]
    if outcome.code == 0:
        acknowledged = reference.final
    seen = ask(lambda: rig.look_run_look(office))
    before, after = seen["before"], seen["after"]
    if lost := acknowledged - _excused(_ledger(before["ledger"]), acknowledged):  # (1)
        broken.append(f"acknowledged and lost: {sorted(lost, key=str)}")
    broken += before["failed"]  # (2)
    if seen["code"] != 0:  # (3)
        broken.append(f"run again, it exits {seen['code']}")
    if (now := _excused(_ledger(after["ledger"]), reference.final)) != reference.final:  # (4)
        broken.append(f"missing {reference.final - now}, too many {now - reference.final}")
    broken += [f"left over: {name}" for name in after["loose"]]  # (5)
    if after["verdict"] != Verdict.PASSED:  # (6)
        broken.append(f"audit: {after['verdict']} {after['failed']}")
    return broken


_UNREAD = frozenset({"refused", "broke_off"})
"""Reasons of holes for files that could not be read."""


def _excused(found: Ledger, expected: Ledger) -> Ledger:
    """What was found, where a file that could not be read counts as present if its hole says so."""
    unread = {entry[2] for entry in found - expected if entry[0] == "hole" and entry[-1] in _UNREAD}
    files = Counter({entry: 1 for entry in expected - found if entry[2] in unread and entry[3] == "file"})
    return Counter({entry: n for entry, n in found.items() if entry[-1] not in _UNREAD}) + files


def _looked_at(office: OfficeFolder) -> dict[str, Any]:
    home = Home.open(office.home)
    verdict, failed = problems_of(home)
    return {"verdict": verdict, "failed": failed, "ledger": ledger_of(home), "loose": loose_objects(home)}
