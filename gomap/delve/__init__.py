"""The Delve door: a Target over Delve's JSON-RPC, and a terminal of Delve's in which gomap's commands are typed."""
