"""An import asks for the authority that its mode needs before anything is read or written."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from api.cli.main import main
from api.home import Home
from api.office.intake import Heard, Wish, import_export
from evidence.errors import AuthorityError
from evidence.fingerprint.decoder import _Worker
from evidence.fingerprint.sandbox import Walls
from evidence.observation import Mode
from monitor.errors import MonitorError
from monitor.rehearsal.export import write_export
from tests.homes import Office, doer, items_of, legal_basis, new_home, records_of, size_of, take_in


@pytest.mark.parametrize("mode", [Mode.HASH_ONLY, Mode.SEALED])
def test_a_mode_above_metadata_needs_two_persons_before_the_export_is_read(home: Home, mode: Mode) -> None:
    before, nowhere = size_of(home), home.path.parent / "nowhere"
    alone = Wish(nowhere, None, "mila", mode, legal_basis(home.path.parent), doer(home, approver="Ann"))
    with pytest.raises(AuthorityError, match="their own request"):
        import_export(home, alone)
    assert size_of(home) == before


def test_an_export_that_is_not_there_writes_nothing(home: Home) -> None:
    before = size_of(home)
    with pytest.raises(MonitorError):
        take_in(home, home.path.parent / "nowhere")
    assert size_of(home) == before


def test_the_request_names_the_digest_of_the_export_and_not_its_folder(home: Home, office: Office) -> None:
    before = size_of(home)
    done = take_in(home, office.export.folder)
    requested, approved, imported = (record for record in records_of(home, before) if record.type != "anchor")
    assert (requested.type, approved.type, imported.type) == ("requested", "approved", "imported")
    assert requested.values["target"] == done.container.sha256
    assert office.export.folder.name not in str(requested.values)
    basis = imported.values["legal_basis"]
    assert isinstance(basis, dict)
    assert (basis["text"], basis["country"]) == ("Written by nobody, for tests", "MK")
    assert done.counts.already_known == len(items_of(home))


def test_metadata_alone_needs_one_person_and_no_request(home: Home, office: Office) -> None:
    before = size_of(home)
    take_in(home, office.export.folder, Mode.METADATA_ONLY, by=doer(home, approver=None))
    assert "requested" not in {record.type for record in records_of(home, before)}


@pytest.mark.every(2)
@pytest.mark.usefixtures("own_decoders")
@pytest.mark.parametrize("lacks", [(), ("landlock", "seccomp")])
def test_the_walls_around_the_decoder_are_logged_and_those_that_the_machine_lacks_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lacks: tuple[str, ...]
) -> None:
    greet = _Worker.greet

    def greet_without(worker: _Worker, *, timeout_s: float) -> None:
        greet(worker, timeout_s=timeout_s)
        worker.sandbox = str(Walls(("rlimits 1 MiB",), lacks))

    monkeypatch.setattr(_Worker, "greet", greet_without)
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=3, messages=17, photos=1)
    before = size_of(home)
    words = ["import", str(export.folder), "--declared-by", "mila", "--by", "ann"]
    basis = ["--mode", "hash_only", "--legal-basis", str(legal_basis(tmp_path)), "--approved-by", "bo"]
    assert main(["--home", str(home.path), *words, *basis]) == 0
    assert ("cannot shut the decoder" in capsys.readouterr().out) is bool(lacks)
    [imported] = (record for record in records_of(home, before) if record.type == "imported")
    assert imported.values["decoder"] == str(Walls(("rlimits 1 MiB",), lacks))
    home.engine.dispose()


def test_where_nothing_was_decoded_no_walls_are_named(home: Home, office: Office) -> None:
    before = size_of(home)
    done = take_in(home, office.export.folder, Mode.METADATA_ONLY, by=doer(home, approver=None))
    [imported] = (record for record in records_of(home, before) if record.type == "imported")
    assert (imported.values["decoder"], done.walls) == (None, None)


@pytest.mark.parametrize("mode", Mode)
def test_progress_hears_of_every_message_and_every_file_that_is_read(tmp_path: Path, mode: Mode) -> None:
    home, _cards = new_home(tmp_path / "home")
    export = write_export(tmp_path / "export", seed=3, messages=40, photos=6)
    basis = None if mode is Mode.METADATA_ONLY else legal_basis(tmp_path)
    heard: dict[str, list[object]] = {"began": [], "read": [], "durable": [], "stamping": []}

    @contextmanager
    def stamping() -> Iterator[None]:
        before = size_of(home)
        yield
        heard["stamping"].append(size_of(home) - before)

    def begin(messages: int, files: int) -> Heard:
        heard["began"] += [messages, files]
        return Heard(heard["durable"].append, heard["read"].append, stamping)

    wish = Wish(export.folder, None, "mila", mode, basis, doer(home))
    import_export(home, wish, begin)
    files = 0 if mode is Mode.METADATA_ONLY else len(export.media)
    assert heard["began"] == [40, files]
    assert heard["read"] == [1] * files
    assert sum(int(str(more)) for more in heard["durable"]) == 40
    assert heard["stamping"] == [1]


def test_the_legal_basis_may_come_as_a_stream(home: Home, office: Office) -> None:
    before = size_of(home)
    uploaded = BytesIO(legal_basis(home.path.parent).read_bytes())
    wish = Wish(office.export.folder, None, "mila", Mode.SEALED, uploaded, doer(home))
    import_export(home, wish)
    basis = next(record.values["legal_basis"] for record in records_of(home, before) if record.type == "imported")
    assert isinstance(basis, dict)
    assert basis["counsel"] == "A. Counsel"
