"""From training a language model to its certificates, and what `certify` says of a file alone."""

import math

import helpers
import numpy as np
import pytest

from launch import sweep
from launch.plan import build
from projects.generalization import bitstream, bounds, certify, recount
from projects.generalization.losses import ALPHAS
from shared.data import tokens

pytestmark = pytest.mark.slow
UNITS = {"documents": 26, "tokens": 378_704}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The text as it is, and in random order: numbers and file of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("language")))
        return {shuffled: compute(shuffled) for shuffled in (False, True)}


def compute(shuffled):
    made = build("generalization/language", "smoke", [f"--config.text.shuffled={shuffled}"], single=True)
    sweep.create(made)
    for run in made.runs.values():
        assert helpers.work([run]) == 0
    run = made.runs[made.targets[0]]
    return helpers.final(run.dir), run.dir.path / "tables" / "MODEL.bin"


def test_bounds_follow_from_the_terms_beside_them(made):
    found, file = made[False]
    assert found["bits/total"] == found["bits/settings"] + found["bits/codebook"] + found["bits/symbols"] < 8 * file.stat().st_size
    assert found["nats"] == pytest.approx(found["bits/total"] * math.log(2)) and found["alphas"] == len(ALPHAS)
    for unit, count in UNITS.items():
        assert found[f"n/{unit}"] == count
        cost, spread = found["nats"] + math.log(len(ALPHAS)), bounds.smoothed_spread(found[f"{unit}/alpha"], 97)
        assert found[f"{unit}/bound"] == pytest.approx(bounds.occam(found[f"{unit}/smoothed"], cost, count, 0.05, spread))
        assert found[f"{unit}/top1_bound"] == pytest.approx(bounds.occam(found[f"{unit}/top1"], found["nats"], count, 0.05))


def test_many_tokens_certify_what_few_documents_cannot(made):
    found, _ = made[False]
    assert found["guessing/bits"] == pytest.approx(math.log2(97))
    assert found["tokens/bound"] < found["guessing/bits"] < found["documents/bound"]
    assert found["test/bits"] < found["documents/bound"] and found["tokens/top10_bound"] < found["guessing/top10"]


def test_a_text_in_random_order_has_a_worse_bound(made):
    assert made[True][0]["tokens/bound"] > made[False][0]["tokens/bound"]


def test_the_file_alone_says_the_same(made, capsys, monkeypatch):
    """To the last bit on one machine; `certify` prints it."""
    found, file = made[False]
    again = recount.recount(file, 0.05)
    assert again.items() <= found.items()
    monkeypatch.setattr(recount, "recount", lambda *given: again)
    assert certify.main([str(file)]) == 0
    *terms, by_documents, by_tokens = capsys.readouterr().out.splitlines()
    assert len(terms) == len(certify.LANGUAGE) and any(line.endswith(f"{found['bits/total']:,}") for line in terms)
    assert by_documents.startswith("vacuous by documents") and f"at most {math.ceil(100 * found['tokens/bound']) / 100:.2f}" in by_tokens


def test_bad_files_end_with_2(made, tmp_path, capsys):
    whole = made[False][1].read_bytes()
    coded, note = bitstream.read(whole)
    cases = {
        whole[:-1]: "damaged", whole[:40] + bytes([whole[40] ^ 4]) + whole[41:]: "damaged", b"\x93gen" + whole[4:]: "no network",
        bitstream.write(coded, note._replace(sha256={"train.u16": "0" * 64})): "another tiny",
        bitstream.write(coded, note._replace(vocab=1)): "vocabulary of 1", bitstream.write(coded, note._replace(data="digits")): "no text",
    }  # fmt: skip
    for data, said in cases.items():
        bad = tmp_path / "MODEL.bin"
        bad.write_bytes(data)
        assert certify.main([str(bad)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and error.count("\n") == 1 and said in error
    assert certify.main([str(made[False][1]), "--delta", "0"]) == 2 and "above 0 and below 1" in capsys.readouterr().err


def test_the_note_names_the_tokens_that_were_trained_on(made):
    for shuffled in (False, True):
        coded, note = bitstream.load(made[shuffled][1])
        assert note.shuffled is shuffled and note.sha256 == {"train.u16": tokens.load("tiny", 97).meta["files"]["train.u16"]["sha256"]}
        assert len(coded.symbols) == coded.dimension == 256 and np.isfinite(coded.grid).all()
