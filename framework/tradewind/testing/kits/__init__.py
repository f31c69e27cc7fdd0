"""Conformance kits: one class of tests for each kind of plugin, to be subclassed by the plugin's author."""

from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.failure import KitFailureError, fail
from tradewind.testing.kits.subject import Subject, find_subject

__all__ = ["KitFailureError", "PluginKit", "Subject", "fail", "find_subject"]
