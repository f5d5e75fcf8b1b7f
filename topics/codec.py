"""Bytes to messages and back.

`decode_event` is the door: what passes is safe to hand to the desk, what does not comes back as a
`Refused` with a named reason and the exact bytes.  It never raises on input.
"""

from typing import Any

import msgspec

from .commands import AnyCommand
from .events import AnyEvent, Event, PolicySet
from .facts import AnyFact
from .frames import Frame, RawFrame, fault_of
from .limits import RECORD_BYTES_MAX
from .refusals import RecordRefusal, Refused, too_deep, why_refused

_encoder = msgspec.json.Encoder(order="deterministic")
_event_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
_frame_decoder = msgspec.json.Decoder(Frame)
_command_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_fact_decoder: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)

_DEFAULTED: dict[type, tuple[int, tuple[tuple[str, Any, bytes], ...]]] = {}
"""For each event class: how many keys it must have, and name, default and key of the others."""


class FrameFault(Exception):
    """A journal record that is no sound frame: the journal is damaged or its writer has a bug."""


def decode_event(raw: bytes) -> AnyEvent | Refused:
    """Decode one inbound record, or say why not.

    The fast path counts colons: each key brings one, so a count equal to the keys that the event
    must have had proves that none stands twice (decoders keep the last of two in silence).  That
    needs `v` to be there, which decoders default: in a flat record with known keys the bytes
    `"v":` can only be that key; a policy has keys of its own, so it never goes this way.
    Everything else walks the ladder of `refusals`.
    """
    if len(raw) > RECORD_BYTES_MAX:
        return Refused(RecordRefusal.OVERSIZE, "", raw)
    if too_deep(raw):
        return Refused(RecordRefusal.TOO_DEEP, "", raw)
    try:
        event = _event_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return why_refused(raw) or Refused(RecordRefusal.NOT_JSON, "", raw)
    if (
        b'"v":' in raw
        and raw.count(b":") == _keys_shown(event, raw)
        and type(event) is not PolicySet
    ):
        return event
    return why_refused(raw) or event


def _keys_shown(event: Event, raw: bytes) -> int:
    """Count the different keys that a flat record had for this event.

    Required ones are there, and so are those with a value that is not the default.  A default can
    have been written out: then its key stands in the bytes, where nothing but a key can look so.
    """
    kind = type(event)
    shape = _DEFAULTED.get(kind)
    if shape is None:
        fields = msgspec.structs.fields(kind)
        optional = tuple(
            # A default list is kept as the factory that makes it.
            (
                field.name,
                field.default
                if field.default_factory is msgspec.NODEFAULT
                else field.default_factory(),
                f'"{field.encode_name}":'.encode(),
            )
            for field in fields
            if not field.required and field.name != "v"
        )
        shape = _DEFAULTED[kind] = (len(fields) - len(optional) + 1, optional)
    count, optional = shape
    for name, default, key in optional:
        if getattr(event, name) != default or key in raw:
            count += 1
    return count


def as_record(event: AnyEvent) -> AnyEvent | Refused:
    """Take an event made here through the door, as if a record of it had come."""
    raw = encode(event)
    try:
        if len(raw) <= RECORD_BYTES_MAX and type(event) is not PolicySet:
            return _event_decoder.decode(raw)  # bytes made here name no key twice
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # the ladder of `decode_event` knows the reason
    return decode_event(raw)


def encode(message: msgspec.Struct) -> bytes:
    """Encode any message of this package; equal messages give equal bytes."""
    return _encoder.encode(message)


def decode_command(raw: bytes) -> AnyCommand:
    """Decode a record of `execution`; raises `msgspec.MsgspecError` on anything else."""
    return _command_decoder.decode(raw)


def decode_fact(raw: bytes) -> AnyFact:
    """Decode a record of `steals`; raises `msgspec.MsgspecError` on anything else."""
    return _fact_decoder.decode(raw)


def encode_frame(frame: Frame | RawFrame) -> bytes:
    """Encode a journal record."""
    return _encoder.encode(frame)


def decode_frame(raw: bytes) -> Frame:
    """Decode a journal record; raises `FrameFault` if it is not a sound frame."""
    try:
        frame = _frame_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FrameFault(f"not a frame: {error}") from error
    fault = fault_of(frame)
    if fault:
        raise FrameFault(fault)
    return frame
