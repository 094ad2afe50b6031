"""Numbers of a measurement from its raw round records: rates with their standard errors, times, tokens per second.

A wave is one call of the engine (of one batch or several after one another): the columns of its records, one row per round and
sequence. A row describes one verification (k, bonus, emitted) and how the speculation came about that it verified (hit, rank, source as
an index into SOURCES); so `rank` is about the outcome of the row before it. Seconds are those of one clock: t_dispatch the verification
was handed over, t_verify its outcome was known, t_draft the drafter was done, t_round the next round could start.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from projects.ssd.drafting import SOURCES

Wave = dict[str, np.ndarray]

FANS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # fan-outs at which the hit rate is reported, Figure 3
GUESSED = tuple(SOURCES.index(name) for name in ("ngram", "random"))  # sources that are no draft model


def numbers(waves: Sequence[Wave], lookahead: int) -> dict[str, float]:
    """Acceptance, hits and their laws; `lookahead` is the longest. NAME/se is the standard error of NAME, with sequences as
    independent and the rows within one as not."""
    rows = {name: np.concatenate([wave[name] for wave in waves]) for name in ("k", "hit", "rank", "K")}
    one = sequence_ids(waves)
    before = np.concatenate([previous(wave) for wave in waves])
    k, hit, rank, asked = rows["k"], rows["hit"], rows["rank"], rows["K"]
    known = hit >= 0
    found: dict[str, float] = {"rows": float(known.sum())}
    ratios = {
        "p_hit": (hit == 1, known),
        "E_hit": (np.where(hit == 1, k + 1, 0), hit == 1),
        "E_miss": (np.where(hit == 0, k + 1, 0), hit == 0),
        "tok_round": (np.where(known, k + 1, 0), known),
        "frac_accepted": (np.where(known, k / np.maximum(asked, 1), 0), known),
        "a_p": (np.where(known, k, 0), np.where(known, k + (k < asked), 0)),
    }
    for kind, after in (("primary", ~np.isin(before, (*GUESSED, -1))), ("backup", np.isin(before, GUESSED))):
        counted = after & (rank >= 0)
        found[f"rate_n/{kind}"] = float(counted.sum())
        ratios |= {f"rate/{kind}/{fan}": (counted & (rank < fan), counted) for fan in FANS}
    for length in range(lookahead + 1):
        ratios[f"hist/{length}"] = (known & (k == length), known)
        ratios[f"hist_hit/{length}"] = ((hit == 1) & (k == length), hit == 1)
    for name, (above, below) in ratios.items():
        if below.sum():
            found[name], error = ratio(above, below, one)
            found |= {f"{name}/se": error} if not name.startswith("hist") and np.isfinite(error) else {}
    hits = [int(wave_hits.all()) for wave in waves for wave_hits in by_round(wave, "hit") if (wave_hits >= 0).all()]
    return found | ({"p_hit_batch": float(np.mean(hits))} if hits else {})


def ratio(above: np.ndarray, below: np.ndarray, cluster: np.ndarray) -> tuple[float, float]:
    """sum(above) / sum(below), and its standard error by the spread between clusters (linearised); NaN for a single cluster."""
    total = float(below.sum())
    estimate = float(above.sum()) / total
    left = np.bincount(cluster, above - estimate * below)
    count = len(left)
    return estimate, float(np.sqrt(count / (count - 1) * np.sum(left**2)) / total) if count > 1 else np.nan


def sequence_ids(waves: Sequence[Wave]) -> np.ndarray:
    """The same small integer for all rows of a sequence; sequences of different waves are different ones."""
    found, first = [], 0
    for wave in waves:
        _, place = np.unique(wave["seq"], return_inverse=True)
        found.append(place + first)
        first += int(place.max(initial=-1)) + 1
    return np.concatenate(found)


def previous(wave: Wave) -> np.ndarray:
    """The source of the row before, in the same sequence; -1 for a sequence's first row."""
    order = np.lexsort((wave["round"], wave["seq"]))
    source, seq = wave["source"][order], wave["seq"][order]
    found = np.full(len(order), -1)
    found[order[1:]] = np.where(seq[1:] == seq[:-1], source[:-1], -1)
    return found


def by_round(wave: Wave, column: str) -> list[np.ndarray]:
    """A column cut into rounds."""
    order = np.argsort(wave["round"], kind="stable")
    return np.split(wave[column][order], np.flatnonzero(np.diff(wave["round"][order])) + 1)


def rate(waves: Sequence[Wave]) -> float:
    """Decode tokens per second of the whole batch: kept tokens over the time from its first dispatch to its last round's end."""
    seconds = sum(one[-1]["t_round"] - one[0]["t_dispatch"] for wave in waves for one in batches(wave))
    return float(sum(wave["emitted"].sum() for wave in waves)) / seconds


def tokens_per_round(waves: Sequence[Wave]) -> float:
    """Mean of k + 1 over every row: tokens per round of a mode without a cache."""
    return float(np.concatenate([wave["k"] for wave in waves]).mean() + 1)


def verify_ms(waves: Sequence[Wave]) -> float:
    """T_v: median time from handing a verification over to its outcome."""
    return median_ms([one["t_verify"] - one["t_dispatch"] for wave in waves for one in rounds(wave)])


def round_ms(waves: Sequence[Wave]) -> float:
    """Median time of a round."""
    return median_ms([one["t_round"] - one["t_dispatch"] for wave in waves for one in rounds(wave)])


def draft_ms(waves: Sequence[Wave]) -> float:
    """T_SD, from rounds of plain speculative decoding: median time of the K draft steps that follow a verification."""
    return median_ms([one["t_draft"] - one["t_verify"] for wave in waves for one in rounds(wave)])


def overlapped(waves: Sequence[Wave]) -> dict[str, float]:
    """Times of SSD rounds, ms. A round's own lookup is what the next round says of it; the last of a batch is left out."""
    pairs = [pair for wave in waves for batch in batches(wave) for pair in pairwise(batch)]
    missed = [(one, bool((after["hit"] == 0).any())) for one, after in pairs]
    tail = {kind: [one["t_round"] - max(one["t_verify"], one["t_draft"]) for one, miss in missed if miss == kind] for kind in (False, True)}
    whole = {kind: [one["t_round"] - one["t_dispatch"] for one, miss in missed if miss == kind] for kind in (False, True)}
    every = [one for one, _ in pairs]
    found = {
        "T_v_overlapped_ms": median_ms([one["t_verify"] - one["t_dispatch"] for one in every]),
        "T_p_ms": median_ms([one["t_draft"] - one["t_dispatch"] for one in every]),
        "T_hit_ms": median_ms(whole[False]),
        "T_miss_ms": median_ms(whole[True]),
        "T_b_ms": max(0.0, median_ms(tail[True]) - (median_ms(tail[False]) if tail[False] else 0.0)) if tail[True] else np.nan,
        "syncs/ssd": float(np.mean([one["syncs"] for one, miss in missed if not miss] or [np.nan])),
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}


def batches(wave: Wave) -> list[list[dict[str, np.ndarray | float]]]:
    """The rounds of a call, cut where all sequences are new: there lies the reading of their prompts, which is no decoding."""
    found: list[list[dict[str, np.ndarray | float]]] = []
    before: set[int] = set()
    for one, sequences in zip(rounds(wave), by_round(wave, "seq"), strict=True):
        now = set(sequences.tolist())
        if not now & before:
            found.append([])
        found[-1].append(one)
        before = now
    return found


def rounds(wave: Wave) -> list[dict[str, np.ndarray | float]]:
    """The moments of every round, and its rows' hits: a batch moves in lockstep, so its rows share the moments."""
    cut = {name: by_round(wave, name) for name in ("t_dispatch", "t_verify", "t_draft", "t_round", "syncs")}
    hits = by_round(wave, "hit")
    return [{name: float(column[i][0]) for name, column in cut.items()} | {"hit": hits[i]} for i in range(len(hits))]


def median_ms(seconds: Sequence[float]) -> float:
    return float(np.median(seconds)) * 1e3 if len(seconds) else np.nan


def expected(p: np.ndarray, q: np.ndarray, drafted: np.ndarray, trunk: np.ndarray, fans: Sequence[int]) -> dict[str, float]:
    """Hit rate, tokens and acceptance of drafted chains in expectation over the verifier's draws: far less noise than counting.

    p [N, K+1, V] target, q [N, K, V] the law that `drafted` [N, K] was drawn from, `trunk` [N, K+1, V] the draft's logits from which
    candidates are taken, `fans` [K+1]. P(k) = prod_i<k acc_i (1 - acc_k), and the bonus follows the residual there, or p at the end.
    """
    count, lookahead = drafted.shape
    at = drafted[..., None]
    ours, theirs = (np.take_along_axis(law, at, -1)[..., 0] for law in (p[:, :-1], q))
    accept = np.minimum(1.0, ours / np.maximum(theirs, 1e-300))
    reach = np.concatenate([np.ones((count, 1)), np.cumprod(accept, 1)], 1)
    pi = reach * np.concatenate([1 - accept, np.ones((count, 1))], 1)
    bonus = np.concatenate([np.maximum(p[:, :-1] - q, 0), p[:, -1:]], 1)
    bonus /= np.maximum(bonus.sum(-1, keepdims=True), 1e-300)
    candidates = trunk.astype(float).copy()
    np.put_along_axis(candidates[:, :-1], at, -np.inf, -1)
    order = np.argsort(-candidates, axis=-1, kind="stable")
    caught = np.take_along_axis(bonus, order, -1).cumsum(-1)
    caught = np.concatenate([np.zeros((*caught.shape[:2], 1)), caught], -1)
    hit = np.take_along_axis(caught, np.broadcast_to(np.asarray(fans)[None, :, None], (count, lookahead + 1, 1)), -1)[..., 0]
    visited = np.minimum(p[:, :-1], q).sum(-1) * reach[:, :-1]
    return {
        "p_hit/expected": float((pi * hit).sum(1).mean()),
        "tok_round/expected": float((pi * (np.arange(lookahead + 1) + 1)).sum(1).mean()),
        "alpha/expected": float(visited.sum() / reach[:, :-1].sum()),
    }
