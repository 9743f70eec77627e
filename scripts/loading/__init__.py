"""Files in, raw tables out: finding, reading, checking and mapping them."""
