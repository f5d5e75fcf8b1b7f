"""`python -m streams.cli` is `worksteal`."""

from . import main

main()
