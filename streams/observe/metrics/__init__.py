"""What a worker counts, and how `/metrics` shows it in Prometheus's text format.

The hot path adds to plain integers, once a frame or once an output (`counts`); everything else is done
when somebody asks: `survey` looks at the accounts, `collector` makes the text, `catalogue` says what
each metric means.
"""
