"""Text data: named sources, a cache outside git, tokens as memory maps, batches as pure functions of the step.

Nothing in this room imports jax. `registry` says what there is, `cache` where it lies, `prepare` turns a source into
tokens, `tokens` reads them back, `mixture` blends real with synthetic windows, `markov` makes text of known entropy.
"""
