"""Google's APIs as Karst asks them: one client for all, whose errors say what to do."""
