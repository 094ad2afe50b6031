"""Every field of an `infinite_compute` run: its unit, its default at each scale, and the reason.

Pre-training under infinite compute (arXiv 2509.14786): D unique tokens are fixed, training compute is free. Scales:
  smoke  seconds, a committed text, for tests
  cpu    D = 65,536 tokens of enwik8 prose, four models of 0.06 to 0.63 million parameters: N/D as in the paper, real effects
  gpu    D = 2,097,152 tokens, three models of 4 to 34 million parameters: one H200-class device
  paper  D = 209,715,200 tokens, 150M to 1.4B parameters: the published set-up, field by field

A run is `get_config(scale)`, then overrides, then `resolve`: `model.name`, `train.epochs` and the token counts are the choices,
the widths and `train.steps` follow from them. `needs` names the runs whose results a run consumes.
"""

from ml_collections import ConfigDict

from configs.checks import check, derive
from configs.infinite_compute.tuned import LADDERS

SCALES = ("smoke", "cpu", "gpu", "paper")

# name -> (layers, width, heads, key/value heads, MLP width). Head width is width / heads except for 1.4B and larger (128).
# Rules of the paper: MLP = 3.5 x width, grouped queries from 600M on, untied embeddings.
MODELS = {
    "nano": (1, 16, 2, 2, 56),
    "micro": (2, 32, 2, 2, 112),
    "XS": (2, 32, 2, 2, 112),
    "toy": (2, 48, 3, 3, 168),
    "S": (3, 48, 3, 3, 168),
    "M": (4, 64, 4, 4, 224),
    "L": (4, 96, 6, 6, 336),
    "4M": (2, 256, 4, 4, 896),
    "12M": (4, 384, 6, 6, 1344),
    "34M": (8, 512, 8, 8, 1792),
    "109M": (12, 768, 12, 12, 2688),
    "150M": (6, 512, 8, 8, 1792),
    "300M": (12, 768, 12, 12, 2688),
    "600M": (24, 1024, 16, 8, 3584),
    "1.4B": (16, 2048, 16, 8, 7168),
    "1.5B": (36, 1536, 16, 8, 5376),
    "3.2B": (48, 2048, 16, 8, 7168),
}

# Fields in which the scales differ.
BY_SCALE = {
    "smoke": {
        "data.name": "tiny", "data.vocab": 256, "data.tokens": 8_192, "data.context": 32, "data.seed": 0,
        "model.name": "micro", "model.dtype": "float32", "train.batch_size": 8, "train.epochs": 2,
        "optim.lr": 3e-3, "optim.weight_decay": 0.8,
        "evaluation.tokens": 2_048, "evaluation.batch_size": 32, "evaluation.times": 2, "evaluation.probe_items": 16,
        "sample.tokens": 4_096, "sample.batch_size": 32, "mesh": "cpu",
    },
    "cpu": {
        "data.name": "enwik8", "data.vocab": 512, "data.tokens": 65_536, "data.context": 64, "data.seed": 0,
        "model.name": "S", "model.dtype": "float32", "train.batch_size": 8, "train.epochs": 16,
        "optim.lr": 1e-2, "optim.weight_decay": 0.8,
        "evaluation.tokens": 32_768, "evaluation.batch_size": 64, "evaluation.times": 8, "evaluation.probe_items": 200,
        "sample.tokens": 1_048_576, "sample.batch_size": 256, "mesh": "cpu",
    },
    "gpu": {
        "data.name": "enwik8", "data.vocab": 4_096, "data.tokens": 2_097_152, "data.context": 256, "data.seed": 0,
        "model.name": "12M", "model.dtype": "bfloat16", "train.batch_size": 32, "train.epochs": 16,
        "optim.lr": 3e-3, "optim.weight_decay": 1.6,
        "evaluation.tokens": 262_144, "evaluation.batch_size": 64, "evaluation.times": 8, "evaluation.probe_items": 500,
        "sample.tokens": 20_971_520, "sample.batch_size": 512, "mesh": "h200",
    },
    "paper": {
        "data.name": "dclm", "data.vocab": 128_256, "data.tokens": 209_715_200, "data.context": 4_096, "data.seed": 42,
        "model.name": "300M", "model.dtype": "bfloat16", "train.batch_size": 64, "train.epochs": 16,
        "optim.lr": 3e-3, "optim.weight_decay": 1.6,
        "evaluation.tokens": 4_194_304, "evaluation.batch_size": 64, "evaluation.times": 20, "evaluation.probe_items": 500,
        "sample.tokens": 10_066_329_600, "sample.batch_size": 512, "mesh": "v5p-128",
    },
}  # fmt: skip

# No result depends on these: they stay out of a run's identity.
OUTSIDE_IDENTITY = ("ladders",)

# Sections that say how one model is trained: a member of an ensemble inherits them, and nothing else.
TRAINING = ("data", "model", "optim", "train", "evaluation", "synthetic", "start")


def get_config(scale: str) -> ConfigDict:
    """The defaults of one scale: a regularised run of the middle model (300M in the paper). Raises ValueError on an unknown scale."""
    if scale not in BY_SCALE:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    config = ConfigDict()
    config.scale = scale
    config.entry = "train"  # train | ensemble | sample: the module of projects/infinite_compute that runs it
    config.seed = 0  # initial weights
    config.packable = ("seed", "data.seed", "optim.lr", "optim.weight_decay")  # fields that enter the step as arrays
    config.mesh = ""  # a name in configs/meshes.py; does not change the result

    config.data = ConfigDict()
    config.data.name = ""  # a name in `python -m launch data`
    config.data.vocab = 0  # entries of the byte-level BPE, trained on train text only
    config.data.tokens = 0  # D, unique training tokens: a prefix of one fixed order of articles, so smaller D is nested
    config.data.context = 0  # tokens per sequence
    config.data.seed = 0  # order of the sequences
    config.data.reshuffle = False  # paper: one shuffle, the same order in every epoch

    config.model = ConfigDict()
    config.model.name = ""  # a row of MODELS, or "custom" to keep the widths given below
    config.model.layers = 0
    config.model.width = 0
    config.model.heads = 0
    config.model.kv_heads = 0
    config.model.mlp_width = 0
    config.model.head_dim = 0
    config.model.dtype = "float32"  # of the compute; parameters and the loss are float32

    config.optim = ConfigDict()
    config.optim.lr = 0.0  # peak; linear warm-up, then cosine to zero at the last step
    config.optim.weight_decay = 0.0  # multiplied by the learning rate; matrices only, never embeddings, gains or biases
    config.optim.beta1 = 0.9
    config.optim.beta2 = 0.95
    config.optim.eps = 1e-8
    config.optim.clip = 1.0  # global gradient norm
    config.optim.warmup = 0.01  # share of the steps

    config.train = ConfigDict()
    config.train.batch_size = 0  # sequences
    config.train.epochs = 0  # complete passes over the D tokens
    config.train.steps = 0  # follows from the others

    config.evaluation = ConfigDict()
    config.evaluation.tokens = 0  # of validation, and of test: the same ones for every run
    config.evaluation.batch_size = 0  # sequences
    config.evaluation.times = 0  # evaluations per run, evenly spaced, the last at the end
    config.evaluation.probe_items = 0  # four-way multiple-choice questions made from held-out text

    config.synthetic = ConfigDict()  # distillation: text sampled from a teacher of the same size and data is mixed in
    config.synthetic.weight = 0.0  # share of every batch; steps grow by 1 / (1 - weight) so that real passes stay `epochs`
    config.synthetic.tokens = BY_SCALE[scale]["sample.tokens"]  # distinct synthetic tokens; repeated when more are asked
    config.synthetic.teacher = "mixture"  # mixture: every document from one member; logits: from the averaged logits
    config.synthetic.members = 1  # 1 is self-distillation
    config.synthetic.lr = 0.0  # how the teacher's members were trained
    config.synthetic.weight_decay = 0.0
    config.synthetic.epochs = 0

    config.start = ConfigDict()  # continued pre-training: the run whose weights are the starting point
    config.start.data = ""  # its data set; empty: from scratch
    config.start.tokens = 0
    config.start.batch_size = 0
    config.start.epochs = 0
    config.start.lr = 0.0
    config.start.weight_decay = 0.0

    config.ensemble = ConfigDict()  # entries ensemble and sample
    config.ensemble.members = 1  # K; rows are logged for 1..K
    config.ensemble.combine = "logits"  # logits: softmax of the mean logits; weights: a "soup"
    config.ensemble.vary = "both"  # what differs between members: both | init (weights) | data (order)

    config.sample = ConfigDict()  # entry sample: unconditional generation
    config.sample.tokens = 0
    config.sample.temperature = 1.0
    config.sample.teacher = "mixture"
    config.sample.batch_size = 0  # documents grown side by side
    config.sample.seed = 0

    config.save = ConfigDict()
    config.save.final = True  # any run may become a member, a teacher or a starting point
    config.save.every_minutes = 5.0

    config.ladders = ConfigDict()  # where `certify` may step from this run; no part of what the run computes
    config.ladders.lr = LADDERS["optim.lr"]
    config.ladders.epochs = LADDERS["train.epochs"]
    config.ladders.weight_decay = LADDERS["optim.weight_decay"]
    config.ladders.batch_size = BY_SCALE[scale]["train.batch_size"]  # the only one searched

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


# What resolve() accepts, by field. Text: one of these.
CHOICES = {
    "entry": ("train", "ensemble", "sample"),
    "model.dtype": ("float32", "bfloat16"),
    "synthetic.teacher": ("mixture", "logits"),
    "ensemble.combine": ("logits", "weights"),
    "ensemble.vary": ("both", "init", "data"),
    "sample.teacher": ("mixture", "logits"),
}
# Numbers: at least this.
LEAST = {
    "seed": 0, "data.seed": 0, "data.context": 2, "optim.weight_decay": 0,
    "evaluation.tokens": 1, "evaluation.batch_size": 1, "evaluation.times": 1, "evaluation.probe_items": 1,
    "synthetic.tokens": 1, "synthetic.members": 1, "ensemble.members": 1, "sample.tokens": 1, "sample.batch_size": 1, "sample.seed": 0,
    "save.every_minutes": 0,
}  # fmt: skip
POSITIVE = ("optim.lr", "optim.eps", "optim.clip", "sample.temperature")
SHARES = ("optim.beta1", "optim.beta2", "optim.warmup", "synthetic.weight")
WIDTHS = ("layers", "width", "heads", "kv_heads", "mlp_width", "head_dim")


def resolve(config: ConfigDict) -> ConfigDict:
    """Turns the choices into plain fields, in place. Raises ValueError with one line that names the field and the remedy."""
    check(config, CHOICES, LEAST, POSITIVE, SHARES)
    if config.model.name in MODELS:
        layers, width, heads, kv_heads, mlp_width = MODELS[config.model.name]
        sizes = dict(zip(WIDTHS, (layers, width, heads, kv_heads, mlp_width, width // heads), strict=True))
        derive(config.model, "model", sizes, f"model.name={config.model.name}: give every width with model.name=custom")
    elif config.model.name != "custom":
        raise ValueError(f"model.name={config.model.name!r}: choose one of {', '.join(MODELS)} or custom")
    for field in WIDTHS:
        if config.model[field] < 1:
            raise ValueError(f"model.{field}={config.model[field]}: a custom model needs every width, at least 1")
    if config.model.heads % config.model.kv_heads:
        raise ValueError(f"model.heads={config.model.heads} is not a multiple of model.kv_heads={config.model.kv_heads}")
    why = "data.tokens, data.context, train.batch_size, train.epochs and synthetic.weight: change those"
    derive(config.train, "train", {"steps": _steps(config)}, why)
    if config.evaluation.tokens % (config.data.context * config.evaluation.batch_size):
        raise ValueError(
            f"evaluation.tokens={config.evaluation.tokens} is not a multiple of data.context * evaluation.batch_size = "
            f"{config.data.context * config.evaluation.batch_size}"
        )
    if config.entry == "sample" and config.sample.batch_size < config.ensemble.members:
        raise ValueError(f"sample.batch_size={config.sample.batch_size}: every one of {config.ensemble.members} teachers needs a row")
    return config


def _steps(config: ConfigDict) -> int:
    """Optimiser steps. An epoch is a complete pass: nothing is dropped, so the batch must divide D."""
    per_step = config.data.context * config.train.batch_size
    if per_step < 1 or config.data.tokens < 1 or config.train.epochs < 1:
        raise ValueError("data.tokens, data.context, train.batch_size and train.epochs must be at least 1")
    if config.data.tokens % per_step:
        raise ValueError(
            f"data.tokens={config.data.tokens} is not a multiple of data.context * train.batch_size = {per_step}: "
            "an epoch would drop tokens"
        )
    real = config.data.tokens // per_step * config.train.epochs
    # Synthetic text only: `epochs` counts passes-worth of steps, since no real pass is made.
    steps = real if config.synthetic.weight == 1.0 else real / (1.0 - config.synthetic.weight)
    if abs(steps - round(steps)) > 1e-6:
        raise ValueError(f"synthetic.weight={config.synthetic.weight} does not give a whole number of steps ({steps:.2f})")
    return round(steps)


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes: name -> (config file, overrides) or a list of them."""
    if config.entry != "train":
        return {"members": [("infinite_compute/train", member(config, i)) for i in range(config.ensemble.members)]}
    wanted = {}
    if config.synthetic.weight > 0.0:
        teacher = config.synthetic
        wanted["synthetic"] = (
            "infinite_compute/sample",
            {
                **_flat(config, ("data", "model", "evaluation")),
                "data.seed": 0,
                "train.batch_size": config.train.batch_size,
                "train.epochs": teacher.epochs,
                "optim.lr": teacher.lr,
                "optim.weight_decay": teacher.weight_decay,
                "ensemble.members": teacher.members,
                "sample.tokens": teacher.tokens,
                "sample.teacher": teacher.teacher,
            },
        )
    if config.start.data:
        start = config.start
        wanted["start"] = (
            "infinite_compute/train",
            {
                **_flat(config, ("model", "evaluation")),
                "data.name": start.data,
                "data.vocab": config.data.vocab,
                "data.tokens": start.tokens,
                "data.context": config.data.context,
                "train.batch_size": start.batch_size,
                "train.epochs": start.epochs,
                "optim.lr": start.lr,
                "optim.weight_decay": start.weight_decay,
            },
        )
    return wanted


def member(config: ConfigDict, index: int) -> dict[str, object]:
    """Overrides of the train config that give member `index` of an ensemble or a teacher."""
    return {
        **_flat(config, TRAINING),
        "seed": index if config.ensemble.vary in ("both", "init") else 0,
        "data.seed": index if config.ensemble.vary in ("both", "data") else 0,
    }


def _flat(config: ConfigDict, sections: tuple[str, ...]) -> dict[str, object]:
    return {f"{section}.{key}": value for section in sections for key, value in config[section].items()}


def parameters(config: ConfigDict) -> dict[str, int]:
    """Parameters of a resolved config: total, embedding (input and output tables) and body."""
    model = config.model
    attention = model.width * model.head_dim * 2 * (model.heads + model.kv_heads)
    mlp = 3 * model.width * model.mlp_width
    body = model.layers * (attention + mlp + 2 * model.width) + model.width
    embedding = 2 * config.data.vocab * model.width
    return {"total": embedding + body, "embedding": embedding, "body": body}


def cost(config: ConfigDict) -> dict[str, float]:
    """Of a resolved config: parameters, FLOPs by the usual rule (6 N per trained token, 2 N per token only read), and bytes
    of device memory: `state` (float32 parameters, gradient and two moments), and with the activations kept for the backward pass."""
    n, model = parameters(config)["total"], config.model
    if config.entry == "train":
        flops = 6 * n * config.train.steps * config.train.batch_size * config.data.context
    elif config.entry == "ensemble":
        flops = 2 * n * config.ensemble.members * 2 * config.evaluation.tokens
    else:
        flops = 2 * n * config.sample.tokens * (config.ensemble.members if config.sample.teacher == "logits" else 1)
    width = 2 if model.dtype == "bfloat16" else 4
    per_token = model.layers * width * (12 * model.width + 3 * model.mlp_width)
    per_token += (4 + width) * (model.layers * model.heads * config.data.context + 2 * config.data.vocab)  # float32, too
    held = per_token * config.train.batch_size * config.data.context
    return {"params": n, "flops": float(flops), "bytes": float(16 * n + held), "state": float(16 * n)}
