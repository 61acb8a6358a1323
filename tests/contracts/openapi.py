"""``docs/openapi.json``: the document of the API, as its routes make it; no server is needed.

Make it anew: ``python -m tests.contracts.openapi > docs/openapi.json``.
"""

import functools
import json
import sys
from collections.abc import Iterator
from typing import Any, cast

from api.http.app import routes
from api.http.caller import ServedOffice
from tests.contracts.tree import ROOT

FILE = ROOT / "docs" / "openapi.json"


@functools.cache
def document() -> dict[str, Any]:
    """What the routes make; they ask their office for nothing before somebody calls."""
    return routes(cast(ServedOffice, None)).openapi()


def written() -> str:
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """``POST /api/v1/cases`` and so on, with what the document says of it."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference within the document refers to; anything else as it is."""
    if "$ref" not in node:
        return node
    found: Any = document()
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(found)


if __name__ == "__main__":
    sys.stdout.write(written())
