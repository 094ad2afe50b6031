"""What each half of D-MPC is good for: other proposals (A, B) and other dynamics (C), one exchanged at a time.

    python -m launch figure dmpc/ablations --run-missing

Proposals of one step take turns with dynamics of one step, so A and B exchange both; C keeps the proposals of D-MPC.

Cost: cpu five more models of one to four minutes of a core each, and up to five minutes to evaluate an arm.
Expect multi-step proposals above those of single steps. Of nearly deterministic runners an MLP may tell the next states as well.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.dmpc import methods, studies
from configs.dmpc.evaluate import cost, get_config, needs, resolve
from configs.sweeps import Overrides, product

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ARRAYS = ("episode_scores",)  # of what a run leaves, what the figure reads


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    whole = {"model.proposal": "multi_diffusion", "model.dynamics": "multi_diffusion"}
    both = [{"model.proposal": name, "model.dynamics": name} for name in ("single_mlp", "single_diffusion")]
    dynamics = [{"model.dynamics": name} for name in methods.DYNAMICS if name != whole["model.dynamics"]]
    return product(studies.first(config.scale), [whole, *both, *dynamics])
