"""Does stealing pay, and with which policy: runs, comparisons, searches."""
