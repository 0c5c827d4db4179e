"""What is measured of the project, one module a subject: ``invoke bench.train``."""
