"""What a worker says on standard error: one line for each thing, for people or for programs.

`setup` chooses the form and keeps secrets out, for our own lines and for those of the libraries;
`decisions` writes the one line of each decision.
"""
