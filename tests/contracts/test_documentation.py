"""Each command, setting and error stands in the documentation, as code: ``import``, ``log.beat_s``, ``LeafError``."""

import re
from collections.abc import Iterator

import click
import pydantic
import pytest

from api.cli.main import cli
from config.errors import Explained
from config.settings import Settings
from tests.contracts.tree import PACKAGES, ROOT, modules, subclasses


def code_spans(text: str) -> set[str]:
    """Every piece of code in a Markdown text: inline, and each line of a fenced block."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return {*inline, *(line.strip() for block in blocks for line in block.splitlines())}


def documented() -> set[str]:
    texts = [path.read_text() for path in (*sorted((ROOT / "docs").rglob("*.md")), *ROOT.glob("README*.md"))]
    return set().union(*map(code_spans, texts))


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """``init``, ``watch add`` and so on."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


def settings(model: type[pydantic.BaseModel], before: str = "") -> Iterator[str]:
    """``version``, ``log.origin`` and so on."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, pydantic.BaseModel):
            yield from settings(field.annotation, f"{before}{name}.")
        else:
            yield before + name


def errors() -> Iterator[str]:
    """The errors that a person may be told of: those without others below them."""
    assert modules()
    ours = (kind for kind in subclasses(Explained) if kind.__module__.partition(".")[0] in PACKAGES)
    yield from sorted({kind.__name__ for kind in ours if not kind.__subclasses__()})


@pytest.mark.parametrize("named", [commands(cli), settings(Settings), errors()], ids=["commands", "settings", "errors"])
def test_each_is_documented(named: Iterator[str]) -> None:
    spoken_of = documented()
    wanted = list(named)
    assert wanted
    assert [
        name for name in wanted if not any(re.match(rf"(nisisama )?{re.escape(name)}\b", code) for code in spoken_of)
    ] == []


def test_code_is_found_in_a_line_and_in_a_block() -> None:
    assert code_spans("Say `watch add`.\n\n```toml\nlog.beat_s = 60\n```\nand `init`.") == {
        "watch add",
        "log.beat_s = 60",
        "init",
    }
