"""What the desk's refusals mean, for people: `decision.MEANING` has those of a blocked entry."""

from .decision import EventFault, Protection

EVENT_FAULT_MEANING: dict[EventFault, str] = {
    EventFault.ACCOUNT_HALTED: "an invariant of the account broke; nothing is decided for it",
    EventFault.CROSSED_QUOTE: "the bid is above the ask",
    EventFault.ENTRY_EXISTS: "an entry of this name waits, works or is still being cancelled",
    EventFault.ENTRY_EXPIRED: "the entry's time was up before the desk heard of it",
    EventFault.UNKNOWN_ENTRY: "no entry of this name is on the books",
    EventFault.ORDER_EXISTS: "the venue accepted this order before",
    EventFault.ORDER_ENDED: "the order is over; a late acceptance does not revive it",
    EventFault.UNKNOWN_ORDER: "no order of this name is on the books",
    EventFault.WRONG_STATE: "the answer fits nothing that was asked of this order",
    EventFault.DUPLICATE_FILL: "a fill of this execution id was booked before",
    EventFault.OUTDATED_SNAPSHOT: "the snapshot is older than a snapshot or fill already booked",
    EventFault.BAD_POLICY: "the policy has an unknown field or a value out of bounds",
    EventFault.ABSURD_AMOUNT: "one order, trade or holding is worth more than a billion dollars",
    EventFault.FROM_THE_FUTURE: "a quote or snapshot dated over a minute ahead of the desk's clock",
}

PROTECTION_MEANING: dict[Protection, str] = {
    Protection.NOT_AN_ENTRY: "it is an exit: cancelling it frees nothing and adds risk",
    Protection.SAME_SIDE: "it is of the thief's own symbol and side",
    Protection.IN_FLIGHT: "the venue has not answered for it, or it is being cancelled already",
    Protection.PROBE: "it only feels the market out: by its mode, or by its small notional",
    Protection.NO_PRICE: "its symbol has no fresh quote, so its distance is not known",
    Protection.NEAR_FILL: "it is within `protection` of its limit, about to fill",
    Protection.COOLDOWN: "its symbol was stolen from a short while ago",
    Protection.YOUNG: "it has not been at the venue for `protect_age_s` yet",
}
