"""``approve`` speaks to a person, and refuses the first one."""

from pathlib import Path

from tests.commands import DONE, REPORT, run, waiting


def test_doctor_names_what_waits_and_approve_ends_it(home: Path) -> None:
    add = run("watch", "add", "kanal", *REPORT.split(), "--mode", "metadata_only", home=home)
    assert add.code == DONE
    (finding,) = waiting(run("doctor", "--json", home=home))
    assert finding["verdict"] == "PASSED"
    request = finding["facts"]["subject"]
    assert run("approve", request, "--json", home=home).error["code"] == "authority.names_too_like"
    ran = run("approve", request, "--by", "bo", home=home)
    assert ran.out.startswith("Approved the watch of ann: kanal. 0 other requests still waiting.")
    assert waiting(run("doctor", "--json", home=home)) == []
    assert run("approve", request, "--by", "bo", "--json", home=home).error["type"] == "UnknownItemError"
