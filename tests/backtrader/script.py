"""Scripts: what a generated `bt.Strategy` does on which bar, written down so that a failure can be read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import backtrader as bt
from hypothesis import strategies as st

PRICED = ("Limit", "Stop", "StopLimit")
TRAILING = ("StopTrail", "StopTrailLimit")


@dataclass(frozen=True)
class Place:
    """Send one order; prices are given as a part of the last close."""

    bar: int
    feed: int
    side: str
    exectype: str = "Market"
    size: int | None = 10
    price: float | None = None
    limit: float | None = None
    trail: float | None = None
    trail_is_percent: bool = False
    valid: str | None = None
    oco: int | None = None
    tradeid: int = 0


@dataclass(frozen=True)
class Bracket:
    """Send a main order with its stop and its limit."""

    bar: int
    feed: int
    side: str
    exectype: str
    size: int | None
    price: float
    stop: float
    limit: float
    valid: str | None = None


@dataclass(frozen=True)
class OneCancelsOther:
    """Send a limit below or above the close and stops around it; the first to end cancels the others."""

    bar: int
    feed: int
    side: str
    size: int | None
    limit: float
    stops: tuple[float, ...]
    valid: str | None = None


@dataclass(frozen=True)
class Aim:
    """Order towards a target of size, value or percent of the account."""

    bar: int
    feed: int
    of: str
    target: float


@dataclass(frozen=True)
class Close:
    """Close the position in a feed."""

    bar: int
    feed: int


@dataclass(frozen=True)
class Cancel:
    """Cancel an order by its number in the order of sending."""

    bar: int
    order: int


@dataclass(frozen=True)
class AddCash:
    """Pay in, or take out, on the next bar."""

    bar: int
    amount: float


Action = Place | Bracket | OneCancelsOther | Aim | Close | Cancel | AddCash


def act(strategy: Any, action: Action) -> None:
    """Do one action; a feed without a bar yet is left alone, as Backtrader would read its end there."""
    if isinstance(action, AddCash):
        strategy.broker.add_cash(action.amount)
    elif isinstance(action, Cancel):
        if strategy.sent:
            strategy.cancel(strategy.sent[action.order % len(strategy.sent)])
    else:
        data = strategy.datas[action.feed % len(strategy.datas)]
        if len(data):
            strategy.sent.extend(order for order in send(strategy, data, action) if order is not None)


def send(strategy: Any, data: Any, action: Action) -> list[Any]:
    """Send what the action says and return the orders."""
    if isinstance(action, Close):
        return [strategy.close(data)]
    if isinstance(action, Aim):
        return [getattr(strategy, f"order_target_{action.of}")(data, action.target)]
    if isinstance(action, Bracket):
        return send_bracket(strategy, data, action)
    if isinstance(action, OneCancelsOther):
        return send_group(strategy, data, action)
    assert isinstance(action, Place)
    return [getattr(strategy, action.side)(data=data, **arguments(strategy, data, action))]


def arguments(strategy: Any, data: Any, action: Place) -> dict[str, Any]:
    """Return the keywords of `buy` and `sell` for one order."""
    close = data.close[0]
    given: dict[str, Any] = {
        "size": action.size,
        "exectype": getattr(bt.Order, action.exectype),
        "valid": validity(data, action.valid),
        "tradeid": action.tradeid,
    }
    if action.price is not None:
        given["price"] = close * action.price
    if action.limit is not None:
        given["plimit"] = close * action.limit
    if action.trail is not None:
        name = "trailpercent" if action.trail_is_percent else "trailamount"
        given[name] = action.trail if action.trail_is_percent else close * action.trail
    if action.oco is not None and strategy.sent:
        given["oco"] = strategy.sent[action.oco % len(strategy.sent)]
    return given


def send_bracket(strategy: Any, data: Any, action: Bracket) -> list[Any]:
    """Send a bracket by `buy_bracket` or `sell_bracket`."""
    close = data.close[0]
    orders = getattr(strategy, f"{action.side}_bracket")(
        data=data,
        size=action.size,
        exectype=getattr(bt.Order, action.exectype),
        price=close * action.price,
        stopprice=close * action.stop,
        limitprice=close * action.limit,
        valid=validity(data, action.valid),
    )
    return list(orders)


def send_group(strategy: Any, data: Any, action: OneCancelsOther) -> list[Any]:
    """Send orders tied by `oco` to the first of them."""
    close, place = data.close[0], getattr(strategy, action.side)
    given = {"data": data, "size": action.size, "valid": validity(data, action.valid)}
    first = place(price=close * action.limit, exectype=bt.Order.Limit, **given)
    stops = [place(price=close * stop, exectype=bt.Order.Stop, oco=first, **given) for stop in action.stops]
    return [first, *stops]


def validity(data: Any, name: str | None) -> Any:
    """Return the `valid` of an order: None, the day, a date, a span or a number of days."""
    now = data.datetime.datetime(0)
    return {
        None: None,
        "day": bt.Order.DAY,
        "zero": 0,
        "date": (now + dt.timedelta(days=3)).date(),
        "moment": now + dt.timedelta(days=2, hours=6),
        "past": now - dt.timedelta(days=1),
        "span": dt.timedelta(days=2),
        "days": 2.5,
    }[name]


bars_of = st.integers(0, 30)
feeds_of = st.integers(0, 5)
sides = st.sampled_from(("buy", "sell"))
sizes = st.one_of(st.none(), st.integers(1, 60))
nearby = st.sampled_from((0.9, 0.95, 0.98, 0.995, 1.0, 1.005, 1.02, 1.05, 1.1))
validities = st.sampled_from((None, None, "day", "zero", "date", "moment", "past", "span", "days"))


@st.composite
def plain_orders(draw: st.DrawFn, kinds: tuple[str, ...] = ("Market", "Close", *PRICED, *TRAILING)) -> Place:
    """Draw an order with the prices its type needs, now and then one too few."""
    exectype = draw(st.sampled_from(kinds))
    trailing = exectype in TRAILING
    priced = exectype in PRICED or (trailing and draw(st.booleans()))
    with_limit = exectype in ("StopLimit", "StopTrailLimit")
    return Place(
        bar=draw(bars_of),
        feed=draw(feeds_of),
        side=draw(sides),
        exectype=exectype,
        size=draw(sizes),
        price=draw(nearby) if priced else None,
        limit=draw(nearby) if with_limit else None,
        trail=draw(st.sampled_from((0.01, 0.03, 0.1))) if trailing else None,
        trail_is_percent=trailing and draw(st.booleans()),
        valid=draw(validities),
        oco=draw(st.one_of(st.none(), st.none(), st.integers(0, 5))),
        tradeid=draw(st.sampled_from((0, 0, 0, 1))),
    )


@st.composite
def brackets(draw: st.DrawFn) -> Bracket:
    """Draw a bracket whose stop and limit lie on the usual sides of its price, near enough to be met."""
    long = draw(st.booleans())
    near, far = draw(st.sampled_from((0.9, 0.96, 0.99))), draw(st.sampled_from((1.01, 1.04, 1.1)))
    return Bracket(
        bar=draw(bars_of),
        feed=draw(feeds_of),
        side="buy" if long else "sell",
        exectype=draw(st.sampled_from(("Limit", "Limit", "Market", "Stop"))),
        size=draw(sizes),
        price=draw(st.sampled_from((0.98, 1.0, 1.02))),
        stop=near if long else far,
        limit=far if long else near,
        valid=draw(validities),
    )


groups = st.builds(
    OneCancelsOther,
    bars_of,
    feeds_of,
    sides,
    sizes,
    nearby,
    st.lists(nearby, min_size=1, max_size=2).map(tuple),
    validities,
)
aims = st.one_of(
    st.builds(Aim, bars_of, feeds_of, st.just("size"), st.integers(-40, 40)),
    st.builds(Aim, bars_of, feeds_of, st.just("value"), st.sampled_from((-2000.0, 0.0, 500.0, 3000.0))),
    st.builds(Aim, bars_of, feeds_of, st.just("percent"), st.sampled_from((-0.5, 0.0, 0.3, 0.9, 2.0))),
)
closes = st.builds(Close, bars_of, feeds_of)
cancels = st.builds(Cancel, bars_of, st.integers(0, 6))
cash_moves = st.builds(AddCash, bars_of, st.sampled_from((-500.0, 250.0, 1000.0)))
ALL_ACTIONS = (plain_orders(), plain_orders(), brackets(), groups, aims, closes, cancels, cash_moves)


def scripts(*actions: st.SearchStrategy[Any], fewest: int = 3, most: int = 10) -> st.SearchStrategy[tuple[Action, ...]]:
    """Draw a script of the given kinds of actions; all kinds where none is given."""
    return st.lists(st.one_of(*(actions or ALL_ACTIONS)), min_size=fewest, max_size=most).map(tuple)
