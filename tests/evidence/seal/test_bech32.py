import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import KeyTextError
from evidence.seal import bech32

SPEC = json.loads((Path(__file__).parents[2] / "vectors" / "age" / "spec.json").read_text(encoding="utf-8"))
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@pytest.mark.parametrize(
    "text",
    [
        "A12UEL5L",
        "a12uel5l",
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
        "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        "?1ezyfcl",
    ],
)
def test_valid_strings_of_bip_173_are_read_and_written_back(text: str) -> None:
    prefix, data = bech32.decode(text)
    assert bech32.encode(prefix, data) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\x201nwldj5", "prefix character out of range"),
        ("\x7f1axkwrx", "prefix character out of range"),
        ("\x801eym55h", "prefix character out of range"),
        ("pzry9x0s0muk", "no separator"),
        ("1pzry9x0s0muk", "empty prefix"),
        ("x1b4n0q5v", "invalid data character"),
        ("li1dgmt3", "checksum too short"),
        ("de1lg7wt\xff", "invalid character in the checksum"),
        ("A1G7SGD8", "checksum over the upper case prefix"),
        ("10a06t8", "empty prefix"),
        ("1qzzfhee", "empty prefix"),
        ("a12UEL5L", "mixed case"),
        ("", "nothing"),
    ],
)
def test_invalid_strings_of_bip_173_are_refused(text: str, why: str) -> None:
    with pytest.raises(KeyTextError):
        bech32.decode(text)


@pytest.mark.parametrize("kind", ["x25519", "hybrid"])
@pytest.mark.parametrize("half", ["identity", "recipient"])
def test_the_keys_of_the_specification_are_read_and_written_back(kind: str, half: str) -> None:
    text = SPEC[kind][half]
    assert bech32.encode(*bech32.decode(text)) == text


@settings(deadline=None)
@given(st.binary(max_size=1300), st.sampled_from(["age", "age1pq", "AGE-SECRET-KEY-"]))
def test_what_is_written_is_read_again(data: bytes, prefix: str) -> None:
    assert bech32.decode(bech32.encode(prefix, data)) == (prefix, data)


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.data())
def test_one_wrong_character_never_passes(seed: bytes, data: st.DataObject) -> None:
    text = bech32.encode("age", seed)
    place = data.draw(st.integers(min_value=len("age1"), max_value=len(text) - 1))
    other = data.draw(st.sampled_from(sorted(set(ALPHABET) - {text[place]})))
    with pytest.raises(KeyTextError):
        bech32.decode(text[:place] + other + text[place + 1 :])


@pytest.mark.parametrize("characters", ["p", "q", "qqq", "qp", "qqqqqq"])
def test_bits_after_the_last_byte_are_refused(characters: str) -> None:
    with pytest.raises(KeyTextError, match="left over"):
        bech32.decode(f"age1{characters}{bech32._checksum('age', characters)}")


def test_the_checksum_of_those_was_right() -> None:
    assert bech32.decode(f"age1qq{bech32._checksum('age', 'qq')}") == ("age", b"\x00")


def test_no_error_quotes_the_text() -> None:
    secret = SPEC["x25519"]["identity"]
    for damaged in (secret[:-1], secret.replace("Q4EG", "q4eg"), secret[:-1] + "B", secret[:-1] + "Q"):
        with pytest.raises(KeyTextError) as caught:
            bech32.decode(damaged)
        assert secret[16:30] not in str(caught.value)
