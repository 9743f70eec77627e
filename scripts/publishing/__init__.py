"""From the build database to the published file."""
