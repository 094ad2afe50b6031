"""What every paper's `resolve` checks: plain rules about single fields, and fields that follow from others. Each raises ValueError
with one line that names the field and the remedy. What is not finite passes: the launcher refuses it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict


def check(
    config: ConfigDict, choices: Mapping[str, Sequence[str]], least: Mapping[str, float], positive: Sequence[str], shares: Sequence[str]
) -> None:
    """Fields by dotted name: one of some words, at least a number, above 0, a share between 0 and 1."""
    for field, words in choices.items():
        if value(config, field) not in words:
            *first, last = filter(None, words)  # an empty one is a default that follows from other fields
            raise ValueError(f"{field}={value(config, field)!r}: choose {', '.join(first)} or {last}")
    for field, bound in least.items():
        if value(config, field) < bound:
            raise ValueError(f"{field}={value(config, field)}: must be at least {bound}")
    for field in positive:
        if value(config, field) <= 0:
            raise ValueError(f"{field}={value(config, field)}: must be above 0")
    for field in shares:
        if value(config, field) < 0 or value(config, field) > 1:
            raise ValueError(f"{field}={value(config, field)}: a share between 0 and 1")


def value(config: ConfigDict, field: str) -> Any:
    *sections, name = field.split(".")
    return (config[sections[0]] if sections else config)[name]


def derive(section: ConfigDict, name: str, values: Mapping[str, int | str], why: str) -> None:
    """Sets fields that follow from others. One that was set to something else would be ignored in silence: an error."""
    for field, value in values.items():
        if section[field] not in (0, "", value):
            raise ValueError(f"{name}.{field}={section[field]}: it is {value} and follows from {why}")
        section[field] = value
