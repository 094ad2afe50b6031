"""A text whose entropy rate is known exactly: no model can do better, so a fitted asymptote must not fall below it."""

import numpy as np


def markov(states: int, length: int, seed: int) -> tuple[np.ndarray, float]:
    """A stationary first-order Markov chain: its tokens, uint16 [length], and its entropy rate in nats per token.

    The seed fixes the chain and the sample. Entropy rate = sum_i pi_i H(P_i), pi the stationary distribution.
    """
    random = np.random.default_rng(seed)
    transition = random.dirichlet(np.full(states, 0.3), states)  # [S, S], rows sum to 1; 0.3: some states are likely
    transition = 0.99 * transition + 0.01 / states  # every state can be reached, so pi is unique
    equations = np.vstack([transition.T - np.eye(states), np.ones(states)])  # pi P = pi, sum pi = 1
    stationary = np.linalg.lstsq(equations, np.append(np.zeros(states), 1.0), rcond=None)[0]  # [S]
    entropy = -float(stationary @ (transition * np.log(transition)).sum(1))

    cumulative = transition.cumsum(1)
    cumulative[:, -1] = 1.0  # rounding must not leave a gap above the last state
    tokens = np.empty(length, np.uint16)
    state = int(random.choice(states, p=stationary / stationary.sum()))
    for position, draw in enumerate(random.random(length)):
        tokens[position] = state
        state = int(cumulative[state].searchsorted(draw, side="right"))
    return tokens, entropy
