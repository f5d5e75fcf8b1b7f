"""Does stealing pay, and with which policy: backtests, comparisons, searches, reports."""
