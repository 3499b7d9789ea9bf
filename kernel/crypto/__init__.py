"""Suites, certificates, CMS, canonical JSON, the Merkle tree: no tables, no policy."""
