"""Every field of an `ssd` run: its unit, its default at each scale, and the reason.

Speculative speculative decoding (arXiv 2603.03251): a small draft model guesses
while the large target model verifies the last guess. Scales:
  smoke  seconds, models of a few thousand parameters on a committed text, for tests
  cpu    a target of 15 million parameters and drafts of 2.1 and 0.5 million, trained here on four domains; one "device" is one pinned core
  gpu    a target of 124 million parameters on the accelerator, the draft on host cores
  paper  Llama-3.1-70B with Llama-3.2-1B, Qwen3-32B with Qwen3-0.6B: the published set-up, field by field

Four kinds of runs: `train` (a target), `sample` (text that it writes), `distil` (a draft on that text), `measure` (generation, from which
every figure is computed). `needs` names the runs whose results a run consumes.
"""

from ml_collections import ConfigDict

from configs.checks import check, derive

SCALES = ("smoke", "cpu", "gpu", "paper")
DOMAINS = ("code", "docs", "problems", "speeches")  # stand for HumanEval, UltraFeedback, GSM8K, Alpaca
PUBLISHED = ("humaneval", "ultrafeedback", "gsm8k", "alpaca")

# name -> (layers, width, heads, key/value heads, MLP width, head width). Tied head, RMSNorm, RoPE, SwiGLU.
MODELS = {
    "nano": (1, 16, 2, 2, 48, 8),
    "micro": (2, 32, 2, 2, 96, 16),
    "0.3M": (1, 128, 2, 2, 256, 64),
    "0.5M": (1, 128, 2, 2, 352, 64),
    "2M": (2, 256, 4, 4, 704, 64),
    "4M": (4, 256, 4, 4, 704, 64),
    "15M": (8, 384, 6, 6, 1024, 64),
    "10M": (4, 384, 6, 6, 1024, 64),
    "124M": (12, 768, 12, 12, 2048, 64),
    "SmolLM2-135M": (30, 576, 9, 3, 1536, 64),
    "SmolLM2-early": (3, 576, 9, 3, 1536, 64),  # its first layers with a short output layer
    "Llama-3.1-70B": (80, 8192, 64, 8, 28672, 128),
    "Llama-3.2-1B": (16, 2048, 32, 8, 8192, 64),
    "Qwen3-32B": (64, 5120, 64, 8, 25600, 128),
    "Qwen3-0.6B": (28, 1024, 16, 8, 3072, 128),
}

# pair -> role -> model. The second draft is weaker (on paper: another family).
PAIRS = {
    "smoke": {"target": "micro", "draft": "nano", "weak": "nano"},
    "demo": {"target": "4M", "draft": "0.3M", "weak": "0.3M"},
    "cpu": {"target": "15M", "draft": "2M", "weak": "0.5M"},
    "gpu": {"target": "124M", "draft": "10M", "weak": "2M"},
    "smollm2": {"target": "SmolLM2-135M", "draft": "SmolLM2-early", "weak": "SmolLM2-early"},  # a target that others trained
    "llama": {"target": "Llama-3.1-70B", "draft": "Llama-3.2-1B", "weak": "Llama-3.2-1B"},
    "qwen": {"target": "Qwen3-32B", "draft": "Qwen3-0.6B", "weak": "Qwen3-0.6B"},
}

BY_SCALE = {
    "smoke": {
        "pair.name": "smoke", "data.name": "tiny", "data.vocab": 256, "data.tokens": 8_192, "data.context": 32,
        "model.dtype": "float32", "train.batch_size": 8, "optim.lr": 3e-3,
        "sample.tokens": 4_096, "sample.batch_size": 16, "distil.tokens": 4_096, "evaluation.tokens": 1_024, "evaluation.batch_size": 16,
        "prompts.count": 2, "prompts.length": 8, "prompts.new": 12, "bench.repeats": 2,
        "spec.lookahead": 2, "spec.budget": 4, "mesh": "cpu",
    },
    "cpu": {
        "pair.name": "cpu", "data.name": "+".join(DOMAINS), "data.vocab": 2_048, "data.tokens": 1_048_576, "data.context": 256,
        "model.dtype": "float32", "train.batch_size": 4, "optim.lr": 2e-3,
        "sample.tokens": 393_216, "sample.batch_size": 64, "distil.tokens": 1_048_576,
        "evaluation.tokens": 65_536, "evaluation.batch_size": 16,
        "prompts.count": 6, "prompts.length": 64, "prompts.new": 96, "bench.repeats": 6,
        "spec.lookahead": 4, "spec.budget": 6, "mesh": "cpu",
    },
    "gpu": {
        "pair.name": "gpu", "data.name": "+".join(DOMAINS), "data.vocab": 4_096, "data.tokens": 16_777_216, "data.context": 256,
        "model.dtype": "bfloat16", "train.batch_size": 64, "optim.lr": 1e-3,
        "sample.tokens": 4_194_304, "sample.batch_size": 256, "distil.tokens": 16_777_216,
        "evaluation.tokens": 131_072, "evaluation.batch_size": 64,
        "prompts.count": 32, "prompts.length": 64, "prompts.new": 128, "bench.repeats": 6,
        "spec.lookahead": 6, "spec.budget": 24, "mesh": "h200",
    },
    "paper": {
        "pair.name": "llama", "data.name": "+".join(PUBLISHED), "data.vocab": 128_256, "data.tokens": 0, "data.context": 8_192,
        "model.dtype": "bfloat16", "train.batch_size": 1, "optim.lr": 1e-4,
        "sample.tokens": 1, "sample.batch_size": 1, "distil.tokens": 0, "evaluation.tokens": 1, "evaluation.batch_size": 1,
        "prompts.count": 128, "prompts.length": 128, "prompts.new": 512, "bench.repeats": 6,
        "spec.lookahead": 7, "spec.budget": 24, "mesh": "h100x4",
    },
}  # fmt: skip


def get_config(scale: str) -> ConfigDict:
    """The defaults of one scale: the training of a target. Raises ValueError on an unknown scale."""
    if scale not in BY_SCALE:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    config = ConfigDict()
    config.scale = scale
    config.entry = "train"  # train | sample | distil | measure: the module of projects/ssd that runs it
    config.seed = 0  # initial weights, order of the data, random streams of generation
    config.packable = ()  # fields that enter the step as arrays; follows from the entry: seeds train together, but generate alone
    config.mesh = ""  # a name in configs/meshes.py; does not change the result

    config.pair = ConfigDict()
    config.pair.name = ""  # a row of PAIRS
    config.pair.role = "draft"  # what is distilled, and what drafts in a measurement: draft | weak

    config.data = ConfigDict()
    config.data.name = ""  # names in `python -m launch data`, joined with +: every batch has equally many rows of each
    config.data.vocab = 0  # entries of the byte-level BPE that the sets share
    config.data.tokens = 0  # real tokens the target is trained on, of all sets together; one pass
    config.data.context = 0  # tokens per sequence

    config.model = ConfigDict()
    config.model.name = ""  # a row of MODELS; follows from pair.name, pair.role and the entry
    config.model.layers = 0
    config.model.width = 0
    config.model.heads = 0
    config.model.kv_heads = 0
    config.model.mlp_width = 0
    config.model.head_dim = 0
    config.model.dtype = "float32"  # of the compute; parameters are float32

    config.train = ConfigDict()
    config.train.batch_size = 0  # sequences
    config.train.steps = 0  # follows from the tokens

    config.optim = ConfigDict()
    config.optim.lr = 0.0  # peak; linear warm-up, then cosine to zero
    config.optim.weight_decay = 0.1
    config.optim.beta1 = 0.9
    config.optim.beta2 = 0.95
    config.optim.eps = 1e-8
    config.optim.clip = 1.0
    config.optim.warmup = 0.03  # share of the steps

    config.distil = ConfigDict()  # entry distil
    config.distil.tokens = 0  # seen in training, the samples repeated
    config.distil.lr = 4e-3
    config.distil.outputs = 0  # tokens that the draft can say, the most frequent in the samples; 0: all

    config.sample = ConfigDict()  # entry sample: continuations of training prompts, half of them greedy, half at temperature 1
    config.sample.tokens = 0
    config.sample.batch_size = 0  # rows written side by side

    config.evaluation = ConfigDict()
    config.evaluation.tokens = 0  # of validation
    config.evaluation.batch_size = 0  # sequences

    config.prompts = ConfigDict()  # entry measure
    config.prompts.domain = ""  # data sets joined with +; their test splits are cut into prompts
    config.prompts.count = 0  # per repeat; every repeat has prompts of its own
    config.prompts.length = 0  # tokens
    config.prompts.new = 0  # tokens to generate, end of text ignored

    config.spec = ConfigDict()  # how to speculate
    config.spec.lookahead = 0  # K, tokens per speculation
    config.spec.sd_lookahead = 0  # K of the SD beside it, tuned for itself; 0: the same
    config.spec.budget = 0  # M, outcomes guessed ahead
    config.spec.fanout = "geometric"  # uniform | geometric (Theorem 12) | auto (estimated while running)
    config.spec.acceptance = 0.8  # a of Theorem 12
    config.spec.exponent = 1.0  # r of Theorem 12
    config.spec.saguaro = 1.0  # C of Definition 14; below 1 the draft leaves mass to the outcomes it can cache
    config.spec.backup = "neural"  # on a miss: neural | ngram | random | auto

    config.sampling = ConfigDict()
    config.sampling.temperature = 0.0

    config.bench = ConfigDict()
    config.bench.batch = 1  # rows in lockstep
    config.bench.placement = "inprocess"  # inprocess: two devices of one process; process: two pinned processes, one core each
    config.bench.timed = False  # True: the machine is this run's alone, modes are interleaved, times count
    config.bench.repeats = 0  # of the whole set of prompts; a timed run interleaves its modes in each
    config.bench.modes = ("ssd",)  # what is run in each repeat: ar, sd, ssd; ar_both and sd_both: on all the cores that SSD uses

    config.save = ConfigDict()
    config.save.every_minutes = 5.0

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


CHOICES = {
    "entry": ("train", "sample", "distil", "measure"),
    "pair.role": ("draft", "weak"),
    "model.dtype": ("float32", "bfloat16"),
    "spec.backup": ("neural", "ngram", "random", "auto"),
    "bench.placement": ("inprocess", "process"),
    "spec.fanout": ("uniform", "geometric", "auto"),
}
LEAST = {
    "seed": 0, "data.vocab": 2, "data.tokens": 0, "data.context": 2, "train.batch_size": 1, "optim.weight_decay": 0, "distil.tokens": 0,
    "distil.outputs": 0,
    "sample.tokens": 1, "sample.batch_size": 1, "evaluation.tokens": 1, "evaluation.batch_size": 1, "prompts.count": 1, "prompts.length": 1,
    "prompts.new": 1, "spec.lookahead": 1, "spec.sd_lookahead": 0, "spec.budget": 1, "spec.saguaro": 0, "sampling.temperature": 0,
    "bench.batch": 1, "bench.repeats": 1, "save.every_minutes": 0,
}  # fmt: skip
POSITIVE = ("optim.lr", "distil.lr", "optim.eps", "optim.clip", "spec.exponent")
SHARES = ("optim.beta1", "optim.beta2", "optim.warmup", "spec.acceptance", "spec.saguaro")
WIDTHS = ("layers", "width", "heads", "kv_heads", "mlp_width", "head_dim")


def resolve(config: ConfigDict) -> ConfigDict:
    """Turns the choices into plain fields, in place. Raises ValueError with one line that names the field and the remedy."""
    check(config, CHOICES, LEAST, POSITIVE, SHARES)
    trains = config.entry in ("train", "distil")
    config.packable = ("seed",) if trains else ()
    role = config.pair.role if config.entry == "distil" else "target"
    if config.pair.name not in PAIRS:
        raise ValueError(f"pair.name={config.pair.name!r}: choose one of {', '.join(PAIRS)}")
    name = PAIRS[config.pair.name][role]
    derive(config.model, "model", {"name": name}, f"pair.name={config.pair.name}")
    derive(config.model, "model", dict(zip(WIDTHS, MODELS[name], strict=True)), f"model.name={name}")
    if trains and config.scale != "paper":
        sets = config.data.name.count("+") + 1
        if config.train.batch_size % sets:
            raise ValueError(f"train.batch_size={config.train.batch_size}: {sets} data sets want a multiple of {sets}")
        steps = training_tokens(config) / (config.train.batch_size * config.data.context)
        if steps < 1 or steps != int(steps):
            raise ValueError(
                f"{training_tokens(config)} training tokens are {steps:g} batches of {config.train.batch_size} x {config.data.context}: "
                "take a whole number"
            )
        derive(config.train, "train", {"steps": int(steps)}, "the tokens")
    if config.entry == "measure":
        if config.prompts.length + config.prompts.new + config.spec.lookahead + 2 > config.data.context:
            raise ValueError(
                f"prompts.length + prompts.new + spec.lookahead + 2 exceed the context of {config.data.context} tokens: take fewer"
            )
        if not config.prompts.domain:
            raise ValueError(f"prompts.domain is empty: choose one of {config.data.name.replace('+', ', ')}")
    return config


def training_tokens(config: ConfigDict) -> int:
    return config.data.tokens if config.entry == "train" else config.distil.tokens


TRAINING = ("data", "train", "optim", "evaluation")  # what a target's training consists of

# What an entry does not read, or reads only by way of its needs, is no part of its identity: another prompt trains no new target.
_GENERATION = ("prompts", "spec", "sampling", "bench")
OUTSIDE_IDENTITY = {
    "train": ("pair", "distil", "sample", *_GENERATION),
    "sample": ("pair", "distil", *_GENERATION),
    "distil": _GENERATION,
    "measure": ("model", "train", "optim", "distil", "sample", "evaluation"),
}


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes: name -> (config file, overrides)."""
    free = {"train.steps": 0}  # each derives its own
    trained = ("ssd/train", {**_flat(config, TRAINING), "pair.name": config.pair.name, **free})
    target = {} if config.pair.name == "smollm2" else {"target": trained}
    sample = ("ssd/sample", {**_flat(config, (*TRAINING, "sample")), "pair.name": config.pair.name, **free})
    draft = ("ssd/distil", {**_flat(config, (*TRAINING, "sample", "distil", "pair")), **free})
    match config.entry:
        case "train":
            return {}
        case "sample":
            return target
        case "distil":
            return {**target, "samples": sample}
    return {**target, "draft": draft}


def _flat(config: ConfigDict, sections: tuple[str, ...]) -> dict[str, object]:
    return {f"{section}.{key}": value for section in sections for key, value in config[section].items()}


def parameters(name: str, vocab: int) -> int:
    """Parameters of a row of MODELS with a tied head."""
    layers, width, heads, kv_heads, mlp_width, head_dim = MODELS[name]
    attention = width * head_dim * 2 * (heads + kv_heads)
    return layers * (attention + 3 * width * mlp_width + 2 * width) + width + vocab * width


def cost(config: ConfigDict) -> dict[str, float]:
    """Of a resolved config: parameters, FLOPs (6 N per trained token, 2 N per token read or written; a distillation also reads with the
    target), and bytes of device memory: `state` (parameters, gradient, two moments), and with the activations."""
    vocab = 49_152 if config.pair.name == "smollm2" else config.data.vocab
    teacher = parameters(PAIRS[config.pair.name]["target"], vocab)
    n = parameters(config.model.name, config.distil.outputs or vocab)
    if config.entry in ("train", "distil"):
        flops = (6 * n + (2 * teacher if config.entry == "distil" else 0)) * training_tokens(config)
    elif config.entry == "sample":
        flops = 2 * teacher * config.sample.tokens
    else:
        written = config.prompts.count * config.prompts.new * (3 * config.bench.repeats if config.bench.timed else 1)
        draft = parameters(PAIRS[config.pair.name][config.pair.role], config.distil.outputs or vocab)
        # a round writes about half of what it verifies, and drafts every branch
        flops = 2 * written * 2 * (teacher + draft * (1 + config.spec.budget))
    model = config.model
    width = 2 if model.dtype == "bfloat16" else 4
    per_token = model.layers * width * (12 * model.width + 3 * model.mlp_width)
    per_token += (4 + width) * (model.layers * model.heads * config.data.context + 2 * config.data.vocab)  # float32, too
    held = per_token * config.train.batch_size * config.data.context
    return {"params": n, "flops": float(flops), "bytes": float(16 * n + held), "state": float(16 * n)}
