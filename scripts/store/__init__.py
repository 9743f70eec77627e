"""The warehouse: its files, its lock, kept versions, history, and what a build may keep."""
