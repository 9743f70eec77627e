"""Published results for people and programs: summary, queries, exports and docs."""
