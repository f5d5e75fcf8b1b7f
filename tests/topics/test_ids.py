"""The id of a command or fact: written and read back, ordered as numbers, and nothing else is one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics.ids import OutputId, id_prefix, output_id, parse_id

IDS = st.builds(
    OutputId, st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1), st.integers(0, 10**7 - 1)
)


@settings(deadline=None)  # shared machines
@given(IDS)
def test_an_id_is_read_as_it_was_written(place):
    assert output_id(str(place)) == place
    assert str(place) == f"{id_prefix(place.partition, place.offset)}{place.nth}"


def test_ids_are_compared_as_numbers():
    written = ["10-0-0", "0-10-0", "0-9-10", "0-9-2", "2-0-0"]
    assert sorted(written, key=output_id) == ["0-9-2", "0-9-10", "0-10-0", "2-0-0", "10-0-0"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "1-2", "a-b-c", "1-2-3-4", "-1-2-3", "1-2-x", "१-2-3", "1-2-3\n", " 1-2-3"),
        *("01-2-3", "1-02-3", "1-2-03", "9" * 11 + "-1-1", "1-1-" + "9" * 8),
    ],
)
def test_what_no_desk_would_write_is_no_id(text):
    assert parse_id(text) is None
    with pytest.raises(ValueError, match="is no id"):
        output_id(text)
