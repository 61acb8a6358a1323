"""``key api``: a key is printed once; the list names whose it is."""

from tests.commands import REFUSED, USAGE, Life, run


def test_a_key_is_made_listed_and_revoked(life: Life) -> None:
    made = run("key", "api", "create", "--owner", "mira", "--scope", "cases:read", "--json", home=life.home).printed
    assert made["key"].startswith("nisi_")
    listed = run("key", "api", "list", "--json", home=life.home)
    (entry,) = [each for each in listed.printed["keys"] if each["key_id"] == made["key_id"]]
    assert (entry["owner"], entry["scopes"], entry["cases"], entry["used_at"]) == ("mira", ["cases:read"], None, None)
    assert made["key"] not in listed.out
    assert "mira: cases:read, never used" in run("key", "api", "list", home=life.home).out
    assert run("key", "api", "revoke", made["key_id"], "--json", home=life.home).printed["revoked"] is True
    assert "revoked" in run("key", "api", "list", home=life.home).out


def test_a_key_for_one_case_until_a_day(life: Life) -> None:
    ran = run("key", "api", "create", "--owner", "zana", "--scope", "bundles", "--case", life.case,
              "--expires", "2999-12-31", "--json", home=life.home)  # fmt: skip
    assert (ran.printed["cases"], ran.printed["expires_at"]) == ([life.case], "2999-12-31T23:59:59.999Z")


def test_what_is_no_key_is_refused_with_words(life: Life) -> None:
    create = ("key", "api", "create", "--owner", "mira", "--json")
    assert run(*create, home=life.home).code == USAGE
    assert run(*create, "--scope", "everything", home=life.home).error["code"] == "usage.no_such_choice"
    ended = run(*create, "--scope", "admin", "--expires", "2020-01-01", home=life.home)
    assert (ended.code, ended.error["code"]) == (REFUSED, "authority.key_ended")
    gone = run("key", "api", "revoke", "0" * 16, "--json", home=life.home)
    assert gone.error["code"] == "unknown_item.no_such_key"
