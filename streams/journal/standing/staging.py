"""Checkpoints larger than one record batch: nothing is believed before the cursor row is there.

A batch is atomic in the log, two are not.  So a large checkpoint goes like this:

1. its rows, under keys `staged/<number>/<key>`, in as many batches as they need;
2. one batch with the cursor and the row `staging` = number.  This is the moment that counts: from
   here on `settle` takes the staged rows for the true ones, before it ignores them;
3. the rows under their own keys, in batches; then one batch that removes `staging` and what is staged.

A crash before 2 leaves rows that no `staging` row names: garbage.  A crash after 2 leaves everything
that is needed.  In 3 the staged rows win over the half-written ones, and they are the same.
"""

from collections.abc import Iterator, Mapping

from .ports import Rows

STAGING = "staging"
PREFIX = "staged/"
BATCH_BYTES_MAX = 512 * 1024
"""Keys and values of one batch; a broker takes a megabyte by default, overhead included."""

ROW_OVERHEAD_BYTES = 32


def weight(key: str, row: bytes | None) -> int:
    """Return about how many bytes a row takes in a batch."""
    return len(key) + len(row or b"") + ROW_OVERHEAD_BYTES


def batches(rows: Rows, limit: int = BATCH_BYTES_MAX) -> Iterator[dict[str, bytes | None]]:
    """Cut rows into batches within the limit; a row larger than it gets a batch of its own."""
    batch: dict[str, bytes | None] = {}
    size = 0
    for key, row in rows.items():
        more = weight(key, row)
        if batch and size + more > limit:
            yield batch
            batch, size = {}, 0
        batch[key] = row
        size += more
    if batch:
        yield batch


def plan(
    rows: Mapping[str, bytes], number: int, limit: int = BATCH_BYTES_MAX
) -> list[dict[str, bytes | None]]:
    """Return the batches of one checkpoint, in the order in which they must be appended.

    `number` must not repeat while staged rows may be about: the cursor's journal offset will do.
    """
    if sum(weight(key, row) for key, row in rows.items()) <= limit:
        return [dict(rows)]
    body = {key: row for key, row in rows.items() if key != "cursor"}
    staged = {f"{PREFIX}{number}/{key}": row for key, row in body.items()}
    switch: dict[str, bytes | None] = {"cursor": rows["cursor"], STAGING: str(number).encode()}
    # By now both copies are the same, so it does not matter how far the removal gets.
    clean: Rows = {STAGING: None, **dict.fromkeys(staged)}
    return [*batches(staged, limit), switch, *batches(body, limit), *batches(clean, limit)]


def settle(rows: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the rows to believe, of everything that the changelog holds."""
    own = {key: row for key, row in rows.items() if key != STAGING and not key.startswith(PREFIX)}
    number = rows.get(STAGING)
    if number is not None:
        prefix = f"{PREFIX}{number.decode()}/"
        own |= {
            key.removeprefix(prefix): row for key, row in rows.items() if key.startswith(prefix)
        }
    return own


def leftovers(rows: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """Return what to append after recovery so that no staged row stays: settled rows, removals.

    The rows come first and the removal of `staging` with the last of the staged ones, so that a
    crash in between is recovered from like the first.
    """
    staged = [key for key in rows if key.startswith(PREFIX)]
    if not staged and STAGING not in rows:
        return {}
    settled = settle(rows)
    changed: dict[str, bytes | None] = {
        key: row for key, row in settled.items() if rows.get(key) != row
    }
    return {**changed, STAGING: None, **dict.fromkeys(staged)}
