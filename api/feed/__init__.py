"""What Kafka says of pins, and the stream of fresh ones."""
