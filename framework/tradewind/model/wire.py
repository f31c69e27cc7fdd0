"""Values of the order path as plain JSON types, and back: for journals and sockets. Floats keep every bit."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from tradewind.model.activity import Activity, ActivityKind
from tradewind.model.execution import ExecutionReport, ReportKind
from tradewind.model.instrument import AssetClass, ExerciseStyle, Instrument, OptionRight
from tradewind.model.order import Fill, OrderIntent, OrderType, TimeInForce
from tradewind.model.reason import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "activity_from",
    "activity_to",
    "instrument_from",
    "instrument_to",
    "intent_from",
    "intent_to",
    "report_from",
    "report_to",
]

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Instrument) if field.name != "symbol"}
_PRICES = ("limit_price", "stop_price", "trail_amount", "trail_fraction")
_LINKS = ("parent_id", "oca_group")


def instrument_to(instrument: Instrument) -> dict[str, Any]:
    """Return an instrument's fields that are not the defaults."""
    fields: dict[str, Any] = {"symbol": instrument.symbol}
    for name, default in _DEFAULTS.items():
        value = getattr(instrument, name)
        if value != default:
            fields[name] = value.isoformat() if isinstance(value, dt.date) else value
    return fields


def instrument_from(fields: Mapping[str, Any]) -> Instrument:
    """Return the instrument that `instrument_to` described."""
    values = dict(fields)
    for name, kind in (("asset_class", AssetClass), ("right", OptionRight), ("style", ExerciseStyle)):
        if values.get(name) is not None:
            values[name] = kind(values[name])
    if values.get("expiry") is not None:
        values["expiry"] = dt.date.fromisoformat(values["expiry"])
    return Instrument(**values)


def intent_to(intent: OrderIntent) -> dict[str, Any]:
    """Return an intent's fields; those that say nothing are left out."""
    fields: dict[str, Any] = {
        "order_id": intent.order_id,
        "bar": intent.bar,
        "instrument": instrument_to(intent.instrument),
        "quantity": intent.quantity,
        "order_type": intent.order_type.value,
        "time_in_force": intent.time_in_force.value,
        "reason": intent.reason,
        "split": dict(intent.split),
    }
    for name in _PRICES:
        value = getattr(intent, name)
        if value is not None:
            fields[name] = value
    for name in _LINKS:
        value = getattr(intent, name)
        if value:
            fields[name] = value
    return fields


def intent_from(fields: Mapping[str, Any]) -> OrderIntent:
    """Return the intent that `intent_to` described."""
    values = dict(fields)
    values["instrument"] = instrument_from(values["instrument"])
    values["order_type"] = OrderType(values["order_type"])
    values["time_in_force"] = TimeInForce(values["time_in_force"])
    return OrderIntent(**values)


def report_to(report: ExecutionReport) -> dict[str, Any]:
    """Return a report's fields; those that say nothing are left out."""
    fields: dict[str, Any] = {"order_id": report.order_id, "kind": report.kind.value}
    for name in ("execution_id", "reason", "venue_order_id", "venue_time", "code"):
        value = getattr(report, name)
        if value:
            fields[name] = value
    if report.fill is not None:
        fill = report.fill
        fields["fill"] = {**fill._asdict(), "instrument": instrument_to(fill.instrument)}
    return fields


def report_from(fields: Mapping[str, Any]) -> ExecutionReport:
    """Return the report that `report_to` described."""
    values = dict(fields)
    values["kind"] = ReportKind(values["kind"])
    values["code"] = ReasonCode(values.get("code", ""))
    if "fill" in values:
        fill = dict(values["fill"])
        fill["instrument"] = instrument_from(fill["instrument"])
        values["fill"] = Fill(**fill)
    return ExecutionReport(**values)


def activity_to(activity: Activity) -> dict[str, Any]:
    """Return an activity's fields; those that say nothing are left out."""
    fields = {name: value for name, value in activity._asdict().items() if value}
    if activity.instrument is not None:
        fields["instrument"] = instrument_to(activity.instrument)
    return fields | {"activity_id": activity.activity_id, "kind": activity.kind.value}


def activity_from(fields: Mapping[str, Any]) -> Activity:
    """Return the activity that `activity_to` described."""
    values = {**fields, "kind": ActivityKind(fields["kind"])}
    if "instrument" in fields:
        values["instrument"] = instrument_from(fields["instrument"])
    return Activity(**values)
