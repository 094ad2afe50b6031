"""The data sets and pretrained models there are, by name. Cheap to import: the launcher lists from here."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from shared.data import cache, enwik8, prepared, problems, python_code, smollm2, sotu, tiny
from shared.data.source import Fetched, Pretrained, Source
from shared.errors import BadInput

DOMAINS = (python_code.CODE, python_code.DOCS, problems.SOURCE, sotu.SPEECHES)  # of one vocabulary
SOURCES = {source.name: source for source in (enwik8.SOURCE, sotu.SOURCE, tiny.SOURCE, *DOMAINS)}
MODELS = {model.name: model for model in (smollm2.MODEL,)}


class Row(NamedTuple):
    """One line of `python -m launch data`."""

    name: str
    licence: str
    size: int  # bytes to fetch
    state: str
    path: Path


def source(name: str) -> Source:
    if name in MODELS:
        raise BadInput(f"{name} is a model, not a text: take {', '.join(SOURCES)}")
    if name not in SOURCES:
        raise BadInput(f"no data set {name!r}: there are {', '.join(SOURCES)}; another one needs a source of its own in shared/data/")
    return SOURCES[name]


def members(name: str) -> list[str]:
    """The data sets that a config's data.name stands for: several of one vocabulary are joined with +."""
    return name.split("+")


def folder(name: str, vocab: int) -> Path:
    """Where the data set lies once prepared. Raises BadInput for an unknown name or an impossible vocabulary."""
    known = source(name)
    if not 2 <= vocab <= 1 << 16:
        raise BadInput(f"a vocabulary of {vocab} does not fit the 16 bits of a token: take 256 to 65536")
    return prepared.directory(known.name, vocab)


def command(name: str, vocab: int) -> str:
    return f"python -m launch data {name} --vocab {vocab}"


def available(name: str, vocab: int) -> bool:
    """Whether loading needs no network: it is prepared and whole, or comes with the code."""
    return not source(name).network or not prepared.problem(folder(name, vocab))


def verify(name: str, vocab: int) -> None:
    """Compare every byte with what was recorded. Raises BadInput."""
    if wrong := prepared.problem(folder(name, vocab), deep=True):
        raise BadInput(f"{folder(name, vocab)} {wrong}: run {command(name, vocab)}")


def prepare(name: str, vocab: int, given: Path | None = None, say: Callable[[str], None] = print) -> Path:
    """Fetch and prepare a data set, and first the one whose tokenizer it uses; return its folder.

    What is there and whole is kept, what is damaged is made again. `given`: a file of the user's instead of the
    download. `say` gets a line at each stage. Raises BadInput.
    """
    from shared.data.prepare import tokens  # here, since listing needs neither numpy nor tokenizers

    target, wanted = folder(name, vocab), source(name)
    if not prepared.problem(target, deep=True):
        return target
    tokenizer = None
    if wanted.tokenizer != name:
        tokenizer = prepare(wanted.tokenizer, vocab, None, say) / prepared.TOKENIZER
    return tokens(wanted, vocab, given, tokenizer, say)


def model(name: str, given: Path | None = None, say: Callable[[str], None] = print) -> Path:
    """Fetch and unpack a pretrained model; return the folder of its checkpoint. What is there and whole is kept. Raises BadInput."""
    from shared.data.prepare import checkpoint  # here, as above

    return checkpoint(MODELS[name], given, say)


def unpacked(name: str) -> Path:
    """The folder of a model that is there already. Raises BadInput."""
    folder = prepared.checkpoint(MODELS[name].name)
    if wrong := prepared.problem(folder):
        raise BadInput(f"{folder} {wrong}: run python -m launch data {name}")
    return folder


def listing() -> list[Row]:
    return [Row(name, known.licence, known.size, _state(known), cache.root() / name) for name, known in (SOURCES | MODELS).items()]


def _state(known: Fetched) -> str:
    if isinstance(known, Pretrained):
        return "fetch it" if prepared.problem(prepared.checkpoint(known.name)) else "ready"
    folders = (cache.root() / known.name).glob("v*")
    ready = sorted(int(path.name[1:]) for path in folders if path.name[1:].isdigit() and not prepared.problem(path))
    if ready:
        return f"ready, vocabulary {', '.join(map(str, ready))}"
    return "fetch it" if known.network else "comes with the code"
