"""A target and the draft that guesses for it: two models over one vocabulary, read from the runs that made them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from safetensors.flax import load_file, save_file
from tokenizers import Tokenizer

from projects.ssd import smollm2
from projects.ssd.lm import LM, decoder_lm, table_lm
from projects.ssd.weights import of_run
from shared.data import registry, tokens
from shared.data.bpe import DOC_ID
from shared.errors import BadInput
from shared.nn.decoder import DecoderConfig
from shared.nn.rope import Llama3Scaling
from shared.rundir import RunDir, runs_root

SMOLLM2 = "smollm2"  # the pair whose target is not trained here
TRAINED_BY = {SMOLLM2: "ssd/smollm2", "demo": "ssd/demo", "smoke": "ssd/pair --scale=smoke", "gpu": "ssd/pair --scale=gpu"}


class Model(NamedTuple):
    lm: LM
    params: Any
    config: DecoderConfig | None  # None: a table of tests
    ids: np.ndarray | None = None  # int32 [n], tokens of a draft's short output layer; None: all


class Pair(NamedTuple):
    name: str
    target: Model
    draft: Model | None  # None: only mode ar
    tokenizer: Path | None = None
    eos: tuple[int, ...] = ()


def decoder(config: DecoderConfig, params: Any, ids: np.ndarray | None = None) -> Model:
    return Model(decoder_lm(config, ids), params, config, ids)


def table(values: Any) -> Model:
    return Model(table_lm(values), {"table": values}, None)


# -- from runs --------------------------------------------------------------------------------------------------------
def load(name: str) -> Pair:
    """The pair of `newest(name)`."""
    return of_draft(newest(name))


def newest(name: str) -> RunDir:
    """NAME or NAME/weak: the newest finished draft of that pair; '': of any pair; or a draft's run id. Raises BadInput."""
    done = [run for run in drafts() if run.state() == "done"]
    chosen = [run for run in done if name in ("", run.id, title(run))]
    if not chosen:
        known = sorted({title(run) for run in done})
        if known and name:
            raise BadInput(f"no finished pair {name!r} in {runs_root()}: choose {', '.join(known)}, or train it with `{command(name)}`")
        raise BadInput(f"no finished pair in {runs_root()}: `{command(name)}` trains one")
    return max(chosen, key=lambda run: run.status()["ended"])


def drafts() -> list[RunDir]:
    return [RunDir(path.parent) for path in sorted((runs_root() / "ssd" / "distil").glob("*/config.json"))]


def title(run: RunDir) -> str:
    """What a person calls the pair of a draft."""
    pair = run.record()["config"]["pair"]
    return pair["name"] if pair["role"] == "draft" else f"{pair['name']}/{pair['role']}"


def command(name: str) -> str:
    """What trains the pair."""
    return f"python -m launch sweep {TRAINED_BY.get(name.split('/')[0], 'ssd/pair')} --yes"


def of_draft(run: RunDir) -> Pair:
    """The draft of a finished run and the target it learnt from."""
    record = run.record()
    config, name = record["config"], title(run)
    if config["pair"]["name"] == SMOLLM2:
        found = smollm2.smollm2()
        target, eos = decoder(found.config, found.params), found.eos
        tokenizer = smollm2.folder() / "tokenizer.json"
    else:
        (trained,) = record["needs"]["target"]
        target, eos = model(RunDir(runs_root() / "ssd" / "train" / trained)), (DOC_ID,)
        tokenizer = tokens.load(registry.members(config["data"]["name"])[0], config["data"]["vocab"]).tokenizer
    return Pair(name, target, model(run), tokenizer, eos)


def model(run: RunDir) -> Model:
    """What one run trained."""
    found = of_run(run)
    return decoder(found.config, found.params, found.ids)


# -- prompts ----------------------------------------------------------------------------------------------------------
def encode(pair: Pair, prompt: str) -> list[int]:
    """The tokens of a prompt: a question to SmolLM2, elsewhere the beginning of a document; numbers for a table."""
    if pair.tokenizer is None:
        return [int(word) for word in prompt.split()]
    tokenizer = Tokenizer.from_file(str(pair.tokenizer))
    if pair.name == SMOLLM2:
        return smollm2.chat(tokenizer, prompt)
    tokenizer.encode_special_tokens = True  # text that reads <doc> is text
    return [DOC_ID, *tokenizer.encode(prompt, add_special_tokens=False).ids]


# -- from one process to another --------------------------------------------------------------------------------------
def write(model: Model, folder: Path) -> dict[str, Any]:
    """Puts the parameters into `folder` (one safetensors file, names joined by /) and returns what `read` wants, as JSON."""
    flat = {"/".join(str(key.key) for key in path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(model.params)}
    save_file(flat, folder / "params.safetensors")
    config = None if model.config is None else asdict(model.config)
    ids = None if model.ids is None else np.asarray(model.ids).tolist()
    return {"config": config, "ids": ids, "weights": str(folder / "params.safetensors")}


def read(told: dict[str, Any]) -> Model:
    """The model that `write` described."""
    params: dict[str, Any] = {}
    for name, leaf in load_file(told["weights"]).items():
        *path, last = (int(part) if part.isdecimal() else part for part in name.split("/"))  # layers that stand apart have numbers
        node = params
        for part in path:
            node = node.setdefault(part, {})
        node[last] = leaf
    if told["config"] is None:
        return table(params["table"])
    fields = dict(told["config"])
    scaling = fields.pop("rope_scaling")
    config = DecoderConfig(**fields, rope_scaling=None if scaling is None else Llama3Scaling(**scaling))
    return decoder(config, params, None if told["ids"] is None else np.asarray(told["ids"], np.int32))
