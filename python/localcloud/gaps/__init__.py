"""What moto lacks for this project, closed at run time: one module a gap, so that each can go when moto closes it.

Every module has ``apply()``, which the server calls once before it serves, and a docstring that names moto's file and
what AWS documents. ``tests/local/test_gaps_*.py`` hold a test for each that fails without it.
"""
