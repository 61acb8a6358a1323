"""``python -m tests.bench NAME [--json]``: run one measurement, and print it with the machine.

A measurement is a module of this folder with ``run() -> {"rows": [...]}``; a row has ``name``,
``unit``, ``ours``, ``peer``, ``peer_name`` and ``ratio``, and where there is no peer these three are None.
"""

import argparse
import importlib
import json
import os
import platform
import ssl
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COLUMNS = ("name", "unit", "ours", "peer", "ratio", "peer_name")

Row = Mapping[str, Any]


def names() -> list[str]:
    """Every measurement there is."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def machine() -> dict[str, str]:
    """What the numbers were taken on."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"cpu": processor(), "cores": str(usable), "python": python, "openssl": ssl.OPENSSL_VERSION}


def processor() -> str:
    """The model of the processor; its architecture where the system does not tell."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def table(rows: Iterable[Row]) -> str:
    """The rows in aligned columns, numbers to the right."""
    cells = [COLUMNS, *([shown(row.get(column)) for column in COLUMNS] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(COLUMNS))]
    return "\n".join("  ".join(aligned(line, widths)).rstrip() for line in cells)


def aligned(line: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    """Pad one line's cells: the three numbers to the right, words to the left."""
    for column, cell, width in zip(COLUMNS, line, widths, strict=True):
        yield cell.rjust(width) if column in ("ours", "peer", "ratio") else cell.ljust(width)


def shown(value: object) -> str:
    """Three figures are as many as a shared machine can vouch for."""
    if value is None:
        return "-"
    if isinstance(value, int | float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def main(arguments: Sequence[str]) -> int:
    """Run one measurement."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Run one measurement.")
    parser.add_argument("name", choices=names())
    parser.add_argument("--json", action="store_true", help="one JSON object, with the machine")
    chosen = parser.parse_args(arguments)
    result = importlib.import_module(f"tests.bench.{chosen.name}").run()
    if chosen.json:
        print(json.dumps({"name": chosen.name, "machine": machine(), **result}, indent=1))
        return 0
    print(table(result["rows"]))
    print()
    print(", ".join(machine().values()).replace(", ", " · "))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
