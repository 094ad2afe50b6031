"""Every field of a `dmpc` run: its unit, its default at each scale, and the reason.

Diffusion Model Predictive Control (arXiv 2410.05364): one diffusion model proposes sequences of actions, another one tells which states
follow from them, and the best of some samples is carried out. Both learn from a data set of transitions that somebody else played. Scales:
  smoke  seconds, a point that runs around a ring and models of 70,000 parameters, for tests
  cpu    MuJoCo's runners, data sets of 200,000 transitions, models of 100,000 parameters
  gpu    data sets of a million transitions, as D4RL's, models of 0.6 million
  paper  the published set-up, field by field: models of 10.5 and 21 million

Kinds of runs: `behave` (the policies that play the data, trained once; their checkpoints are committed), `collect` (a data set), `train`
(a part of a planner), `adapt` (the dynamics, fine-tuned where the world has changed), `distil` (an MLP from a planner), `evaluate`
(episodes of a planner), `error` (of a dynamics model, by step of its rollout).

Methods, and the parts that each is made of:
  D-MPC                plan.kind=ssr                       proposal, dynamics and, where the objective asks for the learned return, value
  diffusion policy     plan.candidates=1                   proposal
  behaviour cloning    plan.candidates=1, model.proposal=state_mlp     proposal (single_mlp: it sees the action before as well)
  MBOP                 plan.kind=mbop                      proposal and dynamics, both single_mlp, and truncated
  Diffuser, in effect  plan.kind=guided                    joint, and value as in D-MPC
  perfect dynamics     plan.kind=simulated                 proposal, and value as in D-MPC; the simulator tells what follows
model.proposal and model.dynamics put other models in the place of D-MPC's.
"""

from ml_collections import ConfigDict

from configs.checks import check, derive
from configs.dmpc.costs import cost
from configs.dmpc.methods import DIFFUSION, DYNAMICS, MLPS, PARTS, PROPOSALS, STEPWISE, parts, ranks, scores

__all__ = ["cost", "get_config", "needs", "resolve"]

SCALES = ("smoke", "cpu", "gpu", "paper")

# environment -> numbers of a state and of an action
ENVIRONMENTS = {"ring": (4, 2), "halfcheetah": (17, 6), "hopper": (11, 3), "walker2d": (17, 6)}
# environment -> its versions, the default first: v4 moves as in D4RL's v2 data sets, v5 as in Minari's
VERSIONS = {"ring": ("v0",), "halfcheetah": ("v4", "v5"), "hopper": ("v4", "v5"), "walker2d": ("v4", "v5")}
SETS = ("random", "medium", "medium-replay", "expert", "play")

BY_SCALE = {
    "smoke": {
        "env.name": "ring", "behave.steps": 6_400, "behave.copies": 4, "behave.warmup": 640, "behave.round": 64, "behave.width": 32,
        "behave.batch_size": 64, "behave.lr": 3e-3, "behave.checkpoints": 10, "behave.episodes": 5,
        "collect.transitions": 2_000, "windows.horizon": 8,
        "model.width": 64, "model.heads": 4, "model.head_dim": 16, "model.mlp_width": 128, "model.layers": 2, "model.value_layers": 4,
        "model.hidden": 32, "model.dtype": "float32", "diffusion.predicts": "x0", "train.steps": 200, "train.batch_size": 64,
        "train.windows": 256, "optim.lr": 3e-3, "optim.final_lr": 3e-4, "optim.warmup": 20,
        "plan.candidates": 16, "plan.proposal_steps": 5, "plan.dynamics_steps": 3, "evaluate.episodes": 2, "error.windows": 64,
        "adapt.transitions": 1_000, "adapt.steps": 50, "adapt.lr": 1e-3,
        "distil.states": 256, "distil.steps": 200, "distil.lr": 3e-3, "mesh": "cpu",
    },
    "cpu": {
        "env.name": "halfcheetah", "behave.steps": 300_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 128, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 100, "behave.episodes": 5,
        "collect.transitions": 200_000, "windows.horizon": 8,
        "model.width": 64, "model.heads": 4, "model.head_dim": 16, "model.mlp_width": 256, "model.layers": 2, "model.value_layers": 4,
        "model.hidden": 200, "model.dtype": "float32", "diffusion.predicts": "x0", "train.steps": 3_000, "train.batch_size": 128,
        "train.windows": 1_024,
        "optim.lr": 3e-3, "optim.final_lr": 3e-4, "optim.warmup": 300,
        "plan.candidates": 32, "plan.proposal_steps": 10, "plan.dynamics_steps": 5, "evaluate.episodes": 5, "error.windows": 2_000,
        "adapt.transitions": 50_000, "adapt.steps": 3_000, "adapt.lr": 1e-3,
        "distil.states": 3_000, "distil.steps": 3_000, "distil.lr": 3e-3, "mesh": "cpu",
    },
    "gpu": {
        "env.name": "halfcheetah", "behave.steps": 1_000_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 256, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 100, "behave.episodes": 5,
        "collect.transitions": 1_000_000, "windows.horizon": 32,
        "model.width": 128, "model.heads": 4, "model.head_dim": 32, "model.mlp_width": 512, "model.layers": 3, "model.value_layers": 6,
        "model.hidden": 500, "model.dtype": "bfloat16", "diffusion.predicts": "x0", "train.steps": 40_000, "train.batch_size": 256,
        "train.windows": 4_096,
        "optim.lr": 3e-4, "optim.final_lr": 3e-5, "optim.warmup": 500,
        "plan.candidates": 64, "plan.proposal_steps": 16, "plan.dynamics_steps": 10, "evaluate.episodes": 10, "error.windows": 4_096,
        "adapt.transitions": 100_000, "adapt.steps": 10_000, "adapt.lr": 1e-4,
        "distil.states": 50_000, "distil.steps": 40_000, "distil.lr": 3e-4, "mesh": "h200",
    },
    "paper": {
        "env.name": "halfcheetah", "behave.steps": 3_000_000, "behave.copies": 2, "behave.warmup": 10_000, "behave.round": 50,
        "behave.width": 256, "behave.batch_size": 256, "behave.lr": 3e-4, "behave.checkpoints": 100, "behave.episodes": 5,
        "collect.transitions": 1_000_000, "windows.horizon": 32,
        "model.width": 256, "model.heads": 8, "model.head_dim": 128, "model.mlp_width": 2_048, "model.layers": 5, "model.value_layers": 10,
        "model.hidden": 500, "model.dtype": "bfloat16", "diffusion.predicts": "eps", "train.steps": 2_000_000, "train.batch_size": 256,
        "train.windows": 4_096, "optim.lr": 1e-4, "optim.final_lr": 1e-5, "optim.warmup": 500,
        "plan.candidates": 64, "plan.proposal_steps": 32, "plan.dynamics_steps": 10, "evaluate.episodes": 20, "error.windows": 4_096,
        "adapt.transitions": 100_000, "adapt.steps": 100_000, "adapt.lr": 1e-5,
        "distil.states": 100_000, "distil.steps": 100_000, "distil.lr": 1e-4, "mesh": "h200",
    },
}  # fmt: skip


def get_config(scale: str) -> ConfigDict:
    """The defaults of one scale. Raises ValueError on an unknown scale."""
    if scale not in BY_SCALE:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    config = ConfigDict()
    config.scale = scale
    config.entry = "collect"  # behave | collect | train | adapt | distil | evaluate | error: the module of projects/dmpc that runs it
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
    config.collect.set = "medium"  # random | medium | medium-replay | expert | play
    config.collect.noise = 0.3  # set play: standard deviation of what is added to the medium actor's commands, which reach from -1 to 1
    config.collect.transitions = 0  # at least: the last episodes are played to their end
    config.collect.seed = 0
    config.collect.file = ""  # a data set of others instead: D4RL's HDF5, Minari's folder, or Minari's name of one on this machine

    config.windows = ConfigDict()  # what models see of the data
    config.windows.history = 1  # H, states up to now, and the action before each
    config.windows.horizon = 0  # F, actions, and states that follow them
    config.windows.discount = 0.997  # of the return to go
    config.windows.penalty = 100.0  # taken off the last reward of an episode that ended by failure

    config.model = ConfigDict()
    # rho; a policy of one step that takes turns with the dynamics: single_diffusion | single_mlp (MBOP's, which reads the action before) |
    # state_mlp (of the state alone)
    config.model.proposal = "multi_diffusion"
    config.model.dynamics = "multi_diffusion"  # p_d; single_diffusion | single_mlp: of one step; multi_mlp | autoregressive
    config.model.hidden = 0  # of an MLP, width of its two hidden layers
    config.model.members = 3  # of an ensemble of MLPs
    config.model.width = 0  # of a transformer
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
    config.train.part = "proposal"  # proposal | dynamics | value | truncated (MBOP's value) | joint (of states and actions)
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

    config.plan = ConfigDict()
    # ssr: sample, score, rank | mbop: average by return | guided: of the joint model, drawn towards the objective | simulated: ssr with the
    # simulator in the place of the dynamics, an upper bound for them
    config.plan.kind = "ssr"
    config.plan.candidates = 0  # N, action sequences; of ssr, 1 does what the proposal would do, and ranks nothing
    config.plan.proposal_steps = 0  # of DDIM, of proposals and of the joint model
    config.plan.dynamics_steps = 0  # of DDIM
    config.plan.samples = 1  # of the states that follow an action sequence; its score is their mean
    config.plan.sigma = 0.2  # standard deviation of the noise that makes an MLP's candidates differ; actions reach from -1 to 1
    config.plan.beta = 0.2  # mbop: share of the plan of the step before in every candidate
    config.plan.kappa = 1.0  # mbop: of the average's weights, exp(kappa return), per standard deviation of the data's rewards
    config.plan.guidance = 1.0  # guided: how much likelier, exp(guidance), per standard deviation of the data's returns

    config.objective = ConfigDict()
    config.objective.kind = "return"  # return (learned) | height (novel reward of hopper and walker2d) | sum of both
    config.objective.target = 1.1  # m
    config.objective.variance = 5e-4  # m^2, of the bell around the target
    config.objective.return_weight = 1.0  # kind sum
    config.objective.height_weight = 1.0  # kind sum

    config.evaluate = ConfigDict()  # entry evaluate
    config.evaluate.episodes = 0  # played together
    config.evaluate.seed = 0  # of their starts and of the plans' noise
    config.evaluate.adapted = False  # with the dynamics, or the joint model, that entry adapt has made of the trained one
    config.evaluate.distilled = False  # an MLP acts that entry distil has made of the planner

    config.adapt = ConfigDict()  # entry adapt: fine-tuning on set play of the environment, its defective joint included
    config.adapt.transitions = 0  # of that set
    config.adapt.steps = 0
    config.adapt.lr = 0.0  # Adam's, constant
    config.adapt.whole = False  # entry evaluate: adapted to the world without its defect, a control that has but trained as long

    config.distil = ConfigDict()  # entry distil; else it is trained as the planner's parts are, and judged by the episodes that they are
    config.distil.states = 0  # of the data, in which the planner is asked
    config.distil.hidden = 256  # of the student, an MLP, width of its two hidden layers; the paper's is not known
    config.distil.steps = 0  # of its training
    config.distil.lr = 0.0  # peak, as optim.lr, over these steps

    config.error = ConfigDict()  # entry error
    config.error.set = ""  # of held-out episodes, as collect.set, and that one unless given
    config.error.windows = 0  # of whole horizons

    config.save = ConfigDict()
    config.save.every_minutes = 5.0

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


CHOICES = {
    "entry": ("behave", "collect", "train", "adapt", "distil", "evaluate", "error"),
    "env.name": tuple(ENVIRONMENTS),
    "collect.set": SETS,
    "error.set": ("", *SETS),
    "model.proposal": PROPOSALS,
    "model.dynamics": DYNAMICS,
    "model.dtype": ("float32", "bfloat16"),
    "diffusion.schedule": ("cosine", "linear"),
    "diffusion.predicts": ("eps", "x0", "v"),
    "train.part": PARTS,
    "plan.kind": ("ssr", "mbop", "guided", "simulated"),
    "objective.kind": ("return", "height", "sum"),
}
LEAST = {
    "seed": 0, "env.defect_joint": -1, "env.defect_limit": 0, "behave.steps": 1, "behave.copies": 1, "behave.warmup": 1,
    "behave.round": 1, "behave.width": 1, "behave.batch_size": 1, "behave.checkpoints": 1, "behave.episodes": 1,
    "collect.transitions": 1, "collect.seed": 0, "windows.history": 1, "windows.horizon": 1, "windows.penalty": 0, "model.hidden": 1,
    "model.members": 1, "model.width": 2, "model.heads": 1, "model.head_dim": 1, "model.mlp_width": 1, "model.layers": 1,
    "model.value_layers": 1, "diffusion.levels": 1, "train.steps": 1, "train.schedule_steps": 0, "train.batch_size": 1,
    "train.windows": 1, "train.evaluations": 1, "optim.final_lr": 0, "optim.warmup": 1, "plan.candidates": 1, "plan.proposal_steps": 1,
    "plan.dynamics_steps": 1, "plan.samples": 1, "plan.sigma": 0, "plan.kappa": 0, "plan.guidance": 0, "objective.return_weight": 0,
    "objective.height_weight": 0, "evaluate.episodes": 1, "evaluate.seed": 0, "error.windows": 1,
    "collect.noise": 0, "adapt.transitions": 1, "adapt.steps": 1, "distil.states": 2, "distil.hidden": 1,
    "distil.steps": 1, "save.every_minutes": 0,
}  # fmt: skip
POSITIVE = (
    "behave.lr", "behave.slowness", "adapt.lr", "distil.lr", "optim.lr", "optim.clip", "optim.ema", "train.validation",
    "objective.variance",
)  # fmt: skip
SHARES = ("behave.discount", "behave.slowness", "windows.discount", "optim.ema", "train.validation", "plan.beta")
HEIGHTS = ("hopper", "walker2d")  # environments that tell the height of their torso


def resolve(config: ConfigDict) -> ConfigDict:
    """Turns the choices into plain fields, in place; those that nothing reads then are the scale's (`unread`). Raises ValueError with one
    line that names the field and the remedy."""
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
    resolve_method(config)
    defaults = get_config(config.scale)
    for section, field in (name.split(".") for name in unread(config)):
        config[section][field] = defaults[section][field]
    return config


def resolve_training(config: ConfigDict) -> None:
    train, optim = config.train, config.optim
    config.packable = {"train": ("seed", "optim.lr"), "adapt": ("seed", "adapt.lr"), "distil": ("seed", "distil.lr")}.get(config.entry, ())
    derive(train, "train", {"schedule_steps": train.schedule_steps or train.steps}, "train.steps")
    if train.schedule_steps < train.steps:
        raise ValueError(f"train.schedule_steps={train.schedule_steps}: take at least train.steps={train.steps}")
    rates = {"optim.lr": (optim.lr, train.schedule_steps)}
    if config.entry == "distil":
        rates["distil.lr"] = config.distil.lr, config.distil.steps
    for field, (lr, steps) in rates.items():
        if optim.warmup > steps:
            raise ValueError(f"optim.warmup={optim.warmup}: the schedule of {field} has {steps} steps; take at most so many")
        if lr < optim.final_lr:
            raise ValueError(f"{field}={lr}: its cosine falls to optim.final_lr={optim.final_lr}; take no less, or lower that one")
    for field, value in (("optim.ema", optim.ema), ("train.validation", train.validation)):
        if value == 1:
            raise ValueError(f"{field}={value}: must be below 1")
    if config.model.width % 2:
        raise ValueError(f"model.width={config.model.width}: noise levels are sines and cosines; take an even one")


def resolve_method(config: ConfigDict) -> None:
    plan, model = config.plan, config.model
    for field in ("proposal_steps", "dynamics_steps"):
        if plan[field] > config.diffusion.levels:
            raise ValueError(f"plan.{field}={plan[field]}: take at most diffusion.levels={config.diffusion.levels}")
    name, wanted = config.env.name, config.objective.kind
    if wanted != "return" and name not in HEIGHTS:
        raise ValueError(f"objective.kind={wanted!r}: {name} tells no height; take {' or '.join(HEIGHTS)}, or return")
    if config.entry == "error" and not config.collect.file:
        config.error.set = config.error.set or config.collect.set
    if config.entry == "adapt" and config.train.part not in ("dynamics", "joint"):
        raise ValueError(f"train.part={config.train.part!r}: what is adapted is the dynamics or, for the comparison, the joint model")
    if config.entry not in ("evaluate", "distil"):
        return
    if plan.kind == "simulated" and config.entry == "distil":
        raise ValueError("plan.kind='simulated' plans in the world that it acts in, and here nobody acts: take ssr, mbop or guided")
    if plan.kind == "simulated" and model.proposal in STEPWISE:
        raise ValueError(f"model.proposal={model.proposal!r} takes turns with dynamics: with plan.kind=simulated take multi_diffusion")
    if plan.kind == "mbop":
        model.proposal = model.dynamics = "single_mlp"
    if plan.kind == "ssr" and ranks(config) and model.proposal in STEPWISE and model.dynamics not in STEPWISE:
        steps = " or ".join(name for name in STEPWISE if name in DYNAMICS)
        raise ValueError(f"model.proposal={model.proposal!r} takes turns with dynamics of one step: take model.dynamics={steps}")


# What an entry does not read, or reads only by way of its needs, is no part of its identity: other windows play no new data, another
# planner or objective trains no new model.
_TRAINING = ("windows", "model", "diffusion", "train", "optim")
_PLANNING = ("plan", "objective", "evaluate")
_OTHERS = ("behave", "adapt", "distil", "error")
OUTSIDE_IDENTITY = {
    "behave": ("collect", "adapt", "distil", "error", *_TRAINING, *_PLANNING),
    "collect": ("seed", *_OTHERS, *_TRAINING, *_PLANNING),
    "train": (*_OTHERS, *_PLANNING),
    "adapt": ("behave", "distil", "error", "adapt.whole", *_PLANNING),
    "distil": ("behave", "adapt", "error", "evaluate", "windows", "model", "diffusion", "train.steps", "train.schedule_steps", "optim.lr"),
    "evaluate": ("seed", "collect", *_OTHERS, *_TRAINING),
    "error": ("seed", "collect", "behave", "adapt", "distil", "objective", "evaluate", *_TRAINING),
}


def unread(config: ConfigDict) -> set[str]:
    """Of the sections that an entry reads, the fields that it does not with these choices: who asks for nothing else has the same run."""
    found = unread_of_data(config) | (set() if config.env.defect_joint >= 0 else {"env.defect_limit"})
    match config.entry:
        case "train" | "adapt":
            return found | {"adapt.whole"} | unread_in_training(config)
        case "distil":
            return found | unread_in_planning(config) | {"train.part", "env.defect_joint", "env.defect_limit"}
        case "evaluate":
            moves = {"dynamics", "joint"} & set(parts(config)) and not config.evaluate.distilled
            found |= set() if moves and config.evaluate.adapted and config.env.defect_joint >= 0 else {"adapt.whole"}
            return found | unread_in_planning(config) | (set() if moves else {"evaluate.adapted"})
        case "error":
            found |= set() if config.model.dynamics in DIFFUSION else {"plan.dynamics_steps"}
            return found | {f"plan.{field}" for field in config.plan if field != "dynamics_steps"} | {"model.proposal"}
    return found


def unread_of_data(config: ConfigDict) -> set[str]:
    """A file is as it is; beside it a run may still ask for sets that are played, to adapt to or to measure errors on."""
    entry, file = config.entry, config.collect.file
    asked = {"" if file else config.collect.set, config.error.set if entry == "error" else ""} - {""}
    adapts = entry == "adapt" or (entry == "evaluate" and config.evaluate.adapted)
    played = asked | {"play"} if adapts else asked  # that one has a length of its own
    found = set() if "play" in played else {"collect.noise"}
    found |= set() if played else {"collect.seed"}
    found |= set() if asked else {"collect.transitions"}
    found |= {"collect.set"} if file else set()
    return found | ({"env.defect_joint", "env.defect_limit"} if file and entry == "train" else set())


def unread_in_training(config: ConfigDict) -> set[str]:
    part = config.train.part
    model = config.model[part] if part in ("proposal", "dynamics") else {"truncated": "single_mlp"}.get(part, part)
    found = {f"model.{name}" for name in ("proposal", "dynamics") if name != part}
    if model in MLPS:
        found |= {f"model.{field}" for field in ("width", "heads", "head_dim", "mlp_width", "layers", "dtype")}
    else:
        found |= {"model.hidden", "model.members", "model.layers" if part == "value" else "model.value_layers"}
    if model not in (*DIFFUSION, "joint"):
        found |= {f"diffusion.{field}" for field in config.diffusion}
    if model in ("single_mlp", "state_mlp", "value", "joint"):
        found |= {"windows.history"}
    if part != "value":
        found |= {"model.value_layers", "windows.discount", "windows.penalty"}
    return found


def unread_in_planning(config: ConfigDict) -> set[str]:
    plan, wanted, read = config.plan, config.objective, {"kind", "candidates"}
    if plan.kind == "mbop":
        read |= {"sigma", "beta", "kappa"}
    elif plan.kind == "guided":
        read |= {"proposal_steps", "guidance"}
    else:
        read |= {"proposal_steps"} if config.model.proposal in DIFFUSION else set()
        foretells = "dynamics" in parts(config)
        read |= {"sigma"} if config.model.proposal in MLPS and foretells else set()
        read |= {"samples"} if foretells else set()
        read |= {"dynamics_steps"} if foretells and config.model.dynamics in DIFFUSION else set()
    found = {f"plan.{field}" for field in plan if field not in read}
    found |= {f"model.{name}" for name in ("proposal", "dynamics") if name not in parts(config)}
    if not scores(config):
        return found | {f"objective.{field}" for field in wanted}
    if wanted.kind == "return":
        found |= {"objective.target", "objective.variance"}
    return found if wanted.kind == "sum" else found | {"objective.return_weight", "objective.height_weight"}


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes: name -> (config file, overrides). Who plans in a defective environment has learned in the whole one, and
    may have adapted to the defective one, or for a control to the whole one."""

    def fields(*sections: str) -> dict[str, object]:
        return {f"{section}.{key}": value for section in sections for key, value in config[section].items()}

    def data(**changes: object) -> tuple[str, dict[str, object]]:
        return "dmpc/collect", fields("env", "collect") | {f"collect.{key}": value for key, value in changes.items()}

    own = {**fields("env", "collect", *_TRAINING), "seed": config.seed}
    learned = {key: value for key, value in own.items() if not key.startswith("env.defect")}
    whole = {part: ("dmpc/train", {**learned, "train.part": part}) for part in PARTS}
    match config.entry:
        case "train":
            return {} if config.collect.file else {"data": data()}
        case "adapt":
            played = {"set": "play", "file": "", "transitions": config.adapt.transitions}
            return {"base": whole[config.train.part], "data": data(**played)}
        case "distil":
            played = {} if config.collect.file else {"data": data()}
            return {**played, **{part: whole[part] for part in parts(config)}}
        case "error":
            played = {"data": data(set=config.error.set, file="")} if config.error.set else {}
            return {**played, "dynamics": whole["dynamics"]}
        case "evaluate" if config.evaluate.distilled:
            return {"proposal": ("dmpc/distil", {**learned, **fields("plan", "objective", "distil")})}
        case "evaluate":
            found: dict[str, object] = {part: whole[part] for part in parts(config)}
            world = learned if config.adapt.whole else own
            for part in {"dynamics", "joint"} & set(found) if config.evaluate.adapted else ():
                found[part] = ("dmpc/adapt", {**world, **fields("adapt"), "train.part": part, "adapt.whole": False})
            return found
    return {}
