"""Lists of hashes as a hotline would hand them out, of pictures that a test has."""

import hashlib
import io
import json
from collections.abc import Iterable
from datetime import date

from api.home import Home
from api.office.hash_list import AddedList, add_hash_list
from casefiles.hash_list import DeclaredList, ListProvenance, Meaning
from evidence.fingerprint.decoder import fingerprints_of
from evidence.match.hash_csv import read_hashes
from tests.homes import PASSPHRASE, doer

SHARED, ABUSE = Meaning.SHARED_WITHOUT_CONSENT, Meaning.CHILD_ABUSE


def pdq_of(picture: bytes) -> str:
    """The upright PDQ of a picture, 64 hex digits."""
    told = json.loads(fingerprints_of(picture)[0].sealing_bytes())
    return str(told["pdq"]["upright"])


def md5_hex(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256_hex_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def rows_of(*, pdq: Iterable[bytes] = (), md5: Iterable[bytes] = (), sha256: Iterable[bytes] = ()) -> bytes:
    """A list of these pictures, by how each is hashed."""
    lines = [f"HASH_PDQ,{pdq_of(each)}" for each in pdq]
    lines += [f"HASH_MD5,{md5_hex(each)}" for each in md5]
    lines += [f"HASH_SHA256,{sha256_hex_of(each)}" for each in sha256]
    return "\r\n".join(["type,indicator", *lines]).encode()


def provenance(meaning: Meaning = SHARED, *, name: str = "known pictures") -> ListProvenance:
    return ListProvenance(name, "Hotline", date(2020, 1, 2), meaning, "mila")


def give_list(home: Home, table: bytes, meaning: Meaning = SHARED) -> AddedList:
    declared = DeclaredList(read_hashes(io.BytesIO(table)), provenance(meaning))
    return add_hash_list(home, declared, doer(home), home.keys.unlock(PASSPHRASE))
