"""Running dbt: its command, settings and environment, and what it reports."""
