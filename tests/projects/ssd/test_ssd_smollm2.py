"""The real model, where it is fetched: its numbers against transformers' own reading of the GGUF file, its tokenizer, its text."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file

from projects.ssd import early, pairs, smollm2
from projects.ssd.engine import Engine, Sampling, Spec
from projects.ssd.model import build
from projects.ssd.pairs import Pair
from projects.ssd.weights import Trained
from shared.data import cache, prepared
from shared.errors import BadInput
from shared.nn.cache import init_cache
from shared.nn.decoder import Decoder
from shared.nn.pure import pure
from shared.nn.zoo import ZOO

CACHE = cache.root()  # the person's, read before the session of tests gets one of its own
QUESTIONS = (
    "What is the capital of France?", "Name three colours.", "Why is the sky blue?", "Write a haiku about the sea.",
    "What is 12 times 7?", "Who wrote Hamlet?", "Explain gravity to a child.", "List four animals that live in water.",
    "Translate 'good morning' into Spanish.", "What do bees make?", "How do I boil an egg?", "Give me a word that rhymes with light.",
    "What is a prime number?", "Write a Python function that adds two numbers.", "How far away is the moon?", "Tell me a short story.",
)  # fmt: skip
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


@pytest.mark.slow
def test_speculation_does_not_change_what_it_says(model):
    """16 prompts x 64 tokens, greedy: SD and SSD write what plain decoding writes. The draft is the model's own first layers, untrained:
    the better the draft, the fewer rejections there are to get wrong."""
    whole = Trained(model.config, build(model.config), model.params)
    ids = np.arange(2_048, dtype=np.int32)  # what it can say; the target says more
    draft = early.draft(whole, 3, ids)
    pair = Pair("smollm2", pairs.decoder(model.config, model.params), pairs.decoder(draft.config, draft.params, ids))
    prompts = [smollm2.chat(model.tokenizer, question) for question in QUESTIONS]
    sampling = Sampling(max_new=64, ignore_eos=True)
    texts = {}
    for mode in ("ar", "sd", "ssd"):
        with Engine(pair, Spec(mode, 4, 8), 8, max(map(len, prompts)) + 64) as engine:
            texts[mode] = engine.generate(prompts, sampling).tokens
    decoder = jax.jit(whole.apply)
    for mode in ("sd", "ssd"):
        for index, (ours, plain) in enumerate(zip(texts[mode], texts["ar"], strict=True)):
            if ours == plain:
                continue
            place = next(i for i, (one, other) in enumerate(zip(ours, plain, strict=True)) if one != other)
            logits = np.sort(np.asarray(decoder(jnp.array([[*prompts[index], *plain[:place]]]))[0, -1]))
            assert logits[-1] - logits[-2] < 1e-4, f"{mode} leaves the text of prompt {index} at token {place}, where nothing was a tie"
