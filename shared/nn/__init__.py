"""Neural network parts in Flax NNX: modules define, plain JAX runs (see pure.py)."""
