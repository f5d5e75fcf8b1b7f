"""What the reasons mean for which a record is refused at the door, for people."""

from .limits import DEPTH_MAX, RECORD_BYTES_MAX
from .refusals import RecordRefusal

RECORD_MEANING: dict[RecordRefusal, str] = {
    RecordRefusal.OVERSIZE: f"the record is longer than {RECORD_BYTES_MAX:,} bytes",
    RecordRefusal.TOO_DEEP: f"objects and arrays nest deeper than {DEPTH_MAX}",
    RecordRefusal.NOT_JSON: "the record is no JSON object in UTF-8",
    RecordRefusal.DUPLICATE_KEY: "a key stands twice in one object",
    RecordRefusal.UNKNOWN_TYPE: "`type` is missing or names no event",
    RecordRefusal.NEWER_VERSION: "`v` is of a later release than this one",
    RecordRefusal.MISSING_FIELD: "a field that must be there is not",
    RecordRefusal.EXTRA_FIELD: "a field is not known",
    RecordRefusal.WRONG_TYPE: "a value is of the wrong type, or not one of those allowed",
    RecordRefusal.NOT_A_NUMBER: "a number is NaN",
    RecordRefusal.INFINITE_NUMBER: "a number is infinite",
    RecordRefusal.NEGATIVE_NUMBER: "a number is negative that cannot be",
    RecordRefusal.ZERO_NUMBER: "a number is zero that cannot be",
    RecordRefusal.ABSURD_NUMBER: "a number is beyond any market",
    RecordRefusal.BAD_ID: "an id or symbol has characters or a length that are not allowed",
}
