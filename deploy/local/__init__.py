"""The local stack: Apache Kafka and Apicurio Registry on a bare machine, from packages alone."""
