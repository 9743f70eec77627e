"""The bundle for Apache Superset: what examples/superset is written from."""
