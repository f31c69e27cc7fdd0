"""Find plugins, check them, explain what is wrong with them and make them."""

from tradewind.registry.problems import Problem, raise_problems
from tradewind.registry.python_source import load_class
from tradewind.registry.records import BrokenPlugin, Provider, RegisteredPlugin
from tradewind.registry.reference import PluginRef
from tradewind.registry.registry import Registry

__all__ = [
    "BrokenPlugin",
    "PluginRef",
    "Problem",
    "Provider",
    "RegisteredPlugin",
    "Registry",
    "load_class",
    "raise_problems",
]
