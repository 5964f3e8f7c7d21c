"""What is between a publisher and Kafka: records, a bounded queue, deliveries and settings."""
