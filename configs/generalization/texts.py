"""Language models of the certificates: which texts and decoders there are, what follows from a choice, and what it costs."""

from ml_collections import ConfigDict

# name -> (documents, bytes) of the training split
TEXTS = {"tiny": (26, 378_704), "verses": (28_653, 3_786_161), "enwik8": (6_680, 48_800_000)}
BYTES = 97  # vocabulary in which every token is a byte of printable ASCII, beside the mark before a document
RANK = 4
# layers, width, width of the MLP, tokens of a row
DECODERS = {"2x32": (2, 32, 64, 64), "4x128": (4, 128, 256, 128), "8x512": (8, 512, 2_048, 256), "12x768": (12, 768, 3_072, 1_024)}

BY_SCALE = {
    "smoke": {
        "data.name": "tiny", "data.vocab": BYTES, "text.network": "2x32", "subspace.dimension": 256, "subspace.steps": 80,
        "subspace.batch_size": 16, "subspace.lr": 0.3, "quantise.levels": 9, "quantise.steps": 60, "quantise.price": 0.01,
    },
    "cpu": {
        "data.name": "verses", "data.vocab": BYTES, "text.network": "4x128", "subspace.dimension": 1_024, "subspace.steps": 200,
        "subspace.batch_size": 16, "subspace.lr": 0.1, "quantise.levels": 9, "quantise.steps": 200,
    },
    "gpu": {
        "data.name": "verses", "data.vocab": BYTES, "text.network": "8x512", "subspace.dimension": 4_096, "subspace.steps": 5_000,
        "subspace.batch_size": 64, "subspace.lr": 0.05, "quantise.levels": 9, "quantise.steps": 5_000,
    },
    "paper": {
        "data.name": "enwik8", "data.vocab": 50_257, "text.network": "12x768", "subspace.dimension": 50_176, "subspace.steps": 30_000,
        "subspace.batch_size": 320, "subspace.lr": 5e-3, "quantise.kind": "learned", "quantise.levels": 11, "quantise.steps": 0,
        "quantise.price": 0.0,
    },
}  # fmt: skip


def spoken(config: ConfigDict) -> bool:
    """Whether a run trains or codes a language model."""
    return config.entry in ("lm", "language")


def of_text(config: ConfigDict) -> None:
    """What follows from the choices of a language model, in place. Raises ValueError with one line."""
    if config.data.name not in TEXTS:
        raise ValueError(f"data.name={config.data.name!r}: choose one of {', '.join(TEXTS)}")
    if config.data.vocab < BYTES:
        raise ValueError(f"data.vocab={config.data.vocab}: printable ASCII and a mark take {BYTES}, give at least so many")
    config.data.train = config.data.test = 0  # all documents
    config.subspace.altered, config.subspace.altered_seed = 0.0, 0  # there are no labels


def parameters(config: ConfigDict) -> int:
    """Of the decoder."""
    layers, width, mlp, _ = DECODERS[config.text.network]
    return layers * (4 * width**2 + 2 * width * mlp + 2 * width) + width + 2 * config.data.vocab * width


def adapted(config: ConfigDict) -> int:
    """D, parameters of its adapters: a pair of thin matrices for each of four kernels of every layer, and for the output layer."""
    layers, width, *_ = DECODERS[config.text.network]
    return RANK * (layers * 8 * width + width + config.data.vocab)


def of_language_model(config: ConfigDict) -> dict[str, float]:
    """FLOPs of the decoder, with the gradient three times those of the forward pass; all training tokens once at the end. Bytes of the
    parameters with gradient, and of a batch."""
    size, (layers, width, mlp, context), c = parameters(config), DECODERS[config.text.network], config.subspace
    tokens = TEXTS[config.data.name][1] / (1 if config.data.vocab == BYTES else 4)  # a token of a large vocabulary is about four bytes
    per_token = 2 * (size - config.data.vocab * width) + 4 * layers * width * context  # looking up is no product
    steps, read = (c.steps, 0) if config.entry == "lm" else (config.quantise.steps, tokens)
    flops = per_token * (3 * steps * c.batch_size * context + read)
    held = 16 * size + 4 * c.batch_size * context * (layers * (8 * width + 2 * mlp) + 2 * config.data.vocab)
    return {"params": size, "flops": float(flops), "bytes": float(held)}
