"""The exchange: packages, deliveries, evidence, and the boxes of the units."""
