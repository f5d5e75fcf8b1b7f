"""What publishes market data, wishes and policies, as independent producers would."""
