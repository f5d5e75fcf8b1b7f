"""Read-only HTTP on the worker: is it alive, is it ready, how does an account stand.

`account_view` is a plain function over a desk; the command line shows the same.  Nothing here can
change a desk: no handler takes a body, and a view only calls what looks.
"""
