"""Clusters that jobs can be sent to, one file each: `CLUSTER = Slurm(...)` or `Sky(...)`. The file's name is what `--on` takes.

Never a secret: what a job needs of those comes from the environment of whoever submits it.
"""

from collections.abc import Mapping
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


@dataclass(frozen=True)
class Sky:
    """Machines that SkyPilot rents for a job and gives back after it, of a cloud or of Kubernetes.

    The run directories lie in a bucket, which SkyPilot mounts where jobs run; whoever launches mounts it too, at $PAPERCLUB_RUNS.
    """

    infra: str  # a cloud, a region of it or k8s, as SkyPilot writes them: gcp/us-central1
    machines: Mapping[str, str]  # mesh -> accelerators of a machine, as SkyPilot writes them; the mesh's hosts say how many machines
    extras: str  # of jax, for these accelerators: tpu | cuda13
    bucket: str  # gs://NAME or s3://NAME, yours
    spot: bool = False  # machines that the cloud may take back, for less: the job goes on on others
    disk: int = 256  # GB of each machine
    parallel: int = 4  # jobs at once
    setup: tuple[str, ...] = ()  # shell lines before ours, as "sudo apt-get install -y python3-venv"
