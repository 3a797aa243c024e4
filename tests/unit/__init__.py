"""Tests that need no debugger."""
