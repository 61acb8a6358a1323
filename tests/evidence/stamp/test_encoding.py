"""No length of a value makes the structures around it more work to encode than another does."""

from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import core

from evidence.stamp.encoding import KINDS, is_indefinite, mend_asn1crypto

DEPTH = 4
LENGTHS = range(120, 400)
"""Of a value: in each structure around it, some length ends in the octet 0x80."""


class Whole(core.Sequence):  # type: ignore[misc]
    _fields = [("value", core.Any)]  # noqa: RUF012 - as the library wants it


class Many(core.SetOf):  # type: ignore[misc]
    _child_spec = core.Any


def nested(length: int) -> core.Asn1Value:
    value: core.Asn1Value = core.OctetString(bytes(length))
    for _level in range(DEPTH):
        value = Many([Whole({"value": value})])
    return value


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[core.Asn1Value], int]:
    """Counts how often something is encoded while a value is."""
    dump, taken = core.Asn1Value.dump, [0]

    def counting(value: Any, force: bool = False) -> bytes:  # noqa: ANN401, FBT001, FBT002
        taken[0] += 1
        return bytes(dump(value, force))

    def count(value: core.Asn1Value) -> int:
        taken[0] = 0
        value.dump()
        return taken[0]

    monkeypatch.setattr(core.Asn1Value, "dump", counting)
    return count


def test_no_length_takes_more_steps_than_another(steps: Callable[[core.Asn1Value], int]) -> None:
    mend_asn1crypto()
    assert len({steps(nested(length)) for length in LENGTHS}) == 1


def test_without_the_mending_one_does(steps: Callable[[core.Asn1Value], int], monkeypatch: pytest.MonkeyPatch) -> None:
    # the control
    mend_asn1crypto()
    for kind in KINDS:
        monkeypatch.setattr(kind, "dump", kind.dump.__wrapped__)
    assert len({steps(nested(length)) for length in LENGTHS}) > DEPTH


def test_every_length_is_encoded_as_it_is() -> None:
    mend_asn1crypto()
    for length in LENGTHS:
        der = nested(length).dump()
        assert nested(length).dump() == der == Many.load(der, strict=True).dump(force=True)


def test_what_is_changed_afterwards_is_encoded_anew() -> None:
    mend_asn1crypto()
    inner = Whole({"value": core.Integer(1)})
    outer = Whole({"value": inner})
    before = outer.dump()
    inner["value"] = core.Integer(2)
    assert outer.dump() == before[:-1] + b"\x02"


@pytest.mark.parametrize("header", ["3080", "a0803080", "a08201903080", "a0803003"])
def test_an_indefinite_length_is_known(header: str) -> None:
    assert is_indefinite(bytes.fromhex(header))


@pytest.mark.parametrize("header", ["3003", "307f", "308180", "30820180", "3083010080", "a082019030820180", "a0823080"])
def test_a_definite_length_is_known(header: str) -> None:
    assert not is_indefinite(bytes.fromhex(header))
