"""The typesetter as a process of its own: one document on standard input, its PDF on standard output.

It starts as a script without this program's packages, compiles once and ends: the typesetter's memory grows from one
document to the next, and a panic in it ends only this process. It reads the fonts and the source that it is given, but
no font of the system and no clock. Needs the package ``typst``.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

STANDARDS: Final = ("a-2a", "ua-1")


MISSING = 3
"""How the process ends where there is no typesetter."""


def main() -> int:
    """The typesetter's process: compile the document; 0 if there are pages.

    Otherwise the reason is on standard error: 1 refuses the document, ``MISSING`` says that there is no typesetter.
    """
    try:
        import typst  # noqa: PLC0415 - a caller who only wants to know the standards needs no typesetter
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        return MISSING

    folder, source, data = Path(sys.argv[1]), sys.argv[2], sys.stdin.buffer.read()
    made_at = datetime.fromisoformat(json.loads(data)["made_at"]).replace(microsecond=0)  # PDF knows whole seconds
    try:
        pages, warnings = typst.compile_with_warnings(
            str(folder / "source" / source),
            root=str(folder / "source"),
            font_paths=[str(folder / "fonts")],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=list(STANDARDS),
            timestamp=made_at,
            sys_inputs={"data": data.decode("utf-8")},
        )
    except BaseException as error:  # noqa: BLE001 - a panic of the typesetter is no Exception
        sys.stderr.write(f"{error}\n")
        return 1
    if warnings:
        sys.stderr.write(f"{warnings[0].message}\n")
        return 1
    sys.stdout.buffer.write(pages)
    return 0


if __name__ == "__main__":
    sys.exit(main())
