"""How a configuration names a plugin."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["PluginRef"]

_SOURCES = ("name", "python", "backtrader")


class PluginRef(BaseModel):
    """A plugin and its parameters: ``kelly``, or ``{name: kelly, params: {fraction: 0.25}}``.

    Exactly one of ``name`` (a registered plugin), ``python`` (``./file.py:Class`` or ``package.module:Class``) and
    ``backtrader`` (``package.module:Class`` or ``./file.py:Class``, a ``bt.Strategy``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: str | None = Field(None, min_length=1, description="Name of a registered plugin.")
    python: str | None = Field(None, description="`./file.py:Class`, beside the config, or `package.module:Class`.")
    backtrader: str | None = Field(None, description="A `bt.Strategy`, as `package.module:Class` or `./file.py:Class`.")
    params: dict[str, Any] = Field(default_factory=dict, description="Parameters; see `tradewind schema`.")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and value.get("params", ...) is None:
            return {**value, "params": {}}
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [key for key in _SOURCES if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of name, python and backtrader; received {', '.join(given) or 'none'}")
        return self

    @property
    def label(self) -> str:
        """The name, path or class it refers to."""
        return self.name or self.python or self.backtrader or ""
