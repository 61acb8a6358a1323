"""Months of an office, drawn from a seed: what people do, what a machine does, how time passes, and when it is killed.

Each act is done in a real office and in the model. Then everybody reads: nothing more may be shown than the model says,
and nothing less.
"""

import copy
import random  # noqa: TID251 - a seed makes the months, and nothing of them is secret
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from api.office.erase import ErasureCause
from evidence.errors import AuthorityError, UnknownItemError
from tests.erasing import ErasedTraces, canaries_of, problems_of
from tests.months.model import Exhibit, KeptBy, OfficeModel, Refused
from tests.months.office import POSTS, MonthsOffice

DAYS = (0, 1, 9, 31, 59, 95)
MODES = ("metadata_only", "sealed")
PICTURES = sorted({post.picture for post in POSTS.values() if post.picture})
KILLS = 0.25
MOST_STATEMENTS = 160
"""A kill comes within so many statements and file operations; most acts have fewer."""


class Months:
    """One office, and the model of it.

    Attributes:
        told: What was done, for whoever reads a failure.
    """

    def __init__(self, office: MonthsOffice, seed: int) -> None:
        self.office = office
        self.model = OfficeModel(POSTS)
        self.told: list[str] = []
        self._draw = random.Random(seed)  # noqa: S311 - not for secrets
        self._traces: dict[Exhibit, ErasedTraces] = {}
        self._backups: list[tuple[Path, OfficeModel, list[str], dict[int, str]]] = []
        self._acts: Sequence[tuple[int, Callable[[], object]]] = (
            (6, self.take_in),
            (2, self.open_case),
            (6, self._add),
            (2, self._remove),
            (3, self._withdraw),
            (1, self._consent_again),
            (3, self._hold),
            (2, self._end_hold),
            (3, self._freeze),
            (2, self._lift),
            (3, self._erase),
            (2, self._erase_childs),
            (3, self._retain),
            (2, self.back_up),
            (1, self.put_back_beside),
            (1, self.go_back),
        )

    def play(self, steps: int) -> None:
        """Let so many acts happen, and look after each."""
        for doing in (self.take_in, self.open_case, self._add):
            self._step(doing)
        weights = [weight for weight, _act in self._acts]
        for _ in range(steps):
            self._step(self._draw.choices([act for _weight, act in self._acts], weights)[0])

    def _step(self, act: Callable[[], object]) -> None:
        self.step(act, self._draw.choice(DAYS))

    def step(self, act: Callable[[], object], days: int) -> None:
        """So many days later, something is done and everybody reads."""
        self.office.clock.move(days)
        self.model.step += 1
        self.told.append(f"{self.office.clock.now:%d %b %Y}")
        act()
        self.require_readable()

    # Everybody reads

    def require_readable(self) -> None:
        """Check what lists and names show, and by turns a case, a search or a comparison."""
        office, model = self.office, self.model
        self._require("kept", set(office.named()), set(model.kept))
        self._require("listed", office.listed(), model.listed())
        self._require("shown", office.shown(), model.readable())
        if not office.cases:
            return
        case = self._draw.randrange(len(office.cases))
        way = self._draw.choice(("case", "search", "check"))
        if way == "case":
            self._require(f"of case {case}", office.of_case(case), model.of_case(case))
        elif model.cases[case].closed:
            self._require_refused(lambda: office.found(case), f"a search for closed case {case}")
        elif way == "search":
            found = {each for each in model.listed() if each.thing.kind == "message"}
            self._require("found", office.found(case), found)
        else:
            picture = self._draw.choice(PICTURES)
            self._require(f"matching {picture}", office.matching(case, picture), model.matching(picture))

    def require_exported(self) -> None:
        """Check what a bundle of each open case shows."""
        for case in range(len(self.office.cases)):
            wanted = self.model.of_case(case)
            if self.model.cases[case].closed or not wanted:
                self._require_refused(lambda case=case: self.office.exported(case), f"a bundle of case {case}")
            else:
                self._require(f"exported of {case}", self.office.exported(case), wanted)

    def require_sound(self) -> None:
        """Check the log, and that no file of the home, its keys or its disk has anything of what is erased."""
        self.office.reopen()
        failed = [each for each in problems_of(self.office.home) if each.verdict.value == "FAILED"]
        self._require("problems", {each.id for each in failed}, set())
        if self._traces:
            self.office.back_up()
            self.office.reopen()
            places = (self.office.home.path, self.office.home.keys.path, self.office.disk)
            for exhibit in sorted(self._traces.keys() - self.model.kept.keys()):
                self._require(f"bytes of {exhibit}", self._traces[exhibit].in_files(*places), set())
            for exhibit in sorted(self._traces.keys() & self.model.kept.keys()):  # the control
                self._require(
                    f"bytes of {exhibit}", self._traces[exhibit].in_files(*places), set(self._traces[exhibit].raw)
                )

    def _require(self, what: str, found: set, expected: set) -> None:  # type: ignore[type-arg]
        more, less = sorted(found - expected), sorted(expected - found)
        assert (more, less) == ([], []), "\n".join([f"{what}: more {more}; less {less}", *self.told])

    def _require_refused(self, act: Callable[[], object], what: str) -> None:
        with suppress(AuthorityError, UnknownItemError):
            act()
            raise AssertionError("\n".join([f"{what} was not refused", *self.told]))

    # What is done, in the office and in the model

    def both(
        self,
        what: str,
        real: Callable[[MonthsOffice], object],
        model: Callable[[OfficeModel], object],
        *,
        kills: bool = False,
    ) -> None:
        """Do it in both.

        Args:
            kills: Now and then the program is killed on its way, and somebody does it again.
        """
        self.told.append(what)
        before, after = self.model, copy.deepcopy(self.model)
        refused = False
        try:
            model(after)
        except Refused:
            refused, after = True, before
        if kills and not refused and self._draw.random() < KILLS:
            self._killed(real, self._draw.randrange(MOST_STATEMENTS), before, after)
            return
        why = None
        try:
            real(self.office)
        except (AuthorityError, UnknownItemError) as error:
            why = error
        assert (why is not None) is refused, "\n".join([f"{what}: expected {refused=}, found {why}", *self.told])
        self.model = after

    def _both(self, what: str, real: Callable[[MonthsOffice], object], model: Callable[[OfficeModel], object]) -> None:
        self.both(what, real, model, kills=True)

    def _killed(self, real: Callable[[MonthsOffice], object], at: int, before: OfficeModel, after: OfficeModel) -> None:
        """Kill it, check that it is done or not begun as far as anybody can read, and finish it."""
        killed = self.office.killed(real, at)
        self.told.append(f"  killed at {at}" if killed else "  not killed")
        seen, either = self.office.listed(), before.listed() | after.listed()
        both = before.listed() & after.listed()
        assert both <= seen <= either, "\n".join([f"half done: {sorted(seen ^ either)}", *self.told])
        if killed:
            with self.office.home.writing() as writer:
                writer.beat(now=True)
            with suppress(AuthorityError, UnknownItemError):
                real(self.office)
        self.model = after

    def _some(self, exhibits: set[Exhibit], most: int = 3) -> set[Exhibit]:
        chosen = sorted(exhibits)
        return set(self._draw.sample(chosen, min(len(chosen), self._draw.randint(1, most))))

    def take_in(self) -> None:
        places = set(self._draw.sample(sorted(POSTS), self._draw.randint(2, 5)))
        mode, at = self._draw.choice(MODES), self.office.clock.now
        told = " ".join(f"{each.channel}/{each.number}" for each in sorted(places))
        self.both(  # killed elsewhere: a child would start a decoder of its own
            f"take in {told} as {mode}",
            lambda office: office.take_in(places, mode),
            lambda model: model.take_in(places, mode, at),
        )

    def open_case(self) -> None:
        if len(self.model.cases) < 3:
            self.told.append("open a case")
            self.office.open_case()
            self.model.open_case()

    def _case(self) -> int:
        return self._draw.randrange(len(self.model.cases))

    def _add(self) -> None:
        if chosen := self._some(set(self.model.kept)):
            case = self._case()
            self._both(
                f"add {_words(chosen)} to {case}",
                lambda office: office.add(case, chosen),
                lambda model: model.add(case, chosen),
            )

    def _remove(self) -> None:
        case, at = self._case(), self.office.clock.now
        if chosen := self._some(self.model.cases[case].has, most=2):
            self._both(
                f"remove {_words(chosen)} from {case}",
                lambda office: office.remove(case, chosen),
                lambda model: model.remove(case, chosen, at),
            )

    def _withdraw(self) -> None:
        case, at, destroy = self._case(), self.office.clock.now, self._draw.random() < 0.5
        self.keep_traces(self.model.cases[case].has if destroy else set())

        def model(model: OfficeModel) -> None:
            model.withdraw(case, at)
            if destroy:
                model.destroy(case)

        what = f"case {case} withdraws" + (", destroyed" if destroy else "")
        self._both(what, lambda office: office.withdraw(case, destroy=destroy), model)

    def _consent_again(self) -> None:
        case = self._case()
        self._both(
            f"case {case} consents again",
            lambda office: office.consent_again(case),
            lambda model: model.consent_again(case),
        )

    def _hold(self) -> None:
        until = self.office.clock.now + timedelta(days=self._draw.choice((1, 400)))
        until = until.replace(hour=23, minute=59, second=59, microsecond=999_000)
        binds, name = self._draw.random() < 0.5, self.model.step
        if self._draw.random() < 0.4:
            hold = KeptBy(binds, until, self.model.step, case=self._case())
        elif chosen := self._some(set(self.model.kept)):
            hold = KeptBy(binds, until, self.model.step, frozenset(chosen))
        else:
            return
        told = f"case {hold.case}" if hold.case is not None else _words(hold.exhibits)
        self.told.append(f"hold {name} ({'legal' if binds else 'renewal'}) of {told} until {until:%d %b %Y}")
        self.office.hold(name, hold)
        self.model.hold(name, hold)

    def _end_hold(self) -> None:
        if self.model.holds:
            name = self._draw.choice(sorted(self.model.holds))
            self.told.append(f"end hold {name}")
            self.office.end_hold(name)
            self.model.end_hold(name)

    def _freeze(self) -> None:
        for chosen in self._some(set(self.model.kept), most=1):
            self._both(
                f"freeze {_words({chosen})}",
                lambda office, chosen=chosen: office.freeze(chosen),
                lambda model, chosen=chosen: model.freeze(chosen),
            )

    def _lift(self) -> None:
        frozen = {each for each in self.model.kept if self.model.is_frozen(each)}
        for chosen in self._some(frozen or set(self.model.kept), most=1):
            self._both(
                f"lift {_words({chosen})}",
                lambda office, chosen=chosen: office.lift(chosen),
                lambda model, chosen=chosen: model.lift(chosen),
            )

    def _erase(self) -> None:
        case = self._draw.choice([None, *range(len(self.model.cases))])
        of = set(self.model.kept) if case is None else self.model.cases[case].has
        if chosen := self._some(of, most=2):
            self.keep_traces(chosen)
            self._both(
                f"erase {_words(chosen)} of {case}",
                lambda office: office.erase(chosen, case),
                lambda model: model.erase(chosen, case),
            )

    def _erase_childs(self) -> None:
        frozen = {each for each in self.model.kept if self.model.is_frozen(each)}
        for chosen in self._some(frozen or set(self.model.kept), most=1):
            self.keep_traces(self.model.post_of(chosen))
            self._both(
                f"erase the child's {_words({chosen})}",
                lambda office, chosen=chosen: office.erase({chosen}, None, ErasureCause.CHILD),
                lambda model, chosen=chosen: model.erase_childs(chosen),
            )

    def _retain(self) -> None:
        now = self.office.clock.now
        self.keep_traces(set(self.model.kept))
        self._both("retain", lambda office: office.retain(), lambda model: model.retain(now))

    def back_up(self) -> None:
        self.told.append("back up")
        kept = (self.office.back_up(), copy.deepcopy(self.model), list(self.office.cases), dict(self.office.holds))
        self._backups = [*(each for each in self._backups if each[0].exists()), kept]

    def put_back_beside(self) -> None:
        self._backups = [each for each in self._backups if each[0].exists()]
        if self._backups:
            backup, model, _cases, _holds = self._draw.choice(self._backups)
            self.told.append(f"put back {backup.name} beside")
            then = self.model.go_back_to(copy.deepcopy(model))
            with self.office.put_back_beside(backup) as office:
                self._require("kept there", set(office.named()), set(then.kept))
                self._require("listed there", office.listed(), then.listed())
                self._require("shown there", office.shown(), then.readable())

    def go_back(self) -> None:
        self._backups = [each for each in self._backups if each[0].exists()]
        if self._backups:
            backup, model, cases, holds = self._backups[-1]
            self.told.append(f"go back to {backup.name}")
            self.office.go_back_to(backup)
            self.model = self.model.go_back_to(copy.deepcopy(model))
            self.office.cases, self.office.holds = list(cases), dict(holds)
            self._backups = []

    def keep_traces(self, exhibits: set[Exhibit]) -> None:
        """Remember the bytes of what may be erased now."""
        named = self.office.named()
        self._traces |= {each: canaries_of(self.office.home, [named[each]], {}) for each in exhibits if each in named}


def _words(exhibits: set[Exhibit] | frozenset[Exhibit]) -> str:
    told = (f"{e.thing.place.channel}/{e.thing.place.number} {e.thing.kind} {e.mode}" for e in sorted(exhibits))
    return ", ".join(told)
