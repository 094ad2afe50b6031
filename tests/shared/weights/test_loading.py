"""Checkpoints of Hugging Face against what transformers computes from them (golden.py made both)."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import helpers
import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from shared.errors import BadInput
from shared.nn.cache import init_cache
from shared.nn.decoder import Decoder
from shared.nn.pure import pure
from shared.weights.config import decoder_config
from shared.weights.load import load

GOLDEN = Path(__file__).parent / "golden"
QUERY = "model.layers.1.self_attn.q_proj.weight"
SHARD = "model-00002-of-00003.safetensors"  # of qwen3


@pytest.fixture(params=["llama3", "qwen3"])
def golden(request) -> Path:
    return GOLDEN / request.param


@pytest.fixture
def llama3(tmp_path) -> Path:
    """A copy to spoil, in one file."""
    return shutil.copytree(GOLDEN / "llama3", tmp_path / "llama3")


@pytest.fixture
def qwen3(tmp_path) -> Path:
    """A copy to spoil, in three shards."""
    return shutil.copytree(GOLDEN / "qwen3", tmp_path / "qwen3")


def rewrite(folder: Path, **fields) -> None:
    """Other fields in config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def refused(folder: Path) -> str:
    with pytest.raises(BadInput) as error:
        load(folder, decoder_config(folder))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_logits_are_those_of_transformers(golden):
    config, reference = decoder_config(golden), load_file(golden / "reference.safetensors")
    model, params = pure(lambda rngs: Decoder(config, rngs)), load(golden, config)
    np.testing.assert_allclose(model.apply(params, reference["tokens"]), reference["logits"], atol=1e-4, rtol=0)
    prompt, rest = np.split(reference["tokens"], [7], axis=1)
    _, cache = model.apply(params, prompt, init_cache(config, 2, 24), method="decode")
    logits, _ = model.apply(params, rest, cache, method="decode")
    np.testing.assert_allclose(logits, reference["logits"][:, 7:], atol=1e-4, rtol=0)


def test_the_config_says_what_the_reference_needs():
    llama, qwen = (decoder_config(GOLDEN / name) for name in ("llama3", "qwen3"))
    assert llama.tied_head and llama.rope_scaling.original_context == 16 and llama.norm_eps == 1e-5 and not llama.qk_norm
    assert qwen.qk_norm and not qwen.tied_head and qwen.heads * qwen.head_dim != qwen.width and qwen.rope_scaling is None


def test_rope_parameters_of_transformers_5_mean_the_same(llama3):
    known = json.loads((llama3 / "config.json").read_text())
    rope = known.pop("rope_scaling") | {"rope_theta": known.pop("rope_theta")}
    (llama3 / "config.json").write_text(json.dumps(known | {"rope_parameters": rope}))
    assert decoder_config(llama3) == decoder_config(GOLDEN / "llama3")


def test_a_smaller_vocabulary_is_the_first_rows(golden):
    whole, cut = decoder_config(golden), decoder_config(golden, vocab=40)
    assert cut == replace(whole, vocab=40)
    tokens = load_file(golden / "reference.safetensors")["tokens"] % 40
    both = [pure(lambda rngs, c=c: Decoder(c, rngs)).apply(load(golden, c), tokens) for c in (whole, cut)]
    np.testing.assert_allclose(both[1], both[0][..., :40], atol=1e-5)
    with pytest.raises(BadInput, match="vocabulary of 48, which cannot be cut to 49"):
        decoder_config(golden, vocab=49)


def test_stored_types_are_kept_or_widened():
    config = decoder_config(GOLDEN / "qwen3")  # stored as bfloat16
    wide, narrow = load(GOLDEN / "qwen3", config), load(GOLDEN / "qwen3", config, dtype="bfloat16")
    assert {str(leaf.dtype) for leaf in jax.tree.leaves(narrow)} == {"bfloat16"}
    jax.tree.map(np.testing.assert_array_equal, wide, jax.tree.map(lambda leaf: leaf.astype("float32"), narrow))


def test_each_device_of_a_mesh_gets_its_slice_and_reads_no_more():
    said = helpers.script("""
        import sys
        from pathlib import Path
        import jax
        jax.config.update("jax_num_cpu_devices", 8)
        import numpy as np
        from shared.errors import BadInput
        from shared.sharding import make_mesh
        from shared.weights import load as loading
        from shared.weights.config import decoder_config

        folder = Path("tests/shared/weights/golden/qwen3")
        config = decoder_config(folder)
        plain = loading.load(folder, config)
        reader, largest = loading.reader, []
        def watched(checkpoint, keys, shape, dtype):
            read = reader(checkpoint, keys, shape, dtype)
            def count(index):
                values = read(index)
                if keys[-1] != "scale":
                    largest.append(values.size / np.prod(shape))
                return values
            return count
        loading.reader = watched
        sharded = loading.load(folder, config, make_mesh({"data": 2, "fsdp": 2, "tensor": 2}))
        jax.tree.map(np.testing.assert_array_equal, plain, sharded)
        print(max(largest), *sharded["blocks"]["attention"]["query"]["kernel"].sharding.spec)
        try:
            loading.load(folder, config, make_mesh({"data": 1, "fsdp": 1, "tensor": 8}))
        except BadInput as error:
            print(error)
    """)
    largest, refusal = said.splitlines()[-2:]
    assert largest == "0.25 None fsdp tensor None"
    assert "2 kv of model.layers.0.self_attn.k_proj.weight do not divide over tensor=8" in refusal


def test_a_missing_shard_is_named_with_its_tensor(qwen3):
    (qwen3 / SHARD).unlink()
    assert f"the shard {SHARD} with the tensor model.layers." in refused(qwen3)


def test_a_truncated_shard_is_named_with_its_tensor(qwen3):
    content = (qwen3 / SHARD).read_bytes()
    (qwen3 / SHARD).write_bytes(content[:-100])
    said = refused(qwen3)
    assert SHARD in said and "is truncated and ends before or within model.layers." in said
    (qwen3 / SHARD).write_bytes(content[:40])
    assert "ends within the header" in refused(qwen3)


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, b"\x02" + bytes(7) + b"[]", b"version https://git-lfs.github.com/spec/v1"])
def test_a_file_of_another_kind_is_refused(llama3, content):
    (llama3 / "model.safetensors").write_bytes(content)
    assert "model.safetensors is no safetensors file" in refused(llama3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda values: values[:-1], f"{QUERY} in .* has shape (31, 32), not (32, 32)"),
        (lambda values: values.astype(np.int8), f"{QUERY} in .* is of type I8: only F32, F16, BF16"),
        (lambda values: None, f"lacks the tensor {QUERY}"),
    ],
)
def test_a_wrong_tensor_is_named(llama3, spoil, message):
    tensors = load_file(llama3 / "model.safetensors")
    tensors[QUERY] = spoil(tensors[QUERY])
    save_file({name: values for name, values in tensors.items() if values is not None}, llama3 / "model.safetensors")
    said = refused(llama3)
    assert all(part in said for part in message.split(" in .* "))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"architectures": ["MambaForCausalLM"]}, "architecture MambaForCausalLM: only LlamaForCausalLM"),
        ({"attention_bias": True}, "attention_bias = True"),
        ({"hidden_act": "gelu"}, "hidden_act = 'gelu'"),
        ({"rope_scaling": {"rope_type": "yarn"}}, "by 'yarn': only 'llama3'"),
    ],
)
def test_what_we_do_not_compute_is_refused(llama3, fields, message):
    rewrite(llama3, **fields)
    assert message in refused(llama3)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    assert "there is no" in refused(tmp_path)
