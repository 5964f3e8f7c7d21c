"""The servers of the local stack: Kafka, Triton, Milvus, pictures, the read service."""
