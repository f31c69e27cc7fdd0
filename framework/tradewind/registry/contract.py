"""Whether what a plugin created keeps its contract: members, and how many arguments its methods take."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from tradewind.contracts.plugin import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["contract_fault"]


def contract_fault(kind: str, created: object) -> str:
    """Return how an object breaks the contract of its kind, or an empty text.

    It must meet at least one of the kind's protocols; of each protocol it has the members of, the methods must take as
    many positional arguments as the protocol's.
    """
    contracts = KINDS[kind][1]
    if isinstance(created, type):
        return f"it returned the class {created.__name__}; return an object, `{created.__name__}(...)`"
    met = [contract for contract in contracts if isinstance(created, contract)]
    if not met:
        nearest = min(contracts, key=lambda contract: len(_missing(contract, created)))
        names = " or ".join(contract.__name__ for contract in contracts)
        return (
            f"it returned a {type(created).__name__}, which is no {names}: "
            f"it lacks {', '.join(_missing(nearest, created))}"
        )
    for contract in met:
        for name in _methods(contract):
            fault = _arguments_fault(contract, created, name)
            if fault:
                return fault
    return ""


def _missing(contract: type, created: object) -> list[str]:
    return [name for name in _members(contract) if not hasattr(created, name)]


def _members(contract: type) -> list[str]:
    properties = [name for name, value in vars(contract).items() if isinstance(value, property)]
    names = [*inspect.get_annotations(contract), *properties, *_methods(contract)]
    return [name for name in names if not name.startswith("_")]


def _methods(contract: type) -> list[str]:
    return [name for name, value in vars(contract).items() if inspect.isfunction(value) and not name.startswith("_")]


def _arguments_fault(contract: type, created: object, name: str) -> str:
    method = getattr(created, name)
    expected = list(inspect.signature(vars(contract)[name]).parameters)[1:]
    shape = f"{name}({', '.join(expected)})"
    if not callable(method):
        return (
            f"{type(created).__name__}.{name} is {method!r}; the contract {contract.__name__} wants the method {shape}"
        )
    try:
        signature = inspect.signature(method)
        signature.bind(*_placeholders(expected))
    except TypeError:
        return (
            f"{type(created).__name__}.{name}{signature} cannot be called as the contract "
            f"{contract.__name__} calls it: {shape}"
        )
    except ValueError:
        return ""
    return ""


def _placeholders(expected: Sequence[str]) -> list[None]:
    return [None] * len(expected)
