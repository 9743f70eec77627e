"""A whole build, from raw data to the published file."""
