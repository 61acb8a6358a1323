"""The script of a page: plain modules, put together into one text that needs no loader.

An inline script cannot import, and a page that works from a USB stick can fetch nothing. So each module of a
package's ``parts/`` is written as an ES module, and here the lines that import and the words that export are taken
away. All names of all modules then stand in one function; two of one name would be a syntax error.
"""

import base64
import hashlib
import importlib.resources
import re
from collections.abc import Mapping

BUNDLED = "bundled.js"
"""What others wrote, made by the npm project in ``build/`` beside the parts, with its licences in it."""
_IMPORT = re.compile(r"^import .* from \"\./[a-z]+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|class|const)", re.MULTILINE)


def part_of(package: str, name: str) -> str:
    """The text of a file of a package's ``parts/``, for a page's script."""
    return importlib.resources.files(package).joinpath("parts", name).read_text(encoding="utf-8")


def linked_parts(package: str, *modules: str, made: Mapping[str, str] | None = None) -> str:
    """One strict script of a page, of these modules of a package, in this order.

    Args:
        made: The texts of modules that are no files, by name.
    """
    texts = ((made or {}).get(name) or part_of(package, name) for name in modules)
    whole = "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)
    return f'{part_of(package, BUNDLED)}\n(() => {{\n"use strict";\n{whole}}})();\n'


def csp_digest(text: str) -> str:
    """The digest by which a Content-Security-Policy names an inline script or style (CSP 3, 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
