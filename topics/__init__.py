"""What is said on the wire: events, commands, facts, frames, the topic catalogue, bytes.

Nothing here does input or output; producers, subscribers and the desk share these definitions.
"""
