"""Production, on top of pelicanconf.py: the public address. `SITEURL` in the environment wins."""

import os

from pelicanconf import *  # the commune's identity is inherited whole
from pelicanconf import SITEURL

SITEURL = os.environ.get("SITEURL") or SITEURL
