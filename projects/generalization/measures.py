"""What is said of a trained network besides its errors: how many directions the data determine, and its log marginal likelihood."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from projects.generalization import dimension, laplace
from projects.generalization.problem import Numbers, Problem, cross_entropy, slices
from shared.curvature import Objective, hessian
from shared.run import Run, member_slice


def measured(asked: ConfigDict, one: Problem, params: Any, run: Run) -> Numbers | None:
    """Numbers [K] of the networks of a pack, params [K, ...]: NaN of those that are no longer active; None when asked to stop. `asked` is
    the section `measure`."""
    measures: list[Callable[[Any, int], dict[str, float]]] = [directions(asked, one)] if asked.steps else []
    measures += [lambda params, seed: evidence(one, params)] if asked.evidence else []
    rows: list[dict[str, float]] = []
    for index, seed in enumerate(run.hyper["seed"]):
        if run.stopping:
            return None
        ones = measures if run.active[index] else []
        rows.append({name: value for measure in ones for name, value in measure(member_slice(params, index), int(seed)).items()})
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def directions(asked: ConfigDict, one: Problem) -> Callable[[Any, int], dict[str, float]]:
    """N_eff of the Hessian of the mean loss over all training points, of all parameters."""
    objective = Objective(lambda params, batch: one.logits(params, batch.inputs), lambda z, batch: cross_entropy(z, batch).mean())
    at = hessian(objective, slices(one.train))
    return lambda params, seed: dimension.of_operator(at(params), one.size, seed, steps=asked.steps, probes=asked.probes)


def evidence(one: Problem, params: Any) -> dict[str, float]:
    """Log marginal likelihood per training point [nats]: of the last layer upon features that are taken as given, with its whole curvature;
    and of all parameters, with the diagonal of theirs."""
    count = len(one.train.labels)
    likelihood = -count * float(one.judged(jax.tree.map(lambda leaf: leaf[None], params))["train/nll"][0])
    head, features = params["head"], np.concatenate([np.asarray(one.features(params, some.inputs)) for some in slices(one.train)])
    found = {
        "last": (head, laplace.whole(lambda head, x: x @ head["kernel"] + head["bias"], laplace.softmax, head, features)),
        "diagonal": (params, laplace.diagonal(lambda params, x: one.logits(params, x[None])[0], laplace.softmax, params, one.train.inputs)),
    }
    rows = {name: laplace.evidence(likelihood, *of) for name, of in found.items()}
    return {f"evidence/{name}": row.value / count for name, row in rows.items()} | {
        f"evidence/{name}/variance": row.variance for name, row in rows.items()
    }
