"""SLURM on this very machine, started by `python -m launch.engines.loopback start FOLDER`: to try things out, and for tests."""

from configs.clusters import Slurm

CLUSTER = Slurm(
    partition="short",
    minutes=30,
    grace=30,
    parallel=2,
    # jax finds its coordinator by the node's name, and only SLURM knows those of a loopback cluster.
    setup=("export JAX_COORDINATOR_ADDRESS=127.0.0.1:$((SLURM_JOB_ID % 4096 + 61000))",),
)
