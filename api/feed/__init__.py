"""What Kafka says of recent pins, and the stream of fresh pins."""
