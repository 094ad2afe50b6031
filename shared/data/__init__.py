"""Data: named sources, a cache outside git, memory maps of tokens and of labelled examples, batches as pure functions of the step.

Nothing in this room imports jax. `registry` says what there is, `cache` where it lies, `prepare` turns a source into
tokens or arrays, `tokens` and `labelled` read them back, `mixture` blends real with synthetic windows, `markov` makes text of
known entropy.
"""
