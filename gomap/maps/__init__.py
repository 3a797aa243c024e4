"""Maps as the runtime lays them out: one model, several containers."""
