"""Every field of a `dmpc` run: its unit, its default at each scale, and the reason.

Diffusion Model Predictive Control (arXiv 2410.05364): one diffusion model proposes sequences of actions, another one tells which states
follow from them, and the best of some samples is carried out. Both learn from a data set of transitions that somebody else played. Scales:
  smoke  seconds, a point that runs around a ring and models of 70,000 parameters, for tests
  cpu    MuJoCo's runners, data sets of 200,000 transitions, models of 100,000 parameters
  gpu    data sets of a million transitions, as D4RL's, models of 0.6 million
  paper  the published set-up, field by field: models of 10.5 and 21 million

Kinds of runs: `behave` (the policies that play the data, trained once; their checkpoints are committed), `collect` (a data set), `train`
(a part of the planner: proposal, dynamics or value), `evaluate` (episodes of the planner).
"""

from ml_collections import ConfigDict

from configs.checks import check, derive

SCALES = ("smoke", "cpu", "gpu", "paper")

# environment -> numbers of a state and of an action
ENVIRONMENTS = {"ring": (4, 2), "halfcheetah": (17, 6), "hopper": (11, 3), "walker2d": (17, 6)}
# environment -> its versions, the default first: v4 moves as in D4RL's v2 data sets, v5 as in Minari's
VERSIONS = {"ring": ("v0",), "halfcheetah": ("v4", "v5"), "hopper": ("v4", "v5"), "walker2d": ("v4", "v5")}
SETS = ("random", "medium", "medium-replay", "expert")

BY_SCALE = {
    "smoke": {
        "env.name": "ring", "behave.steps": 6_400, "behave.copies": 4, "behave.warmup": 640, "behave.round": 64, "behave.width": 32,
        "behave.batch_size": 64, "behave.lr": 3e-3, "behave.checkpoints": 10, "behave.episodes": 5,
        "collect.transitions": 2_000, "windows.horizon": 8,
        "model.width": 64, "model.heads": 4, "model.head_dim": 16, "model.mlp_width": 128, "model.layers": 2, "model.value_layers": 4,
        "model.dtype": "float32", "diffusion.predicts": "x0", "train.steps": 200, "train.batch_size": 64, "train.windows": 256,
        "optim.lr": 3e-3, "optim.final_lr": 3e-4, "optim.warmup": 20,
        "plan.candidates": 16, "plan.proposal_steps": 5, "plan.dynamics_steps": 3, "evaluate.episodes": 2, "mesh": "cpu",
    },
    "cpu": {
        "env.name": "halfcheetah", "behave.steps": 500_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 128, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 100, "behave.episodes": 5,
        "collect.transitions": 200_000, "windows.horizon": 16,
        "model.width": 64, "model.heads": 4, "model.head_dim": 16, "model.mlp_width": 256, "model.layers": 2, "model.value_layers": 4,
        "model.dtype": "float32", "diffusion.predicts": "x0", "train.steps": 10_000, "train.batch_size": 128, "train.windows": 1_024,
        "optim.lr": 1e-3, "optim.final_lr": 1e-4, "optim.warmup": 500,
        "plan.candidates": 64, "plan.proposal_steps": 10, "plan.dynamics_steps": 5, "evaluate.episodes": 5, "mesh": "cpu",
    },
    "gpu": {
        "env.name": "halfcheetah", "behave.steps": 1_000_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 256, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 100, "behave.episodes": 5,
        "collect.transitions": 1_000_000, "windows.horizon": 32,
        "model.width": 128, "model.heads": 4, "model.head_dim": 32, "model.mlp_width": 512, "model.layers": 3, "model.value_layers": 6,
        "model.dtype": "bfloat16", "diffusion.predicts": "x0", "train.steps": 40_000, "train.batch_size": 256, "train.windows": 4_096,
        "optim.lr": 3e-4, "optim.final_lr": 3e-5, "optim.warmup": 500,
        "plan.candidates": 64, "plan.proposal_steps": 16, "plan.dynamics_steps": 10, "evaluate.episodes": 10, "mesh": "h200",
    },
    "paper": {
        "env.name": "halfcheetah", "behave.steps": 3_000_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 256, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 100, "behave.episodes": 5,
        "collect.transitions": 1_000_000, "windows.horizon": 32,
        "model.width": 256, "model.heads": 8, "model.head_dim": 128, "model.mlp_width": 2_048, "model.layers": 5, "model.value_layers": 10,
        "model.dtype": "bfloat16", "diffusion.predicts": "eps", "train.steps": 2_000_000, "train.batch_size": 256,
        "train.windows": 4_096, "optim.lr": 1e-4, "optim.final_lr": 1e-5, "optim.warmup": 500,
        "plan.candidates": 64, "plan.proposal_steps": 32, "plan.dynamics_steps": 10, "evaluate.episodes": 20, "mesh": "h200",
    },
}  # fmt: skip


def get_config(scale: str) -> ConfigDict:
    """The defaults of one scale. Raises ValueError on an unknown scale."""
    if scale not in BY_SCALE:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    config = ConfigDict()
    config.scale = scale
    config.entry = "collect"  # behave | collect | train | evaluate: the module of projects/dmpc that runs it
    config.seed = 0  # of behave: everything random; of train: initial weights, order of the windows, noise
    config.packable = ()  # fields that enter the step as arrays; follows from the entry
    config.mesh = ""  # a name in configs/meshes.py; does not change the result

    config.env = ConfigDict()
    config.env.name = ""  # ring | halfcheetah | hopper | walker2d
    config.env.version = ""  # follows from the name (the first of VERSIONS) unless given
    config.env.states = 0  # S, numbers of a state; follows from the name
    config.env.actions = 0  # A, of an action; follows from the name
    config.env.defect_joint = -1  # actuator whose torque is limited, unknown to who commands it; -1: none. Walker2d's feet are 2 and 5
    config.env.defect_limit = 0.5  # its largest torque

    config.behave = ConfigDict()  # entry behave: Soft Actor-Critic, one update per step of the environment
    config.behave.steps = 0  # of the environment, all copies together
    config.behave.copies = 0  # of the environment, stepped together
    config.behave.warmup = 0  # first steps, by uniform actions and without updates
    config.behave.round = 0  # steps between two calls of the compiled updates, which are as many
    config.behave.width = 0  # of the two hidden layers of every network; twice as wide costs a CPU four times as much
    config.behave.batch_size = 0  # transitions
    config.behave.lr = 0.0  # Adam's, of actor, critics and temperature
    config.behave.discount = 0.99
    config.behave.slowness = 5e-3  # share of the critics that their slow copies take over in an update
    config.behave.checkpoints = 0  # along the training; each is evaluated and kept
    config.behave.episodes = 0  # of an evaluation, by the most likely actions and by sampled ones

    config.collect = ConfigDict()  # the data: what the committed actors play
    config.collect.set = "medium"  # random | medium | medium-replay | expert
    config.collect.transitions = 0  # at least: the last episodes are played to their end
    config.collect.seed = 0
    config.collect.file = ""  # a data set of others instead: D4RL's HDF5, Minari's folder, or Minari's name of one on this machine

    config.windows = ConfigDict()  # what models see of the data
    config.windows.history = 1  # H, states up to now, and the actions between them
    config.windows.horizon = 0  # F, actions, and states that follow them
    config.windows.discount = 0.997  # of the return to go
    config.windows.penalty = 100.0  # taken off the last reward of an episode that ended by failure

    config.model = ConfigDict()  # transformers without a mask
    config.model.width = 0
    config.model.heads = 0
    config.model.head_dim = 0  # heads may be wider than a share of the model: the paper's are 128 each in a width of 256
    config.model.mlp_width = 0
    config.model.layers = 0  # of the two denoisers
    config.model.value_layers = 0
    config.model.dtype = "float32"  # of the matrix products; parameters, noise and losses are float32

    config.diffusion = ConfigDict()
    config.diffusion.schedule = "cosine"  # cosine | linear
    config.diffusion.levels = 1_000
    config.diffusion.predicts = ""  # eps | x0 | v. A sampler of few steps wants x0 or v: near the top of the noise, errors of eps grow

    config.train = ConfigDict()  # entry train
    config.train.part = "proposal"  # proposal | dynamics | value
    config.train.steps = 0
    config.train.schedule_steps = 0  # that the cosine spans; 0: the steps that are run
    config.train.batch_size = 0  # windows
    config.train.validation = 0.1  # share of the episodes that are held out
    config.train.windows = 0  # of held-out episodes, in an evaluation
    config.train.evaluations = 8

    config.optim = ConfigDict()  # Adam
    config.optim.lr = 0.0  # peak, after a linear warm-up; then a cosine
    config.optim.final_lr = 0.0  # of the cosine's end, and where the warm-up begins
    config.optim.warmup = 0  # steps
    config.optim.clip = 5.0  # of the gradient's global norm
    config.optim.ema = 0.99  # decay of the mean of the weights that is evaluated and kept

    config.plan = ConfigDict()  # sample, score, rank
    config.plan.candidates = 0  # N, action sequences; 1 is the diffusion policy
    config.plan.proposal_steps = 0  # of DDIM
    config.plan.dynamics_steps = 0  # of DDIM
    config.plan.samples = 1  # of the states that follow an action sequence; its score is their mean

    config.objective = ConfigDict()
    config.objective.kind = "return"  # return (learned) | height (novel reward of hopper and walker2d) | sum of both
    config.objective.target = 1.1  # m
    config.objective.variance = 5e-4  # m^2, of the bell around the target
    config.objective.return_weight = 1.0  # kind sum
    config.objective.height_weight = 1.0  # kind sum

    config.evaluate = ConfigDict()  # entry evaluate
    config.evaluate.episodes = 0  # played together
    config.evaluate.seed = 0  # of their starts and of the plans' noise

    config.save = ConfigDict()
    config.save.final = True
    config.save.every_minutes = 5.0

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


PARTS = ("proposal", "dynamics", "value")
CHOICES = {
    "entry": ("behave", "collect", "train", "evaluate"),
    "env.name": tuple(ENVIRONMENTS),
    "collect.set": SETS,
    "model.dtype": ("float32", "bfloat16"),
    "diffusion.schedule": ("cosine", "linear"),
    "diffusion.predicts": ("eps", "x0", "v"),
    "train.part": PARTS,
    "objective.kind": ("return", "height", "sum"),
}
LEAST = {
    "seed": 0, "env.defect_joint": -1, "env.defect_limit": 0, "behave.steps": 1, "behave.copies": 1, "behave.warmup": 1,
    "behave.round": 1, "behave.width": 1, "behave.batch_size": 1, "behave.checkpoints": 1, "behave.episodes": 1,
    "collect.transitions": 1, "collect.seed": 0, "windows.history": 1, "windows.horizon": 1, "windows.penalty": 0, "model.width": 2,
    "model.heads": 1, "model.head_dim": 1, "model.mlp_width": 1, "model.layers": 1, "model.value_layers": 1, "diffusion.levels": 1,
    "train.steps": 1, "train.schedule_steps": 0, "train.batch_size": 1, "train.windows": 1, "train.evaluations": 1, "optim.final_lr": 0,
    "optim.warmup": 1, "plan.candidates": 1, "plan.proposal_steps": 1, "plan.dynamics_steps": 1, "plan.samples": 1,
    "objective.return_weight": 0, "objective.height_weight": 0, "evaluate.episodes": 1, "evaluate.seed": 0, "save.every_minutes": 0,
}  # fmt: skip
POSITIVE = ("behave.lr", "behave.slowness", "optim.lr", "optim.clip", "optim.ema", "train.validation", "objective.variance")
SHARES = ("behave.discount", "behave.slowness", "windows.discount", "optim.ema", "train.validation")
HEIGHTS = ("hopper", "walker2d")  # environments that tell the height of their torso


def resolve(config: ConfigDict) -> ConfigDict:
    """Turns the choices into plain fields, in place. Raises ValueError with one line that names the field and the remedy."""
    check(config, CHOICES, LEAST, POSITIVE, SHARES)
    env, behave, name = config.env, config.behave, config.env.name
    states, actions = ENVIRONMENTS[name]
    derive(env, "env", {"states": states, "actions": actions}, f"env.name={name}")
    env.version = env.version or VERSIONS[name][0]
    if env.version not in VERSIONS[name]:
        raise ValueError(f"env.version={env.version!r}: of {name} there is {' and '.join(VERSIONS[name])}")
    if env.defect_joint >= actions:
        raise ValueError(f"env.defect_joint={env.defect_joint}: {name} has actuators 0 to {actions - 1}; -1 leaves all of them whole")
    if behave.round % behave.copies:
        raise ValueError(f"behave.round={behave.round}: take a multiple of behave.copies={behave.copies}")
    if behave.steps % behave.round:
        raise ValueError(f"behave.steps={behave.steps}: take a multiple of behave.round={behave.round}")
    if behave.warmup >= behave.steps:
        raise ValueError(f"behave.warmup={behave.warmup}: take less than behave.steps={behave.steps}")
    if config.entry == "collect" and config.collect.file:
        raise ValueError(f"collect.file={config.collect.file!r}: that data set is there already; leave it out, or train on it")
    resolve_training(config)
    for field in ("proposal_steps", "dynamics_steps"):
        if config.plan[field] > config.diffusion.levels:
            raise ValueError(f"plan.{field}={config.plan[field]}: take at most diffusion.levels={config.diffusion.levels}")
    if config.objective.kind != "return" and env.name not in HEIGHTS:
        raise ValueError(f"objective.kind={config.objective.kind!r}: {env.name} tells no height; take {' or '.join(HEIGHTS)}, or return")
    return config


def resolve_training(config: ConfigDict) -> None:
    train, optim = config.train, config.optim
    config.packable = ("seed", "optim.lr") if config.entry == "train" else ()
    derive(train, "train", {"schedule_steps": train.schedule_steps or train.steps}, "train.steps")
    if train.schedule_steps < train.steps:
        raise ValueError(f"train.schedule_steps={train.schedule_steps}: take at least train.steps={train.steps}")
    if optim.warmup > train.schedule_steps:
        raise ValueError(f"optim.warmup={optim.warmup}: the schedule has {train.schedule_steps} steps; take at most so many")
    for field, value in (("optim.ema", optim.ema), ("train.validation", train.validation)):
        if value == 1:
            raise ValueError(f"{field}={value}: must be below 1")
    if config.model.width % 2:
        raise ValueError(f"model.width={config.model.width}: noise levels are sines and cosines; take an even one")


# What an entry does not read, or reads only by way of its needs, is no part of its identity: other windows play no new data, another
# planner or objective trains no new model.
_TRAINING = ("windows", "model", "diffusion", "train", "optim")
_PLANNING = ("plan", "objective", "evaluate")
OUTSIDE_IDENTITY = {
    "behave": ("collect", *_TRAINING, *_PLANNING),
    "collect": ("seed", "behave", *_TRAINING, *_PLANNING),
    "train": ("behave", *_PLANNING),
    "evaluate": ("seed", "behave", "collect", *_TRAINING),
}

# Of the training's fields, those that a part does not read: what differs only there is trained once.
_UNREAD = {
    "proposal": ("model.value_layers", "windows.discount", "windows.penalty"),
    "dynamics": ("model.value_layers", "windows.discount", "windows.penalty"),
    "value": ("model.layers", "windows.history", "diffusion.schedule", "diffusion.levels", "diffusion.predicts"),
}


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes: name -> (config file, overrides). Who plans in a defective environment has learned in the whole one."""

    def fields(*sections: str) -> dict[str, object]:
        return {f"{section}.{key}": value for section in sections for key, value in config[section].items()}

    if config.entry == "train":
        return {} if config.collect.file else {"data": ("dmpc/collect", fields("env", "collect"))}
    if config.entry != "evaluate":
        return {}
    learned = {**fields("env", "collect", *_TRAINING), "seed": config.seed}
    learned = {key: value for key, value in learned.items() if not key.startswith("env.defect")}
    parts = PARTS if wants_value(config) else PARTS[:2]
    unread = {part: {key: value for key, value in learned.items() if key not in _UNREAD[part]} for part in parts}
    return {part: ("dmpc/train", {**unread[part], "train.part": part}) for part in parts}


def wants_value(config: ConfigDict) -> bool:
    """Whether the objective asks for the learned return."""
    return config.objective.kind == "return" or (config.objective.kind == "sum" and config.objective.return_weight > 0)


def cost(config: ConfigDict) -> dict[str, float]:
    """Of a resolved config: FLOPs (the simulator left out) and bytes of device memory."""
    if config.entry == "collect":
        return {"flops": 0.0, "bytes": 0.0}
    if config.entry in ("train", "evaluate"):
        return cost_of_models(config)
    b, states, actions = config.behave, config.env.states, config.env.actions
    actor, critic = b.width * (states + b.width + 2 * actions), b.width * (states + actions + b.width + 1)
    # per transition: of the actor a forward pass for the target and one with its gradient; of both critics a pass for the target, one
    # with its gradient, and one whose gradient stops at the inputs
    per_row = 2 * (actor * (1 + 3) + 2 * critic * (1 + 3 + 2))
    batches = 4 * b.round * b.batch_size * (2 * states + actions + 2)
    return {"flops": float(per_row * b.batch_size * (b.steps - b.warmup)), "bytes": float(16 * (actor + 3 * critic) + batches)}


LIMITS = {"ring": 200, "halfcheetah": 1_000, "hopper": 1_000, "walker2d": 1_000}  # steps of an episode
BASES = 16  # sines and cosines that tell a time


def tokens(config: ConfigDict) -> dict[str, int]:
    """That a part reads of one window."""
    known, horizon = 2 * config.windows.history - 1, config.windows.horizon
    return {"proposal": known + horizon, "dynamics": known + 2 * horizon, "value": 2 + 2 * horizon}


def parameters(config: ConfigDict) -> dict[str, int]:
    """Of a resolved config's parts."""
    m, states, actions = config.model, config.env.states, config.env.actions
    inner = m.heads * m.head_dim
    layer = 4 * m.width * inner + 3 * inner + m.width + 2 * m.width * m.mlp_width + m.mlp_width + m.width + 4 * m.width

    def of(layers: int, kinds: tuple[int, ...], out: int) -> int:
        entering = sum(m.width * (size + 2 * BASES + 1) for size in kinds)  # values, times and the kind itself
        return entering + layers * layer + 2 * m.width + out * (m.width + 1)

    history = (states,) if config.windows.history == 1 else (states, actions)
    return {
        "proposal": of(m.layers, (*history, actions), actions),
        "dynamics": of(m.layers, (*history, actions, states), states),
        "value": of(m.value_layers, (states, states, actions), 1) + m.width,
    }


def cost_of_models(config: ConfigDict) -> dict[str, float]:
    """2 N FLOPs per token and forward pass, attention left out; with the gradient three times that. Memory: parameters, gradient, two
    moments, the mean of the weights, activations of a batch; of plans the weights and the widest activations."""
    count, length, m, plan = parameters(config), tokens(config), config.model, config.plan
    part, rows = config.train.part, config.train.batch_size
    if config.entry == "train":
        layers = m.value_layers if part == "value" else m.layers
        wide = layers * (8 * m.width + 4 * m.heads * m.head_dim + 2 * m.mlp_width + m.heads * length[part])
        flops = 6.0 * count[part] * length[part] * rows * config.train.steps
        return {"params": count[part], "flops": flops, "bytes": float(20 * count[part] + 4 * wide * length[part] * rows)}
    calls = {"proposal": plan.proposal_steps, "dynamics": plan.samples * plan.dynamics_steps, "value": plan.samples * wants_value(config)}
    forward = sum(2.0 * calls[name] * count[name] * length[name] for name in PARTS)
    plans = config.evaluate.episodes * LIMITS[config.env.name]
    wide = config.evaluate.episodes * plan.candidates * plan.samples * length["value"] * (m.mlp_width + m.heads * length["value"])
    return {"params": sum(count.values()), "flops": forward * plan.candidates * plans, "bytes": float(4 * sum(count.values()) + 4 * wide)}
