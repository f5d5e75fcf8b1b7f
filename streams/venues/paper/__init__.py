"""The paper venue: many accounts traded on paper, against real quotes, over Kafka.

`service.py` is the whole of it without Kafka: a batch of records goes in, and answers come out only
after they, the book and the offsets stand in one file.  `runner.py` runs that on a broker.
"""

from .errors import PaperError
from .options import PaperOptions, read_accounts
from .runner import run
from .service import PaperVenue
from .store import Store

__all__ = ["PaperError", "PaperOptions", "PaperVenue", "Store", "read_accounts", "run"]
