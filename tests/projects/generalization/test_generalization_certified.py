"""The certificate's figure draws from made-up tables: complete, half empty and empty."""

import io

import numpy as np
import pandas as pd
import pytest

from projects.generalization import figures
from projects.generalization.published import published

BOUNDS = {"catoni": 0.27, "kl": 0.26, "hoeffding": 0.29, "guessing": 0.9}


def made_up(*shares: float) -> pd.DataFrame:
    rows = [
        {"state": "done", "data.name": "fashion_mnist", "network.name": "mlp", "seed": seed, "subspace.altered": share,
         "train/error": 0.2 + 0.7 * share + seed / 100, "test/error": 0.21 + 0.7 * share, "bits/total": 1_500 + seed, "n": 60_000,
         **{f"bound/{name}": max(value, 0.93 * share) for name, value in BOUNDS.items()}}
        for share in shares for seed in range(2)
    ]  # fmt: skip
    columns = [*made_up(0.0).columns] if not rows else None
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize("shares", [(0.0, 1.0), (1.0,), ()])
def test_it_draws_what_there_is(shares):
    buffer = io.BytesIO()
    figures.certificate(made_up(*shares)).savefig(buffer, format="png", dpi=40)
    assert len(buffer.getvalue()) > 2_000
    rows = figures.certificate_summary(made_up(*shares))
    assert len(rows) == 4 * len(shares)
    assert all(row["published"] in ("", *published()) for row in rows)


def test_the_published_bound_stands_beside_that_of_true_labels():
    first, *others = figures.certificate_summary(made_up(0.0, 1.0))
    assert first["published"] == "certificate.fashion_mnist" and first["ours"] == pytest.approx(0.27) and first["n"] == 2
    assert published()[first["published"]]["value"] == 0.328
    assert [row["published"] for row in others].count("certificate.guessing") == 1


def test_runs_that_failed_are_left_out():
    table = made_up(0.0).assign(state=["done", "failed"])
    row, *_ = figures.certificate_summary(table)
    assert row["n"] == 1 and np.isnan(row["low"])
