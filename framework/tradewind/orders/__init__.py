"""From intents to a broker: state machine, durable order path, reconciliation."""
