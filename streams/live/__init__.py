"""The desk on a journal: cursor rules, checkpoints, recovery.

These files are the product's heart and know neither Kafka nor Faust: what moves bytes stands behind
`ports.Ports`, so that every crash between any two steps can be tried in a test.
"""
