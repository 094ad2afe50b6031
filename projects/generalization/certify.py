"""A bound on the test error of a coded network, recomputed from its file alone.

    python -m projects.generalization.certify MODEL.bin

exit codes: 0 certified, whatever the bound says; 2 bad input.
"""

import argparse
import sys
from pathlib import Path

from shared.errors import BadInput

SAID = {
    "parameters": "parameters of the network, D",
    "dimension": "trained numbers, d",
    "levels": "values of the codebook",
    "bits/settings": "bits of the settings (network, P, codebook, d, seed, L)",
    "bits/codebook": "bits of the codebook",
    "bits/symbols": "bits of the symbols",
    "bits/total": "bits of the prefix-free code",
    "nats": "ln 1/P = bits x ln 2",
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


def main(words: list[str] | None = None) -> int:
    top = argparse.ArgumentParser("python -m projects.generalization.certify", description=__doc__.split("\n")[0],
                                  epilog="exit codes: 0 certified, whatever the bound says; 2 bad input")  # fmt: skip
    top.add_argument("model", metavar="MODEL.bin", type=Path)
    top.add_argument("--delta", type=float, default=0.05, help="chance that the bound fails, fixed beforehand (default 0.05)")
    options = top.parse_args(words)
    try:
        from projects.generalization.recount import recount  # jax starts only once the words are understood

        terms = recount(options.model, options.delta)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, said in SAID.items():
        value = terms[name]
        print(f"{said:<62}{f'{value:,}' if isinstance(value, int) else f'{value:,.5g}':>10}")
    print(verdict(terms["bound/catoni"], terms["bound/guessing"], options.delta))
    return 0


def verdict(bound: float, guessing: float, delta: float) -> str:
    if bound < guessing:
        return f"with probability {1 - delta:g} over the training points, the expected error on new ones is at most {bound:.1%}"
    return f"vacuous: the bound of {bound:.1%} is no less than the error of guessing, {guessing:.1%}"


if __name__ == "__main__":
    sys.exit(main())
