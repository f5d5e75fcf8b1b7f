"""The paper venue without Kafka: a batch of records in, answers to publish out.

What it owns is the order of steps, in which a crash anywhere loses nothing and contradicts nothing:

1. a batch is decided on, in memory;
2. one transaction writes the book, the offsets, the handled commands and the answers;
3. the answers are published and acknowledged;
4. the answers are taken out of the file.

After a crash before 2 the batch is read and decided on again, and nobody has heard of the first
time.  After a later one the same bytes are published once more.
"""

from collections.abc import Callable, Mapping

import msgspec

from streams.market import MarketQuote
from topics.catalogue import EXECUTION
from topics.events import Quote
from topics.symbols import normal_symbol

from .answers import PaperAnswer, answer_of
from .book import PaperBook
from .clock import VenueClock
from .errors import PaperError
from .intake import Commands, Counts
from .marks import CommandMarks
from .options import PaperOptions
from .records import UNREADABLE, Batch, VenueRecord, VenueSource
from .rows import CURSOR, Row, VenueCursor, decode_rows, encode_row
from .store import Store

_quote_decoder = msgspec.json.Decoder(Quote)
"""Not the desk's door, which also looks for keys that stand twice: here that would harm nobody."""

USUAL_ACCOUNT = {"demo": 10_000.0}

SILENT_US_MAX = 250_000
"""A batch that led to nothing is written with a later one, but within this time."""


class PaperVenue:
    """A paper venue on its file.

    `offsets` has the next offset to read by partition.  `say` gets a sentence for whoever runs the
    venue: about a record that is no command, or about repeats without end.
    """

    def __init__(
        self,
        store: Store,
        options: PaperOptions,
        accounts: Mapping[str, float],
        *,
        topic: str,
        say: Callable[[str], None],
        clock: Callable[[int], Callable[[], int]] = lambda start_us: VenueClock(start_us).now_us,
    ) -> None:
        """Go on from the file, or begin a new book in it; `topic` is what `execution` is called.

        `clock` makes the clock, given the time that it may not go behind.  Raises `PaperError`.
        """
        self.counts = Counts()
        self.offsets: dict[VenueSource, int] = {}
        self._store = store
        self._topic = topic
        self._unsent = store.unsent()
        self._unwritten = False
        self._spelled: dict[str, str] = {}
        loaded = decode_rows(store.rows())
        if loaded is None:
            self._now = clock(0)
            self._written_us = self._now()
            self._marks = CommandMarks({})
            self.book = PaperBook(options, self._written_us)
        else:
            cursor = loaded.cursor
            if cursor.topic != topic:
                raise PaperError(
                    f"{store.path} belongs to a venue that reads {cursor.topic}, not {topic}: name"
                    " another --data-dir."
                )
            self._now = clock(cursor.now_us)
            self._written_us = self._now()
            self._marks = CommandMarks(cursor.marks)
            for name, offset in cursor.offsets.items():
                kind, _, number = name.rpartition(":")
                self.offsets[VenueSource(kind, int(number))] = offset
            self.book = PaperBook.restore(loaded, options, self._written_us)
        self._commands = Commands(self.book, self._marks, self.counts, say)
        self._open(accounts)

    def _open(self, accounts: Mapping[str, float]) -> None:
        """Open the accounts that are not there yet; a venue without any opens the usual one."""
        if not accounts and not self.book.openings:
            accounts = USUAL_ACCOUNT
        for account, cash in accounts.items():
            opening = self.book.openings.get(account)
            if opening is None:
                self.book.open_account(account, cash)
            elif opening != cash:
                raise PaperError(
                    f"--account {account}={cash:.15g}: {account} was opened with {opening:.15g}"
                    " dollars; leave it out to go on with it, or name another --data-dir."
                )

    def handle(self, batch: Batch) -> list[PaperAnswer]:
        """Decide on a batch and write it down (steps 1 and 2); return the answers to publish.

        An empty batch lets time pass.  What was returned before must have been `published`.
        """
        assert not self._unsent, "answers were left behind"
        now_us = self._now()
        self.book.advance(now_us)
        commands = 0
        for source in sorted(batch):
            records = batch[source]
            if source.topic == EXECUTION.name:
                commands += len(records)
                self._commands.take(source.partition, records, now_us)
            else:
                self._take_quotes(records, now_us)
            if records:
                self.offsets[source] = records[-1].offset + 1
                self._unwritten = True
        self.book.offer_exits(now_us)
        self._unsent = [answer_of(event) for event in self.book.take_answers()]
        self.counts.answers += len(self._unsent)
        late = self._unwritten and now_us - self._written_us >= SILENT_US_MAX
        if self._unsent or commands or late or self.book.changed:
            self._write(now_us)
        return self._unsent

    def unsent(self) -> list[PaperAnswer]:
        """Return the answers that may not have been published: at start, those of a past life."""
        return self._unsent

    def published(self) -> None:
        """Note that the broker has acknowledged all of `unsent` (after step 3: step 4)."""
        if self._unsent:
            self._store.forget_unsent()
            self._unsent = []

    def close(self) -> None:
        """Write down what a silent batch has left unwritten."""
        if not self._unsent:
            self._write(self._now())

    def wait_us(self) -> int:
        """Return how long nothing will be due."""
        due_us = self.book.due_us()
        return max(0, due_us - self._now()) if due_us is not None else SILENT_US_MAX

    def _write(self, now_us: int) -> None:
        rows: dict[str, Row | None] = self.book.take_changed_rows()
        rows[CURSOR] = VenueCursor(
            topic=self._topic,
            born_us=self.book.born_us,
            now_us=now_us,
            fills=self.book.fills,
            offsets={f"{kind}:{number}": at for (kind, number), at in self.offsets.items()},
            marks=self._marks.marks,
        )
        encoded = {key: None if row is None else encode_row(row) for key, row in rows.items()}
        self._store.commit(encoded, self._unsent)
        self._written_us, self._unwritten = now_us, False

    def _take_quotes(self, records: list[VenueRecord], now_us: int) -> None:
        """Pass on the quotes that can be ones; what is wrong with others is the desk's to tell."""
        self.counts.quotes += len(records)
        sizes = self.book.options.partial_fills
        for record in records:
            try:
                quote = _quote_decoder.decode(record.value or b"")
            except UNREADABLE:
                continue
            if quote.bid > quote.ask:
                continue
            symbol = self._spelled.get(quote.symbol)
            if symbol is None:
                symbol = self._spelled[quote.symbol] = normal_symbol(quote.symbol)
            # Made when its record was: an order that is younger was not in the market then.
            made_us = min(now_us, record.ts_ms * 1000)
            self.book.quote(
                MarketQuote(
                    made_us,
                    symbol,
                    quote.bid,
                    quote.ask,
                    quote.bid_size if sizes else None,
                    quote.ask_size if sizes else None,
                ),
                now_us,
            )
