"""What makes dbt lean: parts of it that are replaced, and what is kept from run to run."""
