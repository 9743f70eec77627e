"""The learning: pure functions, arrays and Arrow in, arrays and Arrow out. No SQL, no dbt.

`api` names the functions that the dbt Python models call; every other module has one idea.
Rows always come in key order, and every result is the same for every thread count.
"""
