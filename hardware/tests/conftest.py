"""Lets the tests import the scripts beside them."""

import sys
from pathlib import Path

HARDWARE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HARDWARE))
