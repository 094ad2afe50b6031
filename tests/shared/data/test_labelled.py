"""Labelled examples: what is fetched is compared with its sha256, decoded exactly, and refused in one line."""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from dataclasses import replace

import debian
import numpy as np
import pytest

from launch.cli import main
from shared.data import cache, cifar, digits, fashion_mnist, labelled, mnist, mnist1d, prepared, registry, tokens
from shared.errors import BadInput

PLACE = "usr/share/datasets/fashion-mnist"
CACHE = cache.root()  # the person's, read before the session of tests gets one of its own


def quiet(line: str) -> None:
    pass


def packed(values: np.ndarray) -> bytes:
    """IDX, compressed."""
    return gzip.compress(bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.tobytes(), mtime=0)


@pytest.fixture
def clothes(monkeypatch):
    """Three small pictures for training and two for testing in the place of Fashion-MNIST: their files, and the arrays."""
    rng = np.random.default_rng(0)
    arrays = {"train_inputs": rng.integers(0, 256, (3, 28, 28, 1), np.uint8), "test_inputs": rng.integers(0, 256, (2, 28, 28, 1), np.uint8)}
    arrays |= {"train_labels": np.array([9, 0, 3], np.uint8), "test_labels": np.array([1, 1], np.uint8)}
    order = ("train_inputs", "train_labels", "test_inputs", "test_labels")
    files = {name: packed(arrays[part].squeeze(-1) if arrays[part].ndim > 1 else arrays[part])
             for name, part in zip(fashion_mnist.FILES, order, strict=True)}  # fmt: skip
    known = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setitem(registry.LABELLED, "fashion_mnist", replace(fashion_mnist.SOURCE, files=known))
    monkeypatch.setattr(fashion_mnist, "INSTALLED", CACHE / "nowhere")
    return files, arrays


def same(found: labelled.LabelledSet, arrays: dict[str, np.ndarray]) -> bool:
    mine = {f"{part}_{kind}": getattr(getattr(found, part), kind) for part in ("train", "test") for kind in ("inputs", "labels")}
    return all(np.array_equal(mine[name], arrays[name]) and mine[name].dtype == arrays[name].dtype for name in arrays)


@pytest.mark.parametrize("form", ["folder", "package"])
def test_fashion_mnist_from_a_folder_or_the_package(form, clothes, tmp_path, empty_cache):
    files, arrays = clothes
    given = tmp_path / "given"
    if form == "folder":
        given.mkdir()
        for name, content in files.items():
            (given / name).write_bytes(content)
    else:
        given.write_bytes(debian.package(PLACE, files))
    registry.prepare("fashion_mnist", 0, given, quiet)
    found = labelled.load("fashion_mnist")
    assert same(found, arrays) and found.classes == 10
    assert found.meta["raw"] == registry.LABELLED["fashion_mnist"].files and "train_labels.npy" in found.meta["files"]
    assert {row.name: row.state for row in registry.listing()}["fashion_mnist"] == "ready"


def test_an_installed_package_is_used_as_it_lies(clothes, tmp_path, empty_cache, monkeypatch):
    files, arrays = clothes
    monkeypatch.setattr(fashion_mnist, "INSTALLED", tmp_path)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    registry.prepare("fashion_mnist", 0, say=quiet)
    assert same(labelled.load("fashion_mnist"), arrays)


@pytest.mark.parametrize("harm", ["cut", "other", "lacking", "flipped", "absent"])
def test_what_is_not_fashion_mnist_is_refused_in_one_line(harm, clothes, tmp_path, empty_cache):
    files, _ = clothes
    given = tmp_path / "given.deb"
    whole = debian.package(PLACE, files)
    if harm == "cut":
        given.write_bytes(whole[: len(whole) // 2])
    elif harm == "other":
        given.write_bytes(b"another file")
    elif harm == "lacking":
        given.mkdir()
    elif harm == "flipped":
        name, content = next(iter(files.items()))
        given.write_bytes(debian.package(PLACE, files | {name: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]}))
    with pytest.raises(BadInput, match="--from FOLDER or FILE") as error:
        registry.prepare("fashion_mnist", 0, given, quiet)
    assert "\n" not in str(error.value) and not prepared.examples("fashion_mnist").exists()


def test_no_apt_is_one_line(clothes, empty_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="apt-get, which this machine lacks: get the four .gz files") as error:
        registry.prepare("fashion_mnist", 0, say=quiet)
    assert "\n" not in str(error.value)


def test_digits_come_with_the_code(empty_cache):
    found = labelled.load("digits")  # prepared on the way
    assert found.train.inputs.shape == (1397, 8, 8, 1) and found.test.inputs.shape == (400, 8, 8, 1)
    assert found.train.inputs.max() == 255 and set(found.test.labels) == set(range(10)) == set(found.train.labels)
    assert hashlib.sha256((prepared.examples("digits") / "train_inputs.npy").read_bytes()).hexdigest() == (
        found.meta["files"]["train_inputs.npy"]["sha256"]
    )


def test_equal_digits_of_mnist_fall_on_one_side(tmp_path):
    """The split follows from the picture alone: here every picture occurs twice."""
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (10, 6, 784))
    with tarfile.open(tmp_path / mnist.RAW, "w:gz") as archive:
        for digit, ones in enumerate(pictures):
            content = json.dumps({"data": np.round(np.concatenate([ones, ones]) / 255, 3).ravel().tolist()}).encode()
            member = tarfile.TarInfo(f"package/src/digits/{digit}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    arrays = mnist.decode(tmp_path)
    train, test = ({one.tobytes() for one in arrays[f"{part}_inputs"]} for part in ("train", "test"))
    assert not train & test and len(train | test) == 60 and 0 < len(test) < 30
    assert train | test == {one.astype(np.uint8).tobytes() for ones in pictures for one in ones}
    for part in ("train", "test"):
        for image, label in zip(arrays[f"{part}_inputs"], arrays[f"{part}_labels"], strict=True):
            assert any(np.array_equal(image.ravel(), one) for one in pictures[label])


def records(count: int, labels: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 10, (count, labels + cifar.PIXELS), np.uint8)


@pytest.mark.parametrize("source", [cifar.CIFAR10, cifar.CIFAR100], ids=["10", "100"])
def test_cifar_is_decoded(source, tmp_path):
    rows = {name: records(2, 1 if source.classes == 10 else 2, index) for index, name in enumerate(source.files)}
    for name, content in rows.items():
        (tmp_path / name).write_bytes(content.tobytes())
    arrays = source.decode(tmp_path)
    last, first = list(rows.values())[-1], list(rows.values())[0]
    assert arrays["test_inputs"].shape == (2, 32, 32, 3) and len(arrays["train_labels"]) == 2 * (len(rows) - 1)
    assert np.array_equal(arrays["test_inputs"][1, :, :, 2].ravel(), last[1, -1024:])  # blue is the last plane
    assert np.array_equal(arrays["train_labels"][:2], first[:, -cifar.PIXELS - 1])  # the fine label stands before the pixels


def test_cifar_has_to_be_given(empty_cache, tmp_path):
    for given, said in ((None, "in no package"), (tmp_path, "lacks data_batch_1.bin"), (tmp_path / "no", "no such file")):
        with pytest.raises(BadInput, match=f"{said}.*get cifar-10-binary.tar.gz") as error:
            registry.prepare("cifar10", 0, given, quiet)
        assert "\n" not in str(error.value)


def test_a_generator_that_fails_is_one_line(tmp_path, monkeypatch):
    (tmp_path / mnist1d.WHEEL["raw"]).write_bytes(b"no wheel")
    with pytest.raises(BadInput, match=r"did not generate its data \(.*: run make venv") as error:
        mnist1d.decode(tmp_path)
    assert "\n" not in str(error.value) and sys.executable


def test_kinds_of_data_are_told_apart(empty_cache):
    with pytest.raises(BadInput, match="digits is no text but labelled examples: take enwik8"):
        registry.source("digits")
    with pytest.raises(BadInput, match="tiny has no labelled examples: take fashion_mnist"):
        labelled.load("tiny")
    with pytest.raises(BadInput, match="no data set 'mnist2'"):
        labelled.load("mnist2")
    with pytest.raises(BadInput, match="run python -m launch data mnist1d$"):
        labelled.load("mnist1d")


def test_examples_that_are_prepared_are_still_no_text():
    labelled.load("digits")
    with pytest.raises(BadInput, match="digits is no text"):
        tokens.load("digits", 97)


def test_every_set_says_licence_fetching_and_alternative():
    for one in registry.LABELLED.values():
        assert one.licence and one.how and one.alternative and one.size
        assert all(len(sha256) == 64 for sha256 in one.files.values())
    assert digits.SOURCE.network is False and not registry.SOURCES.keys() & registry.LABELLED.keys()


def test_the_verb_prepares_examples_without_a_vocabulary(empty_cache, capsys):
    assert main(["data", "digits"]) == 0
    assert str(empty_cache / "digits" / "examples") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "train", "test", "per_class"),
    [("fashion_mnist", 60_000, 10_000, [6000] * 10), ("mnist1d", 4_000, 1_000, None), ("mnist", 8_032, 1_968, None)],
)
def test_the_real_sets_are_whole(name, train, test, per_class, monkeypatch):
    monkeypatch.setenv("PAPERCLUB_CACHE", str(CACHE))
    if prepared.problem(prepared.examples(name)):
        pytest.skip(f"{name} is not in the cache: run python -m launch data {name}")
    found = labelled.load(name)
    assert len(found.train.labels) == len(found.train.inputs) == train and len(found.test.labels) == len(found.test.inputs) == test
    assert per_class is None or np.bincount(found.train.labels).tolist() == per_class
    if name == "fashion_mnist":
        grey, shares = np.arange(256) / 255, np.bincount(found.train.inputs.ravel(), minlength=256) / found.train.inputs.size
        assert grey @ shares == pytest.approx(0.2860, abs=5e-5)
        assert np.sqrt((grey - grey @ shares) ** 2 @ shares) == pytest.approx(0.3530, abs=5e-5)


def test_a_blank_set_looks_like_the_data():
    for name in ("digits", "mnist1d"):
        if not prepared.problem(prepared.examples(name)) or not registry.examples(name).network:
            real, blank = labelled.load(name), labelled.blank(name)
            assert blank.train.inputs.shape[1:] == real.train.inputs.shape[1:] and blank.train.inputs.dtype == real.train.inputs.dtype
            assert blank.classes == real.classes and len(blank.train.labels) == 0
