"""`tradewind venue`: the simulated exchange as a process of its own."""

from __future__ import annotations

import signal
from typing import Annotated, Any

import typer

from tradewind.cli import options

__all__ = ["venue"]


def venue(
    config: options.Config,
    extra: options.Extra = None,
    overrides: options.Overrides = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 7474,
) -> None:
    """Run an exchange with the configuration's cash, rules and costs until it is stopped.

    It keeps its account in memory and outlives the sessions that trade on it: `mode: broker: venue` connects to it.
    Costs are charged without volume and volatility, which it does not know.
    """
    loaded = options.load(config, extra, "backtest", None, overrides, None, None)
    from tradewind.engine.assemble import Builder, exchange_rules
    from tradewind.errors import UserError
    from tradewind.exchange import Exchange, ExchangeBroker
    from tradewind.exchange.venue import VenueServer
    from tradewind.registry import Registry

    plan = loaded.plan
    cost = Builder(plan, Registry.load(), loaded.directory).cost()
    exchange = Exchange(cash=plan.account.cash, rules=exchange_rules(plan), cost=cost)
    try:
        server = VenueServer(ExchangeBroker(exchange), port=port)
    except OSError as error:
        raise UserError(
            f"venue: cannot listen on port {port} ({error.strerror}); choose another with --port"
        ) from error

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    host, number = server.address
    typer.echo(f"listening on {host}:{number}")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        typer.echo("stopped; its account is gone", err=True)
