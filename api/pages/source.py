"""The script of a page: plain modules, put together into one text that needs no loader.

An inline script cannot import, and a page that works from a USB stick can fetch nothing. So each module of
``parts/`` is written as an ES module, and here the lines that import and the words that export are taken away. All
names of all modules then stand in one function; two of one name would be a syntax error.
"""

import importlib.resources
import re

MODULES = (
    "pdq.js",
    "trim.js",
    "crops.js",
    "jcs.js",
    "proquint.js",
    "container.js",
    "plain.js",
    "decode.js",
    "question.js",
)
"""What hashes and seals, each after what it imports."""
BUNDLED = "bundled.js"
"""What others wrote, made by ``api/pages/build``: age-encryption and jpeg-js, with their licences in it."""
_IMPORT = re.compile(r"^import .* from \"\./[a-z]+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|class|const)", re.MULTILINE)


def page_part(name: str) -> str:
    """The text of a file of ``parts/``."""
    return importlib.resources.files("api.pages").joinpath("parts", name).read_text(encoding="utf-8")


def linked(*modules: str) -> str:
    """One strict script of these modules, in this order."""
    whole = "\n".join(_EXPORT.sub("", _IMPORT.sub("", page_part(name))) for name in modules)
    return f'{page_part(BUNDLED)}\n(() => {{\n"use strict";\n{whole}}})();\n'
