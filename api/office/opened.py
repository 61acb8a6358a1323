"""An office while its keys are open: the keys, and the library that the matching key fills."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from api.home import Home
from evidence.keys import Unlocked
from evidence.match.library import Library
from evidence.seal.recipients import KeyIdentity


class SharedLibrary:
    """The library of a home for several threads, one at a time; begun once somebody needs it."""

    def __init__(self, engine: sa.Engine, matching: KeyIdentity) -> None:
        self._engine = engine
        self._matching = matching
        self._lock = threading.Lock()
        self._library: Library | None = None

    @contextmanager
    def refreshed(self, stopped: Callable[[], bool] = lambda: False) -> Iterator[Library]:
        """The library with all that was logged until now, for one thread as long as the block runs.

        Raises:
            NoMatchingKeyError: The matching key is another home's.
            StoppedError: ``stopped`` said so before it had all.
        """
        with self._lock:
            library = self._library or Library(self._engine, self._matching)
            self._library = None  # until it is whole again
            library.refresh(stopped)
            self._library = library
            yield library


@dataclass(frozen=True, slots=True)
class OpenOffice:
    """What the passphrase opens, and what is made with it; forgotten as one."""

    keys: Unlocked = field(repr=False)
    library: SharedLibrary = field(repr=False)

    @classmethod
    def of(cls, home: Home, keys: Unlocked) -> "OpenOffice":
        """The office of a home with these keys."""
        return cls(keys, SharedLibrary(home.engine, keys.matching))
