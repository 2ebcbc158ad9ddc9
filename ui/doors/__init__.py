"""The doors for programs: MCP, HTTP in the shapes that others know, and a plain page."""
