"""What a person types to name a map, evaluated by Go's own rules; what a debugger adds comes in as a Scope."""
