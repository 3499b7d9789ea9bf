"""The gate: verbs, signatures, tasks, opinions, number series and the outbox.

Nothing of weight changes except through an act: :func:`~kernel.acts.gate.prepare`, the person's
signature, :func:`~kernel.acts.gate.perform`.
"""
