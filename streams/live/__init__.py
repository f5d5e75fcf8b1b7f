"""The desk on a journal: sequencer, agent, checkpoints, recovery.

Read in this order:

- the rules, which know neither Kafka nor Faust and are tried without them, a crash at every step
  included: `cursor`, `framing`, `positions`, `ports`, `staging`, `partition`, `claims`, `keeper`;
- what moves bytes: `outlet`, `changelog`, `store`, `transport`, `clients`;
- what runs: `sequencer` and `sequencing`, `application`, `variants` and `agent`, `folder`, `worker`.
"""
