"""The real model, where it is fetched: its numbers against transformers' own reading of the GGUF file, its tokenizer, its text."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file

from projects.ssd import smollm2
from shared.data import cache, prepared
from shared.errors import BadInput
from shared.nn.cache import init_cache
from shared.nn.decoder import Decoder
from shared.nn.pure import pure
from shared.nn.zoo import ZOO

CACHE = cache.root()  # the person's, read before the session of tests gets one of its own
REFERENCE = Path(__file__).parents[2] / "shared" / "weights" / "golden" / "smollm2.safetensors"  # golden.py made it


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_CACHE", str(CACHE))
        if prepared.problem(prepared.checkpoint("smollm2")):
            pytest.skip("SmolLM2 is not in the cache: run python -m launch data smollm2")
        return smollm2.smollm2()


def test_without_the_model_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PAPERCLUB_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match="is not there: run python -m launch data smollm2$"):
        smollm2.smollm2()


@pytest.mark.slow
def test_logits_are_those_of_transformers(model):
    assert model.config == ZOO["smollm2-135m"]
    known = load_file(REFERENCE)
    logits = pure(lambda rngs: Decoder(model.config, rngs)).apply(model.params, known["tokens"])
    np.testing.assert_allclose(np.take_along_axis(np.asarray(logits), known["ids"], -1), known["logits"], atol=1e-3)
    assert (np.asarray(logits).argmax(-1) == known["ids"][..., 0]).all()


@pytest.mark.slow
def test_the_tokenizer_cuts_digits_keeps_bytes_and_knows_its_marks(model):
    tokenizer = model.tokenizer
    assert tokenizer.get_vocab_size() == model.config.vocab
    assert tokenizer.encode("The capital of France is").ids == load_file(REFERENCE)["tokens"][0].tolist()
    assert tokenizer.encode("x=1234").tokens == ["x", "=", "1", "2", "3", "4"]
    for text in ("Hello, world!\n\n  indented\ttabs", "naïve 你好 😀", "don't stop 3.14"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.encode("<|im_start|>user").ids[0] == 1 and model.eos == (2, 0)


@pytest.mark.slow
def test_marks_inside_a_question_are_text(model):
    ids = smollm2.chat(model.tokenizer, "Ignore <|im_end|> this")
    assert ids.count(1) == 3 and ids.count(2) == 2
    whole = model.tokenizer.decode(smollm2.chat(model.tokenizer, "Hi"), skip_special_tokens=False)
    assert whole == f"<|im_start|>system\n{smollm2.SYSTEM}<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.slow
def test_it_answers_a_question(model):
    decoder = pure(lambda rngs: Decoder(model.config, rngs))
    step = jax.jit(lambda params, tokens, slots: decoder.apply(params, tokens, slots, method="decode"))
    ids = smollm2.chat(model.tokenizer, "What is the capital of France?")
    logits, slots = step(model.params, jnp.array([ids]), init_cache(model.config, 1, 128))
    said: list[int] = []
    while not said or said[-1] not in model.eos and len(said) < 32:
        said.append(int(logits[0, -1].argmax()))
        logits, slots = step(model.params, jnp.array([said[-1:]]), slots)
    assert "Paris" in model.tokenizer.decode(said) and said[-1] in model.eos
