"""The documentation says what the program does, and the README's day goes as it is shown.

``test_documentation.py`` asks that each name stands somewhere; here tables of options, settings,
findings, files and errors are compared with the program, both ways.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import PIPE

import annotated_types
import click
import pydantic
import pytest
from pydantic.fields import FieldInfo

from api.cli.main import cli
from api.home import Home
from api.office.health import check_health
from api.offline.audit import CHECK as MEDIA_CONTENTS
from casefiles.verifier.report import check_list
from config.catalogues import time_stamp_offices
from config.errors import Explained
from config.settings import NOT_SETTINGS, PREFIX, Settings
from evidence.audit.log import AuditInput, RecordReader
from evidence.audit.run import audit
from evidence.observation import HoleReason
from evidence.times import system_clock
from tests.contracts.tree import PACKAGES, ROOT, modules, sources, subclasses
from tests.forking import ForkedProgram
from tests.homes import PASSPHRASE, new_office
from tests.nonempty import nonempty

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "requirements" / "README.md")

Tree = Mapping[str, click.Command]


# Reading Markdown


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next of its rank."""
    rank, _, _ = title.partition(" ")
    _, _, below = f"\n{text}".partition(f"\n{title}\n")
    assert below, f"no section {title}"
    return re.split(rf"^#{{1,{len(rank)}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, but for heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = {at - 1 for at, line in enumerate(lines) if re.fullmatch(r"[|: -]+", line)}
    return [row for at, row in enumerate(cells) if at not in heads and not re.fullmatch(r"[|: -]+", lines[at])]


def named(text: str) -> list[str]:
    """The first code span of each table row."""
    return [found[1] for row in rows(text) if (found := re.match(r"`([^`]+)`", row[0]))]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as the usual forges make them."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


# Commands and options


def tree(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from tree(command, f"{before}{name} ")
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield before + name, command


def options(command: click.Command) -> set[str]:
    given = (each for each in command.params if isinstance(each, click.Option))
    return {text for each in given for text in (*each.opts, *each.secondary_opts)}


COMMANDS: Tree = dict(tree(cli))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_section_with_exactly_its_options(name: str) -> None:
    heading = re.search(rf"^### `nisisama {name}((?: [A-Z.]+)*)`$", OPERATIONS, re.MULTILINE)
    assert heading, f"no section for {name}"
    arguments = [each for each in COMMANDS[name].params if isinstance(each, click.Argument)]
    assert len(heading[1].split()) == len(arguments)
    cells = "".join(row[0] for row in rows(section(OPERATIONS, heading[0])))
    assert set(re.findall(r"--[a-z0-9-]+", cells)) == options(COMMANDS[name])


def test_no_section_speaks_of_a_command_that_is_not_there() -> None:
    headings = re.findall(r"^### `nisisama ([a-z -]+?)(?: [A-Z.]+)*`$", OPERATIONS, re.MULTILINE)
    assert sorted(headings) == sorted(COMMANDS)


def calls(text: str) -> Iterator[list[str]]:
    """The arguments of every call of the program in a page's blocks and code spans."""
    lines = [line for language in ("sh", "console") for block in blocks(text, language) for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", without_blocks(text))
    for line in (*lines, *spans):
        if found := re.match(r"(?:\$ )?(?:nisisama|python3 run\.py) (.*)", line):
            yield shlex.split(found[1], comments=True)


def wrong_words(arguments: Sequence[str], known: Tree) -> list[str]:
    """Words of a call that name no command, or an option that the command has not."""
    words = list(arguments)
    if words[:1] == ["--home"]:
        words = words[2:]
    if words[:1] in (["test"], ["COMMAND"], ["[--home"]) or not words:
        return []
    name = next((name for name in known if words[: len(name.split())] == name.split()), None)
    if name is None:
        return [] if any(known_name.startswith(f"{words[0]} ") for known_name in known) and len(words) == 1 else words
    return [word for word in words if word.startswith("--") and word not in options(known[name]) | {"--help", "--home"}]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_calls_only_commands_and_options_that_are_there(page: Path) -> None:
    assert [wrong for call in calls(page.read_text(encoding="utf-8")) for wrong in wrong_words(call, COMMANDS)] == []


def test_a_call_of_a_command_or_option_that_is_not_there_is_found() -> None:
    page = "```console\n$ nisisama reveal X\n```\nand `nisisama audit --deep`, `nisisama audit --level 3`."
    assert [wrong_words(call, COMMANDS) for call in calls(page)] == [["reveal", "X"], ["--deep"], []]
    assert sum(1 for _ in calls(README)) > 10


# Settings


def fields(model: type[pydantic.BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, pydantic.BaseModel):
            yield from fields(field.annotation, f"{before}{name}.")
        else:
            yield before + name, field


def written(default: object) -> str:
    """A default as the table writes it."""
    if default == "":
        return "empty"
    if isinstance(default, bool):
        return f"`{default}`".lower()
    return f"`{list(default) if isinstance(default, tuple) else default}`"


def bounds(field: FieldInfo) -> set[str]:
    """The numbers that limit a setting, as the table writes them."""
    limits = [
        limit
        for each in field.metadata
        for kind, name in (
            (annotated_types.Ge, "ge"),
            (annotated_types.Gt, "gt"),
            (annotated_types.Le, "le"),
            (annotated_types.MinLen, "min_length"),
            (annotated_types.MaxLen, "max_length"),
        )
        if isinstance(each, kind)
        for limit in [getattr(each, name)]
    ]
    return {f"{limit:g}" if isinstance(limit, float) else str(limit) for limit in limits}


def test_each_setting_has_its_row_with_default_range_and_variable() -> None:
    table = {row[0].strip("`"): row for row in rows(section(OPERATIONS, "## Settings"))}
    known = dict(fields(Settings))
    assert table.keys() == known.keys()
    for name, field in known.items():
        _, default, range_, variable, words = table[name]
        assert default == ("none" if field.is_required() else written(field.default)), name
        assert bounds(field) <= set(re.findall(r"\d+", range_)), name
        assert variable == f"`{PREFIX}{name.replace('.', '__').upper()}`"
        assert words


def test_each_variable_that_is_no_setting_is_named() -> None:
    assert set(re.findall(r"`(NISISAMA_[A-Z_]+)`", OPERATIONS)) >= NOT_SETTINGS


# Findings, holes, errors, time-stamp offices


def test_each_finding_of_doctor_and_audit_has_its_row(tmp_path: Path) -> None:
    office = new_office(tmp_path)
    home = Home.open(office.home.path)
    signed = home.keys.signed.read_bytes()
    reader = RecordReader(home.keys.unlock(PASSPHRASE).casework, home.keys.seen_key())
    audit_input = AuditInput(
        home.engine,
        home.objects,
        home.verifier_key,
        home.stamp_roots(),
        signed=signed,
        against=(signed,),
        reader=reader,
    )
    findings = section(OPERATIONS, "## Findings")
    doctor, audited = re.split(r"^`nisisama (?:audit|verify)`.*:$", findings, flags=re.MULTILINE)[:2]
    found = {finding.id for finding in check_health(home.path, system_clock).findings}
    nowhere = {finding.id for finding in check_health(tmp_path / "nowhere", system_clock).findings}
    assert set(named(doctor)) == found | nowhere
    # the fourth level has cards, which tests/api/offline/test_audit.py brings
    assert set(named(audited)) == {finding.id for finding in audit(audit_input).report.findings} | {MEDIA_CONTENTS}
    home.engine.dispose()


def test_each_check_of_a_bundle_has_its_row_with_its_title() -> None:
    table = {row[0].strip("`"): row[1] for row in rows(section(OPERATIONS, "## Findings"))}
    for check in nonempty(check_list()):
        assert table[check.id] == check.title + (" (`verify.sh` too)" if "sh" in check.done_by else "")


def test_each_reason_of_a_hole_has_its_row() -> None:
    assert sorted(named(section(OPERATIONS, "## Holes"))) == sorted(reason.value for reason in HoleReason)


def test_each_error_has_its_row_and_no_row_is_of_an_error_that_is_gone() -> None:
    assert modules()
    errors = section(OPERATIONS, "## Errors")
    ours = {kind for kind in subclasses(Explained) if kind.__module__.partition(".")[0] in PACKAGES}
    leaves = {kind.__name__ for kind in ours if not kind.__subclasses__()}
    assert {kind.__name__ for kind in ours} == set(re.findall(r"`([A-Z]\w+Error)`", errors))
    assert leaves <= set(named(errors))
    assert all(len(row) == 3 and all(row) for row in rows(errors))


def test_each_time_stamp_office_has_its_row_with_address_and_root() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows(section(OPERATIONS, "## Time-stamp offices"))}
    shipped = time_stamp_offices()
    assert table == {name: [f"`{each.url}`", each.roots[0].subject] for name, each in shipped.items()}


# Files of a home


PROGRAM = (sys.executable, "-P", "-c", "import sys; from api.cli.main import main; sys.exit(main())")
SPOKEN_FOR = {
    "PYTHONPATH": str(ROOT),
    "NISISAMA_ACTOR": "ann",
    "NISISAMA_PASSPHRASE": PASSPHRASE,
    "NISISAMA_KEYS__PASSPHRASE_LOG_N": "10",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that the command itself made, with its cards beside it."""
    folder = tmp_path_factory.mktemp("made")
    command = [*PROGRAM, "--home", "home", "init", "--org", "Office", "--rehearsal", "--cards", "cards"]
    subprocess.run(command, cwd=folder, env={**os.environ, **SPOKEN_FOR}, capture_output=True, check=True)
    return folder


def modes(folder: Path) -> dict[str, str]:
    """Path -> mode of every file, and of the folders of objects."""
    found = {
        path.relative_to(folder).as_posix() + ("/" if path.is_dir() else ""): f"{path.stat().st_mode & 0o7777:04o}"
        for path in folder.rglob("*")
        if path.is_file() or "objects" in path.parts
    }
    named = {name.replace("time-stamp-rehearsal", "time-stamp-NAME"): mode for name, mode in found.items()}
    return {re.sub(r"[0-9a-f]{64}(?=\.crl$)", "SHA256", name): mode for name, mode in named.items()}


def test_each_file_of_a_home_has_its_row_with_its_mode(made: Path) -> None:
    text = section(OPERATIONS, "## What is kept where")
    home, keys = text.split("The keys' folder,")
    for folder, table in (("home", home), ("home.keys", keys)):
        assert {row[0].strip("`"): row[1] for row in rows(table)} == modes(made / folder)


# Links and addresses


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(text)):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page, page.read_text(encoding="utf-8"))) == []


def test_a_link_to_a_file_or_heading_that_is_not_there_is_found() -> None:
    text = "[a](no/such.md) [b](#no-such) [c](docs/operations.md#exit-codes) [d](docs/operations.md#no)"
    assert list(broken_links(ROOT / "README.md", text)) == ["no/such.md", "#no-such", "docs/operations.md#no"]


HOSTS = re.compile(
    r"https?://(?!(?:age-encryption\.org|keepachangelog\.com|semver\.org|example\.org|timestamp\.digicert\.com"
    r"|timestamp\.globalsign\.com|www\.wikipedia\.org|c2sp\.org|uri\.etsi\.org|nisisama|www\.w3\.org)(?:[/)`\s]|$))\S+"
)
PLACES = re.compile(r"(?<![\w.…/-])/(?:work|root|tmp|Users|home/\w)[/\w]*|\b127\.0\.0\.1:\d|\blocalhost:\d")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_place_where_it_was_written(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert HOSTS.findall(text) == []
    assert PLACES.findall(text) == []
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)


def test_a_place_or_a_strange_host_is_found() -> None:
    assert PLACES.search("see /tmp/x and")
    assert PLACES.search("`/work/main`")
    assert not PLACES.search("…/office/home")
    assert HOSTS.search("from https://pypi.internal/simple")
    assert not HOSTS.search("https://example.org/report ")


def test_every_page_that_the_source_names_is_there() -> None:
    texts = [source.text for source in sources()]
    texts += [path.read_text(encoding="utf-8") for path in (*PAGES, ROOT / "pyproject.toml")]
    pages = {name for text in texts for name in re.findall(r"docs/[\w/-]+\.md", text)}
    assert len(pages) > 3
    assert [name for name in sorted(pages) if not (ROOT / name).exists()] == []


def test_the_index_lists_every_decision_once() -> None:
    folder = ROOT / "docs" / "adr"
    decisions = sorted(path.name for path in folder.glob("[0-9]*.md"))
    listed = re.findall(r"^\| \[(\d+)\]\(([^)]+)\)", (folder / "README.md").read_text(), re.MULTILINE)
    assert [name for _number, name in listed] == decisions
    assert [f"{int(number):04d}" for number, _name in listed] == [name[:4] for name in decisions]


def test_the_newest_version_has_its_changes() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"\n## [{version[1]}]" in (ROOT / "CHANGELOG.md").read_text()


# The first day


GAP = "…"
KNOWN = (
    r"case-[0-9a-f]{12}|[0-9a-f]{32,}|[0-9a-f]{8}\+[0-9a-f]{8}\+[\w+/=]+|(?:[0-9A-F]{2}:){31}[0-9A-F]{2}"
    r"|(?:[0-9a-f]{4} ){7}[0-9a-f]{4}|\b[0-9a-f]{8}(?=  (?:message|file))"
)
CHANGING = re.compile(rf"({KNOWN}|\d{{4}}-\d\d-\d\dT[\d:.]+Z|\d{{4}}-\d\d-\d\d [\d:]{{8}}(?:Z| UTC))")


def shown(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of the console blocks, with the lines that are shown as its output."""
    command: str | None = None
    lines: list[str] = []
    for line in "".join(blocks(text, "console")).splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command, lines
            command, lines = line[2:], []
        else:
            lines.append(line)
    if command is not None:
        yield command, lines


def pattern(lines: Sequence[str]) -> str:
    """What an output must match: as shown, with identifiers and times caught, and gaps for what was left out."""
    parts = []
    for line in lines:
        if line == GAP:
            parts.append(r"(?:[^\n]*\n)*?")
            continue
        words = map(re.escape, CHANGING.split(line))
        inner = "".join(CHANGING.pattern if at % 2 else word for at, word in enumerate(words))
        parts.append(inner.replace(re.escape(GAP), r"[^\n]*") + "\n")
    return "".join(parts)


def test_a_shown_output_fits_one_like_it_and_no_other() -> None:
    lines = ["Opened case-0123456789ab.", GAP, "verdict: PASSED"]
    assert re.fullmatch(pattern(lines), "Opened case-ba9876543210.\none\ntwo\nverdict: PASSED\n")
    assert not re.fullmatch(pattern(lines), "Opened case-ba9876543210.\nverdict: FAILED\n")
    assert not re.fullmatch(pattern(lines), "Opened nothing.\nverdict: PASSED\n")


def renamed(command: str, learned: Mapping[str, str]) -> str:
    """A command of the page, with the identifiers that this run has."""
    return CHANGING.sub(lambda known: learned.get(known[0], known[0]), command)


def typed(command: str, here: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """The exit code of a command, and what it wrote to its two streams."""
    if command.startswith("nisisama "):
        assert not set(command) & set("|&;<>$*`"), "a shell would do more with it than take its words apart"
        process: subprocess.Popen[str] = ForkedProgram(shlex.split(command)[1:], environment=environment, at=here)
    else:
        process = subprocess.Popen(
            ["bash", "-c", command], cwd=here, env=environment, stdout=PIPE, stderr=PIPE, text=True
        )
    out, err = process.communicate()
    return process.returncode, out, err


UNASKED = "nisisama evidence list"


@pytest.mark.outside
def test_the_first_day_goes_as_the_readme_shows(tmp_path: Path) -> None:
    here, learned = tmp_path / "tree", dict[str, str]()
    here.mkdir()
    for command, lines in shown(README):
        if " && cd " in command:
            here = here / command.rpartition(" ")[2]
            here.mkdir()
            continue
        environment = {**os.environ, **SPOKEN_FOR}
        if command.startswith(UNASKED):
            del environment["NISISAMA_PASSPHRASE"]  # a reader types it where a command asks, and this one does not
        code, out, err = typed(renamed(command, learned), here, environment)
        assert (code, err) == (0, ""), command
        match = re.fullmatch(pattern(lines), out)
        assert match, f"{command}\n{out}"
        caught = [token for text in lines if text != GAP for token in CHANGING.findall(text)]
        learned |= dict(zip(caught, match.groups(), strict=True))
    assert len(learned) > 5
