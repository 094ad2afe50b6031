import jax
import pytest

from shared.nn.decoder import Decoder, parameter_count
from shared.nn.pure import pure
from shared.nn.zoo import ZOO

# As published with the models (Llama 3.1: 70.6 billion and 1.24; Qwen3: 32.8 and 0.6; SmolLM2: the GGUF file's own count).
PUBLISHED = {
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.2-1b": 1_235_814_400,
    "qwen3-32b": 32_762_123_264,
    "qwen3-0.6b": 596_049_920,
    "smollm2-135m": 134_515_008,
}


@pytest.mark.parametrize("name", ZOO)
def test_parameter_counts_are_the_published_ones(name):
    """By shapes alone: nothing of the 70 billion is allocated."""
    model = pure(lambda rngs: Decoder(ZOO[name], rngs))
    shapes = jax.tree.leaves(jax.eval_shape(model.init, jax.random.key(0)))
    assert sum(leaf.size for leaf in shapes) == parameter_count(ZOO[name])["total"] == PUBLISHED[name]


@pytest.mark.parametrize(("target", "draft"), [("llama-3.1-70b", "llama-3.2-1b"), ("qwen3-32b", "qwen3-0.6b")])
def test_the_pairs_of_the_paper_share_a_vocabulary(target, draft):
    assert ZOO[target].vocab == ZOO[draft].vocab
