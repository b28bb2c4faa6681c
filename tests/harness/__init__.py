"""What the integration and fault tests share: real processes, a strict reader of /metrics, a NATS client."""
