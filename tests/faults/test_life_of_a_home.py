"""Stopped at any system call, ``init``, ``backup``, ``restore`` and the commands that change keys leave the old state
or the new one, and never a home without a way in.

strace stops the command as it enters the n-th call of one name: with SIGKILL, before the call is made; with SIGHUP,
as a terminal that is closed does, after it; with SIGINT the program cleans up by itself. Between two calls that
change a file nothing else changes, so these are all the states that a stopped command can leave. A file that was
made and is empty is met at its first write. Where the same files are old and new as at another position, and
the new ones are as large, the state is looked at once. Each rule is broken on purpose once, and found.
"""

import contextlib
import io
import os
import re
import signal
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest

import api.office.backup
import api.office.home
import evidence.rekey
from api.cli.main import main
from api.home import Home
from api.office.audit import run_audit
from api.office.backup import restore
from api.office.key import drill
from config.errors import Explained
from evidence.errors import PassphraseError
from evidence.finding import Verdict
from evidence.objects.durable import move_file
from evidence.times import system_clock
from tests.faults.rig import (
    FEW,
    FORK,
    NETWORK,
    PASSPHRASE,
    Fault,
    Gate,
    OfficeFolder,
    Outcome,
    ask,
    exit_code,
    prepare,
)

pytestmark = [pytest.mark.outside]

NEW = "bora bie ngadale 9"
CALLS = (
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "link",
    "unlink",
    "rename",
    "mkdir",
    "rmdir",
    "chmod",
    "ftruncate",
    "utimensat",
)
"""Every call by which these commands change a file."""
SIGNALS = ("SIGKILL", "SIGHUP", "SIGINT")
PERSONS = ("--by", "ann", "--approved-by", "bo")

Alter = Callable[[], None]


@dataclass(frozen=True)
class Scenario:
    """A command, and what must hold wherever it was stopped.

    Attributes:
        arguments: The command line.
        broken: In a child: every rule that does not hold, given the exit code; it may run the command again.
        wrong: Changes the program so that it breaks a rule.
        control: At which calls this is caught, and words of what is found.
        waits: Calls in which it waits for a time-stamp office, beside those that change a file.
    """

    arguments: Callable[[OfficeFolder], list[str]]
    broken: Callable[[OfficeFolder, Outcome], list[str]]
    wrong: Alter
    control: tuple[str, str]
    waits: tuple[str, ...] = ()


def again(office: OfficeFolder, arguments: list[str]) -> int:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(arguments)


def verdict(home: Home, passphrase: str) -> Verdict:
    return run_audit(home, level=3, against=None, passphrase=passphrase, progress=lambda _more: None).report.verdict


def opening(home: Home) -> list[str]:
    """The passphrases that open both keys."""
    found = []
    for passphrase in (PASSPHRASE, NEW):
        with contextlib.suppress(PassphraseError, Explained):
            home.keys.unlock(passphrase)
            found.append(passphrase)
    return found


# init


def init(office: OfficeFolder) -> list[str]:
    home = ("--home", str(office.folder / "new"))
    return [*home, "init", "--org", "Zyra", "--rehearsal", "--by", "ann", "--cards", str(office.folder / "new cards")]


def init_printing(office: OfficeFolder) -> list[str]:
    return init(office)[:-2]


def broken_init(
    office: OfficeFolder, outcome: Outcome, arguments: list[str], cards: Callable[[], list[str]]
) -> list[str]:
    try:
        home = Home.open(office.folder / "new")
    except Explained as error:
        if outcome.code == 0:
            return [f"it said that it was done: {error.code}"]
        if error.code not in {"settings.missing", "home.unfinished"}:
            return [f"refused as {error.code}"]
        code = again(office, arguments)
        return [f"run again, it exits {code}"] if code else broken_home(office, cards)
    home.engine.dispose()
    return broken_home(office, cards)


def broken_home(office: OfficeFolder, cards: Callable[[], list[str]]) -> list[str]:
    """What is wrong with a home that every command takes for one: its cards open it, and its passphrase does."""
    home = Home.open(office.folder / "new")
    try:
        drill(home, cards())
        found = [] if opening(home) == [PASSPHRASE] else ["the passphrase opens nothing"]
        return found if verdict(home, PASSPHRASE) is Verdict.PASSED else [*found, "the audit does not pass"]
    except Explained as error:
        return [f"no way in: {error.code}"]
    finally:
        home.engine.dispose()


def cards_in_files(office: OfficeFolder) -> list[str]:
    return [file.read_text() for file in sorted((office.folder / "new cards").glob("card-?.txt"))]


def cards_printed(output: str) -> list[str]:
    texts = output.partition("Write each card down")[2].partition("The cards are not shown again")[0]
    return [f"NisiSama office key{text}" for text in texts.split("NisiSama office key")[1:]]


def _init_broken(office: OfficeFolder, outcome: Outcome) -> list[str]:
    return broken_init(office, outcome, init(office), lambda: cards_in_files(office))


def _printing_broken(office: OfficeFolder, outcome: Outcome) -> list[str]:
    """Run again, it prints cards of which this looks at none: then a home is there, and that is enough."""
    try:
        Home.open(office.folder / "new").engine.dispose()
    except Explained as error:
        if error.code not in {"settings.missing", "home.unfinished"}:
            return [f"refused as {error.code}"]
        code = again(office, init_printing(office))
        return [f"run again, it exits {code}"] if code else []
    return broken_home(office, lambda: cards_printed(outcome.output))


def unmarked() -> None:
    """CONTROL: a new home is not marked."""

    @contextlib.contextmanager
    def plain(home: Path, _files: object) -> Iterator[None]:
        home.mkdir(mode=0o700)
        yield

    api.office.home.making = plain


def log_first() -> None:
    """CONTROL: the log is opened before anybody has the cards, in a home that is not marked."""
    unmarked()
    create, write = api.office.home._create, api.office.home.write_cards

    def late(plan: Any, path: Path, origin: str, recipient: Any, clock: Any) -> Any:  # noqa: ANN401
        done = create(plan, path, origin, recipient, clock)
        os.write(2, b"the cards would be printed now")
        os.fsync(os.open(path, os.O_RDONLY))
        return done

    api.office.home._create, api.office.home.write_cards = late, write
    original = api.office.home.create_home

    def reordered(plan: Any, clock: Any, cards: Any = None, *, show: Any) -> Any:  # noqa: ANN401
        kept: list[Any] = []
        done = original(plan, clock, cards, show=kept.append)
        os.fsync(os.open(plan.path, os.O_RDONLY))
        show(*kept)
        return done

    api.office.home.create_home = reordered


# backup and restore


def back_up(office: OfficeFolder) -> list[str]:
    return ["--home", str(office.home), "backup", str(office.folder / "disk"), "--with-keys"]


def finished(office: OfficeFolder) -> list[Path]:
    return sorted(each for each in (office.folder / "disk").glob("*Z"))


def _backup_broken(office: OfficeFolder, outcome: Outcome) -> list[str]:
    found = [] if verdict(Home.open(office.home), PASSPHRASE) is Verdict.PASSED else ["the home is damaged"]
    if outcome.code == 0 and len(finished(office)) != 2:
        found.append("it said that it was done")
    if code := again(office, back_up(office)):
        found.append(f"run again, it exits {code}")
    if left := list((office.folder / "disk").glob("*.part")):
        found.append(f"left over: {left}")
    for number, backup in enumerate(finished(office)):
        try:
            place = office.folder / f"restored-{number}"
            restore(backup, place, system_clock, passphrase=lambda: PASSPHRASE, progress=unheard)
        except Explained as error:
            found.append(f"{backup.name} is no backup: {error.code}")
    return found


@contextlib.contextmanager
def unheard(_total: int) -> Iterator[Callable[[int], object]]:
    yield lambda _more: None


def put_back(office: OfficeFolder) -> list[str]:
    return ["restore", str(finished(office)[0]), str(office.folder / "back")]


def _restore_broken(office: OfficeFolder, outcome: Outcome) -> list[str]:
    place = office.folder / "back"
    if not place.exists():
        if outcome.code == 0:
            return ["it said that it was done"]
        if code := again(office, put_back(office)):
            return [f"run again, it exits {code}"]
    try:
        home = Home.open(place)
        found = [] if opening(home) == [PASSPHRASE] else ["the passphrase opens nothing"]
        with home.writing():
            pass
        if verdict(home, PASSPHRASE) is not Verdict.PASSED:
            found.append("the audit does not pass")
    except (Explained, OSError) as error:
        return [f"a home that is none: {error}"]
    return found


def in_its_place() -> None:
    """CONTROL: what is put together lies at its place from the beginning."""

    @contextlib.contextmanager
    def at_once(target: Path) -> Iterator[Path]:
        target.mkdir(mode=0o700)
        yield target

    api.office.backup.assembled = at_once


# Keys


def change(office: OfficeFolder) -> list[str]:
    file = ("--new-passphrase-file", str(office.folder / "new passphrase"))
    return ["--home", str(office.home), "key", "passphrase", *file, *PERSONS]


def renew(office: OfficeFolder) -> list[str]:
    file = ("--new-passphrase-file", str(office.folder / "new passphrase"))
    return ["--home", str(office.home), "key", "renew", "casework", *file, *PERSONS]


def recover(office: OfficeFolder) -> list[str]:
    file = ("--new-passphrase-file", str(office.folder / "new passphrase"))
    cards = [str(office.folder / f"card-{at}.txt") for at in (1, 2)]
    return ["--home", str(office.home), "key", "recover", *cards, *file, *PERSONS]


def _keys_broken(office: OfficeFolder, outcome: Outcome, *, kept: Collection[str] = ()) -> list[str]:
    """One passphrase opens both keys, before and after the next writer; the log says which.

    Args:
        kept: What may lie there as long as the old keys count.
    """
    home = Home.open(office.home)
    before = opening(home)
    if len(before) != 1 or (outcome.code == 0 and before != [NEW]):
        return [f"before the next writer, {len(before)} passphrases open both keys"]
    with home.writing():
        pass
    after = opening(home)
    found = [] if len(after) == 1 else ["after the next writer, no passphrase opens both keys"]
    if before == [NEW] != after:
        found.append("the old passphrase is back")
    if left := [each for each in home.keys.path.glob("next*") if each.name not in kept or after == [NEW]]:
        found.append(f"left over: {left}")
    if after and verdict(home, after[0]) is Verdict.FAILED:  # interrupted in the wait for it, it has no time stamp yet
        found.append("the audit fails")
    return found


def _renewal_broken(office: OfficeFolder, outcome: Outcome) -> list[str]:
    """As ``_keys_broken``, but for the work ahead, which is there to go on; run again, it is done."""
    home = Home.open(office.home)
    found = opening(home)
    home.engine.dispose()
    broken = _keys_broken(office, outcome, kept={evidence.rekey.AHEAD})
    if not broken and found != [NEW]:
        code, left = again(office, renew(office)), list(office.keys.glob("next*"))
        return [f"run again, it exits {code}, and {left} are left over"] if code or left else []
    return broken


def _lost(office: OfficeFolder) -> list[str]:
    """As ``recover``, where a key is lost before."""
    (office.keys / "matching.age").unlink(missing_ok=True)
    return recover(office)


def _recover_broken(office: OfficeFolder, outcome: Outcome) -> list[str]:
    """The key is lost as before, or it is back; then, and after the command is run again, it is there."""
    home = Home.open(office.home)
    if opening(home) != [NEW]:
        if outcome.code == 0:
            return ["it said that it was done"]
        home.engine.dispose()
        if code := again(office, recover(office)):
            return [f"run again, it exits {code}"]
        home = Home.open(office.home)
    return _keys_broken(office, outcome) if opening(home) == [NEW] else ["no passphrase opens both keys"]


def one_after_the_other() -> None:
    """CONTROL: each key is written in its place."""

    def written(keys: Any) -> None:  # noqa: ANN401
        for file in sorted((keys.path / "next.part").iterdir()):
            move_file(file, keys.path / file.name)
        (keys.path / "next.part").rmdir()

    evidence.rekey.switch = written


WAITS = NETWORK
SCENARIOS = {
    "init": Scenario(init, _init_broken, unmarked, ("fsync", "refused as"), WAITS),
    "init printing": Scenario(init_printing, _printing_broken, log_first, ("recvfrom", "no way in"), WAITS),
    "backup": Scenario(back_up, _backup_broken, in_its_place, ("fsync", "is no backup")),
    "restore": Scenario(put_back, _restore_broken, in_its_place, ("fsync", "a home that is none")),
    "key passphrase": Scenario(change, _keys_broken, one_after_the_other, ("rename", "0 passphrases"), WAITS),
    "key renew": Scenario(renew, _renewal_broken, one_after_the_other, ("rename", "0 passphrases"), WAITS),
    "key recover": Scenario(recover, _keys_broken, one_after_the_other, ("rename", "0 passphrases"), WAITS),
    "key recover, a key lost": Scenario(_lost, _recover_broken, lambda: None, ("", "")),
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> OfficeFolder:
    """An office with an import, its cards, a backup, and a new passphrase in a file."""
    folder = tmp_path_factory.mktemp("lived") / "office"
    office = prepare(folder, messages=FEW[:1], batch=2, cards=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
        assert ask(lambda: again(office, office.arguments())) == 0
        assert ask(lambda: again(office, back_up(office))) == 0
    file = folder / "new passphrase"
    file.write_text(NEW)
    file.chmod(0o600)
    return office


@pytest.fixture(autouse=True)
def _spoken_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")


def stopped(office: OfficeFolder, arguments: list[str], fault: Fault | None, alter: Alter = lambda: None) -> Outcome:
    """Run a command in a child, with this fault."""
    record, output = office.folder / "strace.txt", office.folder / "output.txt"
    gate = Gate()
    child = FORK.Process(target=_command, args=(arguments, alter, gate, output))
    code = exit_code(child, gate, fault, record)
    calls = 0 if fault is None else record.read_text().count(f"{fault.syscall}(")
    hit = code < 0 or (fault is not None and calls >= int(fault.when))
    return Outcome(child.exitcode, 0, hit, output.read_text())


def _command(arguments: list[str], alter: Alter, gate: Gate, output: Path) -> NoReturn:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    alter()
    code = 70
    with output.open("w", buffering=1) as sink, contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        gate.stand()
        try:
            code = main(arguments)
        except KeyboardInterrupt:
            code = 1
        finally:
            os._exit(code)


RANDOM = re.compile(r"[0-9a-f]{32,}|\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z")
UNCOUNTED = ("nisisama.log", "output.txt", "strace.txt")


def state_of(office: OfficeFolder, before: OfficeFolder) -> str:
    """Which files there are, and of each whether it is as it was before, or how large it is."""
    told = []
    for file in sorted(office.folder.rglob("*")):
        name = file.relative_to(office.folder)
        if file.name in UNCOUNTED:
            continue
        old = before.folder / name
        same = file.is_file() and old.is_file() and file.read_bytes() == old.read_bytes()
        told.append(f"{RANDOM.sub('*', str(name))} {'old' if same else file.stat().st_size if file.is_file() else ''}")
    return "\n".join(told)


@dataclass
class Walk:
    """Stops a command at the positions of calls, and looks at what is left.

    Attributes:
        met: How often it was stopped.
        looked: The states that were looked at, each with its exit code.
    """

    scenario: Scenario
    lived: OfficeFolder
    folder: Path
    alter: Alter = lambda: None
    met: int = 0
    looked: set[tuple[str, int]] = field(default_factory=set)

    def broken(self, name: str, sent: str, step: int = 1) -> Iterator[str]:
        """What breaks a rule, at the first position of the call, the one ``step`` later, and so on."""
        for position in count(1, step):
            office = self.lived.copy(self.folder / "office")
            fault = Fault(name, f"signal={sent}", str(position))
            outcome = stopped(office, self.scenario.arguments(office), fault, self.alter)
            if not outcome.hit:
                assert outcome.code == 0, outcome.output
                return
            self.met += 1
            state = (state_of(office, self.lived), outcome.code)
            if state not in self.looked:
                self.looked.add(state)
                found = ask(lambda: self.scenario.broken(office, outcome))  # noqa: B023 - asked at once
                yield from (f"{sent} at {name} {position}: {each}; exit {outcome.code}" for each in found)


SAMPLE = {
    "init": ("rename", 4),
    "init printing": ("mkdir", 5),
    "backup": ("unlink", 4),
    "restore": ("rename", 1),
    "key passphrase": ("rename", 2),
    "key renew": ("rename", 4),
    "key recover": ("mkdir", 1),
    "key recover, a key lost": ("rmdir", 1),
}
"""Scenario -> a call, and in which steps its positions are walked in the short run."""


@pytest.mark.every(2)
@pytest.mark.parametrize("what", SAMPLE)
def test_stopped_at_some_calls_it_leaves_the_old_state_or_the_new(
    what: str, lived: OfficeFolder, tmp_path: Path
) -> None:
    walk = Walk(SCENARIOS[what], lived, tmp_path)
    assert list(walk.broken(SAMPLE[what][0], "SIGKILL", SAMPLE[what][1])) == []
    assert walk.met > 0


@pytest.mark.slow
@pytest.mark.parametrize("what", SCENARIOS)
def test_stopped_at_every_call_it_leaves_the_old_state_or_the_new(
    what: str, lived: OfficeFolder, tmp_path: Path
) -> None:
    walk = Walk(SCENARIOS[what], lived, tmp_path)
    calls = (*CALLS, *SCENARIOS[what].waits)
    assert [found for sent in SIGNALS for name in calls for found in walk.broken(name, sent)] == []
    print(f"{what}: stopped {walk.met} times, {len(walk.looked)} states")
    assert walk.met > 100


@pytest.mark.every(3)
@pytest.mark.parametrize("what", [what for what in SCENARIOS if SCENARIOS[what].control[0]])
def test_a_program_that_breaks_the_rule_is_caught(what: str, lived: OfficeFolder, tmp_path: Path) -> None:
    scenario = SCENARIOS[what]
    name, words = scenario.control
    found = Walk(scenario, lived, tmp_path, scenario.wrong).broken(name, "SIGKILL")
    assert any(words in each for each in found)
