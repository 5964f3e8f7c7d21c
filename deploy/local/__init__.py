"""The whole real stack on one machine, without Docker: Kafka, Triton and Milvus as child processes."""
