"""What Jinja does sixty times a page, made shorter: the same calls, the same escapes, the same names.

A page of an item is a hundred small steps of which Jinja asks each what it is. Whatever is not known here goes its way.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from types import FunctionType, MethodType
from typing import Any

from jinja2 import Environment, Template
from jinja2.filters import do_mark_safe
from jinja2.runtime import Context, Macro, new_context
from markupsafe import escape

from beffroi.site.escapes import escaped, marked
from beffroi.site.pwa import Assets
from beffroi.site.words import Words

_OURS = frozenset({Assets, Words})
_FUNCTIONS = frozenset({FunctionType, MethodType})


def hasten(environment: Environment) -> None:
    """Have an environment render in fewer steps; what a commune or a plugin set there itself stays."""
    if environment.context_class is Context:
        environment.context_class = QuickContext
    if environment.template_class is Template:
        environment.template_class = QuickTemplate
    for name, usual, ours in (("e", escape, escaped), ("escape", escape, escaped), ("safe", do_mark_safe, marked)):
        if environment.filters.get(name) is usual:
            environment.filters[name] = ours


class QuickContext(Context):
    """A context that knows macros, functions and our own callables when it sees one."""

    def call(self, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """What a template calls."""
        kind = type(obj)
        if kind is Macro:
            args = (self.eval_ctx, *args)
        elif kind not in _OURS and (kind not in _FUNCTIONS or hasattr(obj, "jinja_pass_arg")):
            return super().call(obj, *args, **kwargs)
        if kwargs:
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
        try:
            return obj(*args, **kwargs)
        except StopIteration:
            said = "value was undefined because a callable raised a StopIteration exception"
            return self.environment.undefined(said)


class QuickTemplate(Template):
    """A template without names of its own takes those of its environment as they stand."""

    def new_context(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002  # Jinja's names
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Context:
        """The context of one rendering."""
        names = self.globals
        if isinstance(names, ChainMap) and len(names.maps) == 2 and not names.maps[0]:
            names = names.maps[1]  # reading a chain is done in Python, name by name
        return new_context(self.environment, self.name, self.blocks, vars, shared, names, locals)

    def _get_default_module(self, ctx: Context | None = None) -> Any:
        """The macros of an imported template; the importer gives it nothing that it has not."""
        if ctx is not None and ctx.globals_keys <= self.environment.globals.keys():
            ctx = None
        return super()._get_default_module(ctx)
