"""A tiny GGUF file, made here as llama.cpp's converter makes one, becomes the checkpoint it was made from."""

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer, pre_tokenizers

from shared.errors import BadInput
from shared.nn.decoder import Decoder
from shared.nn.pure import pure
from shared.weights import gguf as reading
from shared.weights.config import decoder_config
from shared.weights.load import load

MARKS = ["<|endoftext|>", "<|im_start|>"]
TOKENS = [*MARKS, *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", "12"]
GOLDEN = Path(__file__).parent / "golden" / "llama3"  # its tensors are the model here, without the scaling of its positions
OTHER = {name: ours for ours, name in reading.NAMES.items()}


def neighbours(kernel: np.ndarray, heads: int) -> np.ndarray:
    """`LlamaModel.permute` of llama.cpp's convert_hf_to_gguf.py."""
    return kernel.reshape(heads, 2, kernel.shape[0] // heads // 2, *kernel.shape[1:]).swapaxes(1, 2).reshape(kernel.shape)


def write(path: Path, architecture: str = "llama", pre: str = "smollm", extra: str = "") -> None:
    heads = (4, 2)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(2)
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(24)
    writer.add_head_count(heads[0])
    writer.add_head_count_kv(heads[1])
    writer.add_rope_freq_base(50.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(TOKENS)
    writer.add_token_types([3] * len(MARKS) + [1] * (len(TOKENS) - len(MARKS)))
    writer.add_token_merges(["a b", "1 2"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(0)
    for name, values in tensors().items():
        if name.startswith("model.layers."):
            _, _, layer, rest = name.split(".", 3)
            if rest in ("self_attn.q_proj.weight", "self_attn.k_proj.weight"):
                values = neighbours(values, heads["k_proj" in rest])
            writer.add_tensor(f"blk.{layer}.{OTHER[rest]}", np.ascontiguousarray(values))
        else:
            writer.add_tensor(OTHER[name], values)
    if extra:
        writer.add_tensor(extra, np.ones(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors() -> dict[str, np.ndarray]:
    """Of the golden checkpoint, with a table as long as the tokenizer."""
    known = load_file(GOLDEN / "model.safetensors")
    table = np.random.default_rng(0).normal(size=(len(TOKENS), 32)).astype(np.float32)
    return known | {"model.embed_tokens.weight": table}


@pytest.fixture
def converted(tmp_path) -> Path:
    write(tmp_path / "tiny.gguf")
    reading.convert(tmp_path / "tiny.gguf", tmp_path)
    return tmp_path


def test_tensors_come_back_with_their_names_and_rows_in_order(converted):
    found, wanted = load_file(converted / "model.safetensors"), tensors()
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_the_folder_is_a_checkpoint(converted):
    config = decoder_config(converted)
    assert (config.vocab, config.heads, config.kv_heads, config.head_dim, config.rope_base) == (len(TOKENS), 4, 2, 8, 50.0)
    assert config.tied_head and config.norm_eps == 1e-5 and json.loads((converted / "config.json").read_text())["eos_token_id"] == 0
    logits = pure(lambda rngs: Decoder(config, rngs)).apply(load(converted, config), np.array([[5, 9, 2]]))
    assert logits.shape == (1, 3, len(TOKENS)) and np.isfinite(logits).all()


def test_the_tokenizer_merges_letters_and_never_digits(converted):
    tokenizer = Tokenizer.from_file(str(converted / "tokenizer.json"))
    assert tokenizer.encode("<|im_start|>ab12").tokens == ["<|im_start|>", "ab", "1", "2"]
    assert tokenizer.decode(tokenizer.encode("ab é<|im_start|>").ids) == "ab é"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "mamba"}, "architecture 'mamba': only 'llama'"),
        ({"pre": "qwen2"}, "tokenizer ('gpt2', 'qwen2')"),
        ({"extra": "rope_freqs.weight"}, "a tensor rope_freqs.weight that a plain Llama has not"),
    ],
)
def test_other_files_are_refused(tmp_path, changes, message):
    write(tmp_path / "tiny.gguf", **changes)
    with pytest.raises(BadInput) as error:
        reading.convert(tmp_path / "tiny.gguf", tmp_path)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("length", [0, 3, 50, 4000, -100])
def test_a_file_that_is_not_whole_is_refused(tmp_path, length):
    write(tmp_path / "tiny.gguf")
    content = (tmp_path / "tiny.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(content[:length])
    with pytest.raises(BadInput, match="cut.gguf is no whole GGUF file"):
        reading.convert(tmp_path / "cut.gguf", tmp_path)
