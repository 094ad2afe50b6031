"""What a `dmpc` run costs: parameters, FLOPs (the simulator left out) and bytes of device memory."""

from ml_collections import ConfigDict

from configs.dmpc.methods import DIFFUSION, parts

TOGETHER = 32  # states for which a planner is asked at once when it is distilled
LIMITS = {"ring": 200, "halfcheetah": 1_000, "hopper": 1_000, "walker2d": 1_000}  # steps of an episode
BASES = 16  # sines and cosines that tell a time


def cost(config: ConfigDict) -> dict[str, float]:
    """Of a resolved config: FLOPs (the simulator left out) and bytes of device memory."""
    if config.entry == "collect":
        return {"flops": 0.0, "bytes": 0.0}
    if config.entry != "behave":
        return cost_of_models(config)
    b, states, actions = config.behave, config.env.states, config.env.actions
    actor, critic = b.width * (states + b.width + 2 * actions), b.width * (states + actions + b.width + 1)
    # per transition: of the actor a forward pass for the target and one with its gradient; of both critics a pass for the target, one
    # with its gradient, and one whose gradient stops at the inputs
    per_row = 2 * (actor * (1 + 3) + 2 * critic * (1 + 3 + 2))
    batches = 4 * b.round * b.batch_size * (2 * states + actions + 2)
    state = 16.0 * (actor + 3 * critic)
    return {"flops": float(per_row * b.batch_size * (b.steps - b.warmup)), "bytes": state + batches, "state": state}


def tokens(config: ConfigDict, part: str) -> int:
    """That a part reads in one forward pass over a window, all steps of it; an MLP reads a whole step as one."""
    history, horizon, model = config.windows.history, config.windows.horizon, config.model
    known = 2 * history - 1
    match part, model.proposal if part == "proposal" else model.dynamics:
        case "value", _:
            return 2 + 2 * horizon
        case "joint", _:
            return 1 + horizon
        case ("truncated", _) | (_, "multi_mlp"):
            return 1
        case _, "single_mlp" | "state_mlp":
            return horizon
        case "proposal", "single_diffusion":
            return horizon * (known + 1)
        case "proposal", _:
            return known + horizon
        case _, "single_diffusion":
            return horizon * (known + 2)
        case _, "autoregressive":
            return history - 1 + horizon
    return known + 2 * horizon


def parameters(config: ConfigDict) -> dict[str, int]:
    """Of a resolved config's parts, and of what a planner is distilled into."""
    m, states, actions = config.model, config.env.states, config.env.actions
    history, horizon = config.windows.history, config.windows.horizon
    inner = m.heads * m.head_dim
    layer = 4 * m.width * inner + 3 * inner + m.width + 2 * m.width * m.mlp_width + m.mlp_width + m.width + 4 * m.width

    def body(layers: int, kinds: tuple[int, ...], out: int) -> int:
        """A transformer over tokens of several kinds, each with values, times and the kind itself."""
        entering = sum(m.width * (size + 2 * BASES + 1) for size in kinds)
        return entering + layers * layer + 2 * m.width + out * (m.width + 1)

    def mlp(inputs: int, hidden: int, out: int) -> int:
        return hidden * (inputs + 1) + hidden * (hidden + 1) + out * (hidden + 1)

    def mlps(inputs: int, out: int) -> int:
        return m.members * mlp(inputs, m.hidden, out)

    known = (states,) if history == 1 else (states, actions)
    moved = {
        "single_mlp": mlps(states + actions, states + 1),
        "multi_mlp": mlps(history * states + (history - 1 + horizon) * actions, horizon * states),
        "autoregressive": body(m.layers, (states, actions), states),
    }
    cloned = {"single_mlp": mlps(states + actions, actions), "state_mlp": mlps(states, actions)}
    return {
        "proposal": cloned.get(m.proposal, body(m.layers, (*known, actions), actions)),
        "dynamics": moved.get(m.dynamics, body(m.layers, (*known, actions, states), states)),
        "value": body(m.value_layers, (states, states, actions), 1) + m.width,
        "truncated": mlps(states + actions, 1),
        "joint": body(m.layers, (states + actions,), states + actions),
        "student": mlp(states, config.distil.hidden, actions),
    }


def cost_of_models(config: ConfigDict) -> dict[str, float]:
    """2 N FLOPs per token and forward pass, attention left out; with the gradient three times that. Memory: parameters, gradient, two
    moments, the mean of the weights, activations of a batch; of plans the weights and the widest activations."""
    size, hidden, rows = parameters(config)["student"], config.distil.hidden, config.train.batch_size
    if config.entry in ("train", "adapt"):
        return cost_of_training(config)
    if config.entry == "evaluate" and config.evaluate.distilled:
        episodes = config.evaluate.episodes
        flops = 2.0 * size * LIMITS[config.env.name] * episodes
        return {"params": size, "flops": flops, "bytes": 4.0 * (size + 2 * hidden * episodes)}
    plans = cost_of_plans(config)
    if config.entry != "distil":
        return plans
    flops, memory = plans["flops"] + 6.0 * size * rows * config.distil.steps, plans["bytes"] + 20.0 * size + 4.0 * 2 * hidden * rows
    return {"params": plans["params"] + size, "flops": flops, "bytes": memory}


def cost_of_training(config: ConfigDict) -> dict[str, float]:
    """Of a part."""
    m, part, rows = config.model, config.train.part, config.train.batch_size
    count = parameters(config)[part]
    steps = config.train.steps if config.entry == "train" else config.adapt.steps
    layers, length = m.value_layers if part == "value" else m.layers, tokens(config, part)
    wide = layers * (8 * m.width + 4 * m.heads * m.head_dim + 2 * m.mlp_width + m.heads * length)
    state = 20.0 * count
    return {"params": count, "flops": 6.0 * count * length * rows * steps, "bytes": state + 4 * wide * length * rows, "state": state}


def cost_of_plans(config: ConfigDict) -> dict[str, float]:
    """Of episodes of a planner, of the states for which it is asked when it is distilled, or of a rollout's errors."""
    count, m, plan = parameters(config), config.model, config.plan
    diffuse = {"joint": plan.proposal_steps, "proposal": plan.proposal_steps if m.proposal in DIFFUSION else 1}
    diffuse["dynamics"] = plan.samples * (plan.dynamics_steps if m.dynamics in DIFFUSION else 1)
    diffuse["value"] = plan.samples * (3 * plan.proposal_steps + 1 if plan.kind == "guided" else 1)  # with its gradient
    forward = sum(2.0 * diffuse.get(name, 1) * count[name] * tokens(config, name) for name in parts(config))
    longest = max(tokens(config, name) for name in parts(config))
    together = config.evaluate.episodes * plan.candidates * plan.samples
    times = together // plan.samples * LIMITS[config.env.name]
    if config.entry == "error":
        together = times = config.error.windows
    if config.entry == "distil":
        together, times = TOGETHER * plan.candidates * plan.samples, config.distil.states * plan.candidates
    memory = 4.0 * sum(count[name] for name in parts(config)) + 4.0 * together * longest * (m.mlp_width + m.heads * longest)
    return {"params": sum(count[name] for name in parts(config)), "flops": forward * times, "bytes": memory}
