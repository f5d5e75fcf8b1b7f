"""The desks of a journal driven by what was recorded: no Kafka, no clock."""
