"""Table T1: the certificates of this workspace beside the published bounds, with how sure each number is.

    python -m launch data fashion_mnist
    python -m launch data verses --vocab 97
    python -m launch figure generalization/t1 --run-missing

Expected: on true labels of Fashion-MNIST a bound below the published 32.8 %; on random labels none. Of a language model the bound by
documents is about the published share of guessing, though text, vocabulary and model are others.

Cost: cpu what its runs do not share with `certificate` and `language`; smoke seconds.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.generalization import certificate, language
from configs.generalization.base import cost, needs, resolve
from configs.generalization.certificate import get_config
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    """The cells of `certificate`, and of `language` those of the text as it is."""
    yield from certificate.sweep(config)
    spoken = language.get_config(config.scale)
    sections = ("data", "text", "subspace", "quantise", "bound")
    fields = {f"{section}.{key}": value for section in sections for key, value in spoken[section].items()}
    for cell in language.sweep(spoken):
        if not cell["text.shuffled"]:
            yield {"entry": "language", **fields, **cell}
