"""Starts, stops and finds a real Kafka broker on this machine, without Docker and without root.

One process, which is broker and controller in one (KRaft), in one folder that holds everything it
knows.  The promise is that a restart, after whatever end, has the same port, data and cluster id, and
that no process is ever signalled which is not the broker of that folder.

Only the standard library, so that it runs before anything is installed.
"""
