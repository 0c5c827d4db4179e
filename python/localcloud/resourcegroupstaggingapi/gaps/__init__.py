"""Closes the gaps in moto's service at run time. Each module names moto's file and AWS's documentation."""
