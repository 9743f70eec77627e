"""The learning step on Apache Spark: the passes over all customers run there, by MLlib and Arrow.

What is decided, and how, is in `models_py`; here is only what it takes to get totals, centres and
a bounded sample out of more customers than one machine holds.
"""
