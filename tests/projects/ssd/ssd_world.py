"""A made-up machine on which the theory holds exactly, and the tables that its runs would leave: the real sweeps, made-up numbers."""

import numpy as np
import pandas as pd

from projects.ssd import fanout, theory
from projects.ssd.accounting import FANS
from projects.ssd.theory import Times
from tests import made_up

DEVICES = {"ar": 1, "sd": 1, "ssd": 2, "ar_both": 2, "sd_both": 2}
NEURAL = {"neural", "auto"}


def table(name: str, scale: str, keep: float = 1.0, timed: bool = True) -> pd.DataFrame:
    """Of one figure: its own sweep expanded, every cell answered, one row per repeat; `timed` False leaves out the speed of SSD."""
    rows = []
    for config, common in made_up.cells("ssd", name, scale, keep):
        for step in range(config.bench.repeats):
            found = answer(config, made_up.noise(common["run_id"], step))
            rows.append(common | {"step": step} | {k: v for k, v in found.items() if timed or k != "tok_s/ssd"})
    return pd.DataFrame(rows)


def answer(config, rng: np.random.Generator) -> dict[str, float]:
    """The numbers of one repeat: theory, and half a per cent of noise on what is timed."""
    spec, lookahead, batch = config.spec, int(config.spec.lookahead), int(config.bench.batch)
    heat, weak = float(config.sampling.temperature), config.pair.role == "weak"
    a = (0.62 if weak else 0.85) - 0.35 * heat - 0.25 * (1 - spec.saguaro) * 0.9
    r, c = 1.6 - 0.8 * heat, 0.45 * (0.3 + 0.7 * spec.saguaro)
    poor = spec.backup not in NEURAL
    guess = {"ngram": 0.4, "random": 0.01}.get(spec.backup, a)
    pi = fanout.outcomes(a, lookahead)
    limit = spec.budget // (lookahead + 1)
    fans = np.full(lookahead + 1, limit) if spec.fanout == "uniform" else fanout.optimum(pi, spec.budget, r, c)
    late = fanout.outcomes(guess, lookahead)
    after_hit = fanout.hit_rate(pi, fans, r, c)
    after_miss = fanout.hit_rate(late, fanout.optimum(late, spec.budget, r, c), 0.7 * r, c) if poor else after_hit
    p = theory.alternating(after_hit, after_miss)
    hit, miss = theory.expected_tokens(a, lookahead), theory.expected_tokens(guess, lookahead)
    times = times_of(lookahead, spec.budget, batch, weak, poor)
    sd_k = int(spec.sd_lookahead) or lookahead
    sd_times = times_of(sd_k, spec.budget, batch, weak, poor)
    sd = theory.expected_tokens(a, sd_k)
    speed = {
        "ar": 1e3 * batch / times.step,
        "sd": 1e3 * batch * sd / (sd_times.verify + sd_times.draft),
        "ssd": 1e3 * batch * (p * hit + (1 - p) * miss) / theory.round_time(p, times, batch),
    }
    speed |= {"ar_both": 1.5 * speed["ar"], "sd_both": 1.3 * speed["sd"]}
    found = {f"tok_s/{mode}": speed[mode] * rng.normal(1, 0.005) for mode in config.bench.modes}
    found |= {f"devices/{mode}": float(DEVICES[mode]) for mode in config.bench.modes}
    found |= {
        "T_v1_ms": times.step, "T_v_ms": 0.97 * times.verify, "T_v_overlapped_ms": times.verify, "T_p_ms": times.cache,
        "T_b_ms": times.backup, "T_draft_ms": times.draft, "p_hit": p, "p_hit/se": 0.01, "p_hit_batch": p**batch, "E_hit": hit,
        "E_hit/se": 0.05, "E_miss": miss, "E_miss/se": 0.1, "tok_round": p * hit + (1 - p) * miss, "tok_round/se": 0.05,
        "tok_round/sd": sd, "tok_round_same_k/sd": hit, "a_p": a, "a_p/se": 0.01, "frac_accepted": (hit - 1) / lookahead, "rows": 500.0,
        "rate_n/primary": 500.0, "rate_n/backup": 200.0 if poor else 0.0,
    }  # fmt: skip
    found |= {f"{name}/{k}": share for name in ("hist", "hist_hit") for k, share in enumerate(pi)}
    for kind, slope in (("primary", r), ("backup", 0.7 * r)) if poor else (("primary", r),):
        for fan in FANS:
            found |= {f"rate/{kind}/{fan}": 1 - c * fan**-slope, f"rate/{kind}/{fan}/se": 0.01}
    return found


def times_of(lookahead: int, budget: int, batch: int, weak: bool, poor: bool) -> Times:
    """Milliseconds of a machine that is half bound by memory."""
    verify = 10 + lookahead * (1 + 0.2 * batch)
    draft = lookahead * (1.0 if weak else 2.0)
    return Times(10 + 0.2 * batch, verify, 0.25 * draft + 0.3 * budget + 0.1 * batch, 0.1 if poor else draft, draft)
