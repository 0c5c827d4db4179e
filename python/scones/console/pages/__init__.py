"""A module for each page: ``routes(page)`` gives its addresses."""
