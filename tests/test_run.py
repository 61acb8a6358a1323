"""run.py, in a small tree of its own, with locks of tiny wheels that are made here.

Those that install are marked ``outside``: they need the pip of the Python that a user would call.
"""

import ast
import ctypes
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "run.py"
BASE_PYTHON = sys._base_executable  # type: ignore[attr-defined]
"""The Python that a user would call: this one may live in a .venv without pip."""

installs = pytest.mark.outside

ECHO = "import json, os, sys\nprint(json.dumps({'argv': sys.argv, 'cwd': os.getcwd(), 'prefix': sys.prefix}))\n"
MAIN = f"import part\ndef main():\n    exec({ECHO!r})\n    return int(part.__version__.partition('.')[0])\n"


@dataclass(frozen=True)
class Tree:
    """A small stand-in for the project: run.py itself, locks, and a command line that says how it was called."""

    root: Path
    wheels: Path
    outside: Path

    def wheel(self, name: str, version: str, files: Mapping[str, str]) -> str:
        """Build a wheel; return its line for a lock."""
        path = self.wheels / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in files.items():
                archive.writestr(member, text)
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"

    def lock(self, *lines: str, tests: str = "") -> None:
        """Write both locks; the one for tests also holds ``tests``."""
        (self.root / "requirements" / "run.lock").write_text("".join(lines))
        (self.root / "requirements" / "dev.lock").write_text("".join(lines) + tests)

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        places = {"HOME": str(self.outside), "TMPDIR": str(self.outside), "XDG_CACHE_HOME": str(self.outside)}
        places["PATH"] = os.defpath  # pip asks "rustc" for its version, and rustup's shim then writes to HOME
        index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.wheels.as_uri(), "PIP_CONFIG_FILE": os.devnull}
        return {**kept, **places, **index, "PYTHONDONTWRITEBYTECODE": "1", **changes}

    def start(self, *arguments: str, cwd: Path | None = None, **changes: str) -> subprocess.Popen[str]:
        command = [BASE_PYTHON, str(self.root / "run.py"), *arguments]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=cwd or self.outside, env=self.environment(**changes), **streams)  # type: ignore[call-overload,no-any-return]

    def call(self, *arguments: str, cwd: Path | None = None, **changes: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, cwd=cwd, **changes)
        output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / "nisisama-stamp"

    def installed(self) -> set[str]:
        return {path.name for path in (self.root / ".venv").glob("lib/*/site-packages/*.dist-info")}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root = tmp_path / "a folder with spaces"
    (root / "requirements").mkdir(parents=True)
    (root / "api" / "cli").mkdir(parents=True)
    (root / "api" / "cli" / "main.py").write_text(MAIN)
    shutil.copy(SCRIPT, root / "run.py")
    for name in ("wheels", "outside"):
        (tmp_path / name).mkdir()
    tree = Tree(root, tmp_path / "wheels", tmp_path / "outside")
    part = tree.wheel("part", "3.0", {"part.py": "__version__ = '3.0'\n"})
    tree.lock(part, tests=tree.wheel("pytest", "9.0", {"pytest.py": ECHO}))
    return tree


@pytest.fixture
def run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_under_test", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@installs
def test_the_first_call_makes_the_environment_and_becomes_the_command(tree: Tree) -> None:
    done = tree.call("demo", "--json", "two words")
    assert done.returncode == 3, done.stderr  # what the command returned
    assert json.loads(done.stdout) == {
        "argv": ["nisisama", "demo", "--json", "two words"],
        "cwd": str(tree.outside),
        "prefix": str(tree.root / ".venv"),
    }
    assert "requirements/run.lock" in done.stderr


@installs
def test_the_second_call_installs_nothing_and_says_nothing(tree: Tree) -> None:
    tree.call("demo")
    before = tree.stamp.stat().st_mtime_ns
    again = tree.call("demo", PIP_FIND_LINKS="file:///nowhere")
    assert (again.returncode, again.stderr) == (3, "")
    assert tree.stamp.stat().st_mtime_ns == before


@pytest.mark.slow
@installs
def test_the_tests_are_added_to_the_environment_of_the_demo_which_then_still_serves(tree: Tree) -> None:
    tree.call("demo")
    kept = tree.root / ".venv" / "kept"
    kept.touch()
    tested = tree.call("test", "-q")
    assert json.loads(tested.stdout)["argv"][-1] == "-q"
    assert json.loads(tested.stdout)["cwd"] == str(tree.root)
    assert kept.exists()
    assert tree.installed() == {"part-3.0.dist-info", "pytest-9.0.dist-info"}
    assert tree.call("demo").stderr == ""


@pytest.mark.slow
@installs
def test_a_changed_lock_makes_the_environment_new(tree: Tree) -> None:
    assert tree.call("demo").returncode == 3
    tree.lock(tree.wheel("part", "4.0", {"part.py": "__version__ = '4.0'\n"}))
    assert tree.call("demo").returncode == 4
    assert tree.installed() == {"part-4.0.dist-info"}


@installs
@pytest.mark.every(2)
@pytest.mark.every(2)
@pytest.mark.parametrize("missing", ["nisisama-stamp", "bin/python"])
def test_a_half_made_environment_is_removed_and_made_again(tree: Tree, missing: str) -> None:
    tree.call("demo")
    (tree.root / ".venv" / missing).unlink()
    rubbish = tree.root / ".venv" / "rubbish"
    rubbish.touch()
    assert tree.call("demo").returncode == 3
    assert not rubbish.exists()


@pytest.mark.slow
@installs
def test_a_moved_folder_makes_its_environment_new(tree: Tree) -> None:
    tree.call("demo")
    moved = Tree(tree.root.rename(tree.root.parent / "elsewhere"), tree.wheels, tree.outside)
    done = moved.call("demo")
    assert json.loads(done.stdout)["prefix"] == str(moved.root / ".venv")
    assert "Installing" in done.stderr


@pytest.mark.slow
@installs
def test_of_several_calls_at_once_one_installs_and_all_succeed(tree: Tree) -> None:
    processes = [tree.start(word) for word in ("demo", "demo", "test", "demo")]
    ends = [(process.communicate(timeout=120), process.returncode) for process in processes]
    assert [code for _, code in ends] == [3, 3, 0, 3], ends
    assert 1 <= sum("Installing" in errors for (_, errors), _ in ends) <= 2  # the demo's, and perhaps the tests' on top
    assert tree.installed() >= {"part-3.0.dist-info", "pytest-9.0.dist-info"}


@installs
def test_killed_while_installing_the_next_call_waits_for_the_pip_left_behind_and_succeeds(tree: Tree) -> None:
    process = tree.start("demo")
    deadline = time.monotonic() + 60
    while not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.wait()
    with (tree.root / "run.py").open("rb") as own, pytest.raises(BlockingIOError):
        fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
    process.communicate()
    assert not tree.stamp.exists()
    assert tree.call("demo").returncode == 3


@installs
def test_without_network_it_says_what_to_do_and_the_next_call_succeeds(tree: Tree) -> None:
    unreachable = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1"}
    refused = tree.call("demo", **unreachable)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Connect this machine" in refused.stderr
    assert tree.call("demo").returncode == 3


@installs
def test_another_wheel_than_the_locked_one_is_refused(tree: Tree) -> None:
    tree.wheel("part", "3.0", {"part.py": "__version__ = '0'\n"})  # same name and version, other bytes
    refused = tree.call("demo")
    assert refused.returncode == 1
    assert "Do not go on" in refused.stderr
    assert not tree.stamp.exists()


@pytest.mark.slow
@installs
def test_a_fetch_that_fails_leaves_the_environment_as_it_was(tree: Tree) -> None:
    tree.call("demo")
    assert tree.call("test", PIP_FIND_LINKS="").returncode == 1
    assert tree.call("demo").stderr == ""


@pytest.mark.slow
@installs
def test_an_installation_that_fails_leaves_no_environment_that_counts_as_ready(tree: Tree) -> None:
    tree.call("demo")
    run_lock = (tree.root / "requirements" / "run.lock").read_text()
    tree.lock(run_lock, tests=tree.wheel("clash", "1.0", {"clash": "a file", "clash/inner.py": "in a file"}))
    assert tree.call("test").returncode == 1
    assert not tree.stamp.exists()
    assert "Installing" in tree.call("demo").stderr


@installs
def test_a_lock_without_hashes_is_refused(tree: Tree) -> None:
    tree.lock("part==3.0\n")
    refused = tree.call("demo")
    assert refused.returncode == 1
    assert "Hashes are required" in refused.stderr


@installs
def test_a_package_without_a_wheel_for_this_machine_is_said_to_be_so(tree: Tree) -> None:
    line = tree.wheel("part", "3.0", {"part.py": ""})
    (tree.wheels / "part-3.0-py3-none-any.whl").rename(tree.wheels / "part-3.0-cp27-cp27m-win32.whl")
    tree.lock(line)
    assert "none has a wheel for this kind" in tree.call("demo").stderr


@installs
def test_nothing_is_written_outside_the_folder(tree: Tree) -> None:
    assert tree.call("demo").returncode == 3
    assert list(tree.outside.iterdir()) == []
    assert {path.name for path in tree.root.iterdir()} == {".venv", "api", "requirements", "run.py"}


@pytest.mark.slow
@installs
def test_settings_of_pip_that_lead_outside_are_not_followed(tree: Tree) -> None:
    outside = str(tree.outside)
    done = tree.call("demo", PIP_USER="1", PIP_TARGET=outside, PIP_PREFIX=outside, PIP_ROOT=outside)
    assert done.returncode == 3, done.stderr
    assert list(tree.outside.iterdir()) == []


@installs
def test_a_folder_of_the_same_name_where_the_user_stands_does_not_pass_for_ours(tree: Tree) -> None:
    (tree.outside / "api" / "cli").mkdir(parents=True)
    (tree.outside / "api" / "cli" / "main.py").write_text("def main():\n    return 99\n")
    assert tree.call("demo", PYTHONPATH=str(tree.outside)).returncode == 3


def without_override() -> None:
    """Let even root be bound by permissions: drop CAP_DAC_OVERRIDE (1) from the bounding set (PR_CAPBSET_DROP, 24)."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(24, 1) != 0:
        raise OSError("prctl refused")


def shadow(folder: Path, name: str, kind: str) -> Path:
    """A module ``name`` in ``folder`` that leaves a mark when it runs, then ends as if all had gone well."""
    mark = folder / f"{name}.ran"
    words = f"import pathlib, sys\npathlib.Path({str(mark)!r}).touch()\nsys.exit(0)\n"
    if kind == "module":
        (folder / f"{name}.py").write_text(words)
    else:
        (folder / name).mkdir()
        for file in ("__init__.py", "__main__.py"):
            (folder / name / file).write_text(words)
    return mark


@pytest.mark.every(3)
@installs
@pytest.mark.every(3)
@pytest.mark.every(4)
@pytest.mark.parametrize("kind", ["module", "package"])
@pytest.mark.parametrize("name", ["pip", "json", "ssl", "zipfile", "sitecustomize"])
def test_a_module_that_lies_where_the_user_stands_never_runs(tree: Tree, name: str, kind: str) -> None:
    mark = shadow(tree.outside, name, kind)
    done = tree.call("demo")
    assert not mark.exists()
    assert done.returncode == 3, done.stderr
    assert tree.installed() == {"part-3.0.dist-info"}


@installs
def test_the_module_in_that_test_would_run_for_a_careless_caller(tree: Tree) -> None:
    mark = shadow(tree.outside, "pip", "package")
    subprocess.run([BASE_PYTHON, "-m", "pip", "--version"], cwd=tree.outside, check=True, env=tree.environment())
    assert mark.exists()


@installs
@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"part-3.0.dist-info/METADATA": None}, "part: expected 3.0, found"),
        ({"part.py": "raise ImportError('half a file')\n"}, "half a file"),
    ],
    ids=["not there", "cannot be imported"],
)
def test_an_environment_that_cannot_import_the_program_is_not_stamped(
    tree: Tree, run: ModuleType, monkeypatch: pytest.MonkeyPatch, files: dict[str, str | None], words: str
) -> None:
    assert tree.call("demo").returncode == 3
    site_packages = next((tree.root / ".venv").glob("lib/*/site-packages"))
    for name, content in files.items():
        if content is None:
            (site_packages / name).unlink()
        else:
            (site_packages / name).write_text(content)
    monkeypatch.setattr(run, "PYTHON", tree.root / ".venv" / "bin" / "python")
    monkeypatch.setattr(run, "SCRATCH", tree.root)
    with pytest.raises(run.RefusalError) as refusal:
        run.require_arrived(tree.root / "requirements" / "run.lock")
    assert words in refusal.value.args[0]


def test_a_package_for_another_system_need_not_arrive(run: ModuleType) -> None:
    lock = "one==1.0 \\\n  --hash=a\nother==2.0 ; os_name == 'win32' \\\n  --hash=b\nlast==3.0\n"
    assert run.unconditional_pins(lock) == [("one", "1.0"), ("last", "3.0")]


@pytest.mark.parametrize("name", ["run.lock", "dev.lock"])
def test_nearly_all_of_a_lock_must_arrive(run: ModuleType, name: str) -> None:
    lock = Path(run.__file__).with_name("requirements").joinpath(name).read_text()
    pinned = {line.split("==")[0] for line in lock.splitlines() if "==" in line.partition(";")[0]}
    marked = {line.split("==")[0] for line in lock.splitlines() if "==" in line.partition(";")[0] and ";" in line}
    assert {pin for pin, _version in run.unconditional_pins(lock)} == pinned - marked
    assert "tzdata" in marked


@pytest.mark.slow
@installs
def test_a_program_that_lacks_a_package_is_told_and_not_stamped(tree: Tree) -> None:
    (tree.root / "api" / "cli" / "main.py").write_text("import absent\n")
    done = tree.call("demo")
    assert done.returncode == 1
    assert "No module named 'absent'" in done.stderr
    assert not tree.stamp.exists()


@installs
def test_a_folder_that_cannot_be_written_to_is_refused_politely(tree: Tree) -> None:
    tree.root.chmod(stat.S_IRUSR | stat.S_IXUSR)
    command = [BASE_PYTHON, str(tree.root / "run.py"), "demo"]
    bound = {"env": tree.environment(), "preexec_fn": without_override, "capture_output": True, "text": True}
    refused = subprocess.run(command, check=False, **bound)  # type: ignore[call-overload]
    tree.root.chmod(stat.S_IRWXU)
    assert refused.returncode == 1
    assert "cannot be written to" in refused.stderr
    assert "Copy the folder" in refused.stderr
    assert subprocess.run(command, check=False, **bound).returncode == 3  # type: ignore[call-overload]


@pytest.mark.slow
@installs
def test_a_folder_that_was_made_ready_with_another_python_names_it(tree: Tree) -> None:
    tree.call("demo")
    stamp, settings = tree.root / ".venv" / "nisisama-stamp", tree.root / ".venv" / "pyvenv.cfg"
    stamp.write_text("of another Python")
    made_with = next(line for line in settings.read_text().splitlines() if line.startswith("executable = "))
    command = [BASE_PYTHON, str(tree.root / "run.py"), "demo"]
    bound = {"env": tree.environment(), "preexec_fn": without_override, "capture_output": True, "text": True}
    for python, words in (
        (made_with.removeprefix("executable = "), "run it with that"),
        ("/absent/python", "may not run"),
    ):
        settings.write_text(settings.read_text().replace(made_with, f"executable = {python}"))
        made_with = f"executable = {python}"
        tree.root.chmod(stat.S_IRUSR | stat.S_IXUSR)
        refused = subprocess.run(command, check=False, **bound)  # type: ignore[call-overload]
        tree.root.chmod(stat.S_IRWXU)
        assert refused.returncode == 1
        assert f"{python}" in refused.stderr
        assert words in refused.stderr


@pytest.mark.slow
@installs
def test_the_python_of_the_environment_does_not_remove_itself(tree: Tree) -> None:
    tree.call("demo")
    inner = tree.root / ".venv" / "bin" / "python"
    command = [str(inner), str(tree.root / "run.py"), "demo"]
    assert subprocess.run(command, check=False, env=tree.environment(), capture_output=True).returncode == 3
    tree.stamp.unlink()
    refused = subprocess.run(command, check=False, env=tree.environment(), capture_output=True, text=True)
    assert (refused.returncode, "the system's" in refused.stderr) == (1, True)
    assert inner.exists()


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--help"], 0), (["-h"], 0)])
def test_without_a_command_it_shows_the_usage_and_installs_nothing(tree: Tree, arguments: list[str], code: int) -> None:
    done = tree.call(*arguments)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith("usage: python3 run.py demo")
    assert not (tree.root / ".venv").exists()


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ([], ["-m", "not outside and not slow"]),
        (["--outside"], ["-m", "not slow"]),
        (["--slow"], []),
        (["--outside", "--slow"], []),
    ],
)
def test_markers_follow_the_two_options(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, given: list[str], passed_on: list[str]
) -> None:
    monkeypatch.setattr(run.os, "cpu_count", lambda: 2)
    parallel = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
    assert run.pytest_arguments([*given, "-x", "tests/api"]) == [*passed_on, *parallel, "-x", "tests/api"]


def test_an_old_python_is_refused_in_clear_words(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "OLDEST_PYTHON", (4, 0))
    assert run.main(["demo"]) == 1
    assert "needs Python 3.11 or newer; this is 3." in capsys.readouterr().err


def test_an_old_python_can_read_the_refusal() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))
    with pytest.raises(SyntaxError):  # the control: a newer syntax would be noticed
        ast.parse("match 1:\n    case 1: pass\n", feature_version=(3, 7))


def test_run_needs_nothing_beyond_the_standard_library() -> None:
    nodes = list(ast.walk(ast.parse(SCRIPT.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
