"""What is written when an event is done: its outcome, its dead letter, its metrics."""
