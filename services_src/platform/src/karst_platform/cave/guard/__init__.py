"""The guard: finds out who calls a service of CAVE, and lets in whoever may.

Routes say what they need with the dependencies of `checks`; what is known of people comes from an `Authority`.
"""
