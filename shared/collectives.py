"""What devices say to each other in a partitioned program, read from XLA's own text of it."""

import math
import re
from collections import defaultdict
from typing import NamedTuple

KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
BITS = {"pred": 8, "bf16": 16}  # others end in their number of bits

HEADER = re.compile(r"^(ENTRY )?%?([\w.-]+) .*\{$")
CALL = re.compile(rf"= (.*?) ({'|'.join(KINDS)})\(")
REFERENCE = re.compile(r"(?:body|to_apply|calls|condition|true_computation|false_computation)=%?([\w.-]+)")
BRANCHES = re.compile(r"branch_computations=\{([^}]*)\}")
TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')
ARRAY = re.compile(r"([a-z]+\d*\w*)\[([\d,]*)\]")


class Traffic(NamedTuple):
    count: int
    bytes: int  # of the results, on one device


def collectives(text: str) -> dict[str, Traffic]:
    """kind -> how often a call of the program makes one on a device, and how much comes of it; loops count as often as they turn."""
    found: dict[str, Traffic] = {}
    bodies, entry = computations(text)
    for name, times in turns(bodies, entry).items():
        for line in bodies[name]:
            if match := CALL.search(line):
                before = found.get(match[2], Traffic(0, 0))
                found[match[2]] = Traffic(before.count + times, before.bytes + times * size(match[1]))
    return found


def computations(text: str) -> tuple[dict[str, list[str]], str]:
    """The lines of every computation by its name, and which one the program begins with."""
    bodies: dict[str, list[str]] = {}
    entry, lines = "", []
    for line in text.splitlines():
        if match := HEADER.match(line):
            lines = bodies[match[2]] = []
            entry = match[2] if match[1] else entry
        else:
            lines.append(line)
    return bodies, entry


def turns(bodies: dict[str, list[str]], entry: str) -> dict[str, int]:
    """How often every computation runs that the entry reaches; of a choice every branch counts."""
    times: dict[str, int] = defaultdict(int)

    def visit(name: str, often: int) -> None:
        times[name] += often
        for line in bodies[name]:
            known = TRIPS.search(line)
            for other in references(line):
                if other in bodies:
                    visit(other, often * (int(known[1]) if known else 1))

    visit(entry, 1)
    return times


def references(line: str) -> list[str]:
    branches = BRANCHES.search(line)
    return REFERENCE.findall(line) + ([name.strip(" %") for name in branches[1].split(",")] if branches else [])


def size(kind: str) -> int:
    """Bytes of "f32[8,16]{1,0}" or of a tuple of such."""
    return sum(width(name) * math.prod(int(side) for side in sides.split(",") if side) // 8 for name, sides in ARRAY.findall(kind))


def width(name: str) -> int:
    return BITS.get(name) or int(re.search(r"\d+", name)[0])
