"""Each measurement can be found and called, and its table can be read."""

import importlib

import pytest

from tests.bench.__main__ import machine, main, names, table


@pytest.mark.parametrize("name", names())
def test_a_measurement_is_a_module_with_one_function_to_run(name: str) -> None:
    module = importlib.import_module(f"tests.bench.{name}")
    assert callable(module.run)
    assert module.__doc__


def test_the_table_shows_a_row_with_a_peer_and_one_without() -> None:
    alone = {"name": "store", "unit": "kB", "ours": 12345, "peer": None, "peer_name": None, "ratio": None}
    beside = {"name": "a proof", "unit": "ms", "ours": 0.12345, "peer": 1.5, "peer_name": "peer 1.0", "ratio": 12.15}
    assert table([alone, beside]).splitlines() == [
        "name     unit    ours  peer  ratio  peer_name",
        "store    kB    12,345     -      -  -",
        "a proof  ms     0.123   1.5   12.2  peer 1.0",
    ]


def test_the_machine_is_named() -> None:
    assert all(machine().values())
    assert "OpenSSL" in machine()["openssl"]


def test_an_unknown_measurement_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["nothing-like-it"])
    assert refused.value.code == 2
