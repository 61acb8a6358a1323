"""Short texts that the programs of one home write for one another, sealed with a secret that lies beside the home.

AES-256-GCM (NIST SP 800-38D), as nonce (12 bytes) | ciphertext | tag (16 bytes). A copy of the database alone opens
none of them; whoever has the keys' folder opens all. Nothing that only a person may open is sealed like this.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


def seal_beside(secret: bytes, said: bytes, *, place: str) -> bytes:
    """Seal a short text under a secret of 32 bytes, for one place.

    Args:
        place: What opens in one place opens in no other.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(secret).encrypt(nonce, said, place.encode())


def open_beside(secret: bytes, sealed: bytes, *, place: str) -> bytes:
    """The short text that ``seal_beside`` sealed for this place.

    Raises:
        ValueError: It was sealed for another place or under another secret, or was changed.
    """
    try:
        return AESGCM(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
    except InvalidTag:
        raise ValueError("expected bytes that were sealed here, for this place") from None
