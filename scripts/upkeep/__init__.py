"""The environment, and what is published: listing, going back, forgetting, cleaning."""
