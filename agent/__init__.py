"""The judgement: settings, the workflow, and the one place that assembles."""
