"""Every field of a `dmpc` run: its unit, its default at each scale, and the reason.

Diffusion Model Predictive Control (arXiv 2410.05364): one diffusion model proposes sequences of actions, another one tells which states
follow from them, and the best of some samples is carried out. Both learn from a data set of transitions that somebody else played. Scales:
  smoke  seconds, a point that runs around a ring, for tests
  cpu    MuJoCo's runners, data sets of 200,000 transitions
  gpu    data sets of a million transitions, as D4RL's
  paper  the published set-up, field by field

Kinds of runs: `behave` (the policies that play the data, trained once; their checkpoints are committed), `collect` (a data set).
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
        "collect.transitions": 2_000, "windows.horizon": 8, "mesh": "cpu",
    },
    "cpu": {
        "env.name": "halfcheetah", "behave.steps": 300_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 256, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 60, "behave.episodes": 5,
        "collect.transitions": 200_000, "windows.horizon": 16, "mesh": "cpu",
    },
    "gpu": {
        "env.name": "halfcheetah", "behave.steps": 1_000_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 256, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 100, "behave.episodes": 5,
        "collect.transitions": 1_000_000, "windows.horizon": 32, "mesh": "h200",
    },
    "paper": {
        "env.name": "halfcheetah", "behave.steps": 3_000_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 256, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 100, "behave.episodes": 5,
        "collect.transitions": 1_000_000, "windows.horizon": 32, "mesh": "h200",
    },
}  # fmt: skip


def get_config(scale: str) -> ConfigDict:
    """The defaults of one scale. Raises ValueError on an unknown scale."""
    if scale not in BY_SCALE:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    config = ConfigDict()
    config.scale = scale
    config.entry = "collect"  # behave | collect: the module of projects/dmpc that runs it
    config.seed = 0
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
    config.behave.width = 0  # of the two hidden layers of every network
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

    config.save = ConfigDict()
    config.save.final = True
    config.save.every_minutes = 5.0

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


CHOICES = {"entry": ("behave", "collect"), "env.name": tuple(ENVIRONMENTS), "collect.set": SETS}
LEAST = {
    "seed": 0, "env.defect_joint": -1, "env.defect_limit": 0, "behave.steps": 1, "behave.copies": 1, "behave.warmup": 1,
    "behave.round": 1, "behave.width": 1, "behave.batch_size": 1, "behave.checkpoints": 1, "behave.episodes": 1,
    "collect.transitions": 1, "collect.seed": 0, "windows.history": 1, "windows.horizon": 1, "windows.penalty": 0, "save.every_minutes": 0,
}  # fmt: skip
POSITIVE = ("behave.lr", "behave.slowness")
SHARES = ("behave.discount", "behave.slowness", "windows.discount")


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
    return config


# What an entry does not read is no part of its identity: other windows play no new data.
OUTSIDE_IDENTITY = {
    "behave": ("collect", "windows"),
    "collect": ("seed", "behave", "windows"),
}


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes: name -> (config file, overrides)."""
    return {}


def cost(config: ConfigDict) -> dict[str, float]:
    """Of a resolved config: FLOPs (the simulator left out) and bytes of device memory."""
    if config.entry == "collect":
        return {"flops": 0.0, "bytes": 0.0}
    b, states, actions = config.behave, config.env.states, config.env.actions
    actor, critic = b.width * (states + b.width + 2 * actions), b.width * (states + actions + b.width + 1)
    # per transition: of the actor a forward pass for the target and one with its gradient; of both critics a pass for the target, one
    # with its gradient, and one whose gradient stops at the inputs
    per_row = 2 * (actor * (1 + 3) + 2 * critic * (1 + 3 + 2))
    batches = 4 * b.round * b.batch_size * (2 * states + actions + 2)
    return {"flops": float(per_row * b.batch_size * (b.steps - b.warmup)), "bytes": float(16 * (actor + 3 * critic) + batches)}
