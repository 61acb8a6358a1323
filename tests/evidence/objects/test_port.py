"""Every store of objects keeps the promises of the port, whatever a writer does with what it put."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ObjectMissingError
from evidence.objects.local import LocalObjects
from evidence.objects.port import Objects, Sink


def local(root: Path) -> LocalObjects:
    store = LocalObjects(root / "objects")
    store.create()
    return store


STORES: dict[str, Callable[[Path], Objects]] = {"local": local}
FATES = ("put", "synced", "settled", "taken back")


def address_of(number: int) -> str:
    return hashlib.sha256(body_of(number)).hexdigest()


def body_of(number: int) -> bytes:
    return b"object %d" % number


def filling(number: int) -> Callable[[Sink], str]:
    def fill(sink: Sink) -> str:
        sink(body_of(number))
        return address_of(number)

    return fill


def read(store: Objects, number: int) -> bytes:
    return b"".join(store.read(address_of(number)))


def must_not_ask() -> frozenset[str]:
    raise AssertionError("the log was asked although nothing is unfinished")


@pytest.mark.parametrize("make", STORES.values(), ids=STORES)
@settings(max_examples=50, deadline=None)
@given(fates=st.lists(st.tuples(st.sampled_from(FATES), st.booleans()), max_size=6))
def test_what_becomes_of_an_object_is_what_its_writer_and_the_log_say(
    tmp_path_factory: pytest.TempPathFactory, make: Callable[[Path], Objects], fates: list[tuple[str, bool]]
) -> None:
    store = make(tmp_path_factory.mktemp("store"))
    numbers = {fate: [at for at, (other, _logged) in enumerate(fates) if other == fate] for fate in FATES}
    addresses = {fate: [address_of(at) for at in of_fate] for fate, of_fate in numbers.items()}
    left = {*numbers["put"], *numbers["synced"]}
    logged = {at for at, (_fate, is_logged) in enumerate(fates) if is_logged and at in numbers["synced"]}
    with ExitStack() as living:
        mate = living.enter_context(store.pending())
        mate.sync([mate.put(filling(100))])
        with store.pending() as writer:
            assert [writer.put(filling(at)) for at in range(len(fates))] == [address_of(at) for at in range(len(fates))]
            writer.sync(addresses["synced"] + addresses["settled"] + addresses["taken back"])
            assert [read(store, at) for at in numbers["synced"]] == [body_of(at) for at in numbers["synced"]]
            writer.settle(addresses["settled"])
            writer.take_back(addresses["taken back"])
            assert list(store.addresses()) == sorted(addresses["settled"])
        kept = {*map(address_of, logged), *addresses["settled"]}
        assert store.recover(lambda: frozenset(kept)) == len(left - logged)
        assert list(store.addresses()) == sorted(kept)
        for at in range(len(fates)):
            if address_of(at) in kept:
                assert read(store, at) == body_of(at)
            else:
                with pytest.raises(ObjectMissingError):
                    read(store, at)
        assert read(store, 100) == body_of(100)  # the living writer's stays
        mate.settle([address_of(100)])
        assert store.recover(must_not_ask) == 0
        assert list(store.strangers()) == []


@pytest.mark.parametrize("make", STORES.values(), ids=STORES)
@pytest.mark.parametrize("act", ["sync", "settle", "take_back"])
def test_what_was_put_elsewhere_or_never_is_missing_and_nothing_else_is_touched(
    tmp_path: Path, make: Callable[[Path], Objects], act: str
) -> None:
    store = make(tmp_path)
    with store.pending() as writer, store.pending() as other:
        writer.put(filling(1))
        other.put(filling(2))
        for addresses in ([address_of(3)], [address_of(1), address_of(2)], [address_of(2)]):
            with pytest.raises(ObjectMissingError):
                getattr(writer, act)(addresses)
        writer.sync([address_of(1)])
        writer.settle([address_of(1)])
        assert list(store.addresses()) == [address_of(1)]
        with pytest.raises(ObjectMissingError):
            getattr(writer, act)([address_of(1)])  # settled: it is the store's now
        assert read(store, 1) == body_of(1)


@pytest.mark.parametrize("make", STORES.values(), ids=STORES)
def test_after_closing_a_writer_begins_anew(tmp_path: Path, make: Callable[[Path], Objects]) -> None:
    store = make(tmp_path)
    with store.pending() as writer:
        writer.put(filling(1))
        writer.close()
        with pytest.raises(ObjectMissingError):
            writer.sync([address_of(1)])
        writer.sync([writer.put(filling(2))])
        assert store.recover(frozenset) == 1
        assert read(store, 2) == body_of(2)
        writer.settle([address_of(2)])
    assert list(store.addresses()) == [address_of(2)]
