"""What agents and programs that write text ask of the published file."""
