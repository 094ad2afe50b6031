"""The tiny run as a Ray Tune trial, a core each: python -m bench._ray COUNT FOLDER"""

import os
import sys

import psutil
import ray
from ray import tune

from bench._tiny import train


def trial(config: dict[str, int]) -> None:
    train(config["seed"])


if __name__ == "__main__":
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR", "_temp_dir": f"{sys.argv[2]}/session"}
    ray.init(num_cpus=len(os.sched_getaffinity(0)), **quiet)
    seeds = {"seed": tune.grid_search(list(range(int(sys.argv[1]))))}
    where = tune.RunConfig(storage_path=sys.argv[2], verbose=0)
    failed = tune.Tuner(tune.with_resources(trial, {"cpu": 1}), param_space=seeds, run_config=where).fit().errors
    mine = [process.cpu_times() for process in psutil.Process().children(recursive=True)]  # the cluster's, which nobody waits for
    print("processor", sum(sum(times[:4]) for times in mine))
    sys.exit(bool(failed))
