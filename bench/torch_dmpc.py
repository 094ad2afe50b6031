"""The PyTorch side of bench/dmpc.py: the same networks, sampler, planner and training step, eager or compiled, timed on request.

Runs in bench/.venv (bench/requirements.txt) as `python -m bench.torch_dmpc TASK CORES CONFIG [--compile]`; TASK is plan or train, CONFIG
that of bench/_dmpc.py. Before it serves, it computes with our weights and noises what we have computed with them, and says by how much it
is off. It keeps freed memory as our side does.
"""

import time
from collections.abc import Callable

import numpy as np

from bench import _side
from bench._torch import Config, begin

arguments = begin(__doc__, ("plan", "train"))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402

BASES = 16  # sines and cosines that tell a time
Known = dict[str, Tensor]  # ours, by name


# -- networks ---------------------------------------------------------------------------------------------------------------------------
def waves(x: Tensor, frequencies: Tensor) -> Tensor:
    """[...] -> [..., 2n]."""
    angles = x[..., None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], -1)


def frequencies(fastest: float, slowest: float, count: int) -> Tensor:
    return torch.tensor(np.geomspace(fastest, slowest, count, dtype=np.float32))


class Tokens(nn.Module):
    """Vectors [B, T, D] at times first .. first + T - 1 -> tokens [B, T, width]."""

    def __init__(self, size: int, horizon: int, width: int):
        super().__init__()
        self.values, self.times = nn.Linear(size, width, bias=False), nn.Linear(2 * BASES, width, bias=False)
        self.kind = nn.Parameter(torch.zeros(width))
        self.register_buffer("frequencies", frequencies(np.pi / 2, np.pi / (2 * (1 + horizon)), BASES))

    def forward(self, vectors: Tensor, first: int) -> Tensor:
        times = torch.arange(first, first + vectors.shape[1], dtype=torch.float32)
        return self.values(vectors) + self.times(waves(times, self.frequencies)) + self.kind


class Block(nn.Module):
    def __init__(self, m: Config):
        super().__init__()
        inner, self.heads = m.heads * m.head_dim, m.heads
        self.attention_norm, self.mlp_norm = nn.LayerNorm(m.width), nn.LayerNorm(m.width)
        self.qkv, self.out = nn.Linear(m.width, 3 * inner), nn.Linear(inner, m.width)
        self.up, self.down = nn.Linear(m.width, m.mlp_width), nn.Linear(m.mlp_width, m.width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.attention_norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # [B, heads, T, head_dim]
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.mlp_norm(x))))


class Network(nn.Module):
    """Tokens of several kinds, a body, a head."""

    def __init__(self, c: Config, kinds: dict[str, int], layers: int, outputs: int):
        super().__init__()
        m = c.model
        self.kinds = nn.ModuleDict({name: Tokens(size, c.windows.horizon, m.width) for name, size in kinds.items()})
        self.blocks, self.norm = nn.Sequential(*(Block(m) for _ in range(layers))), nn.LayerNorm(m.width)
        self.head = nn.Linear(m.width, outputs)
        self.register_buffer("levels", frequencies(1.0, 1e-4, m.width // 2))

    def body(self, *tokens: Tensor) -> Tensor:
        return self.norm(self.blocks(torch.cat(tokens, 1)))


class Proposal(Network):
    def __init__(self, c: Config):
        super().__init__(c, {"history": c.env.states, "noisy": c.env.actions}, c.model.layers, c.env.actions)

    def forward(self, x: Tensor, k: Tensor, now: Tensor) -> Tensor:
        """x [B, F, A] at levels k [B], now [B, S] -> [B, F, A]."""
        level = waves(k, self.levels)[:, None]
        return self.head(self.body(self.kinds["history"](now[:, None], 0) + level, self.kinds["noisy"](x, 0) + level)[:, 1:])


class Dynamics(Network):
    def __init__(self, c: Config):
        super().__init__(c, {"history": c.env.states, "actions": c.env.actions, "noisy": c.env.states}, c.model.layers, c.env.states)

    def forward(self, x: Tensor, k: Tensor, now: Tensor, actions: Tensor) -> Tensor:
        """x [B, F, S] at levels k [B], now [B, S], actions [B, F, A] -> [B, F, S]."""
        level = waves(k, self.levels)[:, None]
        tokens = self.kinds["history"](now[:, None], 0), self.kinds["actions"](actions, 0), self.kinds["noisy"](x, 1)
        return self.head(self.body(*(each + level for each in tokens))[:, 1 + actions.shape[1] :])


class Value(Network):
    def __init__(self, c: Config):
        kinds = {"now": c.env.states, "states": c.env.states, "actions": c.env.actions}
        super().__init__(c, kinds, c.model.value_layers, 1)
        self.token = nn.Parameter(torch.zeros(c.model.width))

    def forward(self, now: Tensor, states: Tensor, actions: Tensor) -> Tensor:
        """now [B, S], states [B, F, S], actions [B, F, A] -> [B]."""
        first = self.token.expand(len(now), 1, -1)
        tokens = self.kinds["now"](now[:, None], 0), self.kinds["states"](states, 1), self.kinds["actions"](actions, 0)
        return self.head(self.body(first, *tokens)[:, 0])[:, 0]


NETWORKS = {"proposal": Proposal, "dynamics": Dynamics, "value": Value}


def network(c: Config, name: str, known: Known) -> Network:
    """With our weights."""
    made = NETWORKS[name](c)

    def put(target: Tensor, value: Tensor) -> None:
        with torch.no_grad():
            target.copy_(value)

    def dense(target: nn.Linear, *names: str, of: Callable[[Tensor], Tensor] = lambda leaf: leaf) -> None:
        """Kernels and biases one above the other, each seen by way of `of`."""
        put(target.weight, torch.cat([of(known[f"{name}/{each}/kernel"]).reshape(target.in_features, -1) for each in names], 1).T)
        if target.bias is not None:
            put(target.bias, torch.cat([of(known[f"{name}/{each}/bias"]).flatten() for each in names]))

    def norm(target: nn.LayerNorm, words: str, of: Callable[[Tensor], Tensor] = lambda leaf: leaf) -> None:
        put(target.weight, of(known[f"{name}/{words}/scale"]))
        put(target.bias, of(known[f"{name}/{words}/bias"]))

    for kind, tokens in made.kinds.items():
        where = "history/states" if kind == "history" else kind
        dense(tokens.values, f"{where}/values")
        dense(tokens.times, f"{where}/times")
        put(tokens.kind, known[f"{name}/{where}/kind"])
    for index, block in enumerate(made.blocks):
        layer, inside = lambda leaf, index=index: leaf[index], "body/blocks"
        dense(block.qkv, *(f"{inside}/attention/{each}" for each in ("query", "key", "value")), of=layer)
        dense(block.out, f"{inside}/attention/out", of=layer)
        dense(block.up, f"{inside}/mlp/up", of=layer)
        dense(block.down, f"{inside}/mlp/down", of=layer)
        norm(block.attention_norm, f"{inside}/attention_norm", layer)
        norm(block.mlp_norm, f"{inside}/mlp_norm", layer)
    norm(made.norm, "body/norm")
    dense(made.head, "head")
    if name == "value":
        put(made.token, known["value/token"])
    return made


# -- diffusion --------------------------------------------------------------------------------------------------------------------------
class Process:
    """A cosine schedule, and what the network predicts: eps or x0."""

    def __init__(self, c: Config):
        share = np.cos((np.arange(c.levels + 1) / c.levels + 0.008) / 1.008 * np.pi / 2) ** 2
        self.abar = torch.tensor(np.append(np.cumprod(1 - np.minimum(1 - share[1:] / share[:-1], 0.999)), 1), dtype=torch.float32)
        self.levels, self.predicts = c.levels, c.predicts

    def amplitudes(self, k: Tensor | int) -> tuple[Tensor, Tensor]:
        """Of signal and noise; level -1 is clean."""
        return self.abar[k].sqrt(), (1 - self.abar[k]).sqrt()

    def ddim(self, denoise: Callable[[Tensor, Tensor], Tensor], x: Tensor, steps: int, reach: Tensor) -> Tensor:
        grid = self.levels - 1 - np.arange(steps + 1) * self.levels // steps
        for k, to in zip(grid[:-1].tolist(), grid[1:].tolist(), strict=True):
            (signal, noise), (signal_to, noise_to) = self.amplitudes(k), self.amplitudes(to)
            said = denoise(x, torch.full((len(x),), float(k)))
            x0 = torch.clamp(said if self.predicts == "x0" else (x - noise * said) / signal, -reach, reach)
            x = signal_to * x0 + noise_to * (x - signal * x0) / noise
        return x


# -- planning ---------------------------------------------------------------------------------------------------------------------------
class Planner:
    """Sample, score, rank, in the environment's units: all environments and candidates as one batch."""

    def __init__(self, c: Config, known: Known):
        self.plan, self.process, self.known = c.plan, Process(c.diffusion), known
        self.proposal, self.dynamics, self.value = (compiled(network(c, name, known).eval()) for name in NETWORKS)

    def scaled(self, name: str, kind: str, values: Tensor) -> Tensor:
        return (values - self.known[f"{name}.{kind}/mean"]) / self.known[f"{name}.{kind}/std"]

    def whole(self, name: str, kind: str, values: Tensor) -> Tensor:
        return values * self.known[f"{name}.{kind}/std"] + self.known[f"{name}.{kind}/mean"]

    @torch.no_grad()
    def __call__(self, now: Tensor, acting: Tensor, moving: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """now [E, S], noises [E * N, F, A] and [E * N, F, S] -> actions [E, N, F, A], states [E, N, F, S], scores [E, N]."""
        count, known = len(now), self.known
        now = now.repeat_interleave(self.plan.candidates, 0)  # [E * N, S]
        reach = (1 + known["proposal.actions/mean"].abs()) / known["proposal.actions/std"]
        seen = self.scaled("proposal", "states", now)
        actions = self.process.ddim(lambda x, k: self.proposal(x, k, seen), acting, self.plan.proposal_steps, reach)
        actions = self.whole("proposal", "actions", actions).clamp(-1, 1)
        seen, done = self.scaled("dynamics", "states", now), self.scaled("dynamics", "actions", actions)
        reach = known["dynamics.states/reach"]
        states = self.process.ddim(lambda x, k: self.dynamics(x, k, seen, done), moving, self.plan.dynamics_steps, reach)
        states = self.whole("dynamics", "states", states)
        seen, done = self.scaled("value", "states", now), self.scaled("value", "actions", actions)
        scores = self.value(seen, self.scaled("value", "states", states), done) * known["value.value"]
        return tuple(each.unflatten(0, (count, -1)) for each in (actions, states, scores))


def planning(c: Config, known: Known) -> None:
    plan = Planner(c, known)
    found = plan(known["now"], known["acting"], known["moving"])
    each = torch.arange(len(known["now"]))
    actions, states = (values[each, known["winner"].long()] for values in found[:2])
    off = max(apart(actions, known["actions"]), apart(states, known["states"]), apart(found[2], known["scores"]))

    def timed() -> float:
        now = torch.randn_like(known["now"])
        begin = time.perf_counter()
        _, _, scores = plan(now, torch.randn_like(known["acting"]), torch.randn_like(known["moving"]))
        scores.argmax(1)
        return time.perf_counter() - begin

    networks = plan.proposal, plan.dynamics, plan.value
    _side.serve(timed, warm=1, off=off, parameters=sum(p.numel() for one in networks for p in one.parameters()))


# -- training ---------------------------------------------------------------------------------------------------------------------------
class Loss(nn.Module):
    """Of a batch of windows, at given levels k [B] and noises like x0."""

    def __init__(self, c: Config, made: Network):
        super().__init__()
        self.net, self.name, self.predicts = made, c.train.part, c.diffusion.predicts
        self.register_buffer("abar", Process(c.diffusion).abar)

    def forward(self, history: Tensor, actions: Tensor, states: Tensor, mask: Tensor, value: Tensor, k: Tensor, eps: Tensor) -> Tensor:
        if self.name == "value":
            return F.mse_loss(self.net(history[:, -1], states, actions), value)
        x0, known = (actions, ()) if self.name == "proposal" else (states, (actions,))
        abar = self.abar[k][:, None, None]
        said = self.net(abar.sqrt() * x0 + (1 - abar).sqrt() * eps, k.float(), history[:, -1], *known)
        error = (said - (x0 if self.predicts == "x0" else eps)).square().mean(-1)  # [B, F]
        return (error * mask).sum() / mask.sum().clamp(min=1)


def training(c: Config, known: Known) -> None:
    made = network(c, c.train.part, known)
    parameters, loss_of = list(made.parameters()), compiled(Loss(c, made))
    optimizer = torch.optim.Adam(parameters, c.optim.lr, fused=True)
    mean = [p.detach().clone() for p in parameters]  # of the weights
    batch = [known[f"batch/{name}"] for name in ("history", "actions", "states", "mask", "value")]

    def backward(*words: Tensor) -> tuple[Tensor, Tensor]:
        """The loss, and the norm of its gradient."""
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(*batch, *words)
        loss.backward()
        return loss.detach(), nn.utils.clip_grad_norm_(parameters, c.optim.clip)

    loss, norm = backward(known["k"].long(), known["eps"])
    off = max(abs(float(loss / known["loss"]) - 1), abs(float(norm / known["norm"]) - 1))

    def timed() -> float:
        begin = time.perf_counter()
        backward(torch.randint(c.diffusion.levels, known["k"].shape), torch.randn_like(known["eps"]))
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(mean, parameters, 1 - c.optim.ema)
        return time.perf_counter() - begin

    _side.serve(timed, warm=2, off=off, parameters=sum(p.numel() for p in parameters))


# -- the rest ---------------------------------------------------------------------------------------------------------------------------
def apart(found: Tensor, ours: Tensor) -> float:
    """The root mean square of the difference, in standard deviations of ours: a sampler that asks for eps magnifies the rounding of single
    numbers 20,000 times in its first step, where x0 is not held."""
    return float((found - ours).square().mean().sqrt() / ours.std())


def compiled(function: Callable) -> Callable:
    return torch.compile(function) if arguments.compile else function


def golden(path: str) -> Known:
    with np.load(path) as file:
        return {name: torch.tensor(values) for name, values in file.items()}


if __name__ == "__main__":
    {"plan": planning, "train": training}[arguments.task](arguments.config, golden(arguments.config.golden))
