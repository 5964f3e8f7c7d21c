"""From Kafka to the event loop: two consumers, their threads, and the credits that bound what is held."""
