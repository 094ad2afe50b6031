"""Bounds on what a coded model errs on new data, recomputed from its file alone.

    python -m projects.generalization.certify MODEL.bin

exit codes: 0 certified, whatever the bounds say; 2 bad input.
"""

import argparse
import math
import sys
from pathlib import Path

from shared.errors import BadInput

CODE = {
    "levels": "values of the codebook",
    "bits/settings": "bits of the settings (network, P, codebook, d, seed, L)",
    "bits/codebook": "bits of the codebook",
    "bits/symbols": "bits of the symbols",
    "bits/total": "bits of the prefix-free code",
    "nats": "ln 1/P = bits x ln 2",
}
CLASSIFIER = {
    "parameters": "parameters of the network, D",
    "dimension": "trained numbers, d",
    **CODE,
    "n": "training points, n",
    "delta": "chance that a bound fails, delta",
    "train/error": "training error of the decoded network",
    "test/error": "test error, for comparison",
    "bound/catoni": "bound on the expected error (Catoni, lambda on a grid)",
    "bound/catoni_lambda": "its lambda",
    "bound/kl": "bound by the inverse of kl",
    "bound/mcallester": "bound of McAllester",
    "bound/hoeffding": "bound of Hoeffding",
    "bound/guessing": "error of guessing",
}
PART = {  # of either certificate of a language model
    "bits": "bits per token of the decoded model",
    "alpha": "share of uniform predictions, alpha",
    "smoothed": "bits per token, smoothed",
    "spread": "length of the interval of smoothed bits",
    "bound": "bound on smoothed bits per token",
    "top1": "tokens that are not the first guess",
    "top1_bound": "bound on that share",
    "top10": "tokens that are not among ten guesses",
    "top10_bound": "bound on that share",
}
LANGUAGE = {
    "parameters": "parameters of the decoder",
    "adapted": "parameters of its adapters, D",
    "dimension": "trained numbers, d",
    **CODE,
    "vocabulary": "tokens of the vocabulary, V",
    "delta": "chance that a bound fails, delta",
    "alphas": "values of alpha to choose from (ln of it is charged)",
    "n/documents": "training documents, m",
    **{f"documents/{name}": f"by documents: {said}" for name, said in PART.items()},
    "n/tokens": "training tokens, n",
    **{f"tokens/{name}": f"by tokens: {said}" for name, said in PART.items()},
    "test/bits": "bits per token of test documents, for comparison",
    "test/top1": "their tokens that are not the first guess",
    "test/top10": "their tokens that are not among ten guesses",
    "guessing/bits": "bits of guessing, log2 V",
    "guessing/top1": "first guess at random, wrong",
    "guessing/top10": "ten guesses at random, wrong",
}


def main(words: list[str] | None = None) -> int:
    top = argparse.ArgumentParser("python -m projects.generalization.certify", description=__doc__.split("\n")[0],
                                  epilog="exit codes: 0 certified, whatever the bounds say; 2 bad input")  # fmt: skip
    top.add_argument("model", metavar="MODEL.bin", type=Path)
    top.add_argument("--delta", type=float, default=0.05, help="chance that a bound fails, fixed beforehand (default 0.05)")
    options = top.parse_args(words)
    try:
        from projects.generalization.recount import recount  # jax starts only once the words are understood

        terms = recount(options.model, options.delta)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, said in (CLASSIFIER if "n" in terms else LANGUAGE).items():
        value = terms[name]
        print(f"{said:<62}{f'{value:,}' if isinstance(value, int) else f'{value:,.5g}':>10}")
    print(verdict(terms["bound/catoni"], terms["bound/guessing"], options.delta) if "n" in terms else verdict_of_text(terms, options.delta))
    return 0


def verdict(bound: float, guessing: float, delta: float) -> str:
    if bound < guessing:
        return f"with probability {1 - delta:g} over the training points, the expected error on new ones is at most {bound:.1%}"
    return f"vacuous: the bound of {bound:.1%} is no less than the error of guessing, {guessing:.1%}"


def verdict_of_text(terms: dict[str, float], delta: float) -> str:
    """A line for either certificate; each holds by itself."""
    guessing = terms["guessing/bits"]
    about = {
        "documents": "over the training documents, the expected bits per token of new ones, smoothed,",
        "tokens": "over the training tokens, the expected bits of the next one, smoothed, on average over the contexts seen,",
    }
    return "\n".join(
        f"with probability {1 - delta:g} {said} are at most {math.ceil(100 * terms[f'{unit}/bound']) / 100:.2f}"
        if terms[f"{unit}/bound"] < guessing
        else f"vacuous by {unit}: the bound of {terms[f'{unit}/bound']:.2f} bits is no less than that of guessing, {guessing:.2f}"
        for unit, said in about.items()
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
