"""Production, on top of pelicanconf.py: the public address. `SITEURL` in the environment wins, and so does `OUTPUT_PATH`,
which must be on the disk of `BEFFROI_VAR`."""

import os

from pelicanconf import *  # the commune's identity is inherited whole
from pelicanconf import SITEURL

SITEURL = os.environ.get("SITEURL") or SITEURL
if os.environ.get("OUTPUT_PATH"):
    OUTPUT_PATH = os.environ["OUTPUT_PATH"]
