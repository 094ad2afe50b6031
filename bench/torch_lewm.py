"""The PyTorch side of bench/lewm.py: the same pictures, model, training step and planner, eager or compiled, timed on request.

Runs in bench/.venv (bench/requirements.txt) as `python -m bench.torch_lewm TASK CORES CONFIG [--compile]`; TASK and CONFIG are those of
bench/_lewm.py. It keeps freed memory as our side does.
"""

import time
from collections.abc import Callable

from bench import _side
from bench._torch import Config, begin

arguments = begin(__doc__, ("draw", "train", "plan", "product"))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402

Past = tuple[Tensor, Tensor]  # keys and values [N, heads, T, head_dim]


# -- pictures of TwoRoom ----------------------------------------------------------------------------------------------------------------
class Picture(nn.Module):
    """States [..., 2] -> frames [..., size, size, 3]: the formulas of projects/lewm/envs/tworoom.py."""

    def __init__(self, size: int):
        super().__init__()
        at = (torch.arange(size, dtype=torch.float64) + 0.5) * (224 / size) - 0.5
        border = ((at >= 10) & (at < 14)) | ((at >= 210) & (at < 214))
        wall = ((at - 112).abs() <= 5)[None, :] & ((at - 49).abs() > 14)[:, None]
        self.register_buffer("white", ~(wall | border[None, :] | border[:, None]))
        self.register_buffer("at", at.float())

    def forward(self, states: Tensor) -> Tensor:
        off = states - states.round()
        along = torch.exp(((off**2)[..., None] - (self.at - states[..., None]) ** 2) / (2 * 7.0**2))
        alpha = (along[..., 1, :, None] * along[..., 0, None, :]).clamp(max=1.0)
        own = torch.where(self.white, 255.0, torch.floor(255 * alpha)) / 255
        other = torch.where(self.white, torch.floor(255 * (1 - alpha)), 0.0) / 255
        return torch.stack([own, other, other], -1)


# -- the model --------------------------------------------------------------------------------------------------------------------------
class Attention(nn.Module):
    def __init__(self, width: int, heads: int, head_dim: int, bias: bool):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * heads * head_dim, bias=bias), nn.Linear(heads * head_dim, width)

    def project(self, x: Tensor) -> Tensor:
        """[N, T, width] -> queries, keys and values, [3, N, heads, T, head_dim]."""
        return self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)

    def look(self, q: Tensor, k: Tensor, v: Tensor, causal: bool = False, rate: float = 0.0) -> Tensor:
        return self.out(F.scaled_dot_product_attention(q, k, v, dropout_p=rate, is_causal=causal).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(c.width, 1e-12), nn.LayerNorm(c.width, 1e-12)
        self.attention = Attention(c.width, c.heads, c.width // c.heads, bias=True)
        self.mlp = nn.Sequential(nn.Linear(c.width, c.mlp_width), nn.GELU(), nn.Linear(c.mlp_width, c.width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention.look(*self.attention.project(self.attention_norm(x)))
        return x + self.mlp(self.mlp_norm(x))


class ViT(nn.Module):
    """Images [N, size, size, 3] -> tokens [N, 1 + P, width]."""

    def __init__(self, c: Config, size: int):
        super().__init__()
        self.patch = c.patch
        self.embedding = nn.Linear(3 * c.patch**2, c.width)
        self.cls = nn.Parameter(0.02 * torch.randn(1, 1, c.width))
        self.positions = nn.Parameter(0.02 * torch.randn(1 + (size // c.patch) ** 2, c.width))
        self.blocks = nn.Sequential(*(Block(c) for _ in range(c.layers)))
        self.norm = nn.LayerNorm(c.width, 1e-12)

    def forward(self, images: Tensor) -> Tensor:
        n, size, p = len(images), images.shape[1], self.patch
        x = images.view(n, size // p, p, size // p, p, 3).transpose(2, 3).reshape(n, -1, 3 * p * p)
        x = torch.cat([self.cls.expand(n, -1, -1), self.embedding(x)], 1) + self.positions
        return self.norm(self.blocks(x))


class Steered(nn.Module):
    """A block of the predictor, x [N, T, D] under modulations [N, T, 6, D]: causal over a clip in training, else over one frame and those
    whose keys and values are `past`."""

    def __init__(self, c: Config, width: int):
        super().__init__()
        self.rate = c.dropout
        self.modulation = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, c.heads, c.head_dim, bias=False)
        drop = nn.Dropout(c.dropout)
        self.drop, self.mlp = drop, nn.Sequential(nn.Linear(width, c.mlp_width), nn.GELU(), drop, nn.Linear(c.mlp_width, width), drop)

    def forward(self, x: Tensor, modulation: Tensor, past: Past | None = None, answer: bool = True) -> tuple[Tensor | None, Past]:
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = modulation.unbind(-2)
        q, k, v = self.attention.project(steered(x, shift, scale, self.attention_norm))
        if past is not None:
            k, v = (torch.cat(pair, 2) for pair in zip(past, (k, v), strict=True))
        if not answer:
            return None, (k, v)
        y = self.attention.look(q, k, v, causal=self.training, rate=self.rate if self.training else 0.0)
        x = x + gate * self.drop(y)
        return x + mlp_gate * self.mlp(steered(x, mlp_shift, mlp_scale, self.mlp_norm)), (k, v)


def steered(x: Tensor, shift: Tensor, scale: Tensor, norm: nn.LayerNorm) -> Tensor:
    return norm(F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift)


def projector(inputs: int, hidden: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.GELU(), nn.Linear(hidden, outputs))


class WorldModel(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        d, block = c.latent.width, c.clips.frameskip * c.env.actions
        self.token = slice(1, None) if c.latent.tokens == "patches" else slice(0, 1)
        patches = (c.images.size // c.encoder.patch) ** 2 if c.latent.tokens == "patches" else 1
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)))
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)))
        self.encoder, self.projector = ViT(c.encoder, c.images.size), projector(c.encoder.width, c.latent.hidden, d)
        self.actions = nn.Sequential(nn.Linear(block, block), nn.Linear(block, 4 * d), nn.SiLU(), nn.Linear(4 * d, d))
        self.positions = nn.Parameter(torch.randn(c.clips.history, patches, d))
        self.blocks = nn.ModuleList(Steered(c.predictor, d) for _ in range(c.predictor.layers))
        self.norm, self.head = nn.LayerNorm(d), projector(d, c.latent.hidden, d)

    def encode(self, frames: Tensor) -> Tensor:
        """[N, size, size, 3] in [0, 1] -> [N, P, D]."""
        x = self.encoder((frames - self.mean) / self.std)[:, self.token]
        return self.projector(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    def modulations(self, blocks: Tensor) -> list[Tensor]:
        """[..., 5A] -> [..., 6, D] for every layer."""
        condition = F.silu(self.actions(blocks))
        return [block.modulation(condition).unflatten(-1, (6, -1)) for block in self.blocks]

    def forecast(self, z: Tensor, modulations: list[Tensor]) -> Tensor:
        """Training: z [B, T, D] under modulations [B, T, 6, D] -> predictions of the frames 1 .. T."""
        x = z + self.positions[: z.shape[1], 0]
        for block, modulation in zip(self.blocks, modulations, strict=True):
            x, _ = block(x, modulation)
        return self.head(self.norm(x).flatten(0, 1)).view_as(z)

    def extend(self, z: Tensor, modulations: list[Tensor], past: list[Past] | None, answer: bool) -> tuple[Tensor | None, list[Past]]:
        """Planning: one frame z [S, P, D] under modulations [S, 6, D] after those of `past`; without `answer` only its keys and values."""
        x, seen = z + self.positions[0 if past is None else past[0][0].shape[2] // z.shape[1]], []
        for layer, (block, modulation) in enumerate(zip(self.blocks, modulations, strict=True)):
            last = layer == len(self.blocks) - 1
            x, kept = block(x, modulation[:, None], None if past is None else past[layer], answer or not last)
            seen.append(kept)
        return (self.head(self.norm(x).flatten(0, 1)).view_as(z) if answer else None), seen


# -- training ---------------------------------------------------------------------------------------------------------------------------
class Loss(nn.Module):
    """States [B, T + 1, 2] and blocks [B, T + 1, 5A] -> the prediction error plus SIGReg."""

    def __init__(self, model: WorldModel, c: Config):
        super().__init__()
        self.model, self.draw, self.c = model, Picture(c.images.size), c.loss
        t = torch.linspace(0, 3, c.loss.knots)
        target = torch.exp(-(t**2) / 2)
        weights = torch.full_like(t, 2 * t[1].item())
        weights[0] = weights[-1] = t[1]
        for name, values in (("t", t), ("target", target), ("weights", weights * target)):
            self.register_buffer(name, values)

    def forward(self, states: Tensor, blocks: Tensor) -> Tensor:
        with torch.no_grad():
            frames = self.draw(states)
        z = self.model.encode(frames.flatten(0, 1)).view(*states.shape[:2], -1)
        ahead = self.model.forecast(z[:, :-1], self.model.modulations(blocks[:, :-1]))
        return F.mse_loss(ahead, z[:, 1:]) + self.c.sigreg * self.sigreg(z.transpose(0, 1))

    def sigreg(self, z: Tensor) -> Tensor:
        """z [T, N, D], as in the authors' code."""
        along = F.normalize(torch.randn(z.shape[-1], self.c.projections), dim=0)
        turns = (z @ along)[..., None] * self.t  # [T, N, M, K]
        apart = (turns.cos().mean(1) - self.target) ** 2 + turns.sin().mean(1) ** 2
        return z.shape[1] * (apart @ self.weights).mean()


def training(c: Config) -> None:
    model = WorldModel(c)
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, c.optim.lr, (c.optim.beta1, c.optim.beta2), c.optim.eps, c.optim.weight_decay, fused=True)
    loss_of = compiled(Loss(model, c))
    shape = c.train.batch_size, c.clips.history + 1

    def timed() -> float:
        states = 14 + 195 * torch.rand(*shape, 2)
        blocks = torch.randn(*shape, c.clips.frameskip * c.env.actions)
        begin = time.perf_counter()
        loss = loss_of(states, blocks)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, c.optim.clip)
        optimizer.step()
        return time.perf_counter() - begin

    _side.serve(timed, warm=2, parameters=sum(p.numel() for p in parameters))


# -- planning ---------------------------------------------------------------------------------------------------------------------------
def cost(model: WorldModel, start: Tensor, goal: Tensor, plans: Tensor) -> Tensor:
    """Latents start and goal [P, D], plans [S, H, 5A] -> [S]. The window of frames grows to the predictor's history, then slides."""
    conditions, window = [model.modulations(block) for block in plans.unbind(1)], len(model.positions)
    frames, past, held = [start.expand(len(plans), -1, -1)], None, 0
    for end in range(1, len(conditions) + 1):
        if end > window:
            past, held = None, end - window
        for frame in range(held, end):
            ahead, past = model.extend(frames[frame], conditions[frame], past, answer=frame == end - 1)
        held = end
        frames.append(ahead)
    return ((ahead - goal) ** 2).flatten(1).sum(1)


def planning(c: Config) -> None:
    model = WorldModel(c).eval()
    cost_of = compiled(cost)
    size, shape = c.images.size, (c.plan.horizon, c.clips.frameskip * c.env.actions)

    def plan(images: Tensor) -> Tensor:
        start, goal = model.encode(images.float() / 255)
        mean, std = torch.zeros(shape), torch.ones(shape)
        for _ in range(c.plan.iterations):
            plans = mean + std * torch.randn(c.plan.samples, *shape)
            plans[0] = mean
            costs = cost_of(model, start, goal, plans).nan_to_num(torch.inf)
            best = plans[costs.topk(c.plan.elites, largest=False).indices]
            mean, std = best.mean(0), best.std(0)
        return mean

    def timed() -> float:
        images = torch.randint(256, (2, size, size, 3), dtype=torch.uint8)
        begin = time.perf_counter()
        with torch.no_grad():
            plan(images)
        return time.perf_counter() - begin

    _side.serve(timed, warm=1, parameters=sum(p.numel() for p in model.parameters()))


# -- the rest ---------------------------------------------------------------------------------------------------------------------------
def drawing(c: Config) -> None:
    draw, known = compiled(Picture(c.images.size)), torch.tensor(c.states)

    def timed() -> float:
        states = known[torch.randint(len(known), (c.frames,))]
        begin = time.perf_counter()
        with torch.no_grad():
            draw(states)
        return time.perf_counter() - begin

    _side.serve(timed, mean=draw(known).mean().item())


def product(c: Config) -> None:
    a, b = torch.randn(2, c.size, c.size)

    def timed() -> float:
        begin = time.perf_counter()
        a @ b
        return time.perf_counter() - begin

    _side.serve(timed)


def compiled(function: Callable) -> Callable:
    return torch.compile(function) if arguments.compile else function


if __name__ == "__main__":
    {"draw": drawing, "train": training, "plan": planning, "product": product}[arguments.task](arguments.config)
