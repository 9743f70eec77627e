"""Loading, building and publishing on Apache Spark."""
