"""Beffroi: one commit reaches every channel, exactly once, from a source that everyone can verify.

This file stays free of imports: `tasks.py` reaches `beffroi.bootstrap` through it before anything is installed.
"""

__version__ = "0.1.0"
