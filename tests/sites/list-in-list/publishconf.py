"""The same, in production."""

from pelicanconf import *  # noqa: F403
