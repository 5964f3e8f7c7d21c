"""How the watch reads Kafka: the Faust app, the ends of its topics, and whether it makes progress."""
