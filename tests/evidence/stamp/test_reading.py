"""What the ASN.1 library raises becomes our error, and nothing else does."""

import pytest
from asn1crypto import algos, core
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import SignedDataError
from evidence.stamp.reading import parsing, plain_oid, read_as


@given(st.binary(max_size=40))
def test_random_bytes_are_read_or_raise_the_one_error(data: bytes) -> None:
    try:
        with parsing("a number"):
            assert isinstance(read_as(core.Integer, data).native, int)
    except SignedDataError:
        return


def test_an_error_of_ours_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt), parsing("a number"):
        raise KeyboardInterrupt


def test_an_algorithm_that_takes_no_parameters_has_none_or_null() -> None:
    for fields in ({"algorithm": "sha256"}, {"algorithm": "sha256", "parameters": core.Null()}):
        assert plain_oid(algos.DigestAlgorithm(fields)) == "2.16.840.1.101.3.4.2.1"
    odd = algos.AlgorithmIdentifier({"algorithm": "1.2.3", "parameters": core.Any(core.Integer(1))})
    with pytest.raises(SignedDataError, match="parameters"):
        plain_oid(odd)
