"""What Prometheus reads, records and warns of."""
