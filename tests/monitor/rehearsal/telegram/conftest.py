"""One pair of data centres for all of these tests, one account that is logged in, and a group for each test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from telethon.sessions import MemorySession
from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Account
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram
from tests.monitor.rehearsal.telegram.peers import Asking, Tl, connected, input_of, peer_of, run, session_of

_NUMBERS = count(38_160_000_101)


@dataclass(frozen=True)
class Reader:
    """An account that is logged in, and the servers that it reads from."""

    telegram: LoopbackTelegram
    account: Account
    session: MemorySession

    def ask(self, asking: Asking[Tl], **options: Tl) -> Tl:
        """What ``asking`` makes of a connected client."""

        async def within() -> Tl:
            async with connected(self.telegram, self.session, receive_updates=False, **options) as client:
                return await asking(client)

        return run(within())

    def request(self, request: Tl) -> Tl:
        """The answer to one request."""

        async def send(client: Tl) -> Tl:
            return await client(request)

        return self.ask(send)

    def channel(self, room: Room) -> types.InputChannel:
        return input_of(self.telegram, self.account, room)

    def peer(self, room: Room) -> types.InputPeerChannel:
        return peer_of(self.telegram, self.account, room)


@pytest.fixture(scope="session")
def shared_telegram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackTelegram]:
    with LoopbackTelegram.running(tmp_path_factory.mktemp("telegram")) as telegram:
        yield telegram


@pytest.fixture
def telegram(shared_telegram: LoopbackTelegram) -> Iterator[LoopbackTelegram]:
    yield shared_telegram
    shared_telegram.faults.clear()


@pytest.fixture(scope="session")
def shared_account(shared_telegram: LoopbackTelegram) -> tuple[Account, MemorySession]:
    account = shared_telegram.world.add_account("+38160000001")
    return account, session_of(shared_telegram, account)


@pytest.fixture
def reader(telegram: LoopbackTelegram, shared_account: tuple[Account, MemorySession]) -> Reader:
    return Reader(telegram, *shared_account)


@pytest.fixture
def phone() -> str:
    """A telephone number that no other test has."""
    return f"+{next(_NUMBERS)}"


@pytest.fixture
def group(telegram: LoopbackTelegram, reader: Reader) -> Room:
    """A public supergroup that the reader has not joined."""
    return telegram.world.add_channel("Weather", username=f"weather_{next(_NUMBERS)}")


@pytest.fixture
def newcomer(telegram: LoopbackTelegram, phone: str) -> Callable[[], Reader]:
    """Logs in an account that nobody else uses, for tests that take it away."""

    def come() -> Reader:
        account = telegram.world.add_account(phone)
        return Reader(telegram, account, session_of(telegram, account))

    return come
