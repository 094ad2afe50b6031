"""A classifier and the points that it is about: its loss, its optimiser, and how it is judged on all points."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import numpy as np
import optax
from ml_collections import ConfigDict

from projects.generalization import labels
from projects.generalization.family import AT_ONCE, centred, size
from projects.generalization.labels import Points
from projects.generalization.networks import classifier
from shared.data import labelled
from shared.data.labelled import LabelledSet
from shared.nn.pure import Pure
from shared.optim import warmup_cosine

MOMENTUM = 0.9
Numbers = dict[str, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """Functions of the parameters of one network, but for `judged`."""

    model: Pure
    train: Points  # some labels altered
    test: Points
    decay: float  # w, of w |theta|^2 / 2 in the loss

    @property
    def size(self) -> int:
        """D, parameters of the network."""
        return size(self.model)

    def logits(self, params: Any, inputs: jax.Array) -> jax.Array:
        """[B, ...], as the data set has them -> [B, C]"""
        return self.model.apply(params, centred(inputs))

    @cached_property
    def features(self) -> Callable[[Any, jax.Array], jax.Array]:
        """What the last layer sees: params, [B, ...] -> [B, F]"""
        return jax.jit(lambda params, inputs: self.model.apply(params, centred(inputs), method="features"))

    def loss(self, params: Any, batch: Points) -> jax.Array:
        """Of training: the mean over a batch, in nats, and the penalty."""
        fit = cross_entropy(self.logits(params, batch.inputs), batch).mean()
        return fit + self.decay / 2 * sum((leaf**2).sum() for leaf in jax.tree.leaves(params)) if self.decay else fit

    @cached_property
    def sums(self) -> Callable[[Any, Points], dict[str, jax.Array]]:
        """Of networks [K, ...], over some points: [K] each."""

        def of_one(params: Any, points: Points) -> dict[str, jax.Array]:
            logits = self.logits(params, points.inputs)
            return {"nll": cross_entropy(logits, points).sum(), "error": (logits.argmax(-1) != points.labels).sum()}

        return jax.jit(jax.vmap(of_one, (0, None)))

    def judged(self, params: Any) -> Numbers:
        """Negative log likelihood per point [nats] and share of errors of networks [K, ...], on all training and all test points."""
        found = {}
        for part, points in (("train", self.train), ("test", self.test)):
            sums = [self.sums(params, some) for some in slices(points)]
            for name in sums[0]:
                found[f"{part}/{name}"] = np.sum([np.asarray(one[name], float) for one in sums], 0) / len(points.labels)
        return found


def problem(config: ConfigDict) -> Problem:
    """Of a resolved config. Raises BadInput."""
    data, c = labelled.load(config.data.name), config.train
    points = labels.training(data, c.altered, c.altered_seed, config.data.train)
    return replace(without_points(config, data), train=points, test=labels.testing(data, config.data.test))


def without_points(config: ConfigDict, data: LabelledSet) -> Problem:
    none = Points(data.train.inputs[:0], data.train.labels[:0])
    return Problem(classifier(config.classifier, data.train.inputs.shape[1:], data.classes), none, none, config.train.weight_decay)


def cross_entropy(logits: jax.Array, points: Points) -> jax.Array:
    """[B], in nats."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, points.labels)


def slices(points: Points) -> list[Points]:
    """All of them, as many at once as an evaluation takes."""
    return [Points(*(part[start : start + AT_ONCE] for part in points)) for start in range(0, len(points.labels), AT_ONCE)]


def optimizer(chosen: ConfigDict, lr: float, steps: int) -> optax.GradientTransformation:
    """`chosen` is the section `train`."""
    schedule = warmup_cosine(lr, steps, 0.0) if chosen.schedule == "cosine" else lambda step: lr
    moves = optax.scale_by_adam() if chosen.optimizer == "adam" else optax.trace(MOMENTUM)
    return optax.chain(moves, optax.scale_by_learning_rate(schedule))
