"""Telethon's counter mode runs on our stand-in, and gives what NIST published."""

import subprocess
import sys

import pytest
from telethon.crypto import AESModeCTR

KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
FIRST_COUNTER = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
PLAIN = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
SEALED = bytes.fromhex(
    "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
    "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
)
"""NIST SP 800-38A, F.5.5 and F.5.6 (CTR-AES256)."""


@pytest.mark.parametrize("cut", range(0, len(PLAIN) + 1, 7))
def test_counter_mode_gives_the_published_vector_however_it_is_cut(cut: int) -> None:
    cipher = AESModeCTR(KEY, FIRST_COUNTER)
    assert cipher.encrypt(PLAIN[:cut]) + cipher.encrypt(PLAIN[cut:]) == SEALED
    back = AESModeCTR(KEY, FIRST_COUNTER)
    assert back.decrypt(SEALED[:cut]) + back.decrypt(SEALED[cut:]) == PLAIN


@pytest.mark.parametrize(("first", "works"), [("import monitor.telegram; ", True), ("", False)])
def test_telethon_can_be_imported_behind_the_stand_in_alone(first: str, works: bool) -> None:  # noqa: FBT001 - a parameter
    code = f"{first}import telethon, telethon.crypto.aes as aes; assert aes.cryptg"
    assert (subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0) is works
