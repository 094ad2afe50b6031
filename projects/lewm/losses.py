"""What a world model minimises: LeWM's two terms, or PLDM's seven. Every term is a float32 mean."""

import jax
import jax.numpy as jnp

from projects.lewm.sigreg import directions, sigreg

Terms = dict[str, jax.Array]


def prediction(z: jax.Array, ahead: jax.Array) -> jax.Array:
    """Mean squared error of the predictions ahead [B, T, ...] of z[:, 1:]; the targets are not detached."""
    return jnp.mean((ahead - z[:, 1:]) ** 2)


def lewm(
    z: jax.Array, ahead: jax.Array, key: jax.Array, weight: float | jax.Array, projections: int, knots: int
) -> tuple[jax.Array, Terms]:
    """L_pred + weight * SIGReg, for z [B, T + 1, (P,) D]. SIGReg looks at every frame of the clips, each time step for itself, along fresh
    directions."""
    steps = z.swapaxes(0, 1)  # [T + 1, B, (P,) D]
    steps = steps.reshape(len(steps), -1, steps.shape[-1])
    terms = {"prediction": prediction(z, ahead), "sigreg": sigreg(steps, directions(key, z.shape[-1], projections), knots)}
    return terms["prediction"] + weight * terms["sigreg"], terms


PLDM = ("variance", "covariance", "time_similarity", "time_variance", "time_covariance", "inverse")


def pldm(z: jax.Array, ahead: jax.Array, weights: dict[str, float], inverse: jax.Array) -> tuple[jax.Array, Terms]:
    """PLDM (Sobal et al., 2025) for z [B, T + 1, D]: the prediction and six terms against collapse, by name in `weights`.

    `inverse` is the error of the inverse model (model.Inverse).
    """
    terms = {
        "prediction": prediction(z, ahead),
        "variance": hinge(z, 0),
        "covariance": off_diagonal(z.swapaxes(0, 1)),
        "time_similarity": jnp.mean((z[:, 1:] - z[:, :-1]) ** 2),
        "time_variance": hinge(z, 1),
        "time_covariance": off_diagonal(z),
        "inverse": inverse,
    }
    return terms["prediction"] + sum(weights[name] * terms[name] for name in PLDM), terms


def hinge(z: jax.Array, axis: int) -> jax.Array:
    """How far the standard deviation over an axis falls short of 1, averaged over the rest."""
    return jnp.mean(jax.nn.relu(1 - jnp.sqrt(jnp.var(z, axis, ddof=1) + 1e-4)))


def off_diagonal(z: jax.Array) -> jax.Array:
    """Groups of rows z [G, N, D] -> the mean square of the covariances between different features, averaged over groups."""
    centred = z - z.mean(1, keepdims=True)
    covariance = jnp.einsum("gnd,gne->gde", centred, centred) / (z.shape[1] - 1)
    d = z.shape[-1]
    return jnp.mean(jnp.sum((covariance * (1 - jnp.eye(d))) ** 2, (1, 2))) / (d * d - d)
