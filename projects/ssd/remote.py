"""The draft in a process of its own, on cores of its own: while the target verifies here, it drafts there.

The same three verbs as `Drafter`. The child answers from the cache it has built and begins the next by itself, so nothing
of it is ever waited for but the answer.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from projects.ssd import mailbox, pairs
from projects.ssd.drafter import DraftLost

ROOT = Path(__file__).resolve().parents[2]
GRACE = 5.0  # seconds a child may take to leave once its bell is closed
