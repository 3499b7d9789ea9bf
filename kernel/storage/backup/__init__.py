"""Backups: one encrypted, signed file with everything that a node is.

:mod:`sealed` is the file, :mod:`manifest` what it says about itself, :mod:`snapshot` the database
at one moment, :mod:`writing` and :mod:`reading` the way out and the way back.
"""
