"""Bech32 text of keys (BIP-173), without its limit of 90 characters, as age uses it.

Pure functions over text and bytes. A string is all lower or all upper case; the checksum
always covers the lower case. It finds any four wrong characters in a string of up to 90; in the
long post-quantum recipients it finds a wrong character with probability 1 - 2**-30.
"""

import base64
import binascii

from evidence.errors import KeyTextError

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""The alphabet of RFC 4648, section 6: the same groups of 5 bits, and other characters for them."""
_TO_BASE32, _FROM_BASE32 = str.maketrans(_ALPHABET, _BASE32), str.maketrans(_BASE32, _ALPHABET)
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_CHARACTERS = 6


def encode(prefix: str, data: bytes) -> str:
    """Bech32 of an age key under the human-readable ``prefix``, in the case of the prefix."""
    lower = prefix.lower()
    characters = _characters(data)
    text = f"{lower}1{characters}{_checksum(lower, characters)}"
    return text if prefix == lower else text.upper()


def decode(text: str) -> tuple[str, bytes]:
    """Split an age key's Bech32 string into its prefix, in its own case, and its bytes.

    Raises:
        KeyTextError: Mixed case, a foreign character, a wrong checksum, or bits left over.
            The message never holds the text: it may be a secret key.
    """
    if text not in (text.lower(), text.upper()):
        raise KeyTextError("key_text.mixed_case")
    prefix, separator, rest = text.lower().rpartition("1")
    if not separator or not prefix or len(rest) < _CHECKSUM_CHARACTERS:
        raise KeyTextError("key_text.not_bech32")
    if any(not "!" <= character <= "~" for character in prefix) or any(character not in _VALUES for character in rest):
        raise KeyTextError("key_text.not_a_bech32_character")
    if _polymod(_expand(prefix) + _words(rest)) != 1:
        raise KeyTextError("key_text.wrong_check_characters")
    return text[: len(prefix)], _bytes_of(rest[:-_CHECKSUM_CHARACTERS])


def _remainders() -> list[int]:
    """What each of the 32 values of the top five bits adds to a checksum."""
    sums = [0]
    for generator in _GENERATOR:
        sums += [each ^ generator for each in sums]
    return sums


_REMAINDERS = _remainders()


def _polymod(words: list[int]) -> int:
    checksum = 1
    for word in words:
        checksum = (checksum & 0x1FFFFFF) << 5 ^ word ^ _REMAINDERS[checksum >> 25]
    return checksum


def _expand(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [code >> 5 for code in codes] + [0] + [code & 31 for code in codes]


def _words(characters: str) -> list[int]:
    return [_VALUES[character] for character in characters]


def _checksum(prefix: str, characters: str) -> str:
    value = _polymod(_expand(prefix) + _words(characters) + [0] * _CHECKSUM_CHARACTERS) ^ 1
    return "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(_CHECKSUM_CHARACTERS)))


def _characters(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").translate(_FROM_BASE32)


def _bytes_of(characters: str) -> bytes:
    try:
        data = base64.b32decode(characters.translate(_TO_BASE32) + "=" * (-len(characters) % 8))
    except binascii.Error as error:
        raise KeyTextError("key_text.bits_left_over") from error
    # BIP-173: the padding is shorter than one character, and zeros
    if _characters(data) != characters:
        raise KeyTextError("key_text.bits_left_over")
    return data
