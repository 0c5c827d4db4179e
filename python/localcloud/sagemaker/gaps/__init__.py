"""Closes gaps of moto at run time. Each module names moto's file and function, and AWS's documentation."""
