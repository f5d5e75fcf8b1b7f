"""`make live`: the whole pipeline on this machine, on a real broker, and then the proof.

    broker ─ topics ─ policy ─ worker ─ paper venue ─ feed ──▶ a live table of steals ──▶ verify

Everything it makes lies in `.live`; every process it starts ends with it.
"""
