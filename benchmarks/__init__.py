"""The benchmarks, one module each: ``invoke bench.train`` runs ``benchmarks.train``."""
