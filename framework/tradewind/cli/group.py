"""A command with commands of its own, which names the nearest one for a misspelt one."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from tradewind.errors import UserError, choices

__all__ = ["NamingGroup"]


class NamingGroup(TyperGroup):
    """Refuses an unknown command with the known ones."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments begin with."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            raise UserError(f"{self.name}: no command '{name}'; {choices(name, self.commands)}")
        return super().resolve_command(ctx, args)
