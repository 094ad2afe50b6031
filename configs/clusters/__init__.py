"""Clusters that jobs can be sent to, one file each: `CLUSTER = Slurm(...)`. The file's name is what `--on` takes.

Never a secret: what a job needs of those comes from the environment of whoever submits it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Slurm:
    """A cluster whose login node has `sbatch`, and whose nodes see this folder and $PAPERCLUB_RUNS."""

    partition: str
    minutes: int  # time limit of a job; a run that takes longer saves, and goes on in the same job started anew
    account: str = ""
    cores: int = 1  # per host of the mesh
    memory: int = 0  # GiB per host; 0: the partition's own default
    gpu: str = ""  # kind of GPU to ask for, where the cluster has several
    parallel: int = 64  # jobs of one array at work at once
    grace: int = 120  # seconds between the signal to save and the time limit
    setup: tuple[str, ...] = ()  # shell lines before the job starts, such as "module load cuda"
