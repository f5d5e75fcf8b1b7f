"""The desk against market data files: no Kafka, the clock is the event's own time."""
