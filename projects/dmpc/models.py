"""All models by name: what a config may choose for each part of a planner."""

from collections.abc import Callable, Mapping

from projects.dmpc import oneshot, value
from projects.dmpc.baselines import autoregressive, joint, mbop, multi, single
from projects.dmpc.interface import Model, Sampler, Sizes

Build = Callable[[Sizes, Sampler], Model]  # only diffusion models look at the sampler

# single_*: of one step, a policy; multi_*: of a whole horizon in one shot
PROPOSALS: Mapping[str, Build] = {
    "multi_diffusion": oneshot.proposal,
    "single_diffusion": single.diffusion_policy,
    "single_mlp": lambda sizes, sampler: single.mlp_policy(sizes),
    "state_mlp": lambda sizes, sampler: single.state_policy(sizes),
}
DYNAMICS: Mapping[str, Build] = {
    "multi_diffusion": oneshot.dynamics,
    "single_diffusion": single.diffusion_dynamics,
    "single_mlp": lambda sizes, sampler: single.mlp_dynamics(sizes),
    "multi_mlp": lambda sizes, sampler: multi.mlp_dynamics(sizes),
    "autoregressive": lambda sizes, sampler: autoregressive.dynamics(sizes),
}
# part -> its models; where there is one alone, no field names it
PARTS: Mapping[str, Mapping[str, Build]] = {
    "proposal": PROPOSALS,
    "dynamics": DYNAMICS,
    "value": {"": lambda sizes, sampler: value.model(sizes)},
    "truncated": {"": lambda sizes, sampler: mbop.truncated(sizes)},
    "joint": {"": joint.joint},
}
