"""What D-MPC is compared with: other dynamics and other proposals behind the same interface, by name; MBOP's planner, a joint model with
guidance, and an MLP distilled from a planner, each in a file of its own."""

from collections.abc import Callable, Mapping

import jax

from projects.dmpc.baselines import autoregressive, multi, single
from projects.dmpc.baselines.interface import Dynamics, Proposal, Sampler, Sizes, Step

# what builds each; only diffusion models look at the sampler
DYNAMICS: Mapping[str, Callable[[Sizes, Sampler], Dynamics]] = {
    "single_mlp": lambda sizes, sampler: single.mlp_dynamics(sizes),
    "single_diffusion": single.diffusion_dynamics,
    "autoregressive": lambda sizes, sampler: autoregressive.dynamics(sizes),
    "multi_mlp": lambda sizes, sampler: multi.mlp_dynamics(sizes),
    "multi_diffusion": multi.diffusion_dynamics,
}
PROPOSALS = ("single_mlp", "single_diffusion", "multi_diffusion")


def proposal(name: str, sizes: Sizes, sampler: Sampler, step: Step | None, noise: float, low: jax.Array, high: jax.Array) -> Proposal:
    """One of PROPOSALS. Those of one step go on by `step`, that of any single-step dynamics, with actions within low and high [A]; `noise`
    is the standard deviation on what the MLP says. Raises ValueError for another name, and where `step` is missing."""
    if name not in PROPOSALS:
        raise ValueError(f"a proposal is one of {', '.join(PROPOSALS)}, not {name!r}")
    if name == "multi_diffusion":
        return multi.diffusion_proposal(sizes, sampler)
    if step is None:
        raise ValueError(f"a proposal by {name} takes turns with dynamics of one step, single_mlp or single_diffusion")
    policy = single.mlp_policy(sizes, noise) if name == "single_mlp" else single.diffusion_policy(sizes, sampler)
    return single.alternated(policy, step, sizes.horizon, low, high)
