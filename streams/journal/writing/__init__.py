"""The sequencer: source topics in, frames and dead letters out."""
