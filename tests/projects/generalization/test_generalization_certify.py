"""From training to the certificate, and what `certify` says of a file alone."""

import csv
import signal
import time
from pathlib import Path

import helpers
import jax
import numpy as np
import pytest

from launch import sweep
from launch.plan import build
from projects.generalization import bitstream, bounds, certify, decoded, recount
from projects.generalization.family import family
from shared.checkpoint import steps
from shared.data import cache, labelled, prepared

CACHE = cache.root()  # the person's, read before the session of tests gets one of its own


def plan(**changes):
    words = [f"--config.{name.replace('__', '.')}={value}" for name, value in changes.items()]
    return build("generalization/compress", "smoke", words, single=True)


def compute(**changes):
    """The numbers of a compressed run, and its file. The network that was trained last is the one that is read back."""
    made = plan(**changes)
    sweep.create(made)
    for run in made.runs.values():
        assert helpers.work([run]) == 0
    run = made.runs[made.targets[0]]
    assert run.dir.state() == "done"
    assert all(row["test/error"] == helpers.final(run.dir)["test/error"] for row in run.dir.metrics()[-1:])
    return helpers.final(run.dir), run.dir.path / "tables" / "MODEL.bin"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """True labels, and labels drawn at random: numbers and file of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_RUNS", str(tmp_path_factory.mktemp("certified")))
        return {share: compute(subspace__altered=share) for share in (0.0, 1.0)}


@pytest.mark.slow
def test_a_network_that_generalises_has_a_certificate(made):
    found, file = made[0.0]
    assert found["test/error"] < found["bound/kl"] <= found["bound/catoni"] < found["bound/guessing"] == 0.9
    assert found["bits/total"] == found["bits/settings"] + found["bits/codebook"] + found["bits/symbols"]
    assert found["n"] == 1_397 and found["parameters"] == 19_210 and found["dimension"] == 100
    for name, bound in (("catoni", lambda *known: bounds.catoni(*known).value), ("hoeffding", bounds.occam)):
        again = bound(found["train/error"], found["bits/total"] * np.log(2), 1_397, 0.05)
        assert found[f"bound/{name}"] == pytest.approx(again)
    assert file.stat().st_size < 300


@pytest.mark.slow
def test_random_labels_have_none(made):
    """The networks to choose from are the same."""
    assert made[1.0][0]["bound/catoni"] >= 0.9 and made[1.0][0]["bound/kl"] >= 0.89


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_file_alone_says_the_same(made, share, capsys):
    found, file = made[share]
    assert recount.recount(file, 0.05).items() <= found.items()
    assert certify.main([str(file)]) == 0
    said = capsys.readouterr().out
    assert ("vacuous" if share else "is at most") in said.splitlines()[-1]
    assert len(said.splitlines()) == len(certify.CLASSIFIER) + 1 and f"{found['bits/total']}" in said


@pytest.mark.slow
def test_the_decoded_network_is_the_coded_one_bit_by_bit(made):
    coded, note = bitstream.load(made[0.0][1])
    again, _ = bitstream.read(bitstream.write(coded, note))
    one = family(coded.network, coded.projector, coded.dimension, labelled.load(note.data))
    thetas = [jax.tree.leaves(one.parameters(one.freeze(file.seed), decoded.values(file))) for file in (coded, again)]
    assert all(map(np.array_equal, *thetas))


@pytest.mark.slow
def test_a_smaller_chance_to_fail_costs_more(made):
    file = made[0.0][1]
    assert recount.recount(file, 0.001)["bound/catoni"] > recount.recount(file, 0.05)["bound/catoni"]


@pytest.mark.slow
def test_bad_files_and_bad_chances_end_with_2(made, tmp_path, capsys):
    whole = made[0.0][1].read_bytes()
    bad = tmp_path / "MODEL.bin"
    coded, note = bitstream.read(whole)
    cases = {
        whole[:-1]: "damaged", whole[:50] + b"?" + whole[51:]: "damaged", b"hello": "no coded network",
        bitstream.write(coded, note._replace(sha256={})): "another digits",
        bitstream.write(coded, note._replace(data="nothing")): "no data set",
    }  # fmt: skip
    for data, said in cases.items():
        bad.write_bytes(data)
        assert certify.main([str(bad)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and error.count("\n") == 1 and said in error
    for delta in ("0", "1", "-1", "nan"):
        assert certify.main([str(made[0.0][1]), "--delta", delta]) == 2
        assert "above 0 and below 1" in capsys.readouterr().err
    assert certify.main([str(tmp_path / "none.bin")]) == 2 and "cannot be read" in capsys.readouterr().err


@pytest.mark.slow
def test_without_further_training_and_with_a_learned_codebook(runs):
    found, file = compute(quantise__kind="learned", quantise__levels=5, quantise__steps=0)
    coded, _ = bitstream.load(file)
    assert found["bits/codebook"] == 80 and len(coded.grid) == 5 and max(coded.symbols) < 5
    assert found["test/error"] < found["bound/catoni"]


# -- what is committed ------------------------------------------------------------------------------------------------------------------
COMMITTED = Path(certify.__file__).parent / "results" / "cpu"


def test_the_committed_file_is_what_its_writer_writes():
    data = (COMMITTED / "MODEL.bin").read_bytes()
    coded, note = bitstream.read(data)
    assert bitstream.write(coded, note) == data and coded.network == "mlp" and note.data == "fashion_mnist"


def test_the_committed_file_is_certified_as_the_table_says(monkeypatch):
    monkeypatch.setenv("PAPERCLUB_CACHE", str(CACHE))
    if prepared.problem(prepared.examples("fashion_mnist")):
        pytest.skip("Fashion-MNIST is not in the cache: run python -m launch data fashion_mnist")
    row = min(csv.DictReader((COMMITTED / "certificate.csv").open()), key=lambda one: float(one["bound/catoni"]))  # of true labels
    found = recount.recount(COMMITTED / "MODEL.bin", 0.05)
    assert {name: found[name] for name in ("bits/total", "n")} == {name: float(row[name]) for name in ("bits/total", "n")}
    for name in ("train/error", "test/error", "bound/catoni"):
        assert found[name] == pytest.approx(float(row[name]), abs=2e-4)  # products in another order move a few of 60,000 points


# -- after a kill -----------------------------------------------------------------------------------------------------------------------
def outcome(run):
    return helpers.rows(run.dir), helpers.final(run.dir), (run.dir.path / "tables" / "MODEL.bin").read_bytes()


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_been(tmp_path, monkeypatch):
    """Both trainings, killed and asked to stop: rows, numbers and file are the same, bit by bit."""
    outcomes = []
    for disturbed in (False, True):
        monkeypatch.setenv("PAPERCLUB_RUNS", str(tmp_path / f"{disturbed}"))
        made = plan(subspace__steps=12, quantise__steps=12)
        for run in made.runs.values():
            run.config["save"]["every_minutes"] = 0.0 if disturbed else 60.0
        sweep.create(made)
        for run, number in zip(made.runs.values(), (signal.SIGKILL, signal.SIGTERM), strict=True):
            if disturbed:
                interrupt(run, number)
            assert helpers.start_worker([run]).wait(300) == 0
        outcomes.append(outcome(run))
    assert outcomes[0] == outcomes[1]


def interrupt(run, number):
    worker = helpers.start_worker([run])
    while max(steps(run.dir.path / "ckpt"), default=0) < 3:
        assert worker.poll() is None, "the run was over before it could be disturbed"
        time.sleep(0.002)
    worker.send_signal(number)
    worker.wait(200)
