"""MBOP: ensembles whose members do not know each other, and a planner that is the published one."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from dmpc_agents import networks
from dmpc_tiny import KEY, SIZES, A, F, S, batch, drawn

from projects.dmpc.baselines import distil, mlp
from projects.dmpc.baselines.mbop import Models, models, trajopt
from projects.dmpc.envs.ring import step as ring
from projects.dmpc.units import scales

K = SIZES.members
BUILD = {"motion": mlp.motion, "behaviour": mlp.behaviour, "truncated": mlp.truncated}
LOSS = {"motion": mlp.motion_loss, "behaviour": mlp.behaviour_loss, "truncated": mlp.truncated_loss}
NETS = {name: build(S, A, 8, K) for name, build in BUILD.items()}
WIDE = {"low": -jnp.inf, "high": jnp.inf}


# -- ensembles --------------------------------------------------------------------------------------------------------------------------
def test_a_member_is_two_hidden_layers_of_relu():
    params = drawn(NETS["behaviour"].init)
    known = batch()
    x = np.concatenate([known["states"][:, 0], known["actions"][:, 0]], -1)
    found = NETS["behaviour"].apply(params, known["states"][:, 0], known["actions"][:, 0])
    for member in range(K):
        layers = [(params[name]["kernel"][member], params[name]["bias"][member]) for name in ("first", "second", "last")]
        hidden = x
        for kernel, bias in layers[:2]:
            hidden = np.maximum(hidden @ kernel + bias, 0)
        np.testing.assert_allclose(found[member], hidden @ layers[2][0] + layers[2][1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", BUILD)
def test_members_are_independent(name):
    """The gradient of each is that of the member alone, divided by K."""
    params, known = drawn(NETS[name].init), batch()
    slopes = jax.jit(jax.grad(partial(LOSS[name], NETS[name])))(params, known)
    single = jax.jit(jax.grad(partial(LOSS[name], BUILD[name](S, A, 8, 1))))
    for member in range(K):
        alone = single(jax.tree.map(lambda leaf, member=member: leaf[member : member + 1], params), known)
        for mine, its in zip(jax.tree.leaves(slopes), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(mine[member], its[0] / K, rtol=1e-3, atol=1e-6)


def test_members_start_elsewhere():
    assert len(np.unique(jax.jit(NETS["motion"].init)(KEY)["first"]["kernel"][:, 0, 0])) == K


def test_losses_in_closed_form():
    """Networks that say nothing but 0 are wrong by their targets."""
    known = batch()
    mask, nothing = known["mask"], {name: jax.tree.map(np.zeros_like, drawn(net.init)) for name, net in NETS.items()}
    before = np.concatenate([known["history"][:, -1:], known["states"][:, :-1]], 1)
    targets = np.concatenate([known["states"] - before, known["rewards"][..., None]], -1)
    wanted = {
        "motion": ((targets**2).mean(-1) * mask).sum() / mask.sum(),
        "behaviour": ((known["actions"] ** 2).mean(-1) * mask).sum() / mask.sum(),
        "truncated": (known["rewards"].sum(1) ** 2).mean(),
    }
    for name, net in NETS.items():
        assert float(LOSS[name](net, nothing[name], known)) == pytest.approx(float(wanted[name]), rel=1e-5)


def test_cloning_reads_the_action_before():
    known = batch()
    other = known | {"past": known["past"] + np.float32([0, 0, 1])[:, None]}  # of s_t alone
    for name, reads in (("behaviour", True), ("truncated", True), ("motion", False)):
        losses = [float(LOSS[name](NETS[name], drawn(NETS[name].init), one)) for one in (known, other)]
        assert (losses[0] != losses[1]) == reads


def learned(loss, params, steps=300):
    """After Adam on one batch: the loss before and after."""
    adam = optax.adam(3e-3)

    def one(carry, _):
        params, state = carry
        value, slope = jax.value_and_grad(loss)(params)
        change, state = adam.update(slope, state)
        return (optax.apply_updates(params, change), state), value

    values = jax.jit(lambda: jax.lax.scan(one, (params, adam.init(params)), length=steps)[1])()
    return float(values[0]), float(values[-1])


def test_a_student_learns_its_teacher():
    states = np.random.default_rng(0).normal(size=(64, S)).astype(np.float32)
    model = distil.policy(replace(SIZES, hidden=256))
    params = jax.jit(model.init)(KEY)
    known = {"history": states[:, None], "actions": np.tanh(states[:, :A] - states[:, 1:])[:, None]}
    first, last = learned(lambda params: model.loss(params, known, KEY), params, 100)
    assert last < 0.01 * first
    assert [leaf.shape for leaf in jax.tree.leaves(params)] == [(256,), (S, 256), (A,), (256, A), (256,), (256, 256)]


def test_motion_learns_differences_and_rewards():
    """Of a linear system, on windows that are steps of it."""
    known = batch(96)
    turn, push = (0.3 * np.random.default_rng(4).normal(size=shape).astype(np.float32) for shape in ((S, S), (A, S)))
    state, states, rewards = known["history"][:, -1], [], []
    for t in range(F):
        rewards.append(state[:, 0])
        state = state + state @ turn + known["actions"][:, t] @ push
        states.append(state)
    known |= {"states": np.stack(states, 1), "rewards": np.stack(rewards, 1)}
    net = mlp.motion(S, A, 32, 2)
    first, last = learned(lambda params: mlp.motion_loss(net, params, known), jax.jit(net.init)(KEY))
    assert last < 0.05 * first


# -- the planner ------------------------------------------------------------------------------------------------------------------------
PARAMS = {name: drawn(net.init, seed) for seed, (name, net) in enumerate(NETS.items())}
MODELS = Models(
    behave=jax.jit(lambda state, before: NETS["behaviour"].apply(PARAMS["behaviour"], state, before)),
    move=jax.jit(lambda state, action: mlp.moved(NETS["motion"], PARAMS["motion"], state, action)),
    rest=jax.jit(lambda state, before: NETS["truncated"].apply(PARAMS["truncated"], state, before)[..., 0]),
)
STATE, PLAN = np.float32([0.3, -1.0, 0.5]), np.random.default_rng(8).normal(size=(F, A)).astype(np.float32)


def published(samples, sigma, beta, low=-np.inf, high=np.inf):
    """Candidates [N, F, A] and their returns [N], by the loops of the paper's algorithm 2: l = n mod K, indices of A from 1."""
    noise = [sigma * np.asarray(jax.random.normal(key, (samples, A))) for key in jax.random.split(KEY, F)]
    candidates, returns = np.zeros((samples, F + 1, A)), np.zeros(samples)
    for n in range(samples):
        member, state, action, total = n % K, STATE[None], PLAN[:1], 0.0
        for t in range(1, F + 1):
            action = np.asarray(MODELS.behave(state, action)[member]) + noise[t - 1][n]
            taken = np.clip((1 - beta) * action + beta * PLAN[min(t, F - 1)], low, high)
            states, rewards = MODELS.move(state, taken)
            candidates[n, t], state, total = taken[0], np.asarray(states[member]), total + float(rewards[:, 0].mean())
        returns[n] = total + float(MODELS.rest(state, taken)[:, 0].mean())
    return candidates[:, 1:], returns


@pytest.mark.parametrize("samples, sigma, beta, bound", [(7, 0.4, 0.3, np.inf), (4, 0.4, 0.0, 0.2)])
def test_it_is_the_published_loop(samples, sigma, beta, bound):
    """With kappa = 0 the plain mean of the candidates, with a large one the best of them, and in between their soft maximum."""
    bounds = {"low": -bound, "high": bound}
    candidates, returns = published(samples, sigma, beta, **bounds)
    find = jax.jit(lambda kappa: trajopt(MODELS, STATE, PLAN, KEY, samples=samples, sigma=sigma, beta=beta, kappa=kappa, **bounds))
    plan = lambda kappa: find(kappa)[0]  # noqa: E731
    np.testing.assert_allclose(find(0.0)[1], returns, rtol=1e-4)
    np.testing.assert_allclose(plan(0.0), candidates.mean(0), atol=1e-5)
    np.testing.assert_allclose(plan(1e6), candidates[returns.argmax()], atol=1e-5)
    weights = np.exp(0.7 * returns)
    np.testing.assert_allclose(plan(0.7), np.einsum("n,nfa->fa", weights / weights.sum(), candidates), atol=1e-4)
    assert bound == np.inf or np.abs(candidates).max() == pytest.approx(bound)


def test_with_beta_one_the_old_plan_moves_on():
    """Its last action is repeated; noise has no say."""
    plan, _ = trajopt(MODELS, STATE, PLAN, KEY, samples=5, sigma=1.0, beta=1.0, kappa=1.0, **WIDE)
    np.testing.assert_allclose(plan, np.concatenate([PLAN[1:], PLAN[-1:]]), atol=1e-6)


def test_a_return_that_is_no_number_weighs_nothing():
    broken = MODELS._replace(rest=lambda state, before: MODELS.rest(state, before).at[:, 2].set(jnp.nan))
    find = lambda models: trajopt(models, STATE, PLAN, KEY, samples=4, sigma=0.4, beta=0.3, kappa=0.7, **WIDE)  # noqa: E731
    (plan, returns), (_, known) = find(broken), find(MODELS)
    assert np.isnan(returns[2]) and np.isfinite(plan).all()
    candidates, _ = published(4, 0.4, 0.3)
    weights = np.exp(0.7 * np.delete(known, 2))
    np.testing.assert_allclose(plan, np.einsum("n,nfa->fa", weights / weights.sum(), np.delete(candidates, 2, 0)), atol=1e-4)


def test_parts_answer_in_the_environment_s_units():
    """What parts with scales of their own say of a state is what their networks say of it in theirs."""
    changes = {"model__proposal": "single_mlp", "model__dynamics": "single_mlp"}
    agent, variables = networks("proposal", "dynamics", "truncated", **changes)
    asked, rng = models(agent.parts, variables), np.random.default_rng(0)
    state, action = rng.normal(size=(5, 4)).astype(np.float32), rng.uniform(-1, 1, (5, 2)).astype(np.float32)
    nets = {"proposal": mlp.behaviour, "dynamics": mlp.motion, "truncated": mlp.truncated}

    def said(name):
        states, actions = scales(variables[name])
        net = nets[name](4, 2, 8, 3)
        return net.apply(variables[name]["weights"], states.normalise(state), actions.normalise(action)), states, actions

    acted, _, actions = said("proposal")
    np.testing.assert_allclose(asked.behave(state, action), actions.denormalise(acted), rtol=1e-5)
    moved, states, _ = said("dynamics")
    ahead, rewards = asked.move(state, action)
    np.testing.assert_allclose(ahead, state + states.std * moved[..., :-1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(rewards, moved[..., -1], rtol=1e-5)
    np.testing.assert_allclose(asked.rest(state, action), said("truncated")[0][..., 0], rtol=1e-5)


def run(kappa):
    """Mean return per step in the ring, of 16 copies over 40 steps from rest, for a cautious policy that keeps the action before."""

    def move(state, action):
        ahead, reward, failed = ring(state, action)
        return ahead[None], (reward - 10 * failed)[None]

    models = Models(lambda state, before: 0.8 * before[None], move, lambda state, before: jnp.zeros((1, len(state))))
    settings = {"samples": 64, "sigma": 0.4, "beta": 0.2, "kappa": kappa, "low": -1.0, "high": 1.0}

    def one(carry, key):
        state, plans = carry
        plans, _ = jax.vmap(lambda *row: trajopt(models, *row, **settings))(state, plans, jax.random.split(key, 16))
        states, rewards = move(state, plans[:, 0])
        return (states[0], plans), rewards[0]

    angle = np.linspace(-np.pi, np.pi, 16, endpoint=False)
    start = jnp.stack([np.cos(angle), np.sin(angle), 0 * angle, 0 * angle], 1).astype(jnp.float32)
    return jax.lax.scan(one, (start, jnp.zeros((16, 12, 2))), jax.random.split(KEY, 40))[1].mean()


def test_with_a_perfect_model_it_improves_on_the_policy():
    """The plain mean of the candidates is the policy, without its noise."""
    program = jax.jit(run)
    policy, planned = float(program(0.0)), float(program(3.0))
    assert abs(policy) < 0.1 and planned > policy + 0.25
