"""A key, and pseudonyms as the standard library makes them of it."""

import hashlib
import hmac

KEY = "a key of more than thirty-two bytes"


def pseudonym(customer, key=KEY):
    """HMAC-SHA-256 as the standard library has it."""
    return hmac.new(key.encode(), customer.encode(), hashlib.sha256).hexdigest()
