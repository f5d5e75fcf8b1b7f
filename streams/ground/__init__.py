"""What everything stands on: Kafka, settings, logs, processes."""
