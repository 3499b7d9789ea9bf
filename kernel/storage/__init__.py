"""Where a node keeps its data: database, blobs, search index and the tamper-evident log."""
