"""What the figures of every paper have in common. Nothing here computes a number of a run, so a change makes no run stale. No jax."""
