"""Bech32 text of keys (BIP-173), without its limit of 90 characters, as age uses it.

Pure functions over text and bytes. A string is all lower or all upper case; the checksum
always covers the lower case. It finds any four wrong characters in a string of up to 90; in the
long post-quantum recipients it finds a wrong character with probability 1 - 2**-30.
"""

from evidence.errors import KeyTextError

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_CHARACTERS = 6


def encode(prefix: str, data: bytes) -> str:
    """Bech32 of ``data`` under the human-readable ``prefix``, in the case of the prefix."""
    lower = prefix.lower()
    words = _to_words(data)
    text = f"{lower}1" + "".join(_ALPHABET[word] for word in words + _checksum(lower, words))
    return text if prefix == lower else text.upper()


def decode(text: str) -> tuple[str, bytes]:
    """Split a Bech32 string into its prefix, in its own case, and its bytes.

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
    words = [_VALUES[character] for character in rest]
    if _polymod(_expand(prefix) + words) != 1:
        raise KeyTextError("key_text.wrong_check_characters")
    return text[: len(prefix)], _from_words(words[:-_CHECKSUM_CHARACTERS])


def _polymod(words: list[int]) -> int:
    checksum = 1
    for word in words:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ word
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum


def _expand(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [code >> 5 for code in codes] + [0] + [code & 31 for code in codes]


def _checksum(prefix: str, words: list[int]) -> list[int]:
    value = _polymod(_expand(prefix) + words + [0] * _CHECKSUM_CHARACTERS) ^ 1
    return [value >> 5 * place & 31 for place in reversed(range(_CHECKSUM_CHARACTERS))]


def _to_words(data: bytes) -> list[int]:
    padding = -len(data) * 8 % 5
    number = int.from_bytes(data, "big") << padding
    count = (len(data) * 8 + padding) // 5
    return [number >> 5 * place & 31 for place in reversed(range(count))]


def _from_words(words: list[int]) -> bytes:
    length, padding = divmod(len(words) * 5, 8)
    number = 0
    for word in words:
        number = number << 5 | word
    if padding > 4 or number & ((1 << padding) - 1):  # noqa: PLR2004 - BIP-173: at most 4 bits of padding, all zero
        raise KeyTextError("key_text.bits_left_over")
    return (number >> padding).to_bytes(length, "big")
