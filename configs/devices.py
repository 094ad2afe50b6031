"""Accelerators, one device as JAX counts it: a GPU, or a TPU chip. What it can do at best, what it holds, what an hour of it costs.

Peaks are those of dense bfloat16 products. Prices are list prices on demand in the USA, read on PRICED in SkyPilot's catalogue (v8), of
Google Cloud's TPUs, AWS's p5.48xlarge (H100) and its p5en.48xlarge (H200). Yours may differ: by region, by contract, and spot machines cost
a half to a fifth.
"""

import math
from dataclasses import dataclass

PRICED = "2026-11-26"


@dataclass(frozen=True)
class Device:
    name: str
    platform: str  # cpu | gpu | tpu
    peak: float  # FLOP/s
    memory: float = 0.0  # bytes; 0: not what limits a pack
    bandwidth: float = math.inf  # bytes/s between the two
    price: float = 0.0  # USD per hour


CORE = Device("CPU core", "cpu", 2e10)  # what trainings in float32 reach, not a peak
V5E = Device("TPU v5e", "tpu", 1.97e14, 16e9, 8.19e11, 1.20)
V5P = Device("TPU v5p", "tpu", 4.59e14, 95e9, 2.77e12, 4.20)
V6E = Device("TPU v6e", "tpu", 9.18e14, 32e9, 1.64e12, 2.70)
H100 = Device("H100", "gpu", 9.89e14, 80e9, 3.35e12, 6.88)
H200 = Device("H200", "gpu", 9.89e14, 141e9, 4.8e12, 7.91)
