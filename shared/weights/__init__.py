"""Pretrained weights: checkpoints in the layout of Hugging Face, read onto a mesh as parameters of shared.nn.decoder.

`gguf` turns a GGUF file into such a checkpoint; `config` reads its config.json, `safetensors` its tensors, `names` says which
tensor is which parameter, and `load` places them. Only `load` and `config` need jax.
"""
