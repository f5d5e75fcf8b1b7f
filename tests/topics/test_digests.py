"""Digests of what was said keep their values: old recordings and reports are compared with them."""

from topics.digests import OutputDigest, checksum, combined


def digest_of(*values: bytes, behind: bytes = b"") -> str:
    digest = OutputDigest(behind)
    for value in values:
        digest.take(value)
    return digest.value()


def test_the_values_are_those_of_the_first_version():
    assert digest_of(b"a", b"b") == "3dc9ae220222e2e156b2a5abb60d01c7"
    assert digest_of(b"a", b"b", behind=b"\n") == "8d020eb46fdee76eed11c25c3c809ede"
    assert combined({"0": "x", "1": "y"}) == checksum(b"0=x\n1=y\n")


def test_what_was_taken_in_counts_with_its_order_and_its_ends():
    assert digest_of(b"a", b"b") != digest_of(b"b", b"a")
    assert digest_of(b"ab", b"c", behind=b"\n") != digest_of(b"a", b"bc", behind=b"\n")
