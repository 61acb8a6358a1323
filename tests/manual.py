"""The commands of a page of ``docs/operations.md``, for tests that follow it word by word."""

import re
import shlex

from tests.contracts.tree import ROOT


def page_commands(heading: str) -> list[list[str]]:
    """The words of each command in the section under a heading (such as ``## Hand over a picture``), in its order."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    begins = text.index(f"\n{heading}\n") + len(heading) + 2
    depth = heading.index(" ")
    page = re.split(rf"^#{{1,{depth}}} ", text[begins:], maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]
