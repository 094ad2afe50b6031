"""Which networks a `dmpc` method is made of."""

from ml_collections import ConfigDict

PROPOSALS = ("multi_diffusion", "single_diffusion", "single_mlp", "state_mlp")
DYNAMICS = ("multi_diffusion", "single_diffusion", "single_mlp", "multi_mlp", "autoregressive")
DIFFUSION, MLPS = ("multi_diffusion", "single_diffusion"), ("single_mlp", "state_mlp", "multi_mlp")
STEPWISE = ("single_diffusion", "single_mlp", "state_mlp")  # of one step
PARTS = ("proposal", "dynamics", "value", "truncated", "joint")


def ranks(config: ConfigDict) -> bool:
    """Whether the method needs to know what follows from its candidates."""
    return config.plan.kind != "ssr" or config.plan.candidates > 1


def wants_value(config: ConfigDict) -> bool:
    """Whether candidates are ranked by the learned return."""
    wanted = config.objective
    return scores(config) and (wanted.kind == "return" or (wanted.kind == "sum" and wanted.return_weight > 0))


def scores(config: ConfigDict) -> bool:
    """Whether candidates are ranked by the objective. MBOP's are averaged by the rewards that its own models foretell."""
    return ranks(config) and config.plan.kind != "mbop"


def parts(config: ConfigDict) -> tuple[str, ...]:
    """Of a resolved config, those that its method is made of."""
    match config.entry, config.plan.kind:
        case "error", _:
            return ("dynamics",)
        case _, "mbop":
            return ("proposal", "dynamics", "truncated")
        case _, "guided":
            needed = ("joint",)
        case _, "simulated":
            needed = ("proposal",)
        case _:
            needed = ("proposal", "dynamics") if ranks(config) else ("proposal",)
    return (*needed, "value") if wants_value(config) else needed
