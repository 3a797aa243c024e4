"""The doors that need no debugger: ``gomap core``, ``gomap attach``, and what starts a debugger with gomap in it."""
