"""A target and the draft that guesses for it: two models over one vocabulary, read from the runs that made them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict
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

ROLES = ("draft", "weak")  # of the drafts trained for the target of this workspace
NAMES = (*ROLES, "smollm2")
SWEEPS = {"smollm2": "ssd/smollm2"}  # what trains a pair, where it is not ssd/pair


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
    """One of NAMES (the newest finished run of such a draft, and its target), or the id of a draft's run. Raises BadInput."""
    run = newest(name) if name in NAMES else by_id(name)
    role = run.record()["config"]["pair"]["role"]
    return of_smollm2(run) if role == "smollm2" else of_draft(role, run)


def of_draft(name: str, run: RunDir) -> Pair:
    """The draft of a finished run with the target it was trained for."""
    record = run.record()
    (target,) = record["needs"]["target"]
    data = record["config"]["data"]
    tokenizer = tokens.load(registry.members(data["name"])[0], data["vocab"]).tokenizer
    return Pair(name, trained(RunDir(runs_root() / "ssd" / "train" / target)), trained(run), tokenizer, (DOC_ID,))


def trained(run: RunDir) -> Model:
    found = of_run(run)
    return decoder(found.config, found.params)


def newest(role: str) -> RunDir:
    """The finished run of a draft that ended last."""
    done = [run for run in drafts() if run.state() == "done" and run.record()["config"]["pair"]["role"] == role]
    if not done:
        sweep = SWEEPS[role] if role in SWEEPS else "ssd/pair"
        raise BadInput(f"no finished run of the pair {role!r} in {runs_root()}: `python -m launch sweep {sweep} --yes` trains it")
    return max(done, key=lambda run: run.status()["ended"])


def by_id(name: str) -> RunDir:
    found = [run for run in drafts() if run.id == name and run.state() == "done"]
    if not found:
        raise BadInput(f"no pair {name!r}: choose {', '.join(NAMES)} or the id of a finished run in {runs_root() / 'ssd' / 'distil'}")
    return found[0]


def drafts() -> list[RunDir]:
    return [RunDir(path.parent) for path in sorted((runs_root() / "ssd" / "distil").glob("*/config.json"))]


# -- prompts ----------------------------------------------------------------------------------------------------------
def encode(pair: Pair, prompt: str) -> list[int]:
    """The tokens of a prompt: a question to SmolLM2, elsewhere the beginning of a document; numbers for a table."""
    if pair.tokenizer is None:
        return [int(word) for word in prompt.split()]
    tokenizer = Tokenizer.from_file(str(pair.tokenizer))
    if pair.name == "smollm2":
        return smollm2.chat(tokenizer, prompt)
    tokenizer.encode_special_tokens = True  # text that reads <doc> is text
    return [DOC_ID, *tokenizer.encode(prompt, add_special_tokens=False).ids]


# -- from one process to another --------------------------------------------------------------------------------------
def write(model: Model, folder: Path) -> dict[str, Any]:
    """Puts the parameters into `folder` (one safetensors file, names joined by /) and returns what `read` wants, as JSON."""
    flat = {"/".join(key.key for key in path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(model.params)}
    save_file(flat, folder / "params.safetensors")
    config = None if model.config is None else asdict(model.config)
    ids = None if model.ids is None else np.asarray(model.ids).tolist()
    return {"config": config, "ids": ids, "weights": str(folder / "params.safetensors")}


def read(told: dict[str, Any]) -> Model:
    params: dict[str, Any] = {}
    for name, leaf in load_file(told["weights"]).items():
        *path, last = name.split("/")
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
