"""Every field of a `lewm` run: its unit, its default at each scale, and the reason.

LeWorldModel (arXiv 2603.19312): an encoder and a predictor learn together from pixels; SIGReg keeps the latents from collapsing; plans are
searched in latent space. Scales:
  smoke  seconds, 16-pixel images and a model of a few thousand parameters, for tests
  cpu    64-pixel images and a model of half a million parameters; TwoRoom is solved in a quarter of an hour on two cores
  gpu    112-pixel images, otherwise the paper's model
  paper  the published set-up, field by field

Six kinds of runs: `collect` (episodes of an environment), `train` (a model), `plan` (reach goals with a model or without), `probe` (what
the latents tell), `surprise` (violation of expectation), `imagine` (a decoder, and rollouts drawn with it). `needs` names the runs whose
results a run consumes.
"""

from ml_collections import ConfigDict

from configs.checks import check, derive

SCALES = ("smoke", "cpu", "gpu", "paper")

# environment -> size of an action, and the policy that plays the data
ENVIRONMENTS = {"tworoom": 2, "pusht": 2, "reacher": 2, "cube": 5}
POLICIES = {"tworoom": "expert", "pusht": "mixed", "reacher": "random", "cube": "expert"}

# environment -> scale -> (episodes, longest episode [steps]); the paper's in the last column
EPISODES = {
    "tworoom": {"smoke": (24, 40), "cpu": (2_000, 100), "gpu": (10_000, 100), "paper": (10_000, 100)},
    "pusht": {"smoke": (8, 40), "cpu": (1_000, 200), "gpu": (10_000, 200), "paper": (18_685, 200)},
    "reacher": {"smoke": (8, 40), "cpu": (1_000, 200), "gpu": (10_000, 200), "paper": (10_000, 200)},
    "cube": {"smoke": (2, 40), "cpu": (40, 200), "gpu": (1_000, 200), "paper": (10_000, 200)},
}

BY_SCALE = {
    "smoke": {
        "images.size": 16, "encoder.patch": 8, "encoder.layers": 1, "encoder.width": 16, "encoder.heads": 2, "encoder.mlp_width": 32,
        "latent.width": 8, "latent.hidden": 16, "predictor.layers": 1, "predictor.heads": 2, "predictor.head_dim": 8,
        "predictor.mlp_width": 16, "loss.projections": 16, "train.batch_size": 8, "train.steps": 8, "optim.lr": 1e-3,
        "evaluation.clips": 16, "plan.samples": 16, "plan.elites": 4, "plan.iterations": 2, "protocol.pairs": 4,
        "probe.frames": 200, "probe.epochs": 2, "probe.batch_size": 32, "surprise.trajectories": 8,
        "decoder.width": 16, "imagine.steps": 4, "imagine.batch_size": 8, "imagine.lr": 6e-3,
        "model.dtype": "float32", "mesh": "cpu",
    },
    "cpu": {
        "images.size": 64, "encoder.patch": 8, "encoder.layers": 4, "encoder.width": 96, "encoder.heads": 3, "encoder.mlp_width": 384,
        "latent.width": 32, "latent.hidden": 256, "predictor.layers": 3, "predictor.heads": 4, "predictor.head_dim": 32,
        "predictor.mlp_width": 384, "loss.projections": 256, "train.batch_size": 64, "train.steps": 1_000, "optim.lr": 1e-3,
        "evaluation.clips": 1_024, "plan.samples": 300, "plan.elites": 30, "plan.iterations": 10, "protocol.pairs": 200,
        "probe.frames": 10_000, "probe.epochs": 50, "probe.batch_size": 128, "surprise.trajectories": 100,
        "decoder.width": 1_024, "imagine.steps": 1_000, "imagine.batch_size": 64, "imagine.lr": 6e-3,
        "model.dtype": "float32", "mesh": "cpu",
    },
    "gpu": {
        "images.size": 112, "encoder.patch": 14, "encoder.layers": 12, "encoder.width": 192, "encoder.heads": 3, "encoder.mlp_width": 768,
        "latent.width": 192, "latent.hidden": 2_048, "predictor.layers": 6, "predictor.heads": 16, "predictor.head_dim": 64,
        "predictor.mlp_width": 2_048, "loss.projections": 1_024, "train.batch_size": 128, "train.steps": 20_000, "optim.lr": 2e-4,
        "evaluation.clips": 2_048, "plan.samples": 300, "plan.elites": 30, "plan.iterations": 30, "protocol.pairs": 200,
        "probe.frames": 50_000, "probe.epochs": 20, "probe.batch_size": 256, "surprise.trajectories": 100,
        "decoder.width": 1_024, "imagine.steps": 10_000, "imagine.batch_size": 128, "imagine.lr": 3e-3,
        "model.dtype": "bfloat16", "mesh": "h200",
    },
    "paper": {
        "images.size": 224, "encoder.patch": 14, "encoder.layers": 12, "encoder.width": 192, "encoder.heads": 3, "encoder.mlp_width": 768,
        "latent.width": 192, "latent.hidden": 2_048, "predictor.layers": 6, "predictor.heads": 16, "predictor.head_dim": 64,
        "predictor.mlp_width": 2_048, "loss.projections": 1_024, "train.batch_size": 128, "train.steps": 249_000, "optim.lr": 5e-5,
        "evaluation.clips": 8_192, "plan.samples": 300, "plan.elites": 30, "plan.iterations": 30, "protocol.pairs": 50,
        "probe.frames": 100_000, "probe.epochs": 20, "probe.batch_size": 256, "surprise.trajectories": 100,
        "decoder.width": 1_024, "imagine.steps": 20_000, "imagine.batch_size": 128, "imagine.lr": 1e-3,
        "model.dtype": "bfloat16", "mesh": "h200",
    },
}  # fmt: skip


def get_config(scale: str) -> ConfigDict:
    """The defaults of one scale: the training of a model on TwoRoom. Raises ValueError on an unknown scale."""
    if scale not in BY_SCALE:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    config = ConfigDict()
    config.scale = scale
    config.entry = "train"  # collect | train | plan | probe | surprise | imagine: the module of projects/lewm that runs it
    config.seed = 0  # initial weights, order of the clips, directions of SIGReg, dropout; the search of a plan
    config.packable = ()  # fields that enter the step as arrays; follows from the entry
    config.mesh = ""  # a name in configs/meshes.py; does not change the result

    config.env = ConfigDict()
    config.env.name = "tworoom"  # tworoom | pusht | reacher | cube
    config.env.actions = 0  # A, size of an action; follows from the name unless collect.file has others

    config.collect = ConfigDict()  # the data: episodes that a policy plays
    config.collect.policy = ""  # follows from the environment (POLICIES) unless given
    config.collect.episodes = 0  # follows from EPISODES
    config.collect.steps = 0  # longest episode; follows from EPISODES
    config.collect.pixels = 0  # image size stored beside the states; follows: 0 (drawn when they are used) but for the cube
    config.collect.seed = 0
    config.collect.file = ""  # an HDF5 file of episodes in the official schema instead

    config.clips = ConfigDict()  # one model step is a frame and the `frameskip` actions that follow it
    config.clips.history = 3  # frames that the predictor sees
    config.clips.frameskip = 5  # environment steps
    config.clips.validation = 0.1  # share
    config.clips.split = "episodes"  # what is held out: episodes, or clips (the paper's: overlapping windows leak)

    config.images = ConfigDict()
    config.images.size = 0  # pixels, height and width

    config.model = ConfigDict()
    config.model.dtype = "float32"  # of the matrix products; parameters, normalisation, SIGReg and losses are float32

    config.encoder = ConfigDict()
    config.encoder.kind = "vit"  # vit | resnet
    config.encoder.patch = 0  # pixels
    config.encoder.layers = 0
    config.encoder.width = 0
    config.encoder.heads = 0
    config.encoder.mlp_width = 0

    config.latent = ConfigDict()
    config.latent.width = 0  # D
    config.latent.hidden = 0  # of the projector and of the head after the predictor
    config.latent.tokens = "one"  # one latent per frame, or one per patch (patches: the comparison of planning times)

    config.predictor = ConfigDict()
    config.predictor.layers = 0
    config.predictor.width = 0  # of its residual stream; 0: D. Another one adds projections in and out
    config.predictor.heads = 0
    config.predictor.head_dim = 0
    config.predictor.mlp_width = 0
    config.predictor.dropout = 0.1  # on attention weights, attention output and twice in the MLP

    config.loss = ConfigDict()
    config.loss.kind = "lewm"  # lewm | pldm
    config.loss.sigreg = 0.09  # lambda (0.1 in the paper's text, 0.09 in its config)
    config.loss.projections = 0  # M, directions of SIGReg
    config.loss.knots = 17  # of its quadrature on [0, 3]
    config.loss.variance = 18.0  # PLDM's weights, as the paper tuned them
    config.loss.covariance = 12.0
    config.loss.time_similarity = 0.2
    config.loss.time_variance = 0.7
    config.loss.time_covariance = 0.0
    config.loss.inverse = 0.0
    config.loss.reconstruction = 0.0  # Table 7: weight of a decoder trained along

    config.train = ConfigDict()
    config.train.batch_size = 0  # clips
    config.train.steps = 0
    config.train.schedule_steps = 0  # that the cosine spans; 0: the steps that are run

    config.optim = ConfigDict()
    config.optim.lr = 0.0  # peak; linear warm-up, then cosine to zero
    config.optim.weight_decay = 1e-3
    config.optim.beta1 = 0.9
    config.optim.beta2 = 0.999
    config.optim.eps = 1e-8
    config.optim.clip = 1.0
    config.optim.warmup = 0.01  # share of the steps

    config.evaluation = ConfigDict()
    config.evaluation.clips = 0  # of validation
    config.evaluation.times = 8  # during training

    config.plan = ConfigDict()  # entry plan
    config.plan.policy = "model"  # model | random | noop | scripted | replay
    config.plan.solver = "cem"  # cem | icem | mppi | adam | sgd | rmsprop
    config.plan.samples = 0  # action sequences per iteration
    config.plan.elites = 0
    config.plan.iterations = 0
    config.plan.horizon = 5  # model steps, executed whole before the next plan
    config.plan.history = 1  # frames that a plan starts from
    config.plan.beta = 2.0  # iCEM: exponent of its coloured noise
    config.plan.momentum = 0.1  # iCEM
    config.plan.keep = 5  # iCEM: elites that survive an iteration
    config.plan.temperature = 0.5  # MPPI
    config.plan.lr = 0.1  # gradient solvers

    config.protocol = ConfigDict()
    config.protocol.pairs = 0  # of start and goal
    config.protocol.offset = 25  # environment steps from start to goal in the episode they are taken from
    config.protocol.budget = 50  # environment steps
    config.protocol.held_out = False  # pairs from episodes that were not trained on
    config.protocol.seed = 42

    config.probe = ConfigDict()  # entry probe
    config.probe.frames = 0
    config.probe.width = 256
    config.probe.epochs = 0
    config.probe.batch_size = 0
    config.probe.lr = 1e-3
    config.probe.embed = 0  # latents that t-SNE lays out in the plane; 0: none

    config.surprise = ConfigDict()  # entry surprise
    config.surprise.trajectories = 0
    config.surprise.policy = ""  # follows from the environment: the data's

    config.decoder = ConfigDict()  # of entry imagine, and of a training with loss.reconstruction
    config.decoder.width = 0  # of its hidden layers

    config.imagine = ConfigDict()  # entry imagine: how its decoder is trained
    config.imagine.steps = 0
    config.imagine.batch_size = 0  # frames
    config.imagine.lr = 0.0

    config.save = ConfigDict()
    config.save.every_minutes = 5.0

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


CHOICES = {
    "entry": ("collect", "train", "plan", "probe", "surprise", "imagine"),
    "env.name": tuple(ENVIRONMENTS),
    "clips.split": ("episodes", "clips"),
    "model.dtype": ("float32", "bfloat16"),
    "encoder.kind": ("vit", "resnet"),
    "latent.tokens": ("one", "patches"),
    "loss.kind": ("lewm", "pldm"),
    "plan.policy": ("model", "random", "noop", "scripted", "replay"),
    "plan.solver": ("cem", "icem", "mppi", "adam", "sgd", "rmsprop"),
}
LEAST = {
    "seed": 0, "clips.history": 1, "clips.frameskip": 1, "images.size": 8, "encoder.patch": 1, "encoder.layers": 1, "encoder.width": 1,
    "encoder.heads": 1, "encoder.mlp_width": 1, "latent.width": 1, "latent.hidden": 1, "predictor.layers": 1, "predictor.width": 0,
    "predictor.heads": 1, "predictor.head_dim": 1, "predictor.mlp_width": 1, "loss.sigreg": 0, "loss.projections": 1, "loss.knots": 2,
    "loss.variance": 0, "loss.covariance": 0, "loss.time_similarity": 0, "loss.time_variance": 0, "loss.time_covariance": 0,
    "loss.inverse": 0, "loss.reconstruction": 0, "train.batch_size": 2, "train.steps": 1, "train.schedule_steps": 0,
    "optim.weight_decay": 0, "evaluation.clips": 1, "evaluation.times": 1, "plan.samples": 2, "plan.elites": 2, "plan.iterations": 1,
    "plan.horizon": 1, "plan.history": 1, "plan.beta": 0, "plan.momentum": 0, "plan.keep": 0, "protocol.pairs": 1, "protocol.offset": 1,
    "protocol.budget": 1, "probe.frames": 10, "probe.epochs": 1, "probe.batch_size": 1, "probe.embed": 0,
    "surprise.trajectories": 2, "decoder.width": 1, "imagine.steps": 1, "imagine.batch_size": 1,
    "save.every_minutes": 0,
}  # fmt: skip
POSITIVE = ("optim.lr", "optim.eps", "optim.clip", "plan.temperature", "plan.lr", "probe.lr", "imagine.lr")
SHARES = ("clips.validation", "predictor.dropout", "optim.beta1", "optim.beta2", "optim.warmup")


def resolve(config: ConfigDict) -> ConfigDict:
    """Turns the choices into plain fields, in place. Raises ValueError with one line that names the field and the remedy."""
    check(config, CHOICES, LEAST, POSITIVE, SHARES)
    name, clips = config.env.name, config.clips
    config.env.actions = config.env.actions or ENVIRONMENTS[name]
    config.packable = {"train": ("seed", "optim.lr", "loss.sigreg"), "imagine": ("seed",)}.get(config.entry, ())
    config.collect.policy = config.collect.policy or POLICIES[name]
    episodes, steps = EPISODES[name][config.scale]
    config.collect.episodes = config.collect.episodes or episodes
    config.collect.steps = config.collect.steps or steps
    config.surprise.policy = config.surprise.policy or config.collect.policy
    derive(config.collect, "collect", {"pixels": config.images.size if name == "cube" else 0}, f"env.name={name}")
    if config.entry == "collect" and config.collect.file:
        raise ValueError(f"collect.file={config.collect.file!r}: those episodes are there already; leave it out, or train on them")
    patch = config.encoder.patch
    if config.images.size % patch:
        raise ValueError(f"images.size={config.images.size}: patches of {patch} pixels want a multiple of {patch}")
    if config.encoder.width % config.encoder.heads:
        raise ValueError(f"encoder.width={config.encoder.width}: {config.encoder.heads} heads want a multiple of {config.encoder.heads}")
    if config.plan.history > clips.history:
        raise ValueError(
            f"plan.history={config.plan.history}: the predictor's table of positions has {clips.history} (clips.history): take at most that"
        )
    if config.plan.elites > config.plan.samples:
        raise ValueError(f"plan.elites={config.plan.elites}: take at most plan.samples={config.plan.samples}")
    if config.collect.steps <= span(config):
        raise ValueError(f"collect.steps={config.collect.steps}: a clip spans {span(config)} environment steps: take more")
    if config.protocol.budget % clips.frameskip:
        raise ValueError(f"protocol.budget={config.protocol.budget}: take a multiple of clips.frameskip={clips.frameskip}")
    derive(config.train, "train", {"schedule_steps": config.train.schedule_steps or config.train.steps}, "train.steps")
    if config.train.schedule_steps < config.train.steps:
        raise ValueError(f"train.schedule_steps={config.train.schedule_steps}: take at least train.steps={config.train.steps}")
    return config


def span(config: ConfigDict) -> int:
    """Environment steps of a clip: history frames and one to predict, each with its block of actions."""
    return (config.clips.history + 1) * config.clips.frameskip


DATA = ("env", "collect")  # what the episodes consist of
MODEL = (*DATA, "clips", "images", "model", "encoder", "latent", "predictor", "loss", "train", "optim", "evaluation")

# What an entry does not read, or reads only by way of its needs, is no part of its identity: another planner trains no new model.
_TRAINING = ("clips", "images", "model", "encoder", "latent", "predictor", "loss", "train", "optim", "evaluation")
_LOOKING = ("plan", "protocol", "probe", "surprise", "decoder", "imagine")
OUTSIDE_IDENTITY = {
    "collect": ("seed", *_TRAINING, *_LOOKING),
    "train": ("plan", "protocol", "probe", "surprise", "imagine"),
    "plan": (*_TRAINING, "probe", "surprise", "decoder", "imagine"),
    "probe": (*_TRAINING, "plan", "protocol", "surprise", "decoder", "imagine"),
    "surprise": (*_TRAINING, "plan", "protocol", "probe", "decoder", "imagine"),
    "imagine": (*_TRAINING, "plan", "protocol", "probe", "surprise"),
}


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes: name -> (config file, overrides)."""
    fields = {section: dict(config[section].items()) for section in MODEL}
    flat = {f"{section}.{key}": value for section, values in fields.items() for key, value in values.items()}
    data = ("lewm/collect", {key: value for key, value in flat.items() if key.split(".")[0] in DATA})
    along = {"decoder.width": config.decoder.width} if config.loss.reconstruction else {}
    model = ("lewm/train", {**flat, **along, "seed": config.seed})
    played = {} if config.collect.file else {"data": data}
    match config.entry:
        case "collect":
            return {}
        case "train":
            return played
        case "plan" if config.plan.policy != "model":
            return played
    return {**played, "model": model}


def parameters(config: ConfigDict) -> dict[str, int]:
    """Trainable parameters of a resolved config's model, by part."""
    e, p, d = config.encoder, config.predictor, config.latent.width
    block, hidden = config.clips.frameskip * config.env.actions, config.latent.hidden
    width, inner = p.width or d, p.heads * p.head_dim
    vit = 3 * e.patch**2 * e.width + e.width + e.width + tokens(config) * e.width + 2 * e.width
    vit += e.layers * (4 * e.width * (e.width + 1) + 2 * e.width * e.mlp_width + e.mlp_width + e.width + 4 * e.width)
    layer = width * 6 * width + 6 * width + 4 * width + 3 * width * inner + inner * width + width
    layer += 2 * width * p.mlp_width + p.mlp_width + width
    places = config.clips.history * (1 if config.latent.tokens == "one" else tokens(config) - 1)
    predictor = p.layers * layer + 2 * width + places * width + (0 if width == d else 3 * d * width + 2 * width + d)
    head = 2 * hidden + hidden + hidden * d + d
    return {
        "encoder": vit if e.kind == "vit" else RESNET18,
        "projector": (e.width if e.kind == "vit" else 512) * hidden + head,
        "actions": block * block + block + block * 4 * d + 4 * d + 4 * d * d + d,
        "predictor": predictor,
        "head": d * hidden + head,
        "inverse": 512 * (2 * d + 1 + block) + block if config.loss.kind == "pldm" else 0,
    }


RESNET18 = 11_176_512  # without the classifier


def tokens(config: ConfigDict) -> int:
    """Of a frame: its patches and the class token."""
    return (config.images.size // config.encoder.patch) ** 2 + 1


def cost(config: ConfigDict) -> dict[str, float]:
    """Of a resolved config: FLOPs (forward and backward 3 x 2 N per token, attention and the environment left out) and bytes of device
    memory: `state` (parameters, gradient, two moments), and with the activations."""
    count, e, width = parameters(config), config.encoder, config.decoder.width
    heads = count["projector"] + count["actions"] + count["predictor"] + count["head"]
    frame = 2 * (count["encoder"] * tokens(config) + count["projector"])  # forward
    clip = (config.clips.history + 1) * frame + config.clips.history * 2 * heads
    per_frame = tokens(config) * e.layers * (12 * e.width + 2 * e.mlp_width + e.heads * tokens(config))
    state = 16 * sum(count.values())
    memory = state + 4 * per_frame * config.train.batch_size * (config.clips.history + 1)
    plans = config.protocol.budget // (config.plan.horizon * config.clips.frameskip) * config.protocol.pairs
    flops = {
        "collect": 0.0,
        "train": 3.0 * clip * config.train.batch_size * config.train.steps,
        "plan": 2.0 * heads * 12 * config.plan.samples * config.plan.iterations * plans if config.plan.policy == "model" else 0.0,
        "probe": frame * config.probe.frames,
        "surprise": 3 * config.surprise.trajectories * 20 * (frame + 3 * 2 * heads),
        "imagine": 6.0 * width * (width + 3 * config.images.size**2) * config.imagine.batch_size * config.imagine.steps,
    }
    return {"params": sum(count.values()), "flops": float(flops[config.entry]), "bytes": float(memory), "state": float(state)}
