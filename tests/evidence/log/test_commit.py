"""Disclosures and commitments: what is disclosed is what was committed, and nothing else."""

import base64
import hashlib
import hmac
import itertools
import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.canonical import Value, b64u
from evidence.custody.disclose import disclose_each
from evidence.errors import CanonicalError, CommitmentError
from evidence.log.commit import (
    MAX_DEPTH,
    Shown,
    commit_digest,
    commitment,
    open_commitments,
    read_disclosure,
    withheld_line,
)
from evidence.log.schema import SCHEMAS
from tests.disclosing import salt
from tests.nonempty import nonempty

SECRET = bytes(range(32))
SALT = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True)
values = st.recursive(
    st.none() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def disclose(secret: bytes, name: str, value: Value) -> str:
    """The disclosure of one value, as events make them."""
    return disclose_each(secret, {name: value})[name]


def encode(text: str) -> str:
    """Any text as a disclosure."""
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode().rstrip("=")


def test_a_disclosure_is_made_as_the_format_says() -> None:
    expected_salt = hmac.new(SECRET, b"nisisama/salt/1\ntext", hashlib.sha256).digest()
    salt_text = base64.urlsafe_b64encode(expected_salt).decode().rstrip("=")
    assert salt(SECRET, "text") == expected_salt
    disclosure = disclose(SECRET, "text", "Ниси сама")
    assert disclosure == encode(f'["{salt_text}","text","Ниси сама"]')
    assert (
        commitment(disclosure) == base64.urlsafe_b64encode(hashlib.sha256(disclosure.encode()).digest()).decode()[:43]
    )


def test_the_published_disclosure_of_sd_jwt_hashes_to_its_published_digest() -> None:
    # RFC 9901, section 4.2.3
    disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert commitment(disclosure) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), names, values)
def test_every_value_opens_as_it_was_disclosed(secret: bytes, name: str, value: Value) -> None:
    disclosure = disclose(secret, name, value)
    assert read_disclosure(disclosure) == (name, value)
    assert open_commitments(digest(disclosure), [disclosure]) == Shown({name: value}, ())


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), names, values)
def test_what_is_disclosed_is_canonical_json(secret: bytes, name: str, value: Value) -> None:
    disclosure = disclose(secret, name, value)
    data = base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4))
    assert rfc8785.dumps(json.loads(data)) == data


def test_one_secret_gives_each_name_its_own_salt_and_another_secret_other_salts() -> None:
    salts = {salt(secret, name) for secret in (SECRET, bytes(32)) for name in ("text", "kind", "sha256")}
    assert len(salts) == 6


def test_names_are_not_run_together_with_what_goes_before() -> None:
    with pytest.raises(CommitmentError, match="not a name"):
        disclose(SECRET, "\ntext", None)


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_a_secret_of_another_length_is_refused(secret: bytes) -> None:
    with pytest.raises(CommitmentError, match="not an event secret"):
        disclose(secret, "text", None)


@pytest.mark.parametrize("name", ["", "Text", "1st", "te xt", "text\n", "tëxt", "a" * 65, "_text"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(CommitmentError, match="not a name"):
        disclose(SECRET, name, None)
    with pytest.raises(CommitmentError, match="not a name"):
        read_disclosure(encode(json.dumps([SALT, name, None])))


@pytest.mark.parametrize("name", ["text", "a_1", "", "Text", "_text", "1", "te xt", "tëxt", "a" * 64, "a" * 65])
def test_null_and_a_plain_string_are_read_by_the_rules_of_any_value(name: str) -> None:
    before = json.dumps([SALT, name], ensure_ascii=False, separators=(",", ":"))[:-1]
    changes = itertools.product(range(-1, len(before) + 1), ["", *' \n=AB"]'], [0, 1])
    for at, put_in, left_out in nonempty(changes):

        def outcome(value: str, at: int = at, put_in: str = put_in, left_out: int = left_out) -> str:
            text = f"{before},{value}]"
            try:
                return read_disclosure(encode(text[:at] + put_in + text[at % len(text) + left_out :]))[0]
            except CommitmentError as error:
                return error.code

        assert outcome("null") == outcome('"a"') == outcome('["a"]')


def test_any_bytes_in_a_string_are_read_as_in_a_string_of_an_array() -> None:
    pieces = [bytes([byte]) for byte in range(256)]
    pieces += [b"\\u00e9", b"\\ud800", "\u010d\U0001f40d".encode(), "\ud800".encode("utf-8", "surrogatepass")]
    for before, piece, after in nonempty(itertools.product((b"", b"\xc4"), pieces, (b"", b"n"))):

        def outcome(form: bytes, text: bytes = before + piece + after) -> object:
            try:
                return read_disclosure(b64u(f'["{SALT}","text",'.encode() + form % text + b"]"))[1]
            except CommitmentError as error:
                return error.code

        alone = outcome(b'"%s"')
        assert outcome(b'["%s"]') in ([alone], alone)


def test_every_name_of_every_schema_is_a_name() -> None:
    for schema in SCHEMAS.values():
        for name in (*schema.subject, *schema.act):
            assert read_disclosure(disclose(SECRET, name, None)) == (name, None)


@pytest.mark.parametrize("value", [1, 1.5, True, ["a", {"b": False}], b"bytes", "\ud800", {1: "a"}])
def test_what_is_no_value_of_the_log_is_not_disclosed(value: Value) -> None:
    with pytest.raises(CanonicalError):
        disclose(SECRET, "text", value)


def nested(levels: int) -> Value:
    value: Value = "deep"
    for _ in range(levels):
        value = [value]
    return value


def test_nesting_has_an_end_for_writers_and_readers_alike() -> None:
    assert read_disclosure(disclose(SECRET, "text", nested(MAX_DEPTH))) == ("text", nested(MAX_DEPTH))
    with pytest.raises(CommitmentError, match="too deeply"):
        disclose(SECRET, "text", nested(MAX_DEPTH + 1))
    for empty in ("[", "]"), ('{"a":', "}"):
        with pytest.raises(CommitmentError, match="too deeply"):
            read_disclosure(encode(f'["{SALT}","text",' + empty[0] * MAX_DEPTH + "[]" + empty[1] * MAX_DEPTH + "]"))
    with pytest.raises(CommitmentError, match="not JSON"):
        read_disclosure(encode("[" * 100_000))
    with pytest.raises(CommitmentError):
        read_disclosure(encode(f'["{SALT}","text",' + '{"a":' * 900 + '""' + "}" * 900 + "]"))


@pytest.mark.parametrize(
    "disclosure",
    [
        pytest.param("", id="nothing"),
        pytest.param(encode("[]") + "=", id="padded"),
        pytest.param(encode(f'["{SALT}","text","?>?>"]').replace("_", "/").replace("-", "+"), id="plain base64"),
        pytest.param(" " + encode(f'["{SALT}","text",null]'), id="a space before"),
        pytest.param(encode(f'["{SALT}","text",null]') + "\n", id="a newline after"),
        pytest.param(encode(f'["{SALT}","text","a"]')[:-1] + "1", id="another spelling of the last character"),
        pytest.param("é", id="not ASCII"),
        pytest.param("A", id="one character"),
        pytest.param(base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="), id="not UTF-8"),
        pytest.param(encode("\ufeff[]"), id="a byte order mark"),
        pytest.param(encode("["), id="cut"),
        pytest.param(encode(f'["{SALT}","text",null] null'), id="more after it"),
        pytest.param(encode(f"['{SALT}','text',null]"), id="not JSON"),
        pytest.param(encode(f'["{SALT}","text",null,]'), id="a comma too many"),
        pytest.param(encode(f'["{SALT}","text","\n"]'), id="a bare control character"),
        pytest.param(encode("null"), id="null"),
        pytest.param(encode('"text"'), id="a string"),
        pytest.param(encode(f'{{"salt":"{SALT}","name":"text","value":null}}'), id="an object"),
        pytest.param(encode(f'["{SALT}","text"]'), id="two parts"),
        pytest.param(encode(f'["{SALT}","text",null,null]'), id="four parts"),
        pytest.param(encode('[null,"text",null]'), id="no salt"),
        pytest.param(encode(f'["{SALT}",null,null]'), id="no name"),
        pytest.param(encode(f'["{SALT}",["text"],null]'), id="a name in an array"),
        pytest.param(encode('["","text",null]'), id="an empty salt"),
        pytest.param(encode(f'["{SALT[:42]}","text",null]'), id="a short salt"),
        pytest.param(encode(f'["{SALT}A","text",null]'), id="a long salt"),
        pytest.param(encode(f'["{SALT}=","text",null]'), id="a padded salt"),
        pytest.param(encode(f'["{SALT[:42]}B","text",null]'), id="a salt in another spelling"),
        pytest.param(encode(f'["{SALT}","text",1]'), id="a number"),
        pytest.param(encode(f'["{SALT}","text",-0]'), id="minus nothing"),
        pytest.param(encode(f'["{SALT}","text",1.5]'), id="a fraction"),
        pytest.param(encode(f'["{SALT}","text",1e999]'), id="a number without end"),
        pytest.param(encode(f'["{SALT}","text",NaN]'), id="not a number"),
        pytest.param(encode(f'["{SALT}","text",-Infinity]'), id="infinity"),
        pytest.param(encode(f'["{SALT}","text",' + "9" * 10_000 + "]"), id="a number of ten thousand digits"),
        pytest.param(encode(f'["{SALT}","text",true]'), id="a boolean"),
        pytest.param(encode(f'["{SALT}","text",[["a",{{"b":[false]}}]]]'), id="a boolean deep inside"),
        pytest.param(encode(f'["{SALT}","text",{{"a":[{{"b":2}}]}}]'), id="a number deep inside"),
        pytest.param(encode(f'["{SALT}","text",{{"a":"1","a":"2"}}]'), id="a name twice"),
        pytest.param(encode(f'["{SALT}","text",{{"a":"1","\\u0061":"1"}}]'), id="a name twice, once escaped"),
        pytest.param(encode(f'["{SALT}","text",[{{"x":{{"a":null,"a":null}}}}]]'), id="a name twice deep inside"),
        pytest.param(encode(f'["{SALT}","text","\\ud800"]'), id="half a surrogate pair"),
        pytest.param(encode(f'["{SALT}","text",{{"\\ud800":null}}]'), id="half a surrogate pair as a name"),
    ],
)
def test_a_malformed_disclosure_is_refused_even_when_its_commitment_is_right(disclosure: str) -> None:
    with pytest.raises(CommitmentError):
        read_disclosure(disclosure)
    hashed = base64.urlsafe_b64encode(hashlib.sha256(disclosure.encode()).digest()).decode().rstrip("=")
    with pytest.raises(CommitmentError):
        open_commitments(commit_digest({"text": hashed}), [disclosure])


def test_the_malformed_disclosures_differ_from_this_good_one() -> None:
    good = encode(f'["{SALT}","text",{{"a":["1",null]}}]')
    assert open_commitments(digest(good), [good]).values == {"text": {"a": ["1", None]}}


def test_a_verifier_hashes_the_string_and_canonicalises_no_value() -> None:
    spaced = encode(f'[ "{SALT}" , "text" , "\\u0061" ]')
    assert open_commitments(digest(spaced), [spaced]).values == {"text": "a"}
    with pytest.raises(CommitmentError, match="do not hash"):
        open_commitments(digest(encode(f'["{SALT}","text","a"]')), [spaced])


def test_a_commitment_of_something_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(CommitmentError, match="not ASCII"):
        commitment("é")


def digest(*disclosures: str) -> str:
    """What a leaf of these disclosures' names carries."""
    return commit_digest({read_disclosure(one)[0]: commitment(one) for one in disclosures})


def withheld(disclosure: str) -> str:
    return withheld_line(read_disclosure(disclosure)[0], commitment(disclosure))


KIND, FILE, TEXT = (disclose(SECRET, name, f"the {name}") for name in ("kind", "sha256", "text"))
ALL = (KIND, FILE, TEXT)


def test_the_digest_is_over_canonical_json_in_the_order_of_the_names() -> None:
    commitments = {read_disclosure(one)[0]: commitment(one) for one in reversed(ALL)}
    assert commit_digest(commitments) == hashlib.sha256(rfc8785.dumps(dict(commitments))).hexdigest()
    assert commit_digest({}) == hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize("shown", list(itertools.product([False, True], repeat=3)))
def test_any_values_may_be_withheld_and_all_names_are_there(shown: tuple[bool, ...]) -> None:
    lines = [line if show else withheld(line) for line, show in zip(ALL, shown, strict=True)]
    opened = open_commitments(digest(*ALL), lines)
    disclosed = dict(read_disclosure(line) for line, show in zip(ALL, shown, strict=True) if show)
    assert opened.values == disclosed
    assert opened.withheld == tuple(name for name in ("kind", "sha256", "text") if name not in disclosed)
    assert opened.names == {"kind", "sha256", "text"}


def test_nothing_is_shown_of_a_leaf_that_commits_to_nothing() -> None:
    assert open_commitments(commit_digest({}), []) == Shown({}, ())
    with pytest.raises(CommitmentError, match="do not hash"):
        open_commitments(commit_digest({}), [TEXT])


def test_a_disclosure_with_any_character_changed_opens_nothing() -> None:
    for place in range(len(TEXT)):
        for character in "Ab9-_=":
            if TEXT[place] != character:
                with pytest.raises(CommitmentError):
                    open_commitments(digest(TEXT), [TEXT[:place] + character + TEXT[place + 1 :]])


def test_a_withheld_line_with_any_character_changed_is_refused() -> None:
    line = withheld(TEXT)
    for place in nonempty(range(len(line))):
        for character in "Ab9-_= \n":
            if line[place] != character:
                with pytest.raises(CommitmentError):
                    open_commitments(digest(KIND, TEXT), [KIND, line[:place] + character + line[place + 1 :]])


def test_a_digest_with_any_character_changed_is_not_met() -> None:
    right = digest(TEXT)
    for place in nonempty(range(len(right))):
        wrong = right[:place] + ("a" if right[place] != "a" else "b") + right[place + 1 :]
        with pytest.raises(CommitmentError, match="do not hash"):
            open_commitments(wrong, [TEXT])


@pytest.mark.parametrize("lines", list(itertools.product([KIND, TEXT, withheld(KIND), withheld(TEXT)], repeat=2)))
def test_each_name_is_there_once_and_in_order(lines: tuple[str, str]) -> None:
    right = lines[0] in (KIND, withheld(KIND)) and lines[1] in (TEXT, withheld(TEXT))
    if right:
        assert open_commitments(digest(KIND, TEXT), lines).names == {"kind", "text"}
    else:
        with pytest.raises(CommitmentError, match="not in its order"):
            open_commitments(digest(KIND, TEXT), lines)


@pytest.mark.parametrize(
    "lines", [(), (KIND,), (KIND, TEXT), (KIND, FILE, TEXT, withheld(disclose(SECRET, "when", None)))]
)
def test_a_name_too_few_or_too_many_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(CommitmentError, match="do not hash"):
        open_commitments(digest(*ALL), lines)


def test_values_under_each_others_names_are_refused() -> None:
    exchanged = (withheld_line("kind", commitment(TEXT)), withheld_line("text", commitment(KIND)))
    with pytest.raises(CommitmentError, match="do not hash"):
        open_commitments(digest(KIND, TEXT), exchanged)


def test_another_value_or_another_secret_does_not_meet_the_digest() -> None:
    for other in (disclose(SECRET, "text", "b"), disclose(bytes(32), "text", "the text")):
        with pytest.raises(CommitmentError, match="do not hash"):
            open_commitments(digest(TEXT), [other])


def test_what_is_withheld_cannot_be_guessed_from_what_is_handed_over() -> None:
    """All salts come from one secret; a disclosure hands over its salt and must not help with another name."""
    handed_over = disclose(SECRET, "kind", "message")
    salt_handed_over = json.loads(base64.urlsafe_b64decode(handed_over + "=" * (-len(handed_over) % 4)))[0]
    withheld = commitment(disclose(SECRET, "text", "a"))
    guesses = {
        encode(f'["{salt_handed_over}","text","a"]'),
        disclose(base64.urlsafe_b64decode(salt_handed_over + "="), "text", "a"),
        disclose(bytes(32), "text", "a"),
    }
    assert withheld not in {commitment(guess) for guess in guesses}


def test_an_error_about_a_disclosure_never_repeats_its_value() -> None:
    disclosure = disclose(SECRET, "text", "her name")
    with pytest.raises(CommitmentError) as raised:
        open_commitments("0" * 64, [disclosure])
    assert "her name" not in str(raised.value)
    assert disclosure not in str(raised.value)
    with pytest.raises(CommitmentError) as raised:
        read_disclosure(encode(f'["{SALT}","text",["her name",1]]'))
    assert "her name" not in str(raised.value)
